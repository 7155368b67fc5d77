// Where the viewport looks: the scan's point at its middle, and how many CSS pixels a column of the scan takes.

const MOST_ZOOM = 32;

export class Camera {
  column = 0;
  row = 0;
  zoom = 1;
  aspect = 1;
  width = 1;
  height = 1;
  #picture = null;

  resize(width, height) {
    const whole = this.#picture && this.zoom <= this.fitZoom() * 1.001;
    this.width = Math.max(width, 1);
    this.height = Math.max(height, 1);
    if (whole) this.fit();
  }

  use(picture) {
    this.#picture = picture;
    this.aspect = picture.aspect;
    this.fit();
  }

  fitZoom() {
    const { columns, rows } = this.#picture;
    return Math.min(this.width / columns, this.height / (rows * this.aspect));
  }

  /** The whole scan. */
  fit() {
    if (!this.#picture) return;
    this.zoom = this.fitZoom();
    this.column = this.#picture.columns / 2;
    this.row = this.#picture.rows / 2;
  }

  /** A region of the scan, with room around it. */
  show({ column, row, width, height }) {
    const zoom = Math.min(this.width / width, this.height / (height * this.aspect)) / 3;
    this.zoom = this.#bounded(Math.min(zoom, 4));
    this.column = column + width / 2;
    this.row = row + height / 2;
    this.#inside();
  }

  pan(dx, dy) {
    this.column -= dx / this.zoom;
    this.row -= dy / (this.zoom * this.aspect);
    this.#inside();
  }

  /** Zoom by a factor; the point under (x, y) of the viewport stays where it is. */
  zoomBy(factor, x = this.width / 2, y = this.height / 2) {
    const fixed = this.toScan(x, y);
    this.zoom = this.#bounded(this.zoom * factor);
    this.column = fixed.column - (x - this.width / 2) / this.zoom;
    this.row = fixed.row - (y - this.height / 2) / (this.zoom * this.aspect);
    this.#inside();
  }

  toScan(x, y) {
    return { column: this.column + (x - this.width / 2) / this.zoom, row: this.row + (y - this.height / 2) / (this.zoom * this.aspect) };
  }

  toView({ column, row }) {
    return { x: (column - this.column) * this.zoom + this.width / 2, y: (row - this.row) * this.zoom * this.aspect + this.height / 2 };
  }

  /** The same place of the container in another scan of it, by the containers' outlines. */
  onto(picture, own, width, height) {
    const other = new Camera();
    other.resize(width, height);
    other.use(picture);
    other.zoom = (this.zoom * own.box.width) / picture.box.width;
    other.column = picture.box.column + ((this.column - own.box.column) / own.box.width) * picture.box.width;
    other.row = picture.box.row + ((this.row - own.box.row) / own.box.height) * picture.box.height;
    return other;
  }

  #bounded(zoom) {
    return Math.min(MOST_ZOOM, Math.max(zoom, Math.min(this.fitZoom(), 1)));
  }

  #inside() {
    this.column = Math.min(Math.max(this.column, 0), this.#picture.columns);
    this.row = Math.min(Math.max(this.row, 0), this.#picture.rows);
  }
}
