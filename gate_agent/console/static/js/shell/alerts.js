// What an officer should know now: newest first, announced as it arrives.

import { el, keyed, setAttribute, setText } from "../dom.js";
import { icon } from "../icons.js";
import { inWords, wallClock } from "../words.js";

const MOST_SHOWN = 4;

export function alertsPanel() {
  const list = el("ul", { id: "alerts", "aria-live": "polite" });
  const none = el("p", { class: "empty" }, "None");
  const title = el("h2", {}, "Alerts");
  const node = el("section", { class: "panel", "aria-label": "Alerts" }, title, none, list);

  return {
    node,
    update({ alerts }) {
      const newest = alerts.toSorted((a, b) => b.at.localeCompare(a.at)).slice(0, MOST_SHOWN);
      const more = alerts.length - newest.length;
      setText(title, more > 0 ? `Alerts (${more} older not shown)` : "Alerts");
      setAttribute(none, "hidden", alerts.length > 0);
      keyed(list, newest, (alert) => `${alert.at} ${alert.code}`, make);
    },
  };
}

function make(alert) {
  return el(
    "li",
    { class: "alert" },
    icon("alarm"),
    el("span", { class: "what" }, inWords(alert.code)),
    el("time", { datetime: alert.at }, wallClock(alert.at)),
    alert.detail ? el("span", { class: "detail" }, alert.detail) : null,
  );
}
