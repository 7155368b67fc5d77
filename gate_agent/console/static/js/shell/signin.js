// Names the officer at this console and takes the token that orders and pictures need.

import { el, setText } from "../dom.js";
import { icon } from "../icons.js";

export function signInDialog(session) {
  const officer = el("input", { id: "officer", type: "text", name: "officer", required: true, minlength: 2, maxlength: 40, pattern: "[A-Za-z0-9][A-Za-z0-9._@\\-]*", autocomplete: "off", spellcheck: "false" });
  const token = el("input", { id: "token", type: "password", name: "token", required: true, maxlength: 256, autocomplete: "off" });
  const error = el("p", { class: "error", role: "alert" });
  const form = el(
    "form",
    { method: "dialog", on: { submit } },
    el("h2", { id: "sign-in-title" }, icon("person"), "Sign in"),
    el("p", { class: "muted" }, "Every order is journalled with your officer id. Both are kept for this tab only."),
    el("label", { for: "officer" }, "Officer id"),
    officer,
    el("label", { for: "token" }, "Console token"),
    token,
    error,
    el(
      "div",
      { class: "buttons" },
      el("button", { type: "button", on: { click: () => node.close() } }, "Cancel"),
      el("button", { type: "submit", class: "primary" }, "Sign in"),
    ),
  );
  const node = el("dialog", { id: "sign-in-dialog", "aria-labelledby": "sign-in-title" }, form);
  let then = null;

  async function submit(event) {
    event.preventDefault();
    try {
      const why = await session.signIn(officer.value.trim(), token.value.trim());
      setText(error, why ?? "");
      if (why) return token.select();
      node.close();
      then?.();
    } catch {
      setText(error, "The station does not answer.");
    }
  }

  return {
    node,
    /** Asks for what is missing; `next` is called once signed in. */
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
