// The chip's portrait beside the live capture. Pictures are fetched with the token, held as blobs for the
// transaction only, and dropped with it; where there is none, the place says why.

import { el, setAttribute, setText } from "/static/js/dom.js";
import { icon } from "/static/js/icons.js";
import { label, quantity } from "/static/js/words.js";

/** @typedef {import("/static/js/types.js").Transaction} Transaction */
/** @typedef {import("/static/js/session.js").Session} Session */

/** @param {Session} session @returns {import("/static/js/types.js").Panel} */
export function facesPanel(session) {
  const portrait = picture(session, "portrait");
  const live = picture(session, "live");
  const title = el("span", { class: "match" });
  const node = el("section", { class: "panel faces", "aria-label": label("kind.faces.title") }, el("h2", {}, `${label("kind.faces.title")} `, title), el("div", { class: "pair" }, portrait.node, live.node));

  return {
    node,
    update({ transaction }) {
      portrait.update(transaction, Boolean(transaction?.has_portrait));
      live.update(transaction, Boolean(transaction?.has_live));
      const result = transaction?.checks.findLast((check) => check.check === "face_match");
      const figures = Object.entries(result?.measured ?? {}).map(([name, value]) => quantity(name, value));
      setText(title, figures.length ? `· ${figures.join(" · ")}` : "");
    },
  };
}

/** @param {Session} session @param {"portrait" | "live"} which */
function picture(session, which) {
  const caption = label(`kind.faces.${which}`);
  const notYet = label(`kind.faces.no_${which}`);
  const image = el("img", { alt: label("kind.faces.alt", { which: caption }), hidden: true, on: { load: fit } });
  const reason = el("span");
  const empty = el("div", { class: "none" }, icon("person"), reason);
  const node = el("figure", { id: `picture-${which}` }, el("div", { class: "frame" }, image, empty), el("figcaption", {}, caption));
  let shown = "";
  let url = "";

  /** @param {string} why */
  function drop(why) {
    shown = "";
    if (url) URL.revokeObjectURL(url);
    url = "";
    image.removeAttribute("src");
    show(false, why);
  }

  /** A portrait is shown whole; of a wide camera picture the middle. */
  function fit() {
    image.classList.toggle("wide", image.naturalWidth > 1.2 * image.naturalHeight);
  }

  /** @param {boolean} has */
  function show(has, why = "") {
    setAttribute(image, "hidden", !has);
    setAttribute(empty, "hidden", has);
    setText(reason, why);
  }

  /** @param {string} key */
  async function fetchPicture(key) {
    shown = key;
    try {
      const response = await session.fetch(`/api/pictures/${which}`);
      const blob = response.ok ? await response.blob() : null;
      if (shown !== key) return; // another traveller came meanwhile
      if (!blob) return drop(response.status === 404 ? notYet : label("kind.faces.refused"));
      const fresh = URL.createObjectURL(blob);
      if (url) URL.revokeObjectURL(url);
      image.src = url = fresh;
      show(true);
    } catch {
      if (shown === key) drop(label("kind.faces.lost"));
    }
  }

  /** @type {[Transaction | null, boolean]} */
  let last = [null, false];
  session.addEventListener("change", () => update(...last));

  /** @param {Transaction | null} transaction @param {boolean} has */
  function update(transaction, has) {
    last = [transaction, has];
    if (!transaction) return drop(label("kind.faces.nobody"));
    if (transaction.finished) return drop(label("kind.faces.dropped"));
    if (!has) return drop(notYet);
    if (!session.token) return drop(label("kind.faces.see"));
    // A capture is replaced while the check goes on: fetch again when the evidence has changed.
    const key = `${transaction.id} ${which === "live" ? transaction.checks.length : ""}`;
    if (key !== shown) fetchPicture(key);
    return undefined;
  }

  return { node, update };
}
