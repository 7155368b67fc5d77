// The one thing an officer must see from afar: what was decided, or what is wanted now, and why.

import { el, keyed, setAttribute, setText } from "../dom.js";
import { icon, swapIcon } from "../icons.js";
import { wallClock } from "../words.js";

/** `say(snapshot)` gives {title, tone, icon, why}. */
export function verdictBanner(say) {
  const title = el("strong", { id: "verdict" });
  const why = el("p", { class: "why" });
  const rules = el("ul", { class: "rules", "aria-label": "Rules that fired" });
  const which = el("p", { class: "which" });
  const text = el("div", { class: "text", role: "status", "aria-live": "assertive", "aria-atomic": "true" }, title, why);
  const node = el("section", { class: "verdict", "aria-label": "Verdict" }, icon("pending"), text, el("div", { class: "side" }, which, rules));

  return {
    node,
    update(snapshot) {
      const said = say(snapshot);
      const transaction = snapshot.transaction;
      setAttribute(node, "class", `verdict tone-${said.tone}`);
      swapIcon(node.querySelector("svg"), said.icon);
      setText(title, said.title);
      setText(why, said.why);
      setText(which, transaction ? `Transaction ${transaction.id} · ${wallClock(transaction.started_at)}` : "");
      keyed(rules, [...new Set(transaction?.rules ?? [])], (rule) => rule, (rule) => el("li", { class: "mono" }, rule));
    },
  };
}
