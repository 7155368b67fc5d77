// Where the time went: each step true to scale, and how much of it was software rather than waiting.

import { el, keyed, setAttribute, setText } from "../dom.js";
import { duration, spelt } from "../words.js";

const MOST_STEPS = 10;

export function timelinePanel() {
  const total = el("span", { class: "muted" });
  const bar = el("div", { class: "scale", "aria-hidden": "true" });
  const list = el("ol", { class: "steps" });
  const node = el("section", { class: "panel timeline", "aria-label": "Time-line" }, el("h2", {}, "Time-line ", total, el("span", { class: "legend" }, "software")), bar, list);

  return {
    node,
    update({ transaction }) {
      const all = transaction?.steps ?? [];
      const steps = all.slice(-MOST_STEPS).map((step, index) => ({ ...step, number: all.length - Math.min(all.length, MOST_STEPS) + index + 1 }));
      const end = Math.max(0, ...all.map((step) => step.end ?? step.start));
      setText(total, all.length ? sum(all, end) : "· no steps yet");
      keyed(bar, steps, (step) => step.number, makeSegment, (segment, step) => place(segment, step, end));
      keyed(list, steps, (step) => step.number, makeStep, describe);
    },
  };
}

function sum(steps, end) {
  const software = steps.reduce((seconds, step) => seconds + step.software, 0);
  const share = end > 0 ? ` (${((100 * software) / end).toFixed(1)} %)` : "";
  return `· ${duration(end)} · of it software ${software.toFixed(2)} s${share}`;
}

function makeSegment() {
  return el("div", { class: "segment" }, el("div", { class: "software" }), el("span"));
}

function place(segment, step, end) {
  const length = Math.max((step.end ?? end) - step.start, 0);
  segment.style.setProperty("--from", `${end ? (100 * step.start) / end : 0}%`);
  segment.style.setProperty("--share", `${end ? (100 * length) / end : 0}%`);
  segment.style.setProperty("--software", `${length ? Math.min(100, (100 * step.software) / length) : 0}%`);
  segment.classList.toggle("odd", step.number % 2 === 1);
  setText(segment.querySelector("span"), end && length / end > 0.02 ? String(step.number) : "");
}

function makeStep() {
  return el("li", {}, el("span", { class: "number", "aria-hidden": "true" }), el("span", { class: "name" }), el("span", { class: "time" }, el("span"), el("span", { class: "software" })));
}

function describe(item, step) {
  const [number, name, , time, software] = item.querySelectorAll("span");
  setText(number, String(step.number));
  setText(name, spelt(step.name));
  setAttribute(name, "title", spelt(step.name));
  setText(time, step.end === null ? "now" : duration(step.end - step.start));
  setText(software, `${Math.round(step.software * 1000)} ms`);
  setAttribute(software, "title", "of it software");
  item.classList.toggle("now", step.end === null);
}
