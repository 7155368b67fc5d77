// The scanner station's view: verdict, lane, the viewer, and beside it queue, findings, checks, shelf and training.

import { el } from "/static/js/dom.js";
import { checksPanel } from "/static/js/shell/checks.js";
import { verdictBanner } from "/static/js/shell/verdict.js";
import { label, reason } from "/static/js/words.js";
import { Desk } from "./desk.js";
import { findingsPanel } from "./findings.js";
import { queuePanel } from "./queue.js";
import { shelfPanel } from "./shelf.js";
import { tabs } from "./tabs.js";
import { trainingPanel } from "./training.js";
import { keys } from "./viewer/keyboard.js";
import { Workplace } from "./workplace.js";
import { yardPanel } from "./yard.js";

/** @typedef {import("/static/js/types.js").Snapshot} Snapshot */
/** @typedef {import("./queue.js").Entry} Entry */

/**
 * @param {HTMLElement} main
 * @param {import("/static/js/session.js").Session} session
 * @param {import("/static/js/types.js").Kind} kind
 * @returns {import("/static/js/types.js").View}
 */
export function mount(main, session, kind) {
  const desk = new Desk(session);
  const place = new Workplace(desk, { marked: (marks) => marked(marks), opened: (scan, picture) => findings.show(scan, picture) });
  const findings = findingsPanel({ save: (marks) => place.save(marks), goTo: (region) => place.viewer.goTo(region), clear: () => place.viewer.clearMarks() });
  const training = trainingPanel(session, desk, { start: (view, base) => place.start(view, base), truth: (region, threat) => place.truth(region, threat), end: backToWork });
  /** @param {string} id */
  const open = (id) => {
    if (training.running) training.drop();
    return place.open(id);
  };
  const shelf = shelfPanel(session, desk, kind, { open });
  const queue = queuePanel(session, desk, { open, counted: (text) => side.badge("queue", text), decide });
  const checks = checksPanel(kind);
  const side = tabs(label("kind.desk.title"), Object.entries({ queue, findings, checks, shelf, training }).map(([id, { node }]) => [id, label(`kind.desk.${id}`), node]));
  const panels = [verdictBanner(kind), yardPanel(), checks];
  main.replaceChildren(el("div", { class: "nii" }, panels[0].node, panels[1].node, side.node, queue.strip, place.viewer.node));
  main.setAttribute("aria-label", label("kind.station"));
  // A page that the browser keeps for "back" keeps no cargo.
  window.addEventListener("pagehide", () => place.viewer.show(null, ""));
  let shown = "";
  /** @type {Entry | null} */
  let waiting = null;

  /** @param {import("./findings.js").Mark[]} marks */
  function marked(marks) {
    findings.marks(marks);
    training.marked(marks);
  }

  /** After training the truck that waits is on the table again. */
  function backToWork() {
    place.clear();
    if (waiting) place.open(waiting.id);
  }

  /** The truck that wants a decision is shown by itself, once; never into a training, never over unsaved marks. @param {Entry | null} entry */
  function decide(entry) {
    waiting = entry;
    if (!entry || entry.id === shown || training.running) return;
    if (place.viewer.marks.length) place.viewer.say(label("kind.desk.waits"));
    else place.open((shown = entry.id));
  }

  /** Who signs out leaves nothing of the cargo on the screen. */
  session.addEventListener("change", () => {
    if (session.token) return;
    shown = "";
    training.drop();
    place.clear();
  });

  let seen = "";
  return {
    keys: keys(),
    about: (snapshot) => about(snapshot, waiting, place.scan),
    /** Why no release or inspection can be ordered now; empty when one can. */
    objection: () => (training.running ? label("kind.in_training") : ""),
    update(snapshot) {
      for (const panel of panels) panel.update(snapshot);
      const now = [snapshot.transaction?.id, snapshot.transaction?.verdict, snapshot.phase].join();
      if (now === seen) return;
      seen = now;
      queue.ask();
      shelf.refresh();
      training.refresh();
    },
  };
}

/** What the officer is about to decide on, in a sentence or three; empty for an order about the lane. @param {Snapshot | null} snapshot @param {Entry | null} waiting @param {any} scan */
function about(snapshot, waiting, scan) {
  if (!snapshot) return "";
  const { transaction } = snapshot;
  if (!transaction || transaction.finished) return label("kind.none_now");
  const own = waiting?.id === transaction.id ? waiting : null;
  return [
    own?.container ? label("kind.with_container", { container: own.container }) : label("kind.at_hold_line"),
    transaction.reasons.map(reason).join(" "),
    own?.proposed_by ? label("kind.proposes", { officer: own.proposed_by }) : own?.second_person ? label("kind.two_officers") : "",
    scan && scan.id !== transaction.id ? label("kind.another_scan") : "",
  ].filter(Boolean).join(" ");
}
