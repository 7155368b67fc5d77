// What is seen of the world has an age: a thing whose device fell silent is not known, and is never drawn as if it
// were. Drawings are hatched then, and say since when.

import { el, setAttribute, setText, svg } from "../dom.js";
import { device, label, wallClock } from "../words.js";

/** @typedef {import("../types.js").Snapshot} Snapshot */

/** The value of a thing, or undefined while it is not known. @param {Snapshot} snapshot @param {string} name @returns {any} */
export function known({ seen }, name) {
  const thing = seen[name];
  return thing?.known ? thing.value : undefined;
}

/** What is to be said when any of these things is not known; empty while all are. @param {Snapshot} snapshot @param {string[]} names */
export function doubt({ seen }, names) {
  const things = names.filter((name) => !seen[name]?.known).map((name) => seen[name]);
  if (!things.length) return "";
  const lost = things.filter(Boolean).toSorted((a, b) => b.until.localeCompare(a.until))[0];
  if (!lost) return label("seen.never");
  return `${device(lost.source)}: ${label("seen.unknown_since", { time: wallClock(lost.until) })}`;
}

/** A hatched cover for a drawing, with the words why. @param {number} width @param {number} height @param {string} id */
export function veil(width, height, id) {
  const text = svg("text", { x: width / 2, y: height / 2 + 5 });
  const lines = svg("pattern", { id, width: 10, height: 10, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, svg("rect", { class: "veil-line", width: 3, height: 10 }));
  const node = svg("g", { class: "veil absent" }, svg("defs", {}, lines), svg("rect", { class: "veil-cover", width, height, fill: `url(#${id})` }), svg("rect", { class: "veil-plate", x: width / 2 - 150, y: height / 2 - 15, width: 300, height: 30, rx: 6 }), text);
  return {
    node,
    /** @param {string} why */
    draw(why) {
      node.classList.toggle("absent", !why);
      setText(text, why);
    },
  };
}

/** The sentence under a drawing: what whoever stands there is told. @param {string} told @param {Element[]} more */
export function toldLine(told, ...more) {
  const instruction = el("strong", { id: "instruction" });
  return {
    node: el("p", { class: "instruction" }, el("span", { class: "unseen" }, `${told} `), instruction, ...more),
    /** @param {string} sentence */
    say(sentence) {
      setText(instruction, sentence ? `“${sentence}”` : "");
      setAttribute(instruction, "hidden", !sentence);
    },
  };
}
