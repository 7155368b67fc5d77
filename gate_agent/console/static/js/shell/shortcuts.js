// Alt and a letter for what an officer does often: with a modifier, so that stray typing (a badge reader that
// acts as a keyboard) never opens an order (WCAG 2.1.4).

import { el } from "../dom.js";

export function shortcuts() {
  const known = new Map();
  const table = el("table", {});
  const close = el("button", { type: "button", class: "primary", on: { click: () => node.close() } }, "Close");
  const node = el(
    "dialog",
    { id: "keys", "aria-labelledby": "keys-title" },
    el("h2", { id: "keys-title" }, "Keys"),
    el("p", {}, "Tab and Shift+Tab move through the page, arrow keys through the orders, Enter opens, Escape closes."),
    table,
    el("div", { class: "buttons" }, close),
  );

  function open() {
    node.showModal();
  }

  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
    const handler = known.get(event.code); // the place of the key: Alt changes its letter on some systems
    if (!handler) return;
    event.preventDefault();
    if (!document.querySelector("dialog[open]")) handler();
  });

  function add(letter, words, handler) {
    known.set(`Key${letter}`, handler);
    describe(`Alt ${letter}`, words);
  }

  /** A line of the table; a key that is already in it gets its new words. */
  function describe(key, words) {
    const line = el("tr", { "data-for": key }, el("td", {}, el("kbd", {}, key)), el("td", {}, words));
    const old = [...table.children].find((row) => row.dataset.for === key);
    if (old) old.replaceWith(line);
    else table.append(line);
  }

  add("K", "This list", open);
  return { node, open, add, describe };
}
