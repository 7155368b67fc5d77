// Tabs (WAI-ARIA tabs pattern): arrow keys move, the panel follows.

import { el, find, setText } from "/static/js/dom.js";

/** @param {string} label @param {[id: string, name: string, node: Element][]} panels */
export function tabs(label, panels) {
  const buttons = panels.map(([id, name]) => el("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, on: { click: () => select(id) } }, name, el("span", { class: "count" })));
  const list = el("div", { class: "tablist", role: "tablist", "aria-label": label, on: { keydown: rove } }, buttons);
  const bodies = panels.map(([id, , node]) => el("div", { class: "tabpanel", role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}`, tabindex: 0 }, node));

  /** @param {string} id */
  function select(id) {
    panels.forEach(([each], index) => {
      const chosen = each === id;
      buttons[index].setAttribute("aria-selected", String(chosen));
      buttons[index].tabIndex = chosen ? 0 : -1;
      bodies[index].hidden = !chosen;
    });
  }

  /** @param {KeyboardEvent} event */
  function rove(event) {
    /** @type {Record<string, number>} */
    const steps = { ArrowRight: 1, ArrowLeft: -1 };
    /** @type {Record<string, number>} */
    const ends = { Home: 0, End: buttons.length - 1 };
    if (!(event.key in steps) && !(event.key in ends)) return;
    event.preventDefault();
    const forward = document.documentElement.dir === "rtl" ? -1 : 1;
    const here = buttons.findIndex((each) => each === document.activeElement);
    const next = ends[event.key] ?? (here + forward * steps[event.key] + buttons.length) % buttons.length;
    select(panels[next][0]);
    buttons[next].focus();
  }

  select(panels[0][0]);
  return {
    node: el("section", { class: "panel desk", "aria-label": label }, list, bodies),
    select,
    /** @param {string} id @param {string} text */
    badge(id, text) {
      setText(find(buttons[panels.findIndex(([each]) => each === id)], ".count"), text);
    },
  };
}
