// The officer's orders: a toolbar with roving focus (WAI-ARIA toolbar pattern) and its result.

import { el, setAttribute, setText } from "../dom.js";
import { icon, orderIcon } from "../icons.js";
import { entry, label, named, wallClock } from "../words.js";
import { orderDialog } from "./order_dialog.js";

/** @typedef {import("../types.js").Order} Order */
/** @typedef {import("../types.js").Snapshot} Snapshot */

/**
 * @param {HTMLElement} root
 * @param {{session: import("../session.js").Session, signIn: {open: (next: () => void) => void}, keys: {add: (letter: string, words: string, handler: () => void) => void}, dialogs: Element}} shell
 * @param {import("../types.js").Kind} kind
 * @param {import("../types.js").View} view
 * @param {() => void} ordered hears that something was ordered
 */
export function ordersBar(root, { session, signIn, keys, dialogs }, kind, view, ordered) {
  const result = el("p", { class: "result", role: "status", id: "result" }, label("orders.journalled"));
  const dialog = orderDialog(session, report);
  const buttons = kind.orders.map(button);
  const deciding = kind.orders.filter(({ decides }) => decides).length;
  const rule = el("span", { class: "rule", "aria-hidden": "true" });
  const toolbar = el("div", { class: "toolbar", role: "toolbar", "aria-label": label("orders.title"), on: { keydown: rove, focusin: settle } }, buttons.slice(0, deciding), rule, buttons.slice(deciding));
  dialogs.append(dialog.node);
  root.append(toolbar, result);
  root.setAttribute("aria-label", label("orders.title"));
  for (const order of kind.orders) keys.add(entry("orders", order.order, "key"), named("orders", order.order), () => give(order));

  let live = false;
  /** @type {Snapshot | null} */
  let snapshot = null;
  /** The transaction that the result line is about, or was on the screen with it. */
  let resultOf = "";

  /** @param {Order} order @param {number} index */
  function button(order, index) {
    const key = entry("orders", order.order, "key");
    return el(
      "button",
      { type: "button", class: `tone-${order.tone}`, "data-action": order.order, tabindex: index === 0 ? 0 : -1, title: key ? `Alt+${key}` : null, "aria-keyshortcuts": key ? `Alt+${key}` : null, "aria-disabled": "true", on: { click: () => give(order) } },
      icon(orderIcon(order)),
      el("span", {}, mnemonic(named("orders", order.order), key ?? "")),
    );
  }

  /** @param {Order} order */
  function give(order) {
    const objection = live ? (order.decides ? (view.objection?.() ?? "") : "") : label("lost.no_orders");
    if (objection) return show(false, objection);
    if (!session.complete) return signIn.open(() => give(order));
    return dialog.open(order, snapshot, view.about(order.decides ? snapshot : null));
  }

  /** @param {Order} order @param {string} transaction @param {boolean} good @param {string} what */
  function report(order, transaction, good, what) {
    show(good, label("orders.result", { time: wallClock(new Date()), transaction: transaction || "–", order: named("orders", order.order), what }));
    ordered();
  }

  /** @param {boolean} good @param {string} text */
  function show(good, text) {
    resultOf = snapshot?.transaction?.id ?? "";
    setAttribute(result, "class", `result tone-${good ? "good" : "bad"}`);
    setText(result, text);
  }

  /** What became of an order about one traveller is not left standing under the next. */
  function forget() {
    setAttribute(result, "class", "result");
    setText(result, label("orders.journalled"));
  }

  /** @param {KeyboardEvent} event */
  function rove(event) {
    /** @type {Record<string, number>} */
    const steps = { ArrowRight: 1, ArrowLeft: -1 };
    /** @type {Record<string, number>} */
    const ends = { Home: 0, End: buttons.length - 1 };
    const forward = document.documentElement.dir === "rtl" ? -1 : 1;
    if (!(event.key in steps) && !(event.key in ends)) return;
    event.preventDefault();
    const here = buttons.findIndex((each) => each === document.activeElement);
    buttons[ends[event.key] ?? (here + forward * steps[event.key] + buttons.length) % buttons.length].focus();
  }

  /** @param {FocusEvent} event */
  function settle(event) {
    if (!buttons.some((each) => each === event.target)) return;
    for (const each of buttons) each.tabIndex = each === event.target ? 0 : -1;
  }

  return {
    /** @param {boolean} now */
    enable(now) {
      live = now;
      for (const each of buttons) setAttribute(each, "aria-disabled", live ? null : "true");
    },
    /** @param {Snapshot} newest */
    update(newest) {
      snapshot = newest;
      const now = newest.transaction?.id ?? resultOf;
      if (resultOf !== now) {
        resultOf = now;
        forget();
      }
      dialog.update(newest);
      for (const each of buttons) {
        const order = newest.orders.find((known) => known.order === each.dataset.action);
        each.classList.toggle("asked", Boolean(order?.asked && order.accepted));
        each.classList.toggle("declines", !order?.accepted);
      }
    },
  };
}

/** The label with the letter underlined that works together with Alt. @param {string} text @param {string} key */
function mnemonic(text, key) {
  const at = key ? text.toUpperCase().indexOf(key) : -1;
  return at < 0 ? text : [text.slice(0, at), el("u", {}, text[at]), text.slice(at + 1)];
}
