// The last inspections, newest first; any of them can be opened.

import { el, keyed, setText } from "../dom.js";
import { icon } from "../icons.js";
import { spelt, wallClock } from "../words.js";

const LOOKS = { release: ["admit", "good"], review: ["refer", "warn"], inspect: ["refuse", "bad"] };

export function shelfPanel(session, desk, { open }) {
  const container = el("input", { type: "search", maxlength: 64, "aria-label": "Container", placeholder: "Container", on: { change: () => refresh() } });
  const list = el("ol", { class: "shelf", id: "shelf" });
  const none = el("p", { class: "empty" }, "Sign in to see them.");

  async function refresh() {
    if (!session.token) {
      setText(none, "Sign in to see them.");
      return list.replaceChildren();
    }
    try {
      const cards = await desk.get(`/scans?last=50&container=${encodeURIComponent(container.value.trim().toUpperCase())}`);
      setText(none, cards.length ? "" : "Nothing on the shelf.");
      keyed(list, cards, (card) => `${card.id} ${card.verdict}`, (card) => make(card, open));
    } catch (problem) {
      setText(none, problem.message);
    }
  }

  session.addEventListener("change", refresh);
  return { node: el("div", {}, container, none, list), refresh };
}

function make(card, open) {
  const [mark, tone] = LOOKS[card.verdict] ?? ["clock", "idle"];
  return el(
    "li",
    { class: `tone-${tone}` },
    el("button", { type: "button", class: "quiet place", on: { click: () => open(card.id) } }, icon(mark), el("span", {}, el("strong", {}, card.container || card.id), el("span", { class: "muted" }, ` ${spelt(card.verdict || "undecided").toLowerCase()}${card.has_picture ? "" : ", no picture"}`)), el("time", { datetime: card.at }, wallClock(card.at))),
  );
}
