// Single keys, which work only while the picture has the focus (WCAG 2.1.4). A key does what its button does, and
// nothing where the button is disabled.

import { label } from "/static/js/words.js";
import { DEFAULTS, moved } from "./functions.js";

const ZOOM = 1.25;
const STEP = 60; // CSS pixels of a pan
const NUDGE = 8; // of the crosshair

const KEYS = { move: "← ↑ → ↓", zoom: "+ - 0 1", colours: "G C O N", functions: "V E H J B", window: "[ ] { } , .", tools: "P R M", view: "F K L Z" };

/** For the list of keys. @returns {[string, string][]} */
export function keys() {
  return Object.entries(KEYS).map(([what, key]) => [key, label(`kind.keys.${what}`)]);
}

const BUTTONS = {
  g: "[data-colouring=grey]", c: "[data-colouring=colour]", o: "[data-colouring=organic]", n: "[data-colouring=inorganic]",
  v: "[data-switch=invert]", e: "[data-switch=edges]", h: "[data-switch=penetration]", j: "[data-switch=hatch]", b: "[data-switch=energy]",
  p: "[data-tool=pan]", r: "[data-tool=ruler]", m: "[data-tool=mark]",
  f: "#findings-switch", k: "#compare-switch", l: "#large-switch",
};

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const COMMANDS = {
  "+": (viewer) => viewer.zoomBy(ZOOM),
  "=": (viewer) => viewer.zoomBy(ZOOM),
  "-": (viewer) => viewer.zoomBy(1 / ZOOM),
  0: (viewer) => viewer.fit(),
  1: (viewer) => viewer.oneToOne(),
  "[": (viewer) => viewer.set(moved(viewer.functions, -0.03, 1)),
  "]": (viewer) => viewer.set(moved(viewer.functions, 0.03, 1)),
  "{": (viewer) => viewer.set(moved(viewer.functions, 0, 0.8)),
  "}": (viewer) => viewer.set(moved(viewer.functions, 0, 1.25)),
  ",": (viewer) => viewer.set({ gamma: Math.max(0.2, viewer.functions.gamma - 0.05) }),
  ".": (viewer) => viewer.set({ gamma: Math.min(2, viewer.functions.gamma + 0.05) }),
  z: (viewer) => viewer.set(DEFAULTS),
  Enter: (viewer) => viewer.enter(),
  Escape: (viewer) => viewer.cancel(),
  Delete: (viewer) => viewer.takeBack(),
};

export function followKeys(viewer) {
  viewer.viewport.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !viewer.picture) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (ARROWS[key]) arrow(viewer, ...ARROWS[key], event.shiftKey);
    else if (COMMANDS[key]) COMMANDS[key](viewer);
    else if (BUTTONS[key]) viewer.node.querySelector(BUTTONS[key]).click();
    else return;
    event.preventDefault();
  });
}

function arrow(viewer, x, y, far) {
  const step = (far ? 4 : 1) * (viewer.crosshair ? NUDGE : STEP);
  if (!viewer.crosshair) viewer.pan(-x * step, -y * step);
  else viewer.moveCrosshair((x * step) / viewer.camera.zoom, (y * step) / (viewer.camera.zoom * viewer.camera.aspect));
}
