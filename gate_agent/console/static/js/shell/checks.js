// Every check with its outcome, reason and figures; open one for versions and the standard's clause.

import { el, keyed, setAttribute, setText } from "../dom.js";
import { icon, swapIcon } from "../icons.js";
import { inWords, quantity, spelt } from "../words.js";

const OUTCOMES = {
  passed: { word: "passed", tone: "good", icon: "passed" },
  failed: { word: "failed", tone: "bad", icon: "failed" },
  inconclusive: { word: "unclear", tone: "warn", icon: "inconclusive" },
  not_done: { word: "not done", tone: "idle", icon: "not_done" },
  pending: { word: "", tone: "idle", icon: "pending" },
};

/**
 * `columns` lists which groups stand in which column; `groups` are [name, {check: its name}] in their order.
 * `others` heads the checks that no group names; `nobody` says what is missing without a transaction.
 */
export function checksPanel({ columns: places, groups: known, others, nobody }) {
  const names = Object.assign({}, ...known.map(([, checks]) => checks));
  const summary = el("span", { class: "muted" });
  const columns = places.map(() => el("div"));
  const groups = el("div", { class: "groups" }, columns);
  const node = el("section", { class: "panel checks", "aria-label": "Checks" }, el("h2", {}, "Checks ", summary), groups);

  return {
    node,
    update({ transaction }) {
      const results = newest(transaction?.checks ?? []);
      const answered = grouped(results, known, names, others);
      columns.forEach((column, index) => {
        const here = answered.filter(([name]) => places[index].includes(name));
        keyed(column, here, ([name]) => name, makeGroup, (group, [, rows]) => drawGroup(group, rows, names));
      });
      setText(summary, transaction ? count(results) : `· ${nobody}`);
      setAttribute(groups, "class", transaction && !transaction.finished ? "groups" : "groups past");
    },
  };
}

/** The latest answer of each check, as Evidence.result() has it. */
function newest(checks) {
  return new Map(checks.map((check) => [check.check, check]));
}

/** Known checks in their places, answered or not; any other check under its own heading. */
function grouped(results, known, names, heading) {
  const groups = known.map(([name, checks]) => [
    name,
    Object.keys(checks).map((check) => results.get(check) ?? { check, outcome: "pending", reasons: [], measured: {}, versions: {}, clause: "" }),
  ]);
  const others = [...results.values()].filter((result) => !(result.check in names));
  if (others.length) groups.push([heading, others]);
  return groups;
}

function count(results) {
  const tally = { passed: 0, failed: 0, inconclusive: 0, not_done: 0 };
  for (const { outcome } of results.values()) tally[outcome] += 1;
  const said = Object.entries(tally).filter(([, number]) => number);
  return said.length ? `· ${said.map(([outcome, number]) => `${number} ${OUTCOMES[outcome].word}`).join(" · ")}` : "";
}

function makeGroup([name]) {
  return el("section", { "aria-label": name }, el("h3", {}, name), el("ul"));
}

function drawGroup(group, rows, names) {
  keyed(group.querySelector("ul"), rows, (row) => row.check, makeRow, (row, result) => drawRow(row, result, names));
}

function makeRow() {
  return el(
    "li",
    {},
    el(
      "details",
      {},
      el(
        "summary",
        {},
        icon("pending"),
        el("span", { class: "name" }),
        el("span", { class: "measured" }),
        el("span", { class: "word" }),
        el("span", { class: "why" }),
      ),
      el("dl"),
    ),
  );
}

function drawRow(row, result, names) {
  const outcome = OUTCOMES[result.outcome] ?? OUTCOMES.pending;
  setAttribute(row, "class", `check tone-${outcome.tone} ${result.outcome}`);
  setAttribute(row, "data-check", result.check);
  swapIcon(row.querySelector("svg"), outcome.icon);
  const [name, measured, word, why] = row.querySelectorAll("summary > span");
  setText(name, names[result.check] ?? spelt(result.check));
  setText(word, outcome.word);
  const figures = Object.entries(result.measured).map(([key, value]) => quantity(key, value));
  setText(why, result.reasons.map(inWords).join(" "));
  setText(measured, figures.join(" · "));
  keyed(row.querySelector("dl"), facts(result, figures), ([term, text]) => `${term} ${text}`, fact);
}

function facts(result, figures) {
  return [
    ["Check", result.check],
    ["Reasons", result.reasons.join(", ") || "none"],
    ["Measured", figures.join(", ") || "nothing"],
    ["Versions", Object.entries(result.versions).map(([key, value]) => `${key} ${value}`).join(", ") || "none"],
    ["Clause", result.clause || "none"],
  ];
}

function fact([term, text]) {
  return el("div", {}, el("dt", {}, term), el("dd", { class: "mono" }, text));
}
