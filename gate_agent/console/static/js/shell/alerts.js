// What an officer should know: an alert is active until the station says that it is over, and stays listed until an
// officer has seen it. The rail shows the most pressing ones, the list all of them.

import { el, find, keyed, setAttribute, setText } from "../dom.js";
import { icon } from "../icons.js";
import { label, reason, wallClock } from "../words.js";

/** @typedef {import("../types.js").Alert} Alert */

const MOST_SHOWN = 4;

/**
 * @param {import("../session.js").Session} session
 * @param {{open: (next: () => void) => void}} signIn
 * @param {Element} dialogs
 * @returns {import("../types.js").Panel}
 */
export function alertsPanel(session, signIn, dialogs) {
  const list = el("ul", { id: "alerts", "aria-live": "polite" });
  const none = el("p", { class: "empty" }, label("alerts.none"));
  const open = el("button", { type: "button", class: "quiet", id: "all-alerts", hidden: true, on: { click: () => dialog.showModal() } });
  const node = el("section", { class: "panel", "aria-label": label("alerts.title") }, el("div", { class: "alerts-head" }, el("h2", {}, label("alerts.title")), open), none, list);
  const all = el("ul", { id: "alert-list" });
  const error = el("p", { class: "error", role: "alert" });
  const close = el("button", { type: "button", class: "primary", on: { click: () => dialog.close() } }, label("close"));
  const dialog = el("dialog", { id: "alerts-dialog", "aria-labelledby": "alerts-title" }, el("h2", { id: "alerts-title" }, label("alerts.list")), all, error, el("div", { class: "buttons" }, close));
  dialogs.append(dialog);

  /** @param {string} code */
  async function acknowledge(code) {
    if (!session.complete) {
      dialog.close();
      return signIn.open(() => acknowledge(code));
    }
    try {
      const response = await session.send("POST", `/api/alerts/${encodeURIComponent(code)}/acknowledge`, { officer: session.officer });
      setText(error, response.ok ? "" : (await response.json()).detail);
    } catch {
      setText(error, label("orders.no_answer"));
    }
    return undefined;
  }

  /** @param {Alert} alert */
  const make = (alert) => makeAlert(alert, () => acknowledge(alert.code));

  return {
    node,
    update({ alerts }) {
      const sorted = alerts.toSorted((a, b) => urgency(b) - urgency(a) || b.at.localeCompare(a.at));
      const shown = sorted.filter((alert) => urgency(alert) > 0).slice(0, MOST_SHOWN);
      setText(open, label("alerts.all", { number: alerts.length }));
      setAttribute(open, "hidden", alerts.length === 0);
      setAttribute(none, "hidden", shown.length > 0);
      keyed(list, shown, key, make, draw);
      keyed(all, sorted, key, make, draw);
    },
  };
}

/** @param {Alert} alert */
function key({ code, at }) {
  return `${at} ${code}`;
}

/** Active and unseen first; over and seen last. @param {Alert} alert */
function urgency({ cleared_at: cleared, acknowledged_by: seen }) {
  return (cleared ? 0 : 2) + (seen ? 0 : 1);
}

/** @param {Alert} alert @param {() => void} acknowledge */
function makeAlert(alert, acknowledge) {
  const seen = el("button", { type: "button", class: "acknowledge", on: { click: acknowledge } }, label("alerts.acknowledge"));
  return el("li", {}, icon("alarm"), el("span", { class: "what" }, reason(alert.code)), el("time", { datetime: alert.at }, wallClock(alert.at)), el("span", { class: "detail" }), el("span", { class: "life" }), seen);
}

/** @param {Element} row @param {Alert} alert */
function draw(row, alert) {
  setAttribute(row, "class", `alert ${alert.cleared_at ? "ended" : "active"}`);
  setAttribute(row, "data-alert", alert.code);
  setText(find(row, ".detail"), alert.detail);
  const life = [
    alert.cleared_at ? label("alerts.cleared", { time: wallClock(alert.cleared_at) }) : label("alerts.active", { time: wallClock(alert.at) }),
    alert.count > 1 ? label("alerts.times", { number: alert.count }) : "",
    alert.acknowledged_by ? label("alerts.acknowledged", { officer: alert.acknowledged_by, time: wallClock(alert.acknowledged_at) }) : "",
  ];
  setText(find(row, ".life"), life.filter(Boolean).join(" · "));
  setAttribute(find(row, ".acknowledge"), "hidden", Boolean(alert.acknowledged_by));
}
