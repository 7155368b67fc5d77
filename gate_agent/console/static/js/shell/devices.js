// Device health: state, age of the last reading (frame age for a camera), restarts, and what to do.

import { el, find, keyed, setAttribute, setText } from "../dom.js";
import { icon, swapIcon } from "../icons.js";
import { device as deviceName, duration, label, named } from "../words.js";

/** @type {Record<string, {tone: string, icon: string}>} */
const STATES = {
  up: { tone: "good", icon: "passed" },
  starting: { tone: "idle", icon: "pending" },
  silent: { tone: "warn", icon: "inconclusive" },
  down: { tone: "bad", icon: "failed" },
};

/** @returns {import("../types.js").Panel} */
export function devicesPanel() {
  const list = el("ul", { id: "devices" });
  const node = el("section", { class: "panel scrolls", tabindex: 0, "aria-label": label("devices.title") }, el("h2", {}, label("devices.title")), list);

  return {
    node,
    update(snapshot) {
      keyed(list, snapshot.devices, (device) => device.device, make, draw);
    },
  };
}

function make() {
  const parts = ["name", "state", "facts", "advice"].map((name) => el("span", { class: name }));
  return el("li", { class: "device" }, icon("pending"), parts);
}

/** @param {Element} row @param {import("../types.js").Device} device */
function draw(row, device) {
  const state = STATES[device.state] ?? STATES.down;
  setAttribute(row, "class", `device tone-${state.tone}`);
  swapIcon(find(row, "svg"), state.icon);
  const [name, word, facts, advice] = row.querySelectorAll("span");
  setText(name, deviceName(device.device));
  setText(word, named("device_states", device.state));
  const newest = device.age_s === null ? label("devices.nothing") : label("devices.last", { age: duration(device.age_s) });
  setText(facts, `${device.driver} · ${newest} · ${label("devices.restarts", { number: device.restarts })}`);
  const trouble = [device.error, device.advice].filter(Boolean).join(" — ");
  setText(advice, trouble);
  setAttribute(advice, "hidden", !trouble);
}
