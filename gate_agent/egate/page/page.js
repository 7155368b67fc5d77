// The e-gate's view: verdict, lane, faces, checks and the time-line of one traveller's transaction.

import { el } from "/static/js/dom.js";
import { checksPanel } from "/static/js/shell/checks.js";
import { verdictBanner } from "/static/js/shell/verdict.js";
import { label, reason } from "/static/js/words.js";
import { facesPanel } from "./faces.js";
import { lanePanel } from "./lane.js";
import { timelinePanel } from "./timeline.js";

/** @typedef {import("/static/js/types.js").Snapshot} Snapshot */

/**
 * @param {HTMLElement} main
 * @param {import("/static/js/session.js").Session} session
 * @param {import("/static/js/types.js").Kind} kind
 * @returns {import("/static/js/types.js").View}
 */
export function mount(main, session, kind) {
  const panels = [verdictBanner(kind), lanePanel(), facesPanel(session), checksPanel(kind), timelinePanel()];
  main.replaceChildren(el("div", { class: "egate" }, panels.map((panel) => panel.node)));
  main.setAttribute("aria-label", label("kind.station"));

  return {
    about,
    update(snapshot) {
      for (const panel of panels) panel.update(snapshot);
    },
  };
}

/** What the officer is about to decide on, in a sentence; empty for an order about the lane. @param {Snapshot | null} snapshot */
function about(snapshot) {
  if (!snapshot) return "";
  const { transaction } = snapshot;
  if (!transaction || transaction.finished) return label("kind.none_now");
  return transaction.reasons.map(reason).join(" ") || label("kind.no_objection");
}
