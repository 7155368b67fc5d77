// The officer's orders: a toolbar with roving focus (WAI-ARIA toolbar pattern) and its result.

import { el, setAttribute, setText } from "../dom.js";
import { icon } from "../icons.js";
import { orderDialog } from "./order_dialog.js";

// What every station takes; a view puts the orders of its kind before them, and its words into these.
const COMMON = [
  { action: "reset", label: "Reset", key: "S", icon: "reset", tone: "calm", title: "Reset the station", go: "Reset", reasons: [] },
  { action: "out_of_service", label: "Out of service", key: "O", icon: "closed", tone: "warn", title: "Take the lane out of service", go: "Take out of service", reasons: ["Cleaning", "Technician called", "End of shift"] },
  { action: "in_service", label: "In service", key: "I", icon: "open", tone: "calm", title: "Put the lane in service", go: "Put in service", reasons: ["Lane checked", "Start of shift", "Repaired"] },
];

export function ordersBar(root, dialogs, session, signIn, keys) {
  const result = el("p", { class: "result", role: "status", id: "result" }, "Orders are journalled with officer and reason.");
  const dialog = orderDialog(session, report);
  dialogs.append(dialog.node);

  let live = false;
  let wanted = {};
  let snapshot = null;

  let buttons = [];
  const toolbar = el("div", { class: "toolbar", role: "toolbar", "aria-label": "Orders", on: { keydown: rove, focusin: settle } });
  root.append(toolbar, result);

  /** The orders of one kind of station, and those of every station in its words. */
  function offer(own, words) {
    const orders = [...own, ...COMMON.map((order) => ({ ...order, ...words[order.action] }))];
    buttons = orders.map((order, index) => button(order, index === 0));
    const rule = el("span", { class: "rule", "aria-hidden": "true" });
    toolbar.replaceChildren(...buttons.slice(0, own.length + 1), rule, ...buttons.slice(own.length + 1));
    for (const order of orders) keys.add(order.key, order.label, () => give(order));
  }

  function button(order, first) {
    return el(
      "button",
      { type: "button", class: `tone-${order.tone}`, "data-action": order.action, tabindex: first ? 0 : -1, title: `Alt+${order.key}`, "aria-keyshortcuts": `Alt+${order.key}`, "aria-disabled": live ? null : "true", on: { click: () => give(order) } },
      icon(order.icon),
      el("span", {}, mnemonic(order)),
    );
  }

  function give(order) {
    if (!live) return report(false, "No connection: orders cannot reach the station.");
    const objection = order.about ? wanted.objection?.() : "";
    if (objection) return report(false, objection);
    if (!session.complete) return signIn.open(() => give(order));
    return dialog.open(order, snapshot, wanted.about ?? (() => ""));
  }

  function report(good, text) {
    setAttribute(result, "class", `result tone-${good ? "good" : "bad"}`);
    setText(result, text);
  }

  function rove(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const end = { Home: 0, End: buttons.length - 1 }[event.key];
    if (step === undefined && end === undefined) return;
    event.preventDefault();
    const here = buttons.indexOf(document.activeElement);
    buttons[end ?? (here + step + buttons.length) % buttons.length].focus();
  }

  function settle(event) {
    if (!buttons.includes(event.target)) return;
    for (const button of buttons) button.tabIndex = button === event.target ? 0 : -1;
  }

  offer([], {});

  return {
    enable(now) {
      live = now;
      for (const button of buttons) setAttribute(button, "aria-disabled", live ? null : "true");
    },
    use(view) {
      wanted = view;
      offer(view.orders, view.stationOrders);
    },
    update(newest) {
      snapshot = newest;
      const asked = wanted.askedFor?.(newest) ?? [];
      for (const button of buttons) button.classList.toggle("asked", asked.includes(button.dataset.action));
    },
  };
}

/** The label with the letter underlined that works together with Alt. */
function mnemonic({ label, key }) {
  const at = label.toUpperCase().indexOf(key);
  return [label.slice(0, at), el("u", {}, label[at]), label.slice(at + 1)];
}
