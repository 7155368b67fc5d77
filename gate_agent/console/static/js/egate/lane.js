// The lane from above, as the door controller reports it: travellers go from left to right.

import { el, setAttribute, setText, svg } from "../dom.js";
import { spelt, inWords } from "../words.js";

const ENTRY = 128;
const EXIT = 276;
const SIGNS = {
  ready: { word: "Ready", mark: "M-6 0h11M1-4l4 4-4 4", tone: "good" },
  proceed: { word: "Proceed", mark: "M-6 0h11M1-4l4 4-4 4", tone: "good" },
  wait: { word: "Wait", mark: "M0-5v5l3 2", tone: "calm" },
  stop: { word: "Stop", mark: "M-5-5L5 5M5-5L-5 5", tone: "bad" },
  officer: { word: "Officer", mark: "M0-6v6m0 4v.3", tone: "warn" },
};

export function lanePanel() {
  const doors = { entry: door(ENTRY), exit: door(EXIT) };
  const persons = { approach: person(58, 106), first: person(184, 106), second: person(222, 106), exit_zone: person(336, 106) };
  const thing = object(250, 124);
  const signs = { outside: sign(56), inside: sign(202) };
  const words = {
    entry: caption(ENTRY, 178, "door-word"), exit: caption(EXIT, 178, "door-word"),
    approach: caption(56, 54), inside: caption(202, 68), exit_zone: caption(348, 54),
  };
  const emergency = svg("g", { class: "emergency absent" }, svg("rect", { x: 134, y: 54, width: 136, height: 86, rx: 6 }), svg("text", { x: 342, y: 21 }, "EMERGENCY"));
  const drawing = svg(
    "svg",
    { viewBox: "0 0 404 184", role: "img", "aria-label": "Lane" },
    floor(), persons.approach, persons.first, persons.second, persons.exit_zone, thing,
    doors.entry, doors.exit, signs.outside, signs.inside, emergency, Object.values(words),
  );
  const instruction = el("strong", { id: "instruction" });
  const node = el("section", { class: "panel lane", "aria-label": "Lane" }, drawing, el("p", { class: "instruction" }, el("span", { class: "unseen" }, "The traveller is told: "), instruction));

  return {
    node,
    update({ lane, instruction: code }) {
      drawDoor(doors.entry, lane.entry);
      drawDoor(doors.exit, lane.exit);
      show(persons.approach, lane.approach);
      show(persons.first, lane.persons_inside > 0);
      show(persons.second, lane.persons_inside > 1);
      show(persons.exit_zone, lane.exit_zone);
      show(thing, lane.object_inside);
      show(emergency, lane.emergency);
      drawSign(signs.outside, lane.light_outside);
      drawSign(signs.inside, lane.light_inside);
      label(words, lane);
      setAttribute(drawing, "aria-label", describe(lane));
      setText(instruction, code ? `“${inWords(code)}”` : "");
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

function door(x) {
  const leaf = (y, name, to) => svg("path", { class: `leaf ${name}`, d: `M${x} ${y}V${to}`, "transform-origin": `${x} ${y}` });
  return svg("g", { class: "door closed" }, leaf(52, "upper", 97), leaf(144, "lower", 99), svg("path", { class: "fault-mark", d: `M${x - 8} 90l16 16m0-16l-16 16` }));
}

function drawDoor(node, position) {
  setAttribute(node, "class", `door ${position}`);
}

function person(x, y) {
  return svg(
    "g",
    { class: "person absent" },
    svg("circle", { cx: x, cy: y - 14, r: 9 }),
    svg("path", { d: `M${x - 14} ${y + 30}v-18a14 14 0 0 1 28 0v18z` }),
  );
}

function object(x, y) {
  return svg("g", { class: "object absent" }, svg("rect", { x: x - 11, y: y - 8, width: 22, height: 17, rx: 3 }), svg("path", { d: `M${x - 4} ${y - 8}v-4h8v4` }), svg("text", { x, y: y - 16 }, "object"));
}

function sign(x) {
  return svg(
    "g",
    { class: "sign", transform: `translate(${x} 16)` },
    svg("rect", { x: -46, y: -13, width: 92, height: 26, rx: 13 }),
    svg("path", { transform: "translate(-30 0)" }),
    svg("text", { x: 8, y: 5 }),
  );
}

function drawSign(node, light) {
  const meaning = SIGNS[light] ?? { word: spelt(light), mark: "", tone: "idle" };
  setAttribute(node, "class", `sign tone-${meaning.tone}`);
  setAttribute(node.querySelector("path"), "d", meaning.mark);
  setText(node.querySelector("text"), meaning.word);
}

function caption(x, y, name = "zone") {
  return svg("text", { x, y, class: name });
}

function label(words, lane) {
  for (const which of ["entry", "exit"]) {
    setText(words[which], `${which} ${lane[which]}`);
    setAttribute(words[which], "class", lane[which] === "fault" ? "door-word fault" : "door-word");
  }
  setText(words.approach, lane.approach ? "Outside: 1+" : "Outside");
  setText(words.inside, inside(lane));
  setAttribute(words.inside, "class", lane.persons_inside > 1 || lane.object_inside ? "zone warn" : "zone");
  setText(words.exit_zone, lane.exit_zone ? "Beyond: 1+" : "Beyond");
}

function inside({ persons_inside: persons, object_inside: object }) {
  const who = persons === 0 ? "nobody" : persons === 1 ? "1 person" : "2 or more";
  return object ? `${who} + object` : `Inside: ${who}`;
}

function show(node, present) {
  node.classList.toggle("absent", !present);
}

function describe(lane) {
  return [
    `Entry door ${lane.entry}, exit door ${lane.exit}.`,
    lane.approach ? "Someone at the entry." : "Nobody at the entry.",
    `Inside the passage: ${inside(lane).replace("Inside: ", "")}.`,
    lane.exit_zone ? "Someone behind the exit." : "",
    `Outside sign ${SIGNS[lane.light_outside]?.word ?? lane.light_outside}, inside sign ${SIGNS[lane.light_inside]?.word ?? lane.light_inside}.`,
    lane.emergency ? "Emergency." : "",
  ].filter(Boolean).join(" ");
}
