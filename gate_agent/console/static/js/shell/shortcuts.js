// Alt and a letter for what an officer does often: with a modifier, so that stray typing (a badge reader that
// acts as a keyboard) never opens an order (WCAG 2.1.4).

import { el } from "../dom.js";
import { label } from "../words.js";

export function shortcuts() {
  /** @type {Map<string, () => void>} */
  const known = new Map();
  const table = el("table", {});
  const close = el("button", { type: "button", class: "primary", on: { click: () => node.close() } }, label("close"));
  const node = el("dialog", { id: "keys", "aria-labelledby": "keys-title" }, el("h2", { id: "keys-title" }, label("keys.title")), el("p", {}, label("keys.about")), table, el("div", { class: "buttons" }, close));

  function open() {
    node.showModal();
  }

  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.repeat || event.getModifierState("AltGraph")) return;
    const handler = known.get(letterOf(event));
    if (!handler) return;
    event.preventDefault();
    if (!document.querySelector("dialog[open]")) handler();
  });

  /** @param {string | undefined} letter @param {string} words @param {() => void} handler */
  function add(letter, words, handler) {
    if (!letter) return;
    known.set(letter, handler);
    describe(`Alt ${letter}`, words);
  }

  /** A line of the table. @param {string} key @param {string} words */
  function describe(key, words) {
    table.append(el("tr", {}, el("td", {}, el("kbd", {}, key)), el("td", {}, words)));
  }

  add("K", label("keys.this_list"), open);
  return { node, open, add, describe };
}

/** The letter on the key, whatever the layout; its place only where Alt turns the letter into something else. @param {KeyboardEvent} event */
function letterOf({ key, code }) {
  return /^[a-z]$/i.test(key) ? key.toUpperCase() : code.replace(/^Key/, "");
}
