// What lies on the officer's table: which scan the viewer shows, its planes, its comparison, its marks.

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
    this.#put(null, null, "Loading the scan…");
    try {
      const scan = await this.#desk.get(`/scans/${id}`);
      const picture = scan.picture ? await this.#load(`/scans/${id}`, scan.picture) : null;
      if (turn === this.#turn) this.#put(scan, picture, picture ? title(scan) : `${title(scan)}: there is no usable picture of this truck`);
    } catch (problem) {
      if (turn === this.#turn) this.#put(null, null, problem.message);
    }
  }

  #put(scan, picture, label) {
    this.scan = scan;
    this.viewer.show(picture, label, { findings: scan?.findings ?? [] });
    this.#hooks.opened(scan, picture);
  }

  async #load(base, view) {
    return new Picture(view, await this.#desk.planes(base, view, this.viewer.most));
  }

  /** Sends the marks, and says what became of them. */
  async save(marks) {
    const { scan } = this;
    if (!scan) return "No scan is open.";
    try {
      const kept = await this.#desk.send("POST", `/scans/${scan.id}/annotations`, { marks });
      const fresh = await this.#desk.get(`/scans/${scan.id}`);
      if (this.scan === scan) {
        this.scan = fresh;
        this.viewer.clearMarks();
        this.viewer.drawFindings(fresh.findings);
        this.#hooks.opened(fresh, this.viewer.picture);
      }
      return kept.report === null ? `Kept beside the scan; no DICOS report: ${kept.why_none}.` : `Kept as OPERATOR report ${kept.report} (DICOS TDR).`;
    } catch (problem) {
      return problem.message;
    }
  }

  // ------------------------------------------------------------ comparison

  #noCompare() {
    if (!this.scan) return "Only a scan of the shelf can be compared";
    return this.scan.previous ? "" : "No earlier scan of this container";
  }

  async #compare() {
    const { scan } = this;
    this.viewer.say("Loading the last scan of this container…");
    try {
      const last = await this.#desk.get(`/scans/${scan.previous}`);
      const picture = await this.#load(`/scans/${last.id}`, last.picture);
      if (this.scan !== scan) return;
      this.viewer.compareWith(picture, title(last));
      this.viewer.say(`Below: ${title(last)}, moved and zoomed alike by the containers' outlines.`);
    } catch (problem) {
      this.viewer.say(problem.message);
    }
  }

  // ------------------------------------------------------------ training

  async start(training, base) {
    const turn = (this.#turn += 1);
    const picture = await this.#load(base, training.picture);
    if (turn !== this.#turn) return;
    this.scan = null;
    this.viewer.show(picture, "Training scan", { training: true });
    this.#hooks.opened(null, null);
  }

  truth(region, threat) {
    if (!region) return;
    this.viewer.drawFindings([{ region, what: threat, flag: "THREAT", by: "truth" }]);
    this.viewer.goTo(region);
  }

  clear() {
    this.#turn += 1;
    this.#put(null, null, "No picture");
  }
}

function title({ container, id, at }) {
  return `${container || id} · ${at.slice(0, 16).replace("T", " ")}`;
}
