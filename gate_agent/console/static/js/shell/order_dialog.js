// One order: why, and (where something opens outward) a second look before it does.

import { el, keyed, setAttribute, setText } from "../dom.js";
import { icon, swapIcon } from "../icons.js";

/** `report(good, text)` hears how it ended. */
export function orderDialog(session, report) {
  const mark = icon("pending");
  const title = el("span");
  const heading = el("h2", { id: "order-title" }, mark, title);
  const about = el("p", { class: "summary" });
  const reason = el("input", { id: "reason", type: "text", name: "reason", required: true, minlength: 3, maxlength: 200, autocomplete: "off" });
  const choices = el("div", { class: "choices", role: "group", "aria-label": "Usual reasons" });
  const why = el("div", {}, el("label", { for: "reason" }, "Reason (journalled; no names or numbers)"), reason, choices);
  const sure = el("p", { class: "summary tone-warn", role: "alert", hidden: true });
  const error = el("p", { class: "error", role: "alert" });
  const go = el("button", { type: "submit", class: "primary" });
  const form = el(
    "form",
    { method: "dialog", on: { submit, keydown: unrepeated } },
    heading, about, why, sure, error,
    el("div", { class: "buttons" }, el("button", { type: "button", on: { click: () => node.close() } }, "Cancel"), go),
  );
  const node = el("dialog", { id: "order-dialog", "aria-labelledby": "order-title" }, form);

  let order = null;
  let transaction = null;
  let confirming = false;
  let sending = false;

  function open(chosen, snapshot, describe) {
    order = chosen;
    // Fixed at this moment: if another traveller or truck comes meanwhile, the station refuses the order.
    transaction = snapshot?.transaction?.id ?? null;
    confirming = false;
    swapIcon(heading.querySelector("svg"), chosen.icon);
    setAttribute(heading, "class", `tone-${chosen.tone}`);
    setText(title, chosen.title);
    const described = describe(snapshot);
    setText(about, described);
    setAttribute(about, "hidden", !described);
    reason.value = "";
    keyed(choices, chosen.reasons, (text) => text, choice);
    setText(error, "");
    draw();
    node.showModal();
    reason.focus();
  }

  function choice(text) {
    return el("button", { type: "button", on: { click: () => { reason.value = text; go.focus(); } } }, text);
  }

  function draw() {
    setAttribute(why, "hidden", confirming);
    setAttribute(sure, "hidden", !confirming);
    if (confirming) setText(sure, `${order.sure.text} Officer ${session.officer} decides: “${reason.value.trim()}”`);
    setText(go, confirming ? order.sure.go : order.go);
  }

  /** A key held down must not run through the second look. */
  function unrepeated(event) {
    if (event.repeat && event.key === "Enter") event.preventDefault();
  }

  async function submit(event) {
    event.preventDefault();
    if (sending) return;
    if (order.sure && !confirming) {
      confirming = true;
      draw();
      go.focus();
      return;
    }
    sending = true;
    setAttribute(go, "aria-disabled", "true");
    try {
      await send();
    } finally {
      sending = false;
      setAttribute(go, "aria-disabled", null);
    }
  }

  async function send() {
    const body = { action: order.action, officer: session.officer, reason: reason.value.trim(), transaction: order.about ? transaction : null };
    try {
      const response = await session.fetch("/api/actions", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      if (response.ok) {
        node.close();
        const { note } = await response.json();
        report(true, `${order.label}: ${note || `the station took the order of ${body.officer}.`}`);
        return;
      }
      const problem = await response.json();
      setText(error, [problem.detail, problem.advice].filter(Boolean).join(" — "));
      report(false, `${order.label} not done: ${problem.detail}`);
    } catch {
      setText(error, "The station did not answer. Look at the lane before you order again.");
      report(false, `${order.label}: no answer from the station.`);
    }
  }

  return { node, open };
}
