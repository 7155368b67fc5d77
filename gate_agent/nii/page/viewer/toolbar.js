// The buttons of the viewer: picture functions, window and gamma, tools, zoom. Buttons that cannot do anything
// for this picture say why.

import { el, setAttribute, setText } from "/static/js/dom.js";
import { label } from "/static/js/words.js";
import { DEFAULTS } from "./functions.js";

const COLOURINGS = { grey: "G", colour: "C", organic: "O", inorganic: "N" };
const SWITCHES = { invert: "V", edges: "E", penetration: "H" };
const TOOLS = { pan: ["pan", "P"], ruler: ["measure", "R"], mark: ["marking", "M"] };
const SLIDERS = { low: [0, 0.99, 0.005], high: [0.01, 1, 0.005], gamma: [0.2, 2, 0.05] };

/** @param {any} viewer */
export function toolbar(viewer) {
  const colourings = Object.entries(COLOURINGS).map(([name, key]) => button(name, key, () => viewer.set({ colouring: name }), { "data-colouring": name }));
  const switches = Object.entries(SWITCHES).map(([name, key]) => button(name, key, () => viewer.set({ [name]: !viewer.functions[name] }), { "data-switch": name }));
  const hatch = button("hatch", "J", () => viewer.set({ hatch: !viewer.functions.hatch }), { "data-switch": "hatch" });
  const energy = button("energy", "B", () => viewer.set({ energy: viewer.functions.energy === "high" ? "low" : "high" }), { "data-switch": "energy" });
  const tools = Object.entries(TOOLS).map(([name, [word, key]]) => button(word, key, () => viewer.useTool(name), { "data-tool": name }));
  const sliders = Object.entries(SLIDERS).map(([name, [min, max, step]]) => slider(viewer, name, min, max, step));
  const zoom = el("output", { "aria-label": label("kind.viewer.zoom") });
  const findings = button("findings", "F", () => viewer.toggleFindings(), { id: "findings-switch" });
  const compare = button("compare", "K", () => viewer.toggleCompare(), { id: "compare-switch" });
  const large = button("large", "L", () => viewer.toggleLarge(), { id: "large-switch" });
  const fit = button("fit", "0", () => viewer.fit());
  const one = button("one", "1", () => viewer.oneToOne());
  const reset = button("reset", "Z", () => viewer.set(DEFAULTS));
  const node = el(
    "div",
    { class: "viewer-tools" },
    group("colours", colourings),
    group("functions", [...switches, energy]),
    group("overlays", [findings, hatch]),
    group("window", [...sliders.map((each) => each.node), reset]),
    group("tools", tools),
    group("view", [compare, fit, one, large, zoom]),
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
      const noClasses = picture && !picture.has("material") ? label("kind.viewer.no_classes") : "";
      for (const each of colourings.slice(1)) disable(each, noClasses);
      disable(energy, picture && !picture.has("low") ? label("kind.viewer.one_energy") : "");
      disable(compare, viewer.noCompare);
    },
  };
}

/** @param {string} word @param {string} key @param {() => void} click @param {Record<string, string>} attributes */
function button(word, key, click, attributes = {}) {
  const name = label(`kind.viewer.${word}`);
  const node = el("button", { type: "button", "aria-keyshortcuts": key, title: `${name} (${key})`, ...attributes }, name);
  node.addEventListener("click", () => node.getAttribute("aria-disabled") !== "true" && click());
  node.dataset.title = node.title;
  return node;
}

/** @param {Element} node @param {unknown} pressed */
function press(node, pressed) {
  setAttribute(node, "aria-pressed", String(Boolean(pressed)));
}

/** @param {HTMLElement} node @param {string} why */
function disable(node, why) {
  setAttribute(node, "aria-disabled", why ? "true" : null);
  setAttribute(node, "title", why || node.dataset.title);
}

/** @param {string} word @param {Element[]} nodes */
function group(word, nodes) {
  return el("div", { class: "group", role: "group", "aria-label": label(`kind.viewer.${word}`) }, nodes);
}

/** @param {any} viewer @param {string} name @param {number} min @param {number} max @param {number} step */
function slider(viewer, name, min, max, step) {
  const word = label(`kind.viewer.${name}`);
  const input = el("input", { type: "range", min, max, step, "aria-label": word, "data-slider": name, on: { input: () => viewer.set({ [name]: Number(input.value) }) } });
  return {
    node: el("label", { class: "slider" }, el("span", {}, word), input),
    /** @param {any} functions */
    update(functions) {
      if (Number(input.value) !== functions[name]) input.value = functions[name];
    },
  };
}
