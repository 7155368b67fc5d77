// The scanner station's view: verdict, lane, the viewer, and beside it queue, findings, checks, shelf and training.

import { el } from "../dom.js";
import { checksPanel } from "../shell/checks.js";
import { verdictBanner } from "../shell/verdict.js";
import { inWords } from "../words.js";
import { CHECKS } from "./checks.js";
import { Desk } from "./desk.js";
import { findingsPanel } from "./findings.js";
import { ORDERS, STATION_ORDERS } from "./orders.js";
import { PHASES } from "./phases.js";
import { queuePanel } from "./queue.js";
import { shelfPanel } from "./shelf.js";
import { tabs } from "./tabs.js";
import { trainingPanel } from "./training.js";
import { say } from "./verdict.js";
import { KEYS } from "./viewer/keyboard.js";
import { Workplace } from "./workplace.js";
import { yardPanel } from "./yard.js";

export function mount(main, session) {
  const desk = new Desk(session);
  const place = new Workplace(desk, { marked: (marks) => marked(marks), opened: (scan, picture) => findings.show(scan, picture) });
  const findings = findingsPanel({ save: (marks) => place.save(marks), goTo: (region) => place.viewer.goTo(region), clear: () => place.viewer.clearMarks() });
  const training = trainingPanel(session, desk, { start: (view, base) => place.start(view, base), truth: (region, threat) => place.truth(region, threat), end: backToWork });
  const open = (id) => {
    if (training.running) training.drop();
    return place.open(id);
  };
  const shelf = shelfPanel(session, desk, { open });
  const queue = queuePanel(session, desk, { open, counted: (text) => side.badge("queue", text), decide });
  const checks = checksPanel(CHECKS);
  const side = tabs("Desk", [["queue", "Queue", queue.node], ["findings", "Findings", findings.node], ["checks", "Checks", checks.node], ["shelf", "Shelf", shelf.node], ["training", "Training", training.node]]);
  const panels = [verdictBanner(say), yardPanel(session, desk), checks];
  main.replaceChildren(el("div", { class: "nii" }, panels[0].node, panels[1].node, side.node, place.viewer.node));
  main.setAttribute("aria-label", "Scanner station");
  // A page that the browser keeps for "back" keeps no cargo.
  window.addEventListener("pagehide", () => place.viewer.show(null, ""));
  let shown = "";
  let waiting = null;

  function marked(marks) {
    findings.marks(marks);
    training.marked(marks);
  }

  /** After training the truck that waits is on the table again. */
  function backToWork() {
    place.clear();
    if (waiting) place.open(waiting.id);
  }

  /** The truck that wants a decision is shown by itself, once; never into a training, never over unsaved marks. */
  function decide(entry) {
    waiting = entry;
    if (!entry || entry.id === shown || training.running) return;
    if (place.viewer.marks.length) place.viewer.say("A truck waits for a decision: save your marks, or open it from the queue.");
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
    phases: PHASES,
    orders: ORDERS,
    stationOrders: STATION_ORDERS,
    keys: KEYS,
    askedFor,
    about: (snapshot) => about(snapshot, waiting, place.scan),
    /** Why no release or inspection can be ordered now; empty when one can. */
    objection: () => (training.running ? "You are in training: end it before you order anything." : ""),
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

/** The orders that the lane is waiting for. */
function askedFor({ phase }) {
  if (phase === "review") return ["release", "inspect"];
  if (phase === "emergency") return ["reset"];
  if (phase === "out_of_service") return ["in_service"];
  return [];
}

/** What the officer is about to decide on, in a sentence or three. */
function about(snapshot, waiting, scan) {
  const transaction = snapshot?.transaction;
  if (!transaction || transaction.finished) return "There is no truck at the hold line now.";
  const own = waiting?.id === transaction.id ? waiting : null;
  return [
    `The truck at the hold line${own?.container ? `, container ${own.container}` : ""}.`,
    transaction.reasons.map(inWords).join(" "),
    own?.proposed_by ? `${own.proposed_by} proposes a release.` : own?.second_person ? "A release needs two officers." : "",
    scan && scan.id !== transaction.id ? "The viewer shows another scan." : "",
  ].filter(Boolean).join(" ");
}
