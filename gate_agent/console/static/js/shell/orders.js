// The officer's orders: a toolbar with roving focus (WAI-ARIA toolbar pattern) and its result.

import { el, setAttribute, setText } from "../dom.js";
import { icon } from "../icons.js";
import { orderDialog } from "./order_dialog.js";

const ORDERS = [
  { action: "admit", label: "Admit", key: "A", icon: "admit", tone: "good" },
  { action: "refuse", label: "Refuse", key: "R", icon: "refuse", tone: "bad" },
  { action: "reset", label: "Reset", key: "S", icon: "reset", tone: "calm" },
  { action: "out_of_service", label: "Out of service", key: "O", icon: "closed", tone: "warn" },
  { action: "in_service", label: "In service", key: "I", icon: "open", tone: "calm" },
];

export function ordersBar(root, dialogs, session, signIn, keys) {
  const result = el("p", { class: "result", role: "status", id: "result" }, "Orders are journalled with officer and reason.");
  const dialog = orderDialog(session, report);
  dialogs.append(dialog.node);

  let live = false;
  let wanted = {};
  let snapshot = null;

  const buttons = ORDERS.map((order, index) =>
    el(
      "button",
      { type: "button", class: `tone-${order.tone}`, "data-action": order.action, tabindex: index ? -1 : 0, title: `Alt+${order.key}`, "aria-keyshortcuts": `Alt+${order.key}`, on: { click: () => give(order) } },
      icon(order.icon),
      el("span", {}, mnemonic(order)),
    ),
  );
  for (const order of ORDERS) keys.add(order.key, order.label, () => give(order));
  const toolbar = el("div", { class: "toolbar", role: "toolbar", "aria-label": "Orders", on: { keydown: rove, focusin: settle } });
  toolbar.append(...buttons.slice(0, 3), el("span", { class: "rule", "aria-hidden": "true" }), ...buttons.slice(3));
  root.append(toolbar, result);

  function give(order) {
    if (!live) return report(false, "No connection: orders cannot reach the station.");
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

  return {
    enable(now) {
      live = now;
      for (const button of buttons) setAttribute(button, "aria-disabled", live ? null : "true");
    },
    use(view) {
      wanted = view;
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
