// The last decisions, from the journal and not from memory: what stands here is on disk. An order stands with what
// became of it, and never looks like a decision.

import { el, keyed, setAttribute, setText } from "../dom.js";
import { icon } from "../icons.js";
import { entry, label, named, reason, wallClock } from "../words.js";

/** @typedef {import("../types.js").Kind} Kind */
/**
 * @typedef {{epoch: number | null, seq: number | null, kind: string, at: string, transaction: string, verdict: string, action: string, by: string, reasons: string[], done: boolean | null, why: string, first: string}} Entry
 */

const LAST = 12;
/** @type {Record<string, string>} */
const ICONS = { good: "go", warn: "look", bad: "bar" };

/** @param {import("../session.js").Session} session @param {Kind} kind */
export function journalPanel(session, kind) {
  const list = el("ol", { id: "journal" });
  const none = el("p", { class: "empty" });
  const node = el("section", { class: "panel scrolls", tabindex: 0, "aria-label": label("journal.title") }, el("h2", {}, label("journal.title")), none, list);
  let seen = "";
  let asking = false;
  let again = false;

  async function refresh() {
    if (asking) {
      again = true; // the answer under way may be older than this change
      return;
    }
    asking = true;
    try {
      const response = await session.fetch(`/api/journal?last=${LAST}`);
      if (response.ok) draw(await response.json());
      else say((await response.json()).detail);
    } catch {
      say(label("journal.silent"));
    } finally {
      asking = false;
    }
    if (again) {
      again = false;
      refresh();
    }
  }

  /** @param {string} text */
  function say(text) {
    setText(none, text);
    setAttribute(none, "hidden", !text);
  }

  /** @param {Entry[]} records */
  function draw(records) {
    say(records.length ? "" : label("journal.none"));
    keyed(list, records, (record) => `${record.epoch}/${record.seq} ${record.done}`, (record) => make(record, kind));
  }

  session.addEventListener("change", refresh);

  return {
    node,
    refresh,
    /** @param {import("../types.js").Snapshot} snapshot */
    update({ transaction, hub, phase }) {
      // The journal grows with decisions, orders and lane events: each shows as one of these.
      const now = [transaction?.id, transaction?.verdict, transaction?.finished, phase, hub.outbox, hub.acknowledged].join();
      if (now === seen) return;
      seen = now;
      refresh();
    },
  };
}

/** @param {Entry} record @param {Kind} kind */
function make(record, kind) {
  const look = lookOf(record, kind);
  const by = record.by && record.by !== "policy" ? label("journal.officer", { officer: record.by.replace(/^officer:/, "") }) : "";
  const why = [by, ...record.reasons.map(reason), outcome(record)].filter(Boolean).join(" · ");
  return el(
    "li",
    { class: `record tone-${look.tone}${record.done === false ? " declined" : ""}`, title: `${record.transaction} ${record.epoch}/${record.seq}` },
    icon(look.icon),
    el("span", { class: "what" }, look.what),
    el("time", { datetime: record.at }, wallClock(record.at)),
    el("span", { class: "why" }, why || "—"),
  );
}

/** @param {Entry} record @param {Kind} kind */
function lookOf(record, kind) {
  if (record.verdict) {
    const tone = kind.verdicts[record.verdict] ?? "bad";
    return { tone, icon: ICONS[tone] ?? "clock", what: entry("verdicts", record.verdict, "title") ?? named("verdicts", record.verdict) };
  }
  if (record.action) return { tone: "idle", icon: record.done === false ? "failed" : "person", what: named("orders", record.action) };
  return { tone: "idle", icon: "clock", what: named("records", record.kind) };
}

/** What became of an order. @param {Entry} record */
function outcome({ kind, done, why, first }) {
  if (kind !== "officer_action") return "";
  if (done) return label("journal.done");
  if (done === null) return label("journal.open");
  return label("journal.declined", { why: first ? label("journal.first", { officer: first }) : named("declined", why) });
}
