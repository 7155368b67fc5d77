// The viewer: one picture, or two of the same container above each other, with the drawing over it.

import { el, setAttribute, setText } from "../../dom.js";
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
  #main = pane("Scan");
  #before = pane("Last scan of the same container");
  #tools = new Tools({ changed: () => this.refresh(), marked: (region) => this.#mark(region) });
  #status = el("p", { class: "viewer-status", id: "viewer-status", role: "status" });
  #readout = el("p", { class: "readout", "aria-hidden": "true" });
  #empty = el("p", { class: "nothing" }, "No picture");
  #tag = el("p", { class: "tag", hidden: true });
  #legend = el("ul", { class: "classes", hidden: true, "aria-label": "Colours" }, CLASSES.slice(1, 5).map((name, index) => el("li", { class: `class-${index + 1}` }, name)));
  #hooks;
  #bar;
  #pending = 0;

  /** `hooks`: compare() shows the last scan of this container, noCompare() says why it cannot be, marked(marks). */
  constructor(hooks) {
    this.#hooks = hooks;
    this.#before.node.hidden = true;
    this.viewport = el("div", { class: "viewport", id: "viewport", tabindex: 0, role: "application", "aria-roledescription": "scan viewer", "aria-label": "Scan viewer, no picture", "aria-describedby": "viewer-status" }, this.#main.node, this.#before.node);
    this.#bar = toolbar(this);
    this.node = el("section", { class: "panel viewer", "aria-label": "Scan viewer" }, this.#bar.node, el("div", { class: "stage" }, this.viewport, this.#empty, this.#tag, this.#legend), el("div", { class: "viewer-foot" }, this.#status, this.#readout));
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
  show(picture, label, { findings = [], training = false } = {}) {
    this.picture = picture;
    this.findings = findings;
    this.marks = [];
    this.#hooks.marked(this.marks);
    this.compareWith(null);
    this.#tools.use("pan", this.camera);
    this.#main.use(picture, "");
    setAttribute(this.#empty, "hidden", Boolean(picture));
    setText(this.#empty, label);
    setAttribute(this.#tag, "hidden", !training);
    setText(this.#tag, training ? "TRAINING — not evidence" : "");
    this.node.classList.toggle("training", training);
    setAttribute(this.viewport, "aria-label", label);
    if (picture) {
      this.camera.resize(this.#main.node.clientWidth, this.#main.node.clientHeight);
      this.camera.use(picture);
    }
    this.say(picture ? `${label} · ${picture.columns} × ${picture.rows} px · ${this.kind}${picture.calibrated ? "" : " · display picture: grey values, not transmissions"}` : "");
    this.refresh();
  }

  /** Shows another scan below; null ends it. */
  compareWith(picture, label = "") {
    this.#before.node.hidden = !picture;
    this.#before.use(picture, label);
    this.#main.caption(picture ? "This scan" : "");
    this.refresh();
  }

  get compares() {
    return !this.#before.node.hidden;
  }

  get noCompare() {
    return this.picture ? this.#hooks.noCompare() : "No picture";
  }

  say(text) {
    setText(this.#status, text);
  }

  refresh() {
    this.#pending ||= requestAnimationFrame(() => this.paint());
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
    const marks = this.marks.map(({ region }, index) => ({ kind: "region", region, text: `mark ${index + 1}`, style: "mark" }));
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
    this.say(this.showsFindings ? "Findings shown" : "Findings hidden");
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
    this.say(`${this.marks.length} marks left`);
  }

  clearMarks() {
    this.#setMarks([]);
  }

  #mark(region) {
    this.#setMarks([...this.marks, { region, category: "ANOMALY", flag: "THREAT", note: "" }]);
    this.say(`Mark ${this.marks.length} set`);
  }

  #setMarks(marks) {
    this.marks = marks;
    this.#hooks.marked(marks);
    this.refresh();
  }

  #sayMeasured() {
    if (this.#tools.measured) this.say(`Ruler: ${measure(this.picture, this.#tools.measured)}`);
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
  if (flags & DEAD) return "dead detector";
  if (flags & SATURATED) return "saturated";
  const percent = (100 * raw) / 65535;
  const value = picture.calibrated ? `transmission ${percent.toPrecision(3)} %` : `grey value ${Math.round(percent)} %`;
  const kind = picture.has("material") ? CLASSES[picture.at("material", column, row)] : "";
  return [value, kind, flags & NOT_INSPECTABLE ? "not inspectable" : ""].filter(Boolean).join(" · ");
}

function style({ flag, by }) {
  if (by === "truth") return "truth";
  if (flag === "NO_THREAT") return "finding calm";
  return by === "machine" ? "finding" : "finding officer";
}
