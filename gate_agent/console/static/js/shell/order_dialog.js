// One order: why, and (where it lets somebody pass) a second look before it does. What it would do now is told by
// the station, and changes with it while the dialog is open.

import { el, find, keyed, setAttribute, setText } from "../dom.js";
import { icon, orderIcon, swapIcon } from "../icons.js";
import { entry, label, named } from "../words.js";

/** @typedef {import("../types.js").Order} Order */
/** @typedef {import("../types.js").Snapshot} Snapshot */

/**
 * @param {import("../session.js").Session} session
 * @param {(order: Order, transaction: string, good: boolean, what: string) => void} report hears how it ended
 */
export function orderDialog(session, report) {
  const title = el("span");
  const heading = el("h2", { id: "order-title" }, icon("pending"), title);
  const about = el("p", { class: "summary" });
  const effect = el("p", { class: "summary effect", role: "status" });
  const reason = el("input", { id: "reason", type: "text", name: "reason", required: true, minlength: 3, maxlength: 200, autocomplete: "off" });
  const choices = el("div", { class: "choices", role: "group", "aria-label": label("orders.usual") });
  const why = el("div", {}, el("label", { for: "reason" }, label("orders.reason")), reason, choices);
  const sure = el("p", { class: "summary tone-warn", role: "alert", hidden: true });
  const error = el("p", { class: "error", role: "alert" });
  const go = el("button", { type: "submit", class: "primary" });
  const cancel = el("button", { type: "button", on: { click: () => node.close() } }, label("cancel"));
  const form = el("form", { method: "dialog", on: { submit, keydown: unrepeated } }, heading, about, effect, why, sure, error, el("div", { class: "buttons" }, cancel, go));
  const node = el("dialog", { id: "order-dialog", "aria-labelledby": "order-title" }, form);

  /** @type {Order} */
  let order;
  /** @type {string} */
  let transaction = "";
  let confirming = false;
  let sending = false;

  /** @param {Order} chosen @param {Snapshot | null} snapshot @param {string} described */
  function open(chosen, snapshot, described) {
    order = chosen;
    // Fixed at this moment: if another traveller or truck comes meanwhile, the station declines the order.
    transaction = snapshot?.transaction?.id ?? "";
    confirming = false;
    swapIcon(find(heading, "svg"), orderIcon(order));
    setAttribute(heading, "class", `tone-${order.tone}`);
    setText(title, words("title"));
    setText(about, described);
    setAttribute(about, "hidden", !described);
    reason.value = "";
    keyed(choices, entry("orders", order.order, "reasons") ?? [], (text) => text, choice);
    setText(error, "");
    update(snapshot);
    draw();
    node.showModal();
    reason.focus();
  }

  /** @param {string} part */
  function words(part) {
    return entry("orders", order.order, part) ?? named("orders", order.order);
  }

  /** @param {Snapshot | null} snapshot */
  function update(snapshot) {
    const now = order && snapshot?.orders.find((each) => each.order === order.order);
    setText(effect, now?.accepted ? (entry("effects", now.effect) ?? "") : label("orders.declines"));
    setAttribute(effect, "class", `summary effect tone-${now?.accepted ? "calm" : "warn"}`);
    setAttribute(effect, "hidden", !effect.textContent);
  }

  /** @param {string} text */
  function choice(text) {
    const take = () => {
      reason.value = text;
      go.focus();
    };
    return el("button", { type: "button", on: { click: take } }, text);
  }

  function draw() {
    setAttribute(why, "hidden", confirming);
    setAttribute(sure, "hidden", !confirming);
    if (confirming) setText(sure, label("orders.decides", { officer: session.officer, reason: reason.value.trim() }));
    setText(go, confirming ? words("sure") : order.opens ? label("orders.go_on") : words("go"));
  }

  /** A key held down must not run through the second look. @param {KeyboardEvent} event */
  function unrepeated(event) {
    if (event.repeat && event.key === "Enter") event.preventDefault();
  }

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    if (sending) return;
    if (order.opens && !confirming) {
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
    const body = { action: order.order, officer: session.officer, reason: reason.value.trim(), transaction: order.decides && transaction ? transaction : null };
    try {
      const response = await session.send("POST", "/api/actions", body);
      const answer = await response.json();
      if (response.ok) {
        node.close();
        report(order, transaction, true, answer.note || label("orders.taken", { officer: body.officer }));
        return;
      }
      setText(error, answer.detail);
      report(order, transaction, false, label("orders.not_done", { why: answer.detail }));
    } catch {
      setText(error, label("orders.lost"));
      report(order, transaction, false, label("orders.no_answer"));
    }
  }

  return { node, open, update };
}
