// The chip's portrait beside the live capture. Pictures are fetched with the token, held as blobs for the
// transaction only, and dropped with it; where there is none, the place says why.

import { el, setAttribute, setText } from "../dom.js";
import { icon } from "../icons.js";
import { quantity } from "../words.js";

export function facesPanel(session) {
  const portrait = picture(session, "portrait", "In the chip", "The portrait is not read yet");
  const live = picture(session, "live", "Live", "No capture yet");
  const title = el("span", { class: "match" });
  const node = el("section", { class: "panel faces", "aria-label": "Faces" }, el("h2", {}, "Faces ", title), el("div", { class: "pair" }, portrait.node, live.node));

  return {
    node,
    update({ transaction }) {
      portrait.update(transaction, transaction?.has_portrait);
      live.update(transaction, transaction?.has_live);
      const result = transaction?.checks.findLast((check) => check.check === "face_match");
      const figures = Object.entries(result?.measured ?? {}).map(([name, value]) => quantity(name, value));
      setText(title, figures.length ? `· ${figures.join(" · ")}` : "");
    },
  };
}

function picture(session, which, caption, notYet) {
  const image = el("img", { alt: `${caption}: face of the traveller`, hidden: true, on: { load: fit } });
  const reason = el("span");
  const empty = el("div", { class: "none" }, icon("person"), reason);
  const node = el("figure", { id: `picture-${which}` }, el("div", { class: "frame" }, image, empty), el("figcaption", {}, caption));
  let shown = "";
  let url = "";

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

  function show(has, why = "") {
    setAttribute(image, "hidden", !has);
    setAttribute(empty, "hidden", has);
    setText(reason, why);
  }

  async function fetchPicture(key) {
    shown = key;
    try {
      const response = await session.fetch(`/api/pictures/${which}`);
      const blob = response.ok ? await response.blob() : null;
      if (shown !== key) return; // another traveller came meanwhile
      if (!blob) return drop(response.status === 404 ? notYet : "The console did not give the picture");
      const fresh = URL.createObjectURL(blob);
      if (url) URL.revokeObjectURL(url);
      image.src = url = fresh;
      show(true);
    } catch {
      if (shown === key) drop("The picture did not arrive");
    }
  }

  let last = [null, false];
  session.addEventListener("change", () => update(...last));

  function update(transaction, has) {
    last = [transaction, has];
    if (!transaction) return drop("No traveller");
    if (transaction.finished) return drop("Dropped: the transaction is over");
    if (!has) return drop(notYet);
    if (!session.token) return drop("Sign in to see it: personal data");
    // A capture is replaced while the check goes on: fetch again when the evidence has changed.
    const key = `${transaction.id} ${which === "live" ? transaction.checks.length : ""}`;
    if (key !== shown) fetchPicture(key);
    return undefined;
  }

  return { node, update };
}
