// The shell around any station's view: header, connection, devices, hub, alerts, last decisions, orders.

import { el, setText } from "../dom.js";
import { duration, wallClock } from "../words.js";
import { alertsPanel } from "./alerts.js";
import { devicesPanel } from "./devices.js";
import { header } from "./header.js";
import { hubPanel } from "./hub.js";
import { journalPanel } from "./journal.js";
import { ordersBar } from "./orders.js";
import { shortcuts } from "./shortcuts.js";
import { signInDialog } from "./signin.js";

export function mountShell(session) {
  const dialogs = document.getElementById("dialogs");
  const signIn = signInDialog(session);
  const keys = shortcuts();
  dialogs.append(signIn.node, keys.node);

  const top = header(document.getElementById("header"), session, signIn, keys);
  const orders = ordersBar(document.getElementById("orders"), dialogs, session, signIn, keys);
  const panels = [devicesPanel(), hubPanel(), alertsPanel(), journalPanel(session)];
  document.getElementById("rail").append(...panels.map((panel) => panel.node));

  const lost = document.getElementById("lost");
  let lostSince = null;

  function liveness(live, lastHeard) {
    document.body.classList.toggle("stale", !live);
    orders.enable(live);
    lostSince = live ? null : lastHeard;
    if (live) {
      lost.hidden = true;
    } else {
      lost.replaceChildren(
        el("span", {}, `No connection to the station. What you see is from ${wallClock(lastHeard)}`),
        el("span", { "aria-hidden": "true", class: "ago" }),
      );
      lost.hidden = false;
    }
  }

  setInterval(() => {
    if (lostSince) setText(lost.querySelector(".ago"), ` (${duration((Date.now() - lostSince) / 1000)} ago).`);
  }, 1000);

  return {
    liveness,
    /** Takes a station view's own words: what its phases are called and which orders are wanted when. */
    use(view) {
      top.use(view);
      orders.use(view);
      for (const [key, words] of view.keys ?? []) keys.describe(key, words);
    },
    update(snapshot) {
      document.title = `${snapshot.station} · console`;
      top.update(snapshot);
      orders.update(snapshot);
      for (const panel of panels) panel.update(snapshot);
    },
  };
}
