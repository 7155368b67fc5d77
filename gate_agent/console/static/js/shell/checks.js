// Every check with its outcome, reason and figures; open one for versions and the standard's clause.

import { el, find, keyed, setAttribute, setText } from "../dom.js";
import { icon, swapIcon } from "../icons.js";
import { entry, label, named, number, quantity, reason } from "../words.js";

/** @typedef {import("../types.js").Check} Check */
/** @typedef {[group: string, rows: Check[]]} Group */

/** @type {Record<string, {tone: string, icon: string}>} */
const OUTCOMES = {
  passed: { tone: "good", icon: "passed" },
  failed: { tone: "bad", icon: "failed" },
  inconclusive: { tone: "warn", icon: "inconclusive" },
  not_done: { tone: "idle", icon: "not_done" },
};
const PENDING = { tone: "idle", icon: "pending" };
const OTHERS = "others";

/** The kind's checks in its groups and columns; what no group names stands under its own heading. @param {import("../types.js").Kind} kind @returns {import("../types.js").Panel} */
export function checksPanel(kind) {
  const summary = el("span", { class: "muted" });
  const placed = new Set(kind.groups.flatMap(([, checks]) => checks));
  const places = kind.columns.length ? kind.columns : [kind.groups.map(([group]) => group)];
  const columns = places.map(() => el("div"));
  const groups = el("div", { class: "groups", tabindex: 0, role: "group", "aria-label": label("checks.title") }, columns);
  const node = el("section", { class: "panel checks", "aria-label": label("checks.title") }, el("h2", {}, `${label("checks.title")} `, summary), groups);

  /** @param {Map<string, Check>} results @returns {Group[]} */
  function grouped(results) {
    const others = [...results.values()].filter(({ check }) => !placed.has(check));
    const known = kind.groups.map(([group, checks]) => /** @type {Group} */ ([group, checks.map((check) => results.get(check) ?? unanswered(check))]));
    return others.length ? [...known, [OTHERS, others]] : known;
  }

  return {
    node,
    update({ transaction }) {
      // The latest answer of each check, as Evidence.result() has it.
      const results = new Map((transaction?.checks ?? []).map((check) => [check.check, check]));
      const answered = grouped(results);
      columns.forEach((column, index) => {
        const here = answered.filter(([group]) => places[index].includes(group) || (group === OTHERS && index === columns.length - 1));
        keyed(column, here, ([group]) => group, makeGroup, drawGroup);
      });
      setText(summary, transaction ? count(results) : `· ${label("kind.nobody")}`);
      setAttribute(groups, "class", transaction && !transaction.finished ? "groups" : "groups past");
    },
  };
}

/** @param {string} check @returns {Check} */
function unanswered(check) {
  return { check, outcome: "pending", reasons: [], measured: {}, versions: {}, clause: "" };
}

/** @param {Map<string, Check>} results */
function count(results) {
  const said = Object.keys(OUTCOMES).map((outcome) => ({ outcome, times: [...results.values()].filter((check) => check.outcome === outcome).length }));
  const parts = said.filter(({ times }) => times).map(({ outcome, times }) => label("checks.count", { number: number(times), outcome: named("outcomes", outcome) }));
  return parts.length ? `· ${parts.join(" · ")}` : "";
}

/** @param {Group} group */
function makeGroup([group]) {
  const name = group === OTHERS ? label("checks.others") : named("check_groups", group);
  return el("section", { "aria-label": name }, el("h3", {}, name), el("ul"));
}

/** @param {Element} section @param {Group} group */
function drawGroup(section, [, rows]) {
  keyed(find(section, "ul"), rows, (row) => row.check, makeRow, drawRow);
}

function makeRow() {
  const parts = ["name", "measured", "word", "why"].map((name) => el("span", { class: name }));
  return el("li", {}, el("details", {}, el("summary", {}, icon("pending"), parts), el("dl")));
}

/** @param {Element} row @param {Check} result */
function drawRow(row, result) {
  const outcome = OUTCOMES[result.outcome] ?? PENDING;
  setAttribute(row, "class", `check tone-${outcome.tone} ${result.outcome}`);
  setAttribute(row, "data-check", result.check);
  swapIcon(find(row, "svg"), outcome.icon);
  const [name, measured, word, why] = row.querySelectorAll("summary > span");
  setText(name, named("checks", result.check));
  setText(word, entry("outcomes", result.outcome) ?? "");
  const figures = Object.entries(result.measured).map(([code, value]) => quantity(code, value));
  setText(why, result.reasons.map(reason).join(" "));
  setText(measured, figures.join(" · "));
  keyed(find(row, "dl"), facts(result, figures), ([term, text]) => `${term} ${text}`, fact);
}

/** @param {Check} result @param {string[]} figures @returns {[string, string][]} */
function facts(result, figures) {
  const none = label("none");
  const versions = Object.entries(result.versions).map(([code, value]) => `${code} ${value}`);
  return [
    [label("checks.check"), result.check],
    [label("checks.reasons"), result.reasons.join(", ") || none],
    [label("checks.measured"), figures.join(", ") || none],
    [label("checks.versions"), versions.join(", ") || none],
    [label("checks.clause"), result.clause || none],
  ];
}

/** @param {[string, string]} fact */
function fact([term, text]) {
  return el("div", {}, el("dt", {}, term), el("dd", { class: "mono" }, text));
}
