// Training by threat image projection (TIP): a copy of a clean scan, perhaps with a threat in it. Its ids, paths and
// pictures are not those of scans; nothing of it can be ordered, reported or marked as evidence.

import { el, keyed, setAttribute, setText } from "/static/js/dom.js";
import { duration, label } from "/static/js/words.js";

/**
 * @typedef {{column: number, row: number, width: number, height: number}} Region
 * @typedef {{officer: string, released: number, inspected: number, proposed: number, confirmed: number, overruled: number, decision_median_s: number | null, hits: number, misses: number, false_alarms: number, correct_rejections: number}} Figures
 */

/**
 * `shows` is the viewer as far as training needs it.
 * @param {import("/static/js/session.js").Session} session
 * @param {import("./desk.js").Desk} desk
 * @param {{start: (view: any, base: string) => Promise<void>, end: () => void, truth: (region: Region, threat: string) => void}} shows
 */
export function trainingPanel(session, desk, shows) {
  const about = el("p", {}, label("kind.training.about"));
  const start = el("button", { type: "button", class: "primary", id: "training-start", on: { click: begin } }, label("kind.training.start"));
  const threat = el("button", { type: "button", id: "training-answer", on: { click: () => answer(true) } }, label("kind.training.threat"));
  const clean = el("button", { type: "button", id: "training-clean", on: { click: () => answer(false) } }, label("kind.training.clean"));
  const end = el("button", { type: "button", id: "training-end", on: { click: leave } }, label("kind.training.end"));
  const result = el("p", { class: "result", role: "status", id: "training-result" });
  const body = el("tbody");
  const table = el("table", { class: "operators", id: "operators" }, el("caption", {}, label("kind.training.operators")), el("thead", {}, el("tr", {}, ["officer", "decided", "seconds", "hits", "missed", "false"].map((name) => el("th", { scope: "col" }, label(`kind.training.${name}`))))), body);
  /** @type {{id: string, open: boolean} | null} */
  let current = null;
  /** @type {Region[]} */
  let regions = [];

  function draw() {
    setAttribute(start, "hidden", Boolean(current?.open));
    for (const each of [threat, clean]) setAttribute(each, "hidden", !current?.open);
    setAttribute(end, "hidden", !current);
    setAttribute(threat, "aria-disabled", regions.length ? null : "true");
    setText(start, label(current ? "kind.training.next" : "kind.training.start"));
  }

  async function begin() {
    try {
      const view = await desk.send("POST", "/training", {});
      await shows.start(view, `/training/${view.id}`);
      current = { id: view.id, open: true };
      setText(result, "");
    } catch (problem) {
      setText(result, String(/** @type {Error} */ (problem).message));
    }
    draw();
  }

  /** @param {boolean} found */
  async function answer(found) {
    if (!current || (found && !regions.length)) return;
    try {
      const truth = await desk.send("POST", `/training/${current.id}/answer`, { regions: found ? regions : [] });
      current.open = false;
      const was = truth.threat ? label("kind.training.was", { threat: truth.threat, share: Math.round(100 * truth.background) }) : "";
      setText(result, [label(`kind.training.${truth.outcome}`), was, `${duration(truth.seconds)}.`].filter(Boolean).join(" "));
      shows.truth(truth.region, truth.threat);
      refresh();
    } catch (problem) {
      setText(result, String(/** @type {Error} */ (problem).message));
    }
    draw();
  }

  function drop() {
    current = null;
    setText(result, "");
    draw();
  }

  function leave() {
    drop();
    shows.end();
  }

  async function refresh() {
    /** @type {Figures[]} */
    const figures = session.token ? await desk.get("/operators").catch(() => []) : [];
    keyed(body, figures, (each) => JSON.stringify(each), line);
  }

  session.addEventListener("change", refresh);
  draw();
  return {
    node: el("div", { class: "training-desk" }, about, el("div", { class: "buttons" }, start, threat, clean, end), result, table),
    refresh,
    /** Training ends because something else is put on the table. */
    drop,
    get running() {
      return Boolean(current);
    },
    /** @param {{region: Region}[]} marks */
    marked(marks) {
      regions = marks.map(({ region }) => region);
      draw();
    },
  };
}

/** @param {Figures} each */
function line(each) {
  const decided = each.released + each.inspected;
  const typical = each.decision_median_s === null ? "–" : each.decision_median_s.toFixed(0);
  const shown = each.hits + each.misses;
  const clean = each.false_alarms + each.correct_rejections;
  return el("tr", { title: label("kind.training.line", { proposed: each.proposed, confirmed: each.confirmed, overruled: each.overruled }) }, el("th", { scope: "row" }, each.officer), [decided, typical, `${each.hits}/${shown}`, each.misses, `${each.false_alarms}/${clean}`].map((value) => el("td", {}, String(value))));
}
