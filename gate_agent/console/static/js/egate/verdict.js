// The one thing an officer must see from afar: what was decided, or what is wanted now, and why.

import { el, keyed, setAttribute, setText } from "../dom.js";
import { icon, swapIcon } from "../icons.js";
import { inWords, wallClock } from "../words.js";
import { PHASES } from "./phases.js";

const VERDICTS = {
  admit: { title: "Admitted", tone: "good", icon: "admit" },
  refer: { title: "Refer to an officer", tone: "warn", icon: "refer" },
  refuse: { title: "Refused", tone: "bad", icon: "refuse" },
};
const TAKEN_OVER = {
  emergency: { title: "Emergency", tone: "bad", icon: "alarm" },
  out_of_service: { title: "Lane out of service", tone: "idle", icon: "closed" },
};

export function verdictBanner() {
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
      keyed(rules, transaction?.rules ?? [], (rule) => rule, (rule) => el("li", { class: "mono" }, rule));
    },
  };
}

function say({ phase, transaction }) {
  const meaning = PHASES[phase] ?? { label: inWords(phase), tone: "calm", hint: "" };
  const reasons = (transaction?.reasons ?? []).map(inWords).join(" ");
  if (TAKEN_OVER[phase]) return { ...TAKEN_OVER[phase], why: meaning.hint };
  const verdict = VERDICTS[transaction?.verdict];
  if (verdict && (!transaction.finished || phase === "idle")) {
    const last = transaction.finished ? "Last traveller: " : "";
    return { ...verdict, title: last ? last + verdict.title.toLowerCase() : verdict.title, why: reasons || meaning.hint };
  }
  if (phase === "referred") return { ...VERDICTS.refer, why: reasons || meaning.hint };
  if (!transaction || transaction.finished) return { title: meaning.label, tone: meaning.tone, icon: phase === "idle" ? "passed" : "pending", why: meaning.hint };
  return { title: meaning.label, tone: "calm", icon: "running", why: meaning.hint };
}
