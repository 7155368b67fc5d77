// The viewer: one picture, or two of the same container above each other, with the drawing over it.

import { el, setAttribute, setText } from "/static/js/dom.js";
import { label } from "/static/js/words.js";
import { Camera } from "./camera.js";
import { DEFAULTS } from "./functions.js";
import { followKeys } from "./keyboard.js";
import { pane } from "./pane.js";
import { CLASSES, DEAD, NOT_INSPECTABLE, SATURATED } from "./picture.js";
import { followPointer } from "./pointer.js";
import { toolbar } from "./toolbar.js";
import { measure, Tools } from "./tools.js";

export class Viewer {
  picture = null;
  functions = DEFAULTS;
  showsFindings = true;
  findings = [];
  marks = [];
  camera = new Camera();
  #main = pane(label("kind.viewer.scan"));
  #before = pane(label("kind.viewer.before"));
  #tools = new Tools({ changed: () => this.refresh(), marked: (region) => this.#mark(region) });
  #status = el("p", { class: "viewer-status", id: "viewer-status", role: "status" });
  #readout = el("p", { class: "readout", "aria-hidden": "true" });
  #empty = el("p", { class: "nothing" }, label("kind.viewer.no_picture"));
  #tag = el("p", { class: "tag", hidden: true });
  #legend = el("ul", { class: "classes", hidden: true, "aria-label": label("kind.viewer.colours") }, CLASSES.slice(1, 5).map((name, index) => el("li", { class: `class-${index + 1}` }, label(`kind.classes.${name}`))));
  #hooks;
  #bar;
  #pending = 0;

  /** `hooks`: compare() shows the last scan of this container, noCompare() says why it cannot be, marked(marks). */
  constructor(hooks) {
    this.#hooks = hooks;
    this.#before.node.hidden = true;
    this.viewport = el("div", { class: "viewport", id: "viewport", tabindex: 0, role: "application", "aria-roledescription": label("kind.viewer.role"), "aria-label": label("kind.viewer.empty"), "aria-describedby": "viewer-status" }, this.#main.node, this.#before.node);
    this.#bar = toolbar(this);
    this.node = el("section", { class: "panel viewer", "aria-label": label("kind.viewer.title") }, this.#bar.node, el("div", { class: "stage" }, this.viewport, this.#empty, this.#tag, this.#legend), el("div", { class: "viewer-foot" }, this.#status, this.#readout));
    followPointer(this);
    followKeys(this);
    new ResizeObserver(() => this.refresh()).observe(this.viewport);
  }

  // ------------------------------------------------------------ what is shown

  /** Longest side of a plane that can be drawn. */
  get most() {
    return Math.min(this.#main.most, this.#before.most);
  }

  /** Which renderer draws. */
  get kind() {
    return this.#main.kind;
  }

  /** Shows a picture under its name; null shows why there is none. */
  show(picture, name, { findings = [], training = false } = {}) {
    this.picture = picture;
    this.findings = findings;
    this.marks = [];
    this.#hooks.marked(this.marks);
    this.compareWith(null);
    this.#tools.use("pan", this.camera);
    this.#main.use(picture, "");
    setAttribute(this.#empty, "hidden", Boolean(picture));
    setText(this.#empty, name);
    setAttribute(this.#tag, "hidden", !training);
    setText(this.#tag, training ? label("kind.training.tag") : "");
    this.node.classList.toggle("training", training);
    setAttribute(this.viewport, "aria-label", name);
    if (picture) {
      this.camera.resize(this.#main.node.clientWidth, this.#main.node.clientHeight);
      this.camera.use(picture);
    }
    const shown = picture ? [label("kind.viewer.about", { scan: name, columns: picture.columns, rows: picture.rows, renderer: this.kind }), picture.calibrated ? "" : label("kind.viewer.display")] : [];
    this.say(shown.filter(Boolean).join(" · "));
    this.refresh();
  }

  /** Shows another scan below; null ends it. */
  compareWith(picture, name = "") {
    this.#before.node.hidden = !picture;
    this.#before.use(picture, name);
    this.#main.caption(picture ? label("kind.viewer.this") : "");
    this.refresh();
  }

  get compares() {
    return !this.#before.node.hidden;
  }

  get noCompare() {
    return this.picture ? this.#hooks.noCompare() : label("kind.viewer.no_picture");
  }

  say(text) {
    setText(this.#status, text);
  }

  refresh() {
    if (!this.#pending) this.#pending = requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.#pending = 0;
    this.#bar.update();
    setAttribute(this.viewport, "data-tool", this.tool);
    setAttribute(this.#legend, "hidden", this.functions.colouring === "grey" || !this.picture?.has("material"));
    if (this.picture) this.camera.resize(this.#main.node.clientWidth, this.#main.node.clientHeight);
    this.#main.draw(this.camera, this.functions, this.picture ? this.#shapes() : []);
    if (!this.compares) return;
    const { node, picture } = this.#before;
    this.#before.draw(this.camera.onto(picture, this.picture, node.clientWidth, node.clientHeight), this.functions, []);
  }

  #shapes() {
    const found = this.showsFindings ? this.findings.map((finding) => ({ kind: "region", region: finding.region, text: finding.what, style: style(finding) })) : [];
    const marks = this.marks.map(({ region }, index) => ({ kind: "region", region, text: label("kind.viewer.mark", { number: index + 1 }), style: "mark" }));
    return [...found, ...marks, ...this.#tools.shapes(this.picture)];
  }

  // ------------------------------------------------------------ functions and view

  set(changes) {
    this.functions = Object.freeze({ ...this.functions, ...changes });
    this.refresh();
  }

  pan(dx, dy) {
    this.camera.pan(dx, dy);
    this.refresh();
  }

  zoomBy(factor, x, y) {
    this.camera.zoomBy(factor, x, y);
    this.refresh();
  }

  fit() {
    this.camera.fit();
    this.refresh();
  }

  oneToOne() {
    this.zoomBy(1 / this.camera.zoom);
  }

  goTo(region) {
    this.camera.show(region);
    this.viewport.focus();
    this.refresh();
  }

  drawFindings(findings) {
    this.findings = findings;
    this.refresh();
  }

  toggleFindings() {
    this.showsFindings = !this.showsFindings;
    this.say(label(this.showsFindings ? "kind.viewer.findings_shown" : "kind.viewer.findings_hidden"));
    this.refresh();
  }

  toggleCompare() {
    if (this.compares) this.compareWith(null);
    else this.#hooks.compare();
  }

  get large() {
    return document.body.classList.contains("large-viewer");
  }

  toggleLarge() {
    document.body.classList.toggle("large-viewer");
    this.refresh();
  }

  // ------------------------------------------------------------ tools

  get tool() {
    return this.#tools.tool;
  }

  get crosshair() {
    return this.#tools.crosshair;
  }

  useTool(name) {
    if (this.picture) this.#tools.use(name, this.camera);
  }

  pressAt(point) {
    this.#tools.press(point);
  }

  dragTo(point) {
    this.#tools.drag(point);
  }

  releaseAt(point) {
    this.#tools.release(point);
    this.#sayMeasured();
  }

  moveCrosshair(columns, rows) {
    this.#tools.move(columns, rows, this.picture);
    this.read(this.crosshair);
  }

  enter() {
    this.#tools.enter();
    this.#sayMeasured();
  }

  cancel() {
    this.#tools.cancel();
  }

  takeBack() {
    if (!this.marks.length) return;
    this.#setMarks(this.marks.slice(0, -1));
    this.say(label("kind.viewer.marks_left", { number: this.marks.length }));
  }

  clearMarks() {
    this.#setMarks([]);
  }

  #mark(region) {
    this.#setMarks([...this.marks, { region, category: "ANOMALY", flag: "THREAT", note: "" }]);
    this.say(label("kind.viewer.mark_set", { number: this.marks.length }));
  }

  #setMarks(marks) {
    this.marks = marks;
    this.#hooks.marked(marks);
    this.refresh();
  }

  #sayMeasured() {
    if (this.#tools.measured) this.say(label("kind.viewer.ruler", { length: measure(this.picture, this.#tools.measured) }));
  }

  /** Says what the picture holds at a point. */
  read({ column, row }) {
    const { picture } = this;
    const raw = picture.at(picture.has(this.functions.energy) ? this.functions.energy : "high", column, row);
    setText(this.#readout, raw === null ? "" : `${Math.floor(column)}, ${Math.floor(row)} · ${meaning(picture, raw, column, row)}`);
  }
}

function meaning(picture, raw, column, row) {
  const flags = picture.at("mask", column, row);
  if (flags & DEAD) return label("kind.viewer.dead");
  if (flags & SATURATED) return label("kind.viewer.saturated");
  const percent = (100 * raw) / 65535;
  const value = picture.calibrated ? label("kind.viewer.transmission", { value: percent.toPrecision(3) }) : label("kind.viewer.grey_value", { value: Math.round(percent) });
  const kind = picture.has("material") ? label(`kind.classes.${CLASSES[picture.at("material", column, row)]}`) : "";
  return [value, kind, flags & NOT_INSPECTABLE ? label("kind.viewer.not_inspectable") : ""].filter(Boolean).join(" · ");
}

function style({ flag, by }) {
  if (by === "truth") return "truth";
  if (flag === "NO_THREAT") return "finding calm";
  if (flag === "NOT_SEEN") return "finding unseen-through";
  return by === "machine" ? "finding" : "finding officer";
}
