// The picture functions and their state: what both renderers draw by, and nothing of how.

export const COLOURS = { grey: 0, colour: 1, organic: 2, inorganic: 3 };

export const DEFAULTS = Object.freeze({
  colouring: "grey", // grey | colour | organic | inorganic
  energy: "high", // high | low
  invert: false,
  edges: false,
  penetration: false,
  hatch: true,
  low: 0, // the window: transmissions that are drawn black …
  high: 1, // … and white
  gamma: 0.5, // dark parts are where the goods are
});

/** Red, green, blue of each material class; the field's colours, as in gate_agent/scans/render.py. */
export const PALETTE = [
  [150, 150, 150],
  [255, 140, 0],
  [60, 170, 60],
  [40, 90, 220],
  [150, 40, 190],
  [20, 20, 20],
  [120, 120, 120],
];

/** Of which classes a colouring removes the others: index by class, 1 stays. What is not resolved always stays. */
export const KEEPS = {
  grey: [1, 1, 1, 1, 1, 1, 1],
  colour: [1, 1, 1, 1, 1, 1, 1],
  organic: [1, 1, 0, 0, 0, 1, 1],
  inorganic: [1, 0, 1, 1, 1, 1, 1],
};

export const EDGE_STRENGTH = 2.5;
export const PALE = 0.2; // what stripping removes stays as a pale shadow, so that one knows where one is
const BRIGHTEST_PENETRATED = 0.2; // high penetration spreads all below this transmission

/** Window, high penetration, gamma and invert of one transmission: 0 is black, 1 is white. */
export function tone(transmission, functions, limit) {
  let value = transmission;
  if (functions.penetration) value = Math.log(Math.max(transmission, limit) / limit) / Math.log(BRIGHTEST_PENETRATED / limit);
  value = Math.min(1, Math.max(0, (value - functions.low) / Math.max(functions.high - functions.low, 1e-4)));
  value **= functions.penetration ? 1 : functions.gamma;
  return functions.invert ? 1 - value : value;
}

/** Level and width of the window moved by keys: both in transmission. */
export function moved(functions, level, width) {
  const middle = Math.min(1, Math.max(0, (functions.low + functions.high) / 2 + level));
  const half = Math.min(0.5, Math.max(0.005, ((functions.high - functions.low) / 2) * width));
  return { ...functions, low: Math.max(0, middle - half), high: Math.min(1, Math.max(middle + half, 0.01)) };
}
