// A loaded scan or training scan: planes with their pyramids, sizes, and what a pixel holds.

import { pyramid } from "./pyramid.js";

/** The material classes in the order of their numbers: codes of the words. */
export const CLASSES = ["nothing", "organic", "inorganic", "metal", "high_z", "beyond", "unresolved"];
export const DEAD = 1;
export const SATURATED = 2;
export const NOT_INSPECTABLE = 4;

export class Picture {
  /** `view` is the desk's PictureView, `planes` the pixels by name. */
  constructor(view, planes) {
    this.view = view;
    this.columns = view.columns;
    this.rows = view.rows;
    this.binning = planes.high.binning;
    this.levels = Object.fromEntries(Object.entries(planes).map(([name, plane]) => [name, pyramid(name, plane)]));
    this.known = view.row_mm > 0 && view.column_mm > 0;
    /** Height of a pixel by its width; square where nobody said. */
    this.aspect = this.known ? view.row_mm / view.column_mm : 1;
    this.box = view.box ?? { column: 0, row: 0, width: view.columns, height: view.rows };
    /** The transmission below which nothing can be said. */
    this.limit = view.penetration_limit || 0.002;
    this.calibrated = view.calibration === "known";
  }

  has(name) {
    return name in this.levels;
  }

  /** The value of one plane at a pixel of the scan; null outside. */
  at(name, column, row) {
    const level = this.levels[name]?.[0];
    const x = Math.floor(column / this.binning);
    const y = Math.floor(row / this.binning);
    if (!level || x < 0 || y < 0 || x >= level.columns || y >= level.rows) return null;
    return level.data[y * level.columns + x];
  }

  /** Millimetres between two points of the scan, at the middle of the container; null where unknown. */
  distance(from, to) {
    if (!this.known) return null;
    return Math.hypot((to.column - from.column) * this.view.column_mm, (to.row - from.row) * this.view.row_mm);
  }
}
