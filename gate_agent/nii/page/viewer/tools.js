// Pan, ruler and mark, with pointer or keyboard. A tool is given two points of the scan: with the pointer by
// dragging, with the keyboard by Enter at the crosshair, which the arrow keys move.

import { label } from "/static/js/words.js";

export class Tools {
  tool = "pan";
  crosshair = null;
  start = null;
  end = null;
  measured = null;
  #hooks;

  /** `hooks`: marked(region), changed(). */
  constructor(hooks) {
    this.#hooks = hooks;
  }

  use(tool, camera) {
    this.tool = tool;
    this.start = this.end = null;
    if (tool !== "ruler") this.measured = null;
    this.crosshair = tool === "pan" ? null : { column: camera.column, row: camera.row };
    this.#hooks.changed();
  }

  press(point) {
    this.start = this.end = point;
    this.crosshair = point;
    this.#hooks.changed();
  }

  drag(point) {
    this.end = point;
    this.#hooks.changed();
  }

  /** The second point: a line is measured, a rectangle is marked. */
  release(point) {
    const from = this.start;
    this.start = this.end = null;
    if (from && this.tool === "ruler") this.measured = { from, to: point };
    if (from && this.tool === "mark") this.#mark(from, point);
    this.#hooks.changed();
  }

  enter() {
    if (!this.crosshair) return;
    if (this.start) this.release(this.crosshair);
    else this.press(this.crosshair);
  }

  move(columns, rows, picture) {
    const { column, row } = this.crosshair;
    this.crosshair = { column: clamp(column + columns, picture.columns), row: clamp(row + rows, picture.rows) };
    if (this.start) this.end = this.crosshair;
    this.#hooks.changed();
  }

  cancel() {
    this.start = this.end = this.measured = null;
    this.#hooks.changed();
  }

  #mark(from, to) {
    const column = Math.floor(Math.min(from.column, to.column));
    const row = Math.floor(Math.min(from.row, to.row));
    const width = Math.ceil(Math.max(from.column, to.column)) - column;
    const height = Math.ceil(Math.max(from.row, to.row)) - row;
    if (width >= 2 && height >= 2) this.#hooks.marked({ column, row, width, height });
  }

  /** What to draw over the picture while a tool is in use. */
  shapes(picture) {
    const line = this.start && this.tool === "ruler" ? { from: this.start, to: this.end } : this.measured;
    const shapes = line && this.tool === "ruler" ? [{ kind: "line", style: "ruler", ...line, text: measure(picture, line) }] : [];
    if (this.start && this.tool === "mark") shapes.push({ kind: "region", style: "draft", region: between(this.start, this.end) });
    if (this.crosshair) shapes.push({ kind: "cross", style: "cross", from: this.crosshair });
    return shapes;
  }
}

/** A length in words; where the size of a pixel is unknown, that is said instead of a guess. */
export function measure(picture, { from, to }) {
  const pixels = Math.hypot(to.column - from.column, (to.row - from.row) * picture.aspect);
  const millimetres = picture.distance(from, to);
  if (millimetres === null) return label("kind.viewer.size_unknown", { pixels: Math.round(pixels) });
  return label(millimetres < 1000 ? "kind.viewer.millimetres" : "kind.viewer.metres", { m: (millimetres / 1000).toFixed(2), mm: Math.round(millimetres) });
}

function between(from, to) {
  return { column: Math.min(from.column, to.column), row: Math.min(from.row, to.row), width: Math.abs(to.column - from.column), height: Math.abs(to.row - from.row) };
}

function clamp(value, most) {
  return Math.min(Math.max(value, 0), most - 1);
}
