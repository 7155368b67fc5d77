// Device health: state, age of the last reading (frame age for a camera), restarts, and what to do.

import { el, keyed, setAttribute, setText } from "../dom.js";
import { icon, swapIcon } from "../icons.js";
import { duration } from "../words.js";

const STATES = {
  up: { word: "up", tone: "good", icon: "passed" },
  starting: { word: "starting", tone: "idle", icon: "pending" },
  silent: { word: "silent", tone: "warn", icon: "inconclusive" },
  down: { word: "down", tone: "bad", icon: "failed" },
};

export function devicesPanel() {
  const list = el("ul", { id: "devices" });
  const node = el("section", { class: "panel scrolls", "aria-label": "Devices" }, el("h2", {}, "Devices"), list);

  return {
    node,
    update(snapshot) {
      keyed(list, snapshot.devices, (device) => device.device, make, draw);
    },
  };
}

function make() {
  return el(
    "li",
    { class: "device" },
    icon("pending"),
    el("span", { class: "name" }),
    el("span", { class: "state" }),
    el("span", { class: "facts" }),
    el("span", { class: "advice", hidden: true }),
  );
}

function draw(row, device) {
  const state = STATES[device.state] ?? STATES.down;
  setAttribute(row, "class", `device tone-${state.tone}`);
  swapIcon(row.querySelector("svg"), state.icon);
  const [name, word, facts, advice] = row.querySelectorAll("span");
  setText(name, device.device);
  setText(word, state.word);
  const restarts = device.restarts === 1 ? "1 restart" : `${device.restarts} restarts`;
  const newest = device.age_s === null ? "nothing yet" : `last ${duration(device.age_s)} ago`;
  setText(facts, `${device.driver} · ${newest} · ${restarts}`);
  const trouble = [device.error, device.advice].filter(Boolean).join(" — ");
  setText(advice, trouble);
  setAttribute(advice, "hidden", !trouble);
}
