// The one thing an officer must see from afar: what was decided, or what is wanted now, and why.

import { el, find, keyed, setAttribute, setText } from "../dom.js";
import { icon, swapIcon } from "../icons.js";
import { entry, label, named, reason, wallClock } from "../words.js";

/** @typedef {import("../types.js").Kind} Kind */
/** @typedef {import("../types.js").Snapshot} Snapshot */

/** @type {Record<import("../types.js").Tone, string>} */
const VERDICT_ICONS = { good: "go", warn: "look", bad: "bar", calm: "pending", idle: "pending" };

/** @param {Kind} kind @returns {import("../types.js").Panel} */
export function verdictBanner(kind) {
  const title = el("strong", { id: "verdict" });
  const why = el("p", { class: "why" });
  const rules = el("ul", { class: "rules", "aria-label": label("verdict.rules") });
  const which = el("p", { class: "which" });
  const text = el("div", { class: "text", role: "status", "aria-live": "assertive", "aria-atomic": "true" }, title, why);
  const node = el("section", { class: "verdict", "aria-label": label("verdict.title") }, icon("pending"), text, el("div", { class: "side" }, which, rules));

  return {
    node,
    update(snapshot) {
      const said = say(snapshot, kind);
      const transaction = snapshot.transaction;
      setAttribute(node, "class", `verdict tone-${said.tone}`);
      swapIcon(find(node, "svg"), said.icon);
      setText(title, said.title);
      setText(why, said.why);
      setText(which, transaction ? label("verdict.transaction", { id: transaction.id, time: wallClock(transaction.started_at) }) : "");
      keyed(rules, [...new Set(transaction?.rules ?? [])], (rule) => rule, (rule) => el("li", { class: "mono" }, rule));
    },
  };
}

/**
 * What the banner says: the verdict on whoever is here, unless the station itself is out of order; and when nobody
 * is, the last one.
 * @param {Snapshot} snapshot
 * @param {Kind} kind
 */
function say({ phase, transaction }, kind) {
  const tone = kind.phases[phase] ?? "idle";
  const hint = entry("phases", phase, "hint") ?? "";
  const why = (transaction?.reasons ?? []).map(reason).join(" ") || hint;
  const here = transaction !== null && !transaction.finished;
  const judged = transaction?.verdict ? (kind.verdicts[transaction.verdict] ?? "calm") : null;
  const verdict = { title: entry("verdicts", transaction?.verdict ?? "", "title"), tone: judged, icon: VERDICT_ICONS[judged ?? "idle"], why };
  if (tone === "bad") return { title: named("phases", phase), tone, icon: "alarm", why: here ? why : hint };
  if (tone === "idle") return { title: named("phases", phase), tone, icon: "closed", why: hint };
  if (judged && here) return verdict;
  if (judged && tone === "good") return { ...verdict, title: label("kind.last", { verdict: verdict.title }) };
  if (tone === "warn") return { title: named("phases", phase), tone, icon: "look", why };
  return { title: named("phases", phase), tone, icon: here ? "running" : "passed", why: hint };
}
