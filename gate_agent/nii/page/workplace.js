// What lies on the officer's table: which scan the viewer shows, its planes, its comparison, its marks.

import { label } from "/static/js/words.js";
import { Picture } from "./viewer/picture.js";
import { Viewer } from "./viewer/viewer.js";

export class Workplace {
  /** The desk's ScanView that is open; null for none, and during training. */
  scan = null;
  #desk;
  #hooks;
  #turn = 0;

  /** `hooks`: marked(marks), opened(scan, picture). */
  constructor(desk, hooks) {
    this.#desk = desk;
    this.#hooks = hooks;
    this.viewer = new Viewer({ compare: () => this.#compare(), noCompare: () => this.#noCompare(), marked: (marks) => hooks.marked(marks) });
  }

  /** Shows a scan of the shelf. The newest wish wins: a slower answer to an older one is dropped. */
  async open(id) {
    const turn = (this.#turn += 1);
    this.#put(null, null, label("kind.viewer.loading"));
    try {
      const scan = await this.#desk.get(`/scans/${id}`);
      const picture = scan.picture ? await this.#load(`/scans/${id}`, scan.picture) : null;
      if (turn === this.#turn) this.#put(scan, picture, picture ? title(scan) : label("kind.viewer.unusable", { scan: title(scan) }));
    } catch (problem) {
      if (turn === this.#turn) this.#put(null, null, String(/** @type {Error} */ (problem).message));
    }
  }

  #put(scan, picture, name) {
    this.scan = scan;
    this.viewer.show(picture, name, { findings: scan?.findings ?? [] });
    this.#hooks.opened(scan, picture);
  }

  async #load(base, view) {
    return new Picture(view, await this.#desk.planes(base, view, this.viewer.most));
  }

  /** Sends the marks, and says what became of them. */
  async save(marks) {
    const { scan } = this;
    if (!scan) return label("kind.findings.no_scan");
    try {
      const kept = await this.#desk.send("POST", `/scans/${scan.id}/annotations`, { marks });
      const fresh = await this.#desk.get(`/scans/${scan.id}`);
      if (this.scan === scan) {
        this.scan = fresh;
        this.viewer.clearMarks();
        this.viewer.drawFindings(fresh.findings);
        this.#hooks.opened(fresh, this.viewer.picture);
      }
      return kept.report === null ? label("kind.findings.kept_beside", { why: kept.why_none }) : label("kind.findings.kept", { report: kept.report });
    } catch (problem) {
      return String(/** @type {Error} */ (problem).message);
    }
  }

  // ------------------------------------------------------------ comparison

  #noCompare() {
    if (!this.scan) return label("kind.viewer.only_shelf");
    return this.scan.previous ? "" : label("kind.viewer.no_earlier");
  }

  async #compare() {
    const { scan } = this;
    this.viewer.say(label("kind.viewer.loading_last"));
    try {
      const last = await this.#desk.get(`/scans/${scan.previous}`);
      const picture = await this.#load(`/scans/${last.id}`, last.picture);
      if (this.scan !== scan) return;
      this.viewer.compareWith(picture, title(last));
      this.viewer.say(label("kind.viewer.below", { scan: title(last) }));
    } catch (problem) {
      this.viewer.say(String(/** @type {Error} */ (problem).message));
    }
  }

  // ------------------------------------------------------------ training

  async start(training, base) {
    const turn = (this.#turn += 1);
    const picture = await this.#load(base, training.picture);
    if (turn !== this.#turn) return;
    this.scan = null;
    this.viewer.show(picture, label("kind.training.scan"), { training: true });
    this.#hooks.opened(null, null);
  }

  truth(region, threat) {
    if (!region) return;
    this.viewer.drawFindings([{ region, what: threat, flag: "THREAT", by: "truth" }]);
    this.viewer.goTo(region);
  }

  clear() {
    this.#turn += 1;
    this.#put(null, null, label("kind.viewer.no_picture"));
  }
}

function title({ container, id, at }) {
  return `${container || id} · ${at.slice(0, 16).replace("T", " ")}`;
}
