// The link to the hub: whether it stands, what is still to be acknowledged, and since when.

import { el, find, setAttribute, setText } from "../dom.js";
import { icon, swapIcon } from "../icons.js";
import { duration, label } from "../words.js";

/** @returns {import("../types.js").Panel} */
export function hubPanel() {
  const word = el("span");
  const badge = el("span", { class: "badge" }, icon("pending"), word);
  const figures = { outbox: el("dd"), oldest: el("dd"), received: el("dd") };
  const error = el("p", { class: "hub-error", hidden: true });
  const rows = Object.entries(figures).flatMap(([name, figure]) => [el("dt", {}, label(`hub.${name}`)), figure]);
  const node = el("section", { class: "panel", id: "hub", "aria-label": label("hub.title") }, el("div", { class: "hub-state" }, el("h2", {}, label("hub.title")), badge), el("dl", { class: "figures" }, rows), error);

  return {
    node,
    update({ hub }) {
      setText(word, label(hub.connected ? "hub.connected" : "hub.offline"));
      setAttribute(badge, "class", `badge tone-${hub.connected ? "good" : "warn"}`);
      swapIcon(find(badge, "svg"), hub.connected ? "link" : "inconclusive");
      setText(figures.outbox, String(hub.outbox));
      setText(figures.oldest, hub.outbox ? duration(hub.oldest_s) : "–");
      setText(figures.received, String(hub.acknowledged));
      setText(error, hub.error);
      setAttribute(error, "hidden", !hub.error);
    },
  };
}
