// The shell around any station's view: header, connection, devices, hub, alerts, last decisions, orders.

import { el, find, setText } from "../dom.js";
import { duration, label, wallClock } from "../words.js";
import { alertsPanel } from "./alerts.js";
import { devicesPanel } from "./devices.js";
import { header } from "./header.js";
import { hubPanel } from "./hub.js";
import { journalPanel } from "./journal.js";
import { ordersBar } from "./orders.js";
import { shortcuts } from "./shortcuts.js";
import { signInDialog } from "./signin.js";

/**
 * @param {import("../session.js").Session} session
 * @param {import("../types.js").Kind} kind
 * @param {import("../types.js").View} view
 */
export function mountShell(session, kind, view) {
  const dialogs = find("dialogs");
  const signIn = signInDialog(session);
  const keys = shortcuts();
  dialogs.append(signIn.node, keys.node);

  const journal = journalPanel(session, kind);
  const top = header(find("header"), session, signIn, keys, kind);
  const orders = ordersBar(find("orders"), { session, signIn, keys, dialogs }, kind, view, journal.refresh);
  const panels = [devicesPanel(), hubPanel(), alertsPanel(session, signIn, dialogs), journal];
  find("rail").append(...panels.map((panel) => panel.node));
  for (const [key, words] of view.keys ?? []) keys.describe(key, words);

  const lost = find("lost");
  const said = el("span");
  const age = el("span", { "aria-hidden": "true", class: "ago" });
  lost.append(said, " ", age);
  /** @type {Date | null} */
  let lostSince = null;

  function tick() {
    setText(age, lostSince ? label("lost.seen", { time: wallClock(lostSince), ago: duration((Date.now() - lostSince.getTime()) / 1000) }) : "");
  }

  /** @param {boolean} live @param {Date | null} lastHeard @param {string} why the station's words, when it turns the page away */
  function liveness(live, lastHeard, why) {
    document.body.classList.toggle("stale", !live);
    orders.enable(live);
    lostSince = live ? null : lastHeard;
    lost.hidden = live;
    setText(said, live ? "" : why ? label("lost.turned_away", { why }) : label("lost.none"));
    tick();
  }

  setInterval(tick, 1000);

  return {
    liveness,
    /** @param {import("../types.js").Snapshot} snapshot */
    update(snapshot) {
      document.title = label("title", { station: snapshot.station });
      top.update(snapshot);
      orders.update(snapshot);
      for (const panel of panels) panel.update(snapshot);
    },
  };
}
