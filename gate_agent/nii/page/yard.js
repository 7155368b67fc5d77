// The lane from above, as the barrier controller reports it: trucks go from left to right, past entry barrier,
// portal, scanner and scale to the hold line, and leave by the release road or into the inspection area. What the
// controller has not said since it fell silent is hatched, and drawn as nothing.

import { el, find, setAttribute, setText, svg } from "/static/js/dom.js";
import { doubt, known, toldLine, veil } from "/static/js/shell/seen.js";
import { label, named, number } from "/static/js/words.js";

/** @typedef {(name: string) => any} Look the value of a thing, undefined while it is not known */

/** @type {Record<string, string>} */
const SIGN_TONES = { stop: "bad", enter: "good", wait: "calm", release: "good", inspection: "bad", officer: "warn" };
const SEEN = ["entry", "release", "inspection", "approach", "vehicles", "at_hold", "emergency"];
const BARRIERS = { entry: [112, 62, 30], release: [556, 36, 24], inspection: [556, 90, 24] };

/** @returns {import("/static/js/types.js").Panel} */
export function yardPanel() {
  const barriers = Object.fromEntries(Object.entries(BARRIERS).map(([name, [x, y, length]]) => [name, barrier(x, y, length)]));
  const trucks = { approach: truck(32, 62), inside: truck(232, 62), second: truck(146, 62), hold: truck(440, 62) };
  const signs = { entry: sign(112, 14), hold: sign(520, 14) };
  const words = { entry: caption(112, 119), release: caption(640, 18), inspection: caption(640, 119), weight: caption(430, 119) };
  const emergency = svg("g", { class: "emergency absent" }, svg("rect", { x: 104, y: 36, width: 458, height: 70, rx: 6 }), svg("text", { x: 320, y: 22 }, named("things", "emergency")));
  const cover = veil(720, 126, "yard-unknown");
  const drawing = svg("svg", { viewBox: "0 0 720 126", role: "img", "aria-label": label("kind.lane") }, road(), Object.values(barriers), Object.values(trucks), emergency, Object.values(words), cover.node, Object.values(signs));
  const vehicle = el("span", { id: "vehicle", class: "mono" });
  const told = toldLine(label("kind.told"), vehicle);
  const node = el("section", { class: "panel yard", "aria-label": label("kind.lane") }, drawing, told.node);

  return {
    node,
    update(snapshot) {
      /** @type {Look} */
      const look = (name) => known(snapshot, name);
      const why = doubt(snapshot, SEEN);
      for (const name of Object.keys(BARRIERS)) setAttribute(barriers[name], "class", `barrier ${look(name) ?? "unknown"}`);
      show(trucks.approach, look("approach"));
      show(trucks.hold, look("at_hold"));
      show(trucks.inside, look("vehicles") > (look("at_hold") ? 1 : 0));
      show(trucks.second, look("vehicles") > 1 && !look("at_hold"));
      show(emergency, look("emergency"));
      drawSign(signs.entry, snapshot.shown.signal_entry);
      drawSign(signs.hold, snapshot.shown.signal_hold);
      write(words, look, snapshot);
      cover.draw(why);
      setAttribute(drawing, "aria-label", why || describe(look, snapshot.shown));
      told.say(snapshot.instruction ? named("instructions", snapshot.instruction) : "");
      setText(vehicle, look("container") ?? ""); // only the token shows it
    },
  };
}

function road() {
  return svg(
    "g",
    {},
    svg("path", { class: "floor", d: "M0 40H562L600 24H720V54H630L612 62 630 70H720V102H600L562 86H0z" }),
    svg("rect", { class: "fitting", x: 184, y: 30, width: 12, height: 12 }), svg("rect", { class: "fitting", x: 184, y: 84, width: 12, height: 12 }),
    svg("rect", { class: "wall", x: 262, y: 26, width: 70, height: 16, rx: 3 }), svg("rect", { class: "wall", x: 262, y: 84, width: 76, height: 16, rx: 3 }),
    svg("path", { class: "beam", d: "M297 42V84" }),
    svg("rect", { class: "plate", x: 372, y: 46, width: 146, height: 34 }),
    svg("path", { class: "line", d: "M532 42V84" }),
    svg("path", { class: "way", d: "M8 62h14m-6-6l6 6-6 6M670 39h26m-7-6l7 6-7 6M670 86h26m-7-6l7 6-7 6" }),
    caption(190, 119, label("kind.portal")), caption(297, 119, label("kind.scanner")), caption(528, 119, label("kind.hold_line")),
  );
}

/** @param {number} x @param {number} y @param {number} length */
function barrier(x, y, length) {
  return svg("g", { class: "barrier closed" }, svg("circle", { class: "post", cx: x, cy: y - length + 4, r: 5 }), svg("path", { class: "arm", d: `M${x} ${y - length + 4}V${y + length - 6}`, "transform-origin": `${x} ${y - length + 4}` }), svg("path", { class: "fault-mark", d: `M${x - 8} ${y - 8}l16 16m0-16l-16 16` }));
}

/** @param {number} x @param {number} y */
function truck(x, y) {
  return svg("g", { class: "truck absent" }, svg("rect", { x: x - 30, y: y - 13, width: 82, height: 26, rx: 2 }), svg("path", { d: `M${x + 55} ${y - 11}h14q6 0 6 6v10q0 6-6 6h-14z` }));
}

/** @param {number} x @param {number} y */
function sign(x, y) {
  return svg("g", { class: "sign", transform: `translate(${x} ${y})` }, svg("rect", { x: -40, y: -11, width: 80, height: 22, rx: 11 }), svg("text", { x: 0, y: 4.5 }));
}

/** @param {Element} node @param {string | undefined} signal */
function drawSign(node, signal) {
  setAttribute(node, "class", `sign tone-${SIGN_TONES[signal ?? ""] ?? "idle"}`);
  setText(find(node, "text"), signal ? named("states", signal) : "");
}

/** @param {number} x @param {number} y */
function caption(x, y, text = "") {
  return svg("text", { x, y, class: "zone" }, text);
}

/** @param {Record<string, Element>} words @param {Look} look @param {import("/static/js/types.js").Snapshot} snapshot */
function write(words, look, snapshot) {
  for (const name of Object.keys(BARRIERS)) {
    setText(words[name], label("kind.thing_is", { thing: named("things", name), state: state(look(name)) }));
    setAttribute(words[name], "class", look(name) === "fault" ? "zone warn" : "zone");
  }
  const weight = look("weight_kg");
  const lost = snapshot.seen.weight_kg ? doubt(snapshot, ["weight_kg"]) : "";
  setText(words.weight, weight === undefined ? lost || label("kind.scale") : `${number(Math.round(weight), { useGrouping: true })} ${named("units", "kg")}`);
}

/** @param {any} value */
function state(value) {
  return value === undefined ? label("seen.unknown") : named("states", value);
}

/** @param {Element} node @param {any} present */
function show(node, present) {
  node.classList.toggle("absent", !present);
}

/** @param {Look} look @param {Record<string, string>} shown */
function describe(look, shown) {
  const [entry, release, inspection] = Object.keys(BARRIERS).map((name) => state(look(name)));
  const weight = look("weight_kg");
  return [
    label("kind.lane_is", { entry, release, inspection }),
    look("approach") ? label("kind.at_entry") : "",
    label(["kind.vehicles_none", "kind.vehicles_one"][look("vehicles")] ?? "kind.vehicles_more"),
    look("at_hold") ? label("kind.one_at_hold") : "",
    weight === undefined ? "" : label("kind.weight", { kg: number(Math.round(weight)) }),
    label("kind.signals", { entry: state(shown.signal_entry), hold: state(shown.signal_hold) }),
    look("emergency") ? label("kind.in_emergency") : "",
  ].filter(Boolean).join(" ");
}
