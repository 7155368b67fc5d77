// The lane from above, as the door controller reports it: travellers go from left to right. What the controller has
// not said since it fell silent is hatched, and drawn as nothing.

import { el, find, setAttribute, setText, svg } from "/static/js/dom.js";
import { doubt, known, toldLine, veil } from "/static/js/shell/seen.js";
import { label, named } from "/static/js/words.js";

/** @typedef {import("/static/js/types.js").Snapshot} Snapshot */
/** @typedef {(name: string) => any} Look the value of a thing, undefined while it is not known */

const ENTRY = 128;
const EXIT = 276;
const SEEN = ["entry", "exit", "approach", "persons_inside", "exit_zone", "object_inside", "emergency"];
/** @type {Record<string, {mark: string, tone: string}>} */
const SIGNS = {
  ready: { mark: "M-6 0h11M1-4l4 4-4 4", tone: "good" },
  proceed: { mark: "M-6 0h11M1-4l4 4-4 4", tone: "good" },
  wait: { mark: "M0-5v5l3 2", tone: "calm" },
  stop: { mark: "M-5-5L5 5M5-5L-5 5", tone: "bad" },
  officer: { mark: "M0-6v6m0 4v.3", tone: "warn" },
};

/** @returns {import("/static/js/types.js").Panel} */
export function lanePanel() {
  const doors = { entry: door(ENTRY), exit: door(EXIT) };
  const persons = { approach: person(58, 106), first: person(184, 106), second: person(222, 106), exit_zone: person(336, 106) };
  const thing = object(250, 124);
  const signs = { outside: sign(56), inside: sign(202) };
  const words = {
    entry: caption(ENTRY, 178, "door-word"), exit: caption(EXIT, 178, "door-word"),
    approach: caption(56, 54), inside: caption(202, 68), exit_zone: caption(348, 54),
  };
  const emergency = svg("g", { class: "emergency absent" }, svg("rect", { x: 134, y: 54, width: 136, height: 86, rx: 6 }), svg("text", { x: 342, y: 21 }, named("things", "emergency")));
  const cover = veil(404, 184, "lane-unknown");
  const drawing = svg(
    "svg",
    { viewBox: "0 0 404 184", role: "img", "aria-label": label("kind.lane") },
    floor(), persons.approach, persons.first, persons.second, persons.exit_zone, thing,
    doors.entry, doors.exit, emergency, Object.values(words), cover.node, signs.outside, signs.inside,
  );
  const told = toldLine(label("kind.told"));
  const node = el("section", { class: "panel lane", "aria-label": label("kind.lane") }, drawing, told.node);

  return {
    node,
    update(snapshot) {
      /** @type {Look} */
      const look = (name) => known(snapshot, name);
      const why = doubt(snapshot, SEEN);
      setAttribute(doors.entry, "class", `door ${look("entry") ?? "unknown"}`);
      setAttribute(doors.exit, "class", `door ${look("exit") ?? "unknown"}`);
      show(persons.approach, look("approach"));
      show(persons.first, look("persons_inside") > 0);
      show(persons.second, look("persons_inside") > 1);
      show(persons.exit_zone, look("exit_zone"));
      show(thing, look("object_inside"));
      show(emergency, look("emergency"));
      drawSign(signs.outside, snapshot.shown.light_outside);
      drawSign(signs.inside, snapshot.shown.light_inside);
      write(words, look);
      cover.draw(why);
      setAttribute(drawing, "aria-label", why || describe(look, snapshot.shown));
      told.say(snapshot.instruction ? named("instructions", snapshot.instruction) : "");
    },
  };
}

function floor() {
  return svg(
    "g",
    {},
    svg("rect", { class: "floor", x: 2, y: 34, width: 400, height: 128, rx: 8 }),
    svg("rect", { class: "passage", x: ENTRY, y: 46, width: EXIT - ENTRY, height: 102 }),
    svg("rect", { class: "wall", x: 112, y: 40, width: 180, height: 12, rx: 4 }),
    svg("rect", { class: "wall", x: 112, y: 144, width: 180, height: 12, rx: 4 }),
    svg("rect", { class: "fitting", x: 92, y: 140, width: 18, height: 16, rx: 3 }),
    svg("path", { class: "gaze", d: "M262 56 L206 92 L226 128 Z" }),
    svg("circle", { class: "fitting", cx: 262, cy: 56, r: 5 }),
    svg("path", { class: "way", d: "M12 106h18M364 106h26m-7-6l7 6-7 6" }),
  );
}

/** @param {number} x */
function door(x) {
  /** @param {number} y @param {string} name @param {number} to */
  const leaf = (y, name, to) => svg("path", { class: `leaf ${name}`, d: `M${x} ${y}V${to}`, "transform-origin": `${x} ${y}` });
  return svg("g", { class: "door closed" }, leaf(52, "upper", 97), leaf(144, "lower", 99), svg("path", { class: "fault-mark", d: `M${x - 8} 90l16 16m0-16l-16 16` }));
}

/** @param {number} x @param {number} y */
function person(x, y) {
  return svg(
    "g",
    { class: "person absent" },
    svg("circle", { cx: x, cy: y - 14, r: 9 }),
    svg("path", { d: `M${x - 14} ${y + 30}v-18a14 14 0 0 1 28 0v18z` }),
  );
}

/** @param {number} x @param {number} y */
function object(x, y) {
  return svg("g", { class: "object absent" }, svg("rect", { x: x - 11, y: y - 8, width: 22, height: 17, rx: 3 }), svg("path", { d: `M${x - 4} ${y - 8}v-4h8v4` }), svg("text", { x, y: y - 16 }, named("things", "object_inside")));
}

/** @param {number} x */
function sign(x) {
  return svg(
    "g",
    { class: "sign", transform: `translate(${x} 16)` },
    svg("rect", { x: -46, y: -13, width: 92, height: 26, rx: 13 }),
    svg("path", { transform: "translate(-30 0)" }),
    svg("text", { x: 8, y: 5 }),
  );
}

/** @param {Element} node @param {string | undefined} light */
function drawSign(node, light) {
  const look = SIGNS[light ?? ""] ?? { mark: "", tone: "idle" };
  setAttribute(node, "class", `sign tone-${look.tone}`);
  setAttribute(find(node, "path"), "d", look.mark);
  setText(find(node, "text"), light ? named("states", light) : "");
}

/** @param {number} x @param {number} y */
function caption(x, y, name = "zone") {
  return svg("text", { x, y, class: name });
}

/** @param {Record<string, Element>} words @param {Look} look */
function write(words, look) {
  for (const which of ["entry", "exit"]) {
    setText(words[which], label("kind.thing_is", { thing: named("things", which), state: state(look(which)) }));
    setAttribute(words[which], "class", look(which) === "fault" ? "door-word fault" : "door-word");
  }
  for (const which of ["approach", "exit_zone"]) {
    const place = named("things", which);
    setText(words[which], look(which) ? label("kind.more_than_none", { place }) : place);
  }
  setText(words.inside, label("kind.inside", { who: inside(look) }));
  setAttribute(words.inside, "class", look("persons_inside") > 1 || look("object_inside") ? "zone warn" : "zone");
}

/** @param {any} value */
function state(value) {
  return value === undefined ? label("seen.unknown") : named("states", value);
}

/** @param {Look} look */
function inside(look) {
  const persons = look("persons_inside");
  if (persons === undefined) return label("seen.unknown");
  const who = label(["kind.inside_none", "kind.inside_one"][persons] ?? "kind.inside_more");
  return look("object_inside") ? label("kind.with_object", { who, thing: named("things", "object_inside") }) : who;
}

/** @param {Element} node @param {any} present */
function show(node, present) {
  node.classList.toggle("absent", !present);
}

/** @param {Look} look @param {Record<string, string>} shown */
function describe(look, shown) {
  return [
    label("kind.lane_is", { entry: state(look("entry")), exit: state(look("exit")) }),
    label(look("approach") ? "kind.at_entry" : "kind.none_at_entry"),
    label("kind.in_passage", { who: inside(look) }),
    look("exit_zone") ? label("kind.behind_exit") : "",
    label("kind.signs", { outside: state(shown.light_outside), inside: state(shown.light_inside) }),
    look("emergency") ? label("kind.in_emergency") : "",
  ].filter(Boolean).join(" ");
}
