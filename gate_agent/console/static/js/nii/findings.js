// What is said about the picture, in words: for eyes that do not see the boxes, and as a way to each place. Marks
// of this officer stand below, and become an OPERATOR report (DICOS TDR).

import { el, keyed, setAttribute, setText } from "../dom.js";
import { icon } from "../icons.js";
import { quantity, spelt } from "../words.js";

const CATEGORIES = ["ANOMALY", "CONTRABAND", "EXPLOSIVE", "PHARMACEUTICAL", "PI", "OTHER"];
const CATEGORY_WORDS = { PI: "Prohibited item" };
const FLAGS = { THREAT: "suspicious", HIGH_THREAT: "dangerous", NO_THREAT: "harmless" };

/** `save(marks)` sends the marks and answers with a sentence; `goTo(region)` shows a place. */
export function findingsPanel({ save, goTo, clear }) {
  const figures = el("p", { class: "figures-line" });
  const list = el("ol", { class: "places", id: "findings", "aria-label": "Findings" });
  const none = el("p", { class: "empty" });
  const marks = el("ol", { class: "places", id: "marks", "aria-label": "Your marks" });
  const hint = el("p", { class: "muted" });
  const result = el("p", { class: "result", role: "status", id: "marks-result" });
  const send = el("button", { type: "button", class: "primary", id: "save-marks", on: { click: keep } }, "Save as report");
  const drop = el("button", { type: "button", on: { click: () => clear() } }, "Clear marks");
  const form = el("div", {}, el("h3", {}, "Your marks"), hint, marks, el("div", { class: "buttons" }, send, drop), result);
  let current = [];
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
    setText(hint, current.length ? "" : "None. Mark tool (M), then drag; without a mark the report says that you found nothing.");
    keyed(marks, current, ({ region }) => Object.values(region).join(), makeMark, updateMark);
  }

  function makeMark(mark) {
    const find = () => current.find(({ region }) => region === mark.region) ?? mark;
    const select = (name, label, options) => el("select", { "aria-label": label, "data-part": name, on: { change: (event) => (find()[name] = event.target.value) } }, options);
    return el(
      "li",
      { class: "mark-line" },
      el("button", { type: "button", class: "quiet place", on: { click: () => goTo(mark.region) } }),
      select("category", "Category", CATEGORIES.map((each) => el("option", { value: each }, CATEGORY_WORDS[each] ?? spelt(each)))),
      select("flag", "Assessment", Object.entries(FLAGS).map(([each, word]) => el("option", { value: each }, word))),
      el("input", { type: "text", maxlength: 200, "aria-label": "Note", placeholder: "Note", on: { input: (event) => (find().note = event.target.value) } }),
    );
  }

  function updateMark(row, mark) {
    setText(row.querySelector("button"), `${current.indexOf(mark) + 1}: ${place(mark.region, picture)}`);
  }

  return {
    node: el("div", { class: "findings" }, figures, none, list, form),
    /** `scan` is the desk's ScanView, `loaded` its picture; both null without one. */
    show(scan, loaded) {
      picture = loaded;
      const found = scan?.findings ?? [];
      setText(figures, Object.entries(scan?.figures ?? {}).map(([name, value]) => quantity(name, typeof value === "string" ? spelt(value).toLowerCase() : value)).join(" · "));
      setText(none, scan ? "Nothing was found in the picture." : "No scan is open.");
      setAttribute(none, "hidden", found.length > 0);
      setAttribute(form, "hidden", !loaded);
      setText(result, "");
      list.replaceChildren(...found.map((finding) => item(finding, loaded, goTo)));
    },
    marks(fresh) {
      current = fresh;
      drawMarks();
    },
  };
}

function item({ region, what, flag, by }, picture, goTo) {
  const who = by === "machine" ? "found by the machine" : `marked by ${by}`;
  const tone = flag === "NO_THREAT" ? "calm" : "bad";
  return el(
    "li",
    { class: `tone-${tone}` },
    el("button", { type: "button", class: "quiet place", on: { click: () => goTo(region) } }, icon(flag === "NO_THREAT" ? "not_done" : "alarm"), el("span", {}, el("strong", {}, spelt(what)), el("span", { class: "muted" }, ` ${who}, ${FLAGS[flag]}; ${place(region, picture)}`))),
  );
}

/** Where a region lies in the container, in metres; in pixels where their size is unknown. */
function place(region, picture) {
  if (!picture) return "";
  const { view, box } = picture;
  if (!picture.known) return `${region.width} × ${region.height} px at ${region.column}, ${region.row}`;
  const metres = (pixels, millimetres) => ((pixels * millimetres) / 1000).toFixed(2);
  const left = metres(region.column + region.width / 2 - box.column, view.column_mm);
  const high = metres(box.row + box.height - region.row - region.height / 2, view.row_mm);
  return `${metres(region.width, view.column_mm)} × ${metres(region.height, view.row_mm)} m, ${left} m from the left end, ${high} m above the floor`;
}
