// The lane from above, as the barrier controller reports it: trucks go from left to right, past entry barrier,
// portal, scanner and scale to the hold line, and leave by the release road or into the inspection area.

import { el, setAttribute, setText, svg } from "../dom.js";
import { inWords, spelt } from "../words.js";

const SIGNS = {
  stop: { word: "Stop", tone: "bad" },
  enter: { word: "Enter", tone: "good" },
  wait: { word: "Wait", tone: "calm" },
  release: { word: "To the road", tone: "good" },
  inspection: { word: "Inspection", tone: "bad" },
  officer: { word: "Officer", tone: "warn" },
};
const VEHICLE_MS = 2000;
const BARRIERS = { entry: [112, 62, 30], release: [556, 36, 24], inspection: [556, 90, 24] };

export function yardPanel(session, desk) {
  const barriers = Object.fromEntries(Object.entries(BARRIERS).map(([name, [x, y, length]]) => [name, barrier(x, y, length)]));
  const trucks = { approach: truck(32, 62), inside: truck(232, 62), second: truck(146, 62), hold: truck(440, 62) };
  const signs = { entry: sign(112, 14), hold: sign(520, 14) };
  const words = { entry: caption(112, 119), release: caption(640, 18), inspection: caption(640, 119), weight: caption(430, 119) };
  const emergency = svg("g", { class: "emergency absent" }, svg("rect", { x: 104, y: 36, width: 458, height: 70, rx: 6 }), svg("text", { x: 320, y: 22 }, "EMERGENCY"));
  const drawing = svg("svg", { viewBox: "0 0 720 126", role: "img", "aria-label": "Lane" }, road(), Object.values(barriers), Object.values(trucks), Object.values(signs), emergency, Object.values(words));
  const instruction = el("strong", { id: "instruction" });
  const vehicle = el("span", { id: "vehicle", class: "mono" });
  const node = el("section", { class: "panel yard", "aria-label": "Lane" }, drawing, el("p", { class: "instruction" }, el("span", { class: "unseen" }, "The driver is told: "), instruction, vehicle));
  let standing = "";
  let asked = 0;

  /** Container code and plate need the token, so they are not in the snapshot; cameras may read them late. */
  async function askVehicle(transaction) {
    const now = transaction && !transaction.finished && session.token ? transaction.id : "";
    const again = now === standing && Date.now() - asked < VEHICLE_MS;
    if (now !== standing) setText(vehicle, "");
    standing = now;
    if (!now || again) return;
    asked = Date.now();
    const { container, plate } = await desk.get("/vehicle").catch(() => ({ container: "", plate: "" }));
    if (standing === now) setText(vehicle, [container, plate].filter(Boolean).join(" · "));
  }

  let newest = null;
  session.addEventListener("change", () => newest && askVehicle(newest.transaction));

  return {
    node,
    update(snapshot) {
      newest = snapshot;
      const { yard, instruction: code, transaction } = snapshot;
      for (const name of Object.keys(BARRIERS)) setAttribute(barriers[name], "class", `barrier ${yard[name]}`);
      show(trucks.approach, yard.approach);
      show(trucks.hold, yard.at_hold);
      show(trucks.inside, yard.vehicles > (yard.at_hold ? 1 : 0));
      show(trucks.second, yard.vehicles > 1 && !yard.at_hold);
      show(emergency, yard.emergency);
      drawSign(signs.entry, yard.signal_entry);
      drawSign(signs.hold, yard.signal_hold);
      label(words, yard);
      setAttribute(drawing, "aria-label", describe(yard));
      setText(instruction, code ? `“${inWords(code)}”` : "");
      askVehicle(transaction);
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
    caption(190, 119, "portal"), caption(297, 119, "scanner"), caption(528, 119, "hold line"),
  );
}

function barrier(x, y, length) {
  return svg("g", { class: "barrier closed" }, svg("circle", { class: "post", cx: x, cy: y - length + 4, r: 5 }), svg("path", { class: "arm", d: `M${x} ${y - length + 4}V${y + length - 6}`, "transform-origin": `${x} ${y - length + 4}` }), svg("path", { class: "fault-mark", d: `M${x - 8} ${y - 8}l16 16m0-16l-16 16` }));
}

function truck(x, y) {
  return svg("g", { class: "truck absent" }, svg("rect", { x: x - 30, y: y - 13, width: 82, height: 26, rx: 2 }), svg("path", { d: `M${x + 55} ${y - 11}h14q6 0 6 6v10q0 6-6 6h-14z` }));
}

function sign(x, y) {
  return svg("g", { class: "sign", transform: `translate(${x} ${y})` }, svg("rect", { x: -40, y: -11, width: 80, height: 22, rx: 11 }), svg("text", { x: 0, y: 4.5 }));
}

function drawSign(node, signal) {
  const meaning = SIGNS[signal] ?? { word: spelt(signal), tone: "idle" };
  setAttribute(node, "class", `sign tone-${meaning.tone}`);
  setText(node.querySelector("text"), meaning.word);
}

function caption(x, y, text = "") {
  return svg("text", { x, y, class: "zone" }, text);
}

function label(words, yard) {
  setText(words.entry, `entry ${yard.entry}`);
  setText(words.release, `release ${yard.release}`);
  setText(words.inspection, `inspection ${yard.inspection}`);
  setText(words.weight, yard.weight_kg === null ? "scale" : `${Math.round(yard.weight_kg).toLocaleString("en-GB")} kg`);
  for (const name of ["entry", "release", "inspection"]) setAttribute(words[name], "class", yard[name] === "fault" ? "zone warn" : "zone");
}

function show(node, present) {
  node.classList.toggle("absent", !present);
}

function describe(yard) {
  return [
    `Entry barrier ${yard.entry}, release barrier ${yard.release}, inspection barrier ${yard.inspection}.`,
    yard.approach ? "A vehicle before the entry." : "",
    `${["No vehicle", "One vehicle", "Two or more vehicles"][Math.min(yard.vehicles, 2)]} in the lane${yard.at_hold ? ", one at the hold line" : ""}.`,
    yard.weight_kg === null ? "" : `Weight ${Math.round(yard.weight_kg)} kilograms.`,
    `Signal at the entry ${SIGNS[yard.signal_entry]?.word ?? yard.signal_entry}, at the hold line ${SIGNS[yard.signal_hold]?.word ?? yard.signal_hold}.`,
    yard.emergency ? "Emergency." : "",
  ].filter(Boolean).join(" ");
}
