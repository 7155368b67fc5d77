// The last inspections, newest first; any of them can be opened.

import { el, keyed, setText } from "/static/js/dom.js";
import { icon } from "/static/js/icons.js";
import { label, named, wallClock } from "/static/js/words.js";

/** @typedef {{id: string, container: string, at: string, verdict: string, has_picture: boolean}} Card */

/** @type {Record<string, string>} */
const ICONS = { good: "go", warn: "look", bad: "bar" };

/**
 * @param {import("/static/js/session.js").Session} session
 * @param {import("./desk.js").Desk} desk
 * @param {import("/static/js/types.js").Kind} kind
 * @param {{open: (id: string) => unknown}} hooks
 */
export function shelfPanel(session, desk, kind, { open }) {
  const container = el("input", { type: "search", maxlength: 64, "aria-label": label("kind.shelf.container"), placeholder: label("kind.shelf.container"), on: { change: () => refresh() } });
  const list = el("ol", { class: "shelf", id: "shelf" });
  const none = el("p", { class: "empty" }, label("kind.shelf.see"));

  async function refresh() {
    if (!session.token) {
      setText(none, label("kind.shelf.see"));
      return list.replaceChildren();
    }
    try {
      /** @type {Card[]} */
      const cards = await desk.get(`/scans?last=50&container=${encodeURIComponent(container.value.trim().toUpperCase())}`);
      setText(none, cards.length ? "" : label("kind.shelf.none"));
      keyed(list, cards, (card) => `${card.id} ${card.verdict}`, (card) => make(card, kind, open));
    } catch (problem) {
      setText(none, String(/** @type {Error} */ (problem).message));
    }
    return undefined;
  }

  session.addEventListener("change", refresh);
  return { node: el("div", {}, container, none, list), refresh };
}

/** @param {Card} card @param {import("/static/js/types.js").Kind} kind @param {(id: string) => unknown} open */
function make(card, kind, open) {
  const tone = kind.verdicts[card.verdict] ?? "idle";
  const said = [card.verdict ? named("verdicts", card.verdict) : label("kind.shelf.undecided"), card.has_picture ? "" : label("kind.shelf.no_picture")];
  return el(
    "li",
    { class: `tone-${tone}` },
    el("button", { type: "button", class: "quiet place", on: { click: () => open(card.id) } }, icon(ICONS[tone] ?? "clock"), el("span", {}, el("strong", {}, card.container || card.id), el("span", { class: "muted" }, ` ${said.filter(Boolean).join(", ")}`)), el("time", { datetime: card.at }, wallClock(card.at))),
  );
}
