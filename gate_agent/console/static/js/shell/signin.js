// Names the officer at this console and takes the token that orders and pictures need.

import { el, setText } from "../dom.js";
import { icon } from "../icons.js";
import { label } from "../words.js";

/** @param {import("../session.js").Session} session */
export function signInDialog(session) {
  const officer = el("input", { id: "officer", type: "text", name: "officer", required: true, minlength: 2, maxlength: 40, pattern: "[A-Za-z0-9][A-Za-z0-9._@\\-]*", autocomplete: "off", spellcheck: "false" });
  const token = el("input", { id: "token", type: "password", name: "token", required: true, maxlength: 256, autocomplete: "off" });
  const error = el("p", { class: "error", role: "alert" });
  const cancel = el("button", { type: "button", on: { click: () => node.close() } }, label("cancel"));
  const go = el("button", { type: "submit", class: "primary" }, label("session.sign_in"));
  const form = el(
    "form",
    { method: "dialog", on: { submit } },
    el("h2", { id: "sign-in-title" }, icon("person"), label("session.sign_in")),
    el("p", { class: "muted" }, label("session.about")),
    el("label", { for: "officer" }, label("session.officer")),
    officer,
    el("label", { for: "token" }, label("session.token")),
    token,
    error,
    el("div", { class: "buttons" }, cancel, go),
  );
  const node = el("dialog", { id: "sign-in-dialog", "aria-labelledby": "sign-in-title" }, form);
  /** @type {(() => void) | null} */
  let then = null;

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    try {
      const why = await session.signIn(officer.value.trim(), token.value.trim());
      setText(error, why ?? "");
      if (why) return token.select();
      node.close();
      then?.();
    } catch {
      setText(error, label("orders.no_answer"));
    }
    return undefined;
  }

  return {
    node,
    /** Asks for what is missing; `next` is called once signed in. @param {(() => void) | null} next */
    open(next = null) {
      then = next;
      officer.value = session.officer;
      token.value = session.token;
      setText(error, "");
      node.showModal();
      officer.focus();
    },
  };
}
