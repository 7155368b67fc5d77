// The buttons of the viewer: picture functions, window and gamma, tools, zoom. Buttons that cannot do anything
// for this picture say why.

import { el, setAttribute, setText } from "../../dom.js";
import { DEFAULTS } from "./functions.js";

const COLOURINGS = [["grey", "Grey", "G"], ["colour", "Colour", "C"], ["organic", "Organic", "O"], ["inorganic", "Inorganic", "N"]];
const SWITCHES = [["invert", "Invert", "V"], ["edges", "Edges", "E"], ["penetration", "High pen.", "H"]];
const TOOLS = [["pan", "Pan", "P"], ["ruler", "Ruler", "R"], ["mark", "Mark", "M"]];
const SLIDERS = [
  ["low", "Black", 0, 0.99, 0.005],
  ["high", "White", 0.01, 1, 0.005],
  ["gamma", "Gamma", 0.2, 2, 0.05],
];

export function toolbar(viewer) {
  const colourings = COLOURINGS.map(([name, label, key]) => button(label, key, () => viewer.set({ colouring: name }), { "data-colouring": name }));
  const switches = SWITCHES.map(([name, label, key]) => button(label, key, () => viewer.set({ [name]: !viewer.functions[name] }), { "data-switch": name }));
  const hatch = button("Hatch", "J", () => viewer.set({ hatch: !viewer.functions.hatch }), { "data-switch": "hatch" });
  const energy = button("Low en.", "B", () => viewer.set({ energy: viewer.functions.energy === "high" ? "low" : "high" }), { "data-switch": "energy" });
  const tools = TOOLS.map(([name, label, key]) => button(label, key, () => viewer.useTool(name), { "data-tool": name }));
  const sliders = SLIDERS.map(([name, label, min, max, step]) => slider(viewer, name, label, min, max, step));
  const zoom = el("output", { "aria-label": "Zoom" });
  const findings = button("Findings", "F", () => viewer.toggleFindings(), { id: "findings-switch" });
  const compare = button("Compare", "K", () => viewer.toggleCompare(), { id: "compare-switch" });
  const large = button("Large", "L", () => viewer.toggleLarge(), { id: "large-switch" });
  const fit = button("Fit", "0", () => viewer.fit());
  const one = button("1:1", "1", () => viewer.oneToOne());
  const reset = button("Reset", "Z", () => viewer.set(DEFAULTS));
  const node = el(
    "div",
    { class: "viewer-tools" },
    group("Colours", colourings),
    group("Picture functions", [...switches, energy]),
    group("Overlays", [findings, hatch]),
    group("Window and gamma", [...sliders.map((each) => each.node), reset]),
    group("Tools", tools),
    group("View", [compare, fit, one, large, zoom]),
  );

  return {
    node,
    update() {
      const { functions, picture } = viewer;
      for (const each of colourings) press(each, each.dataset.colouring === functions.colouring);
      for (const each of switches) press(each, functions[each.dataset.switch]);
      press(hatch, functions.hatch);
      press(energy, functions.energy === "low");
      for (const each of tools) press(each, each.dataset.tool === viewer.tool);
      press(findings, viewer.showsFindings);
      press(compare, viewer.compares);
      press(large, viewer.large);
      for (const each of sliders) each.update(functions);
      setText(zoom, picture ? `${Math.round(100 * viewer.camera.zoom)} %` : "");
      const noClasses = picture && !picture.has("material") ? "No material classes: one energy, or walls that hide them" : "";
      for (const each of colourings.slice(1)) disable(each, noClasses);
      disable(energy, picture && !picture.has("low") ? "One beam energy only" : "");
      disable(compare, viewer.noCompare);
    },
  };
}

function button(label, key, click, attributes = {}) {
  const node = el("button", { type: "button", "aria-keyshortcuts": key, title: `${label} (${key})`, ...attributes }, label);
  node.addEventListener("click", () => node.getAttribute("aria-disabled") !== "true" && click());
  node.dataset.title = node.title;
  return node;
}

function press(node, pressed) {
  setAttribute(node, "aria-pressed", String(Boolean(pressed)));
}

function disable(node, why) {
  setAttribute(node, "aria-disabled", why ? "true" : null);
  setAttribute(node, "title", why || node.dataset.title);
}

function group(label, nodes) {
  return el("div", { class: "group", role: "group", "aria-label": label }, nodes);
}

function slider(viewer, name, label, min, max, step) {
  const input = el("input", { type: "range", min, max, step, "aria-label": label, "data-slider": name, on: { input: () => viewer.set({ [name]: Number(input.value) }) } });
  return {
    node: el("label", { class: "slider" }, el("span", {}, label), input),
    update(functions) {
      if (Number(input.value) !== functions[name]) input.value = functions[name];
    },
  };
}
