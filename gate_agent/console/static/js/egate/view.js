// The e-gate's view: verdict, lane, faces, checks and the time-line of one traveller's transaction.

import { el } from "../dom.js";
import { inWords } from "../words.js";
import { checksPanel } from "../shell/checks.js";
import { verdictBanner } from "../shell/verdict.js";
import { CHECKS } from "./checks.js";
import { facesPanel } from "./faces.js";
import { lanePanel } from "./lane.js";
import { ORDERS, STATION_ORDERS } from "./orders.js";
import { PHASES } from "./phases.js";
import { timelinePanel } from "./timeline.js";
import { say } from "./verdict.js";

export function mount(main, session) {
  const panels = [verdictBanner(say), lanePanel(), facesPanel(session), checksPanel(CHECKS), timelinePanel()];
  main.replaceChildren(el("div", { class: "egate" }, panels.map((panel) => panel.node)));
  main.setAttribute("aria-label", "E-gate lane");

  return {
    phases: PHASES,
    orders: ORDERS,
    stationOrders: STATION_ORDERS,
    askedFor,
    about,
    update(snapshot) {
      for (const panel of panels) panel.update(snapshot);
    },
  };
}

/** The orders that the lane is waiting for. */
function askedFor({ phase }) {
  if (phase === "referred") return ["admit", "refuse"];
  if (phase === "emergency") return ["reset"];
  if (phase === "out_of_service") return ["in_service"];
  return [];
}

/** What the officer is about to decide on, in a sentence. */
function about(snapshot) {
  const transaction = snapshot?.transaction;
  if (!transaction || transaction.finished) return "There is no traveller in the lane now.";
  const why = transaction.reasons.map(inWords).join(" ");
  return why || "No check has spoken against this traveller so far.";
}
