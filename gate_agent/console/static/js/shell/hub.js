// The link to the hub: whether it stands, what is still to be acknowledged, and since when.

import { el, setAttribute, setText } from "../dom.js";
import { icon, swapIcon } from "../icons.js";
import { duration } from "../words.js";

export function hubPanel() {
  const word = el("span");
  const badge = el("span", { class: "badge" }, icon("pending"), word);
  const outbox = el("dd");
  const oldest = el("dd");
  const acknowledged = el("dd");
  const error = el("p", { class: "hub-error", hidden: true });
  const node = el(
    "section",
    { class: "panel", id: "hub", "aria-label": "Hub link" },
    el("div", { class: "hub-state" }, el("h2", {}, "Hub link"), badge),
    el(
      "dl",
      { class: "figures" },
      el("dt", {}, "In outbox"), outbox,
      el("dt", {}, "Oldest"), oldest,
      el("dt", {}, "Received"), acknowledged,
    ),
    error,
  );

  return {
    node,
    update({ hub }) {
      setText(word, hub.connected ? "connected" : "offline");
      setAttribute(badge, "class", `badge tone-${hub.connected ? "good" : "warn"}`);
      swapIcon(badge.querySelector("svg"), hub.connected ? "link" : "inconclusive");
      setText(outbox, String(hub.outbox));
      setText(oldest, hub.outbox ? duration(hub.oldest_s) : "–");
      setText(acknowledged, String(hub.acknowledged));
      setText(error, hub.error);
      setAttribute(error, "hidden", !hub.error);
    },
  };
}
