// Tabs (WAI-ARIA tabs pattern): arrow keys move, the panel follows.

import { el } from "../dom.js";

/** `panels`: [id, label, node]. Returns {node, select(id), badge(id, text)}. */
export function tabs(label, panels) {
  const buttons = panels.map(([id, name]) => el("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, on: { click: () => select(id) } }, name, el("span", { class: "count" })));
  const list = el("div", { class: "tablist", role: "tablist", "aria-label": label, on: { keydown: rove } }, buttons);
  const bodies = panels.map(([id, , node]) => el("div", { class: "tabpanel", role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}`, tabindex: 0 }, node));

  function select(id) {
    panels.forEach(([each], index) => {
      const chosen = each === id;
      buttons[index].setAttribute("aria-selected", String(chosen));
      buttons[index].tabIndex = chosen ? 0 : -1;
      bodies[index].hidden = !chosen;
    });
  }

  function rove(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const end = { Home: 0, End: buttons.length - 1 }[event.key];
    if (step === undefined && end === undefined) return;
    event.preventDefault();
    const next = end ?? (buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length;
    select(panels[next][0]);
    buttons[next].focus();
  }

  select(panels[0][0]);
  return {
    node: el("section", { class: "panel desk", "aria-label": label }, list, bodies),
    select,
    badge(id, text) {
      buttons[panels.findIndex(([each]) => each === id)].querySelector(".count").textContent = text;
    },
  };
}
