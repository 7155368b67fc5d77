// Training by threat image projection (TIP): a copy of a clean scan, perhaps with a threat in it. Its ids, paths and
// pictures are not those of scans; nothing of it can be ordered, reported or marked as evidence.

import { el, keyed, setAttribute, setText } from "../dom.js";
import { duration } from "../words.js";

const OUTCOMES = {
  hit: "Hit: the threat was found.",
  miss: "Missed: there was a threat.",
  false_alarm: "False alarm: there was no threat.",
  correct_rejection: "Right: there was no threat.",
};

/** `shows` is {start(view, planesPath), end(), truth(region, words)}: the viewer as far as training needs it. */
export function trainingPanel(session, desk, shows) {
  const about = el("p", {}, "Find the threat, if there is one: mark it, or say that there is none. Nothing here is evidence, and no order can be given meanwhile.");
  const start = el("button", { type: "button", class: "primary", id: "training-start", on: { click: begin } }, "Start training");
  const threat = el("button", { type: "button", id: "training-answer", on: { click: () => answer(true) } }, "Answer: threat as marked");
  const clean = el("button", { type: "button", id: "training-clean", on: { click: () => answer(false) } }, "Answer: no threat");
  const end = el("button", { type: "button", id: "training-end", on: { click: leave } }, "End training");
  const result = el("p", { class: "result", role: "status", id: "training-result" });
  const body = el("tbody");
  const table = el("table", { class: "operators", id: "operators" }, el("caption", {}, "Operators"), el("thead", {}, el("tr", {}, ["Officer", "Decided", "s", "Hits", "Missed", "False"].map((word) => el("th", { scope: "col" }, word)))), body);
  let current = null;
  let regions = [];

  function draw() {
    setAttribute(start, "hidden", Boolean(current?.open));
    for (const each of [threat, clean]) setAttribute(each, "hidden", !current?.open);
    setAttribute(end, "hidden", !current);
    setAttribute(threat, "aria-disabled", regions.length ? null : "true");
    setText(start, current ? "Next scan" : "Start training");
  }

  async function begin() {
    try {
      const view = await desk.send("POST", "/training", {});
      await shows.start(view, `/training/${view.id}`);
      current = { id: view.id, open: true };
      setText(result, "");
    } catch (problem) {
      setText(result, problem.message);
    }
    draw();
  }

  async function answer(found) {
    if (found && !regions.length) return;
    try {
      const truth = await desk.send("POST", `/training/${current.id}/answer`, { regions: found ? regions : [] });
      current.open = false;
      const what = truth.threat ? ` It was: ${truth.threat}, before ${Math.round(100 * truth.background)} % transmission.` : "";
      setText(result, `${OUTCOMES[truth.outcome]}${what} ${duration(truth.seconds)}.`);
      shows.truth(truth.region, truth.threat);
      refresh();
    } catch (problem) {
      setText(result, problem.message);
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
    marked(marks) {
      regions = marks.map(({ region }) => region);
      draw();
    },
  };
}

function line(each) {
  const decided = each.released + each.inspected;
  const typical = each.decision_median_s === null ? "–" : each.decision_median_s.toFixed(0);
  const shown = each.hits + each.misses;
  const clean = each.false_alarms + each.correct_rejections;
  return el("tr", { title: `proposed ${each.proposed}, confirmed ${each.confirmed}, overruled ${each.overruled}` }, el("th", { scope: "row" }, each.officer), [decided, typical, `${each.hits}/${shown}`, each.misses, `${each.false_alarms}/${clean}`].map((value) => el("td", {}, String(value))));
}
