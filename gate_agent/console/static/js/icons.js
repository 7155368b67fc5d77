// Icons differ in shape, not only in colour, so that meaning never rests on colour (WCAG 1.4.1).

import { svg } from "./dom.js";

/** @type {Record<string, [body: string, mark: string]>} */
const PATHS = {
  passed: ["M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20z", "M7.5 12.5l3 3 6-6.5"],
  failed: ["M8 2.5h8L21.5 8v8L16 21.5H8L2.5 16V8z", "M8.5 8.5l7 7m0-7l-7 7"],
  inconclusive: ["M12 2.5L22 20.5H2z", "M12 9v5m0 3v.2"],
  not_done: ["M3 12a9 9 0 0 1 18 0 9 9 0 0 1-18 0", "M8 12h8"],
  pending: ["", "M6 12h.1M12 12h.1M18 12h.1"],
  running: ["", "M12 3a9 9 0 1 1-8.5 6M12 7v5l3.5 2"],
  go: ["M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20z", "M6.5 12h10m-4-4l4 4-4 4"],
  look: ["M12 2.5L22 20.5H2z", "M12 9v5m0 3v.2"],
  bar: ["M8 2.5h8L21.5 8v8L16 21.5H8L2.5 16V8z", "M7 12h10"],
  reset: ["", "M4 12a8 8 0 1 1 2.5 5.8M4 19v-5h5"],
  closed: ["M3 12a9 9 0 0 1 18 0 9 9 0 0 1-18 0", "M6 18L18 6"],
  open: ["", "M12 3v8M6.5 6.5a8 8 0 1 0 11 0"],
  alarm: ["M12 3L22 20.5H2z", "M12 9.5v5m0 2.7v.2"],
  person: ["M12 3a4.2 4.2 0 1 0 0 8.4A4.2 4.2 0 0 0 12 3z", "M4 21c0-5 3.5-7.5 8-7.5s8 2.5 8 7.5"],
  link: ["", "M9 15l6-6M10.5 6.5l2-2a4.5 4.5 0 0 1 7 7l-2 2M13.5 17.5l-2 2a4.5 4.5 0 0 1-7-7l2-2"],
  clock: ["M3 12a9 9 0 0 1 18 0 9 9 0 0 1-18 0", "M12 7v5l3 2"],
};

/** A decorative icon (its word stands beside it). Solid ones are filled with a stroke cut out. @param {string} name */
export function icon(name) {
  const [body, mark] = PATHS[name] ?? PATHS.pending;
  return svg(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", "data-icon": name },
    body ? svg("path", { d: body, fill: "currentColor", "fill-opacity": "0.16", stroke: "currentColor", "stroke-width": 2, "stroke-linejoin": "round" }) : null,
    svg("path", { d: mark, fill: "none", stroke: "currentColor", "stroke-width": 2.4, "stroke-linecap": "round", "stroke-linejoin": "round" }),
  );
}

/** The icon of an order, by what it does. @param {import("./types.js").Order} order */
export function orderIcon({ decides, opens, tone }) {
  if (decides) return opens ? "go" : "bar";
  return tone === "warn" ? "closed" : tone === "good" ? "open" : "reset";
}

/** Puts another icon in the place of this one when it differs. @param {SVGElement} old @param {string} name */
export function swapIcon(old, name) {
  if (old.dataset.icon === name) return old;
  const fresh = icon(name);
  old.replaceWith(fresh);
  return fresh;
}
