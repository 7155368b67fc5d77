// Where the time went: each step true to scale, and how much of it was software rather than waiting.

import { el, find, keyed, setAttribute, setText } from "/static/js/dom.js";
import { duration, label, named, number } from "/static/js/words.js";

/** @typedef {import("/static/js/types.js").Step} Step */
/** @typedef {Step & {number: number, until: number, length: number}} Placed */

const MOST_STEPS = 10;

/** @returns {import("/static/js/types.js").Panel} */
export function timelinePanel() {
  const total = el("span", { class: "muted" });
  const bar = el("div", { class: "scale", "aria-hidden": "true" });
  const list = el("ol", { class: "steps" });
  const title = label("kind.timeline.title");
  const node = el("section", { class: "panel timeline", "aria-label": title }, el("h2", {}, `${title} `, total, el("span", { class: "legend" }, label("kind.timeline.software"))), bar, list);

  return {
    node,
    update({ transaction }) {
      const all = (transaction?.steps ?? []).map(placed);
      const steps = all.slice(-MOST_STEPS);
      const end = Math.max(0, ...all.map(({ until }) => until));
      setText(total, `· ${all.length ? sum(all, end) : label("kind.timeline.none")}`);
      keyed(bar, steps, (step) => step.number, makeSegment, (segment, step) => place(segment, step, end));
      keyed(list, steps, (step) => step.number, makeStep, describe);
    },
  };
}

/**
 * A step and its length. One that runs is as long as what it computed, at least: no end is known yet. Software that
 * ran on several processors at once takes no more time than the step.
 * @param {Step} step @param {number} index @returns {Placed}
 */
function placed(step, index) {
  const until = step.end ?? step.start + step.software;
  const length = Math.max(until - step.start, 0);
  return { ...step, number: index + 1, until, length, software: Math.min(step.software, length) };
}

/** @param {Placed[]} steps @param {number} end */
function sum(steps, end) {
  const software = steps.reduce((seconds, step) => seconds + step.software, 0);
  const share = end > 0 ? Math.min(100, (100 * software) / end) : 0;
  return label("kind.timeline.sum", { length: duration(end), software: fixed(software, 2), share: fixed(share, 1) });
}

/** @param {number} value @param {number} digits */
function fixed(value, digits) {
  return number(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function makeSegment() {
  return el("div", { class: "segment" }, el("div", { class: "software" }), el("span"));
}

/** @param {HTMLElement} segment @param {Placed} step @param {number} end */
function place(segment, step, end) {
  segment.style.setProperty("--from", `${end ? (100 * step.start) / end : 0}%`);
  segment.style.setProperty("--share", `${end ? (100 * step.length) / end : 0}%`);
  segment.style.setProperty("--software", `${step.length ? (100 * step.software) / step.length : 0}%`);
  segment.classList.toggle("odd", step.number % 2 === 1);
  setText(find(segment, "span"), end && step.length / end > 0.02 ? String(step.number) : "");
}

function makeStep() {
  return el("li", {}, el("span", { class: "number", "aria-hidden": "true" }), el("span", { class: "name" }), el("span", { class: "time" }, el("span"), el("span", { class: "software" })));
}

/** @param {HTMLElement} item @param {Placed} step */
function describe(item, step) {
  const [count, name, , time, software] = item.querySelectorAll("span");
  setText(count, String(step.number));
  setText(name, named("phases", step.name));
  setAttribute(name, "title", named("phases", step.name));
  setText(time, step.end === null ? label("kind.timeline.now") : duration(step.length));
  setText(software, `${Math.round(step.software * 1000)} ${named("units", "ms")}`);
  setAttribute(software, "title", label("kind.timeline.of_it"));
  item.classList.toggle("now", step.end === null);
}
