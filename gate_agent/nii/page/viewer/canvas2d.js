// Draws a picture without WebGL, pixel by pixel: slower, coarser (no interpolation), but by the same functions.

import { EDGE_STRENGTH, KEEPS, PALE, PALETTE, tone } from "./functions.js";
import { DEAD, NOT_INSPECTABLE, SATURATED } from "./picture.js";

const MOST_PIXELS = 16384; // what browsers take as a side, and more than memory should hold
const OUTSIDE = 0xff1c1712; // little-endian RGBA, as the WebGL renderer's
const RED = 0xff1f1fc7;
const BLUE = 0xffd97333;

/** Attenuation of every transmission. */
const LOGS = Float32Array.from({ length: 65536 }, (_, value) => -Math.log(Math.max(value, 1) / 65535));

export function canvasRenderer(canvas) {
  const context = canvas.getContext("2d", { alpha: false });
  let picture = null;
  let tables = { of: null };
  let image = null;

  /** Tone (0 to 255) of every transmission and colour of every tone by class, anew when the functions change. */
  function tabled(functions) {
    if (tables.of === functions) return tables;
    tables = { of: functions, tones: new Uint8Array(65536), colours: new Uint32Array(7 * 256) };
    for (let value = 0; value < 65536; value += 1) tables.tones[value] = Math.round(255 * tone(value / 65535, functions, picture.limit));
    const keeps = KEEPS[functions.colouring];
    for (let at = 0; at < 7 * 256; at += 1) tables.colours[at] = coloured((at & 255) / 255, at >> 8, keeps, functions.invert);
    return tables;
  }

  function draw(camera, functions, ratio) {
    const { width, height } = canvas;
    if (image?.width !== width || image.height !== height) image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    pixels.fill(OUTSIDE);
    if (picture) paint(pixels, width, height, geometry(camera, ratio), functions);
    context.putImageData(image, 0, 0);
  }

  function geometry(camera, ratio) {
    const bin = picture.binning;
    const corner = camera.toScan(0, 0);
    const dx = 1 / (camera.zoom * ratio * bin);
    const dy = 1 / (camera.zoom * camera.aspect * ratio * bin);
    const level = Math.min(picture.levels.high.length - 1, Math.max(0, Math.round(Math.log2(Math.max(dx, dy)))));
    const shrunk = 2 ** level;
    return { level, x: corner.column / bin / shrunk, y: corner.row / bin / shrunk, dx: dx / shrunk, dy: dy / shrunk };
  }

  function paint(pixels, width, height, { level, x, y, dx, dy }, functions) {
    const plane = (picture.levels[functions.energy] ?? picture.levels.high)[level];
    const material = functions.colouring === "grey" ? null : (picture.levels.material?.[level].data ?? null);
    const mask = functions.hatch ? picture.levels.mask[level].data : null;
    const { tones, colours } = tabled(functions);
    const columns = Int32Array.from({ length: width }, (_, u) => Math.floor(x + (u + 0.5) * dx));
    const first = Math.max(0, columns.findIndex((column) => column >= 0));
    const end = columns.findLastIndex((column) => column < plane.columns) + 1;
    for (let v = 0; v < height; v += 1) {
      const row = Math.floor(y + (v + 0.5) * dy);
      if (row < 0 || row >= plane.rows) continue;
      for (let u = first; u < end; u += 1) {
        const index = row * plane.columns + columns[u];
        const value = tones[functions.edges ? sharpened(plane, index, row, columns[u]) : plane.data[index]];
        const kind = material === null ? 0 : material[index];
        const hatched = mask !== null && mask[index] !== 0 ? stripe(mask[index], (u + v) % 12) : 0;
        pixels[v * width + u] = hatched || colours[(kind << 8) | value];
      }
    }
  }

  return {
    kind: "Canvas",
    most: MOST_PIXELS,
    use(fresh) {
      picture = fresh;
      tables = { of: null };
    },
    draw,
  };
}

/** Unsharp masking of the attenuation over the four neighbours. */
function sharpened({ data, rows, columns }, index, row, column) {
  const middle = LOGS[data[index]];
  const around = LOGS[data[column ? index - 1 : index]] + LOGS[data[column < columns - 1 ? index + 1 : index]] + LOGS[data[row ? index - columns : index]] + LOGS[data[row < rows - 1 ? index + columns : index]];
  return Math.min(65535, Math.round(65535 * Math.exp(-(middle + EDGE_STRENGTH * (middle - around / 4)))));
}

function stripe(flags, place) {
  if (flags & (DEAD | SATURATED) && place >= 6 && place < 9) return BLUE;
  return flags & NOT_INSPECTABLE && place < 3 ? RED : 0;
}

function coloured(value, kind, keeps, invert) {
  let [red, green, blue] = [value, value, value];
  if (!keeps[kind]) red = green = blue = (invert ? 0 : 1) * (1 - PALE) + value * PALE;
  else if (kind) [red, green, blue] = PALETTE[kind].map((part) => (part / 255) * Math.min(1, 2 * value) + (1 - part / 255) * Math.max(0, 2 * value - 1));
  return 0xff000000 | (Math.round(255 * blue) << 16) | (Math.round(255 * green) << 8) | Math.round(255 * red);
}
