// What is said about the picture, in words: for eyes that do not see the boxes, and as a way to each place. Marks
// of this officer stand below, and become an OPERATOR report (DICOS TDR).

import { el, find, keyed, setAttribute, setText } from "/static/js/dom.js";
import { icon } from "/static/js/icons.js";
import { label, quantity } from "/static/js/words.js";

// Words of NEMA IIC 1 v03: (4010,1012) Threat Category, (4010,1015) ATD Assessment Flag.
const CATEGORIES = ["ANOMALY", "CONTRABAND", "EXPLOSIVE", "PHARMACEUTICAL", "PI", "OTHER"];
const FLAGS = ["THREAT", "HIGH_THREAT", "NO_THREAT"];

/**
 * @typedef {{column: number, row: number, width: number, height: number}} Region
 * @typedef {{region: Region, category: string, flag: string, note: string}} Mark
 * @typedef {{region: Region, what: string, flag: string, by: string}} Finding
 */

/** `save(marks)` sends the marks and answers with a sentence; `goTo(region)` shows a place. @param {{save: (marks: Mark[]) => Promise<string>, goTo: (region: Region) => void, clear: () => void}} hooks */
export function findingsPanel({ save, goTo, clear }) {
  const figures = el("p", { class: "figures-line" });
  const list = el("ol", { class: "places", id: "findings", "aria-label": label("kind.findings.list") });
  const none = el("p", { class: "empty" });
  const marks = el("ol", { class: "places", id: "marks", "aria-label": label("kind.findings.marks") });
  const hint = el("p", { class: "muted" });
  const result = el("p", { class: "result", role: "status", id: "marks-result" });
  const send = el("button", { type: "button", class: "primary", id: "save-marks", on: { click: keep } }, label("kind.findings.save"));
  const drop = el("button", { type: "button", on: { click: () => clear() } }, label("kind.findings.clear"));
  const form = el("div", {}, el("h3", {}, label("kind.findings.marks")), hint, marks, el("div", { class: "buttons" }, send, drop), result);
  /** @type {Mark[]} */
  let current = [];
  /** @type {any} */
  let picture = null;

  async function keep() {
    setAttribute(send, "aria-disabled", "true");
    try {
      setText(result, await save(current));
    } finally {
      setAttribute(send, "aria-disabled", null);
    }
  }

  function drawMarks() {
    setText(hint, current.length ? "" : label("kind.findings.hint"));
    keyed(marks, current, ({ region }) => Object.values(region).join(), makeMark, updateMark);
  }

  /** @param {Mark} mark */
  function makeMark(mark) {
    const own = () => current.find(({ region }) => region === mark.region) ?? mark;
    /** @param {"category" | "flag"} part @param {string} name @param {HTMLElement[]} options */
    const select = (part, name, options) => el("select", { "aria-label": name, "data-part": part, on: { change: (/** @type {any} */ event) => (own()[part] = event.target.value) } }, options);
    return el(
      "li",
      { class: "mark-line" },
      el("button", { type: "button", class: "quiet place", on: { click: () => goTo(mark.region) } }),
      select("category", label("kind.findings.category"), CATEGORIES.map((each) => el("option", { value: each }, label(`kind.categories.${each}`)))),
      select("flag", label("kind.findings.assessment"), FLAGS.map((each) => el("option", { value: each }, label(`kind.flags.${each}`)))),
      el("input", { type: "text", maxlength: 200, "aria-label": label("kind.findings.note"), placeholder: label("kind.findings.note"), on: { input: (/** @type {any} */ event) => (own().note = event.target.value) } }),
    );
  }

  /** @param {Element} row @param {Mark} mark */
  function updateMark(row, mark) {
    setText(find(row, "button"), `${current.indexOf(mark) + 1}: ${place(mark.region, picture)}`);
  }

  return {
    node: el("div", { class: "findings" }, figures, none, list, form),
    /** `scan` is the desk's ScanView, `loaded` its picture; both null without one. @param {any} scan @param {any} loaded */
    show(scan, loaded) {
      picture = loaded;
      /** @type {Finding[]} */
      const found = scan?.findings ?? [];
      setText(figures, Object.entries(scan?.figures ?? {}).map(([name, value]) => quantity(name, value)).join(" · "));
      setText(none, label(scan ? "kind.findings.none" : "kind.findings.no_scan"));
      setAttribute(none, "hidden", found.length > 0);
      setAttribute(form, "hidden", !loaded);
      setText(result, "");
      list.replaceChildren(...found.map((finding) => item(finding, loaded, goTo)));
    },
    /** @param {Mark[]} fresh */
    marks(fresh) {
      current = fresh;
      drawMarks();
    },
  };
}

/** @param {Finding} finding @param {any} picture @param {(region: Region) => void} goTo */
function item({ region, what, flag, by }, picture, goTo) {
  const who = by === "machine" ? label("kind.findings.by_machine") : label("kind.findings.by_officer", { officer: by });
  const said = label("kind.findings.said", { by: who, flag: label(`kind.flags.${flag}`), place: place(region, picture) });
  const tone = { NO_THREAT: "calm", NOT_SEEN: "warn" }[flag] ?? "bad";
  return el(
    "li",
    { class: `tone-${tone}` },
    el("button", { type: "button", class: "quiet place", on: { click: () => goTo(region) } }, icon({ NO_THREAT: "not_done", NOT_SEEN: "inconclusive" }[flag] ?? "alarm"), el("span", {}, el("strong", {}, what), el("span", { class: "muted" }, ` ${said}`))),
  );
}

/** Where a region lies in the container, in metres; in pixels where their size is unknown. @param {Region} region @param {any} picture */
function place(region, picture) {
  if (!picture) return "";
  const { view, box } = picture;
  if (!picture.known) return label("kind.findings.place_px", { ...region });
  /** @param {number} pixels @param {number} millimetres */
  const metres = (pixels, millimetres) => ((pixels * millimetres) / 1000).toFixed(2);
  const left = metres(region.column + region.width / 2 - box.column, view.column_mm);
  const high = metres(box.row + box.height - region.row - region.height / 2, view.row_mm);
  return label("kind.findings.place", { width: metres(region.width, view.column_mm), height: metres(region.height, view.row_mm), left, high });
}
