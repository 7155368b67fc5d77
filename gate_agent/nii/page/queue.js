// The cases that wait for an officer: the truck at the hold line with its decision clock, and what is still to be
// documented. The desk is asked again every two seconds; between its answers the clocks run here.

import { el, find, keyed, setAttribute, setText } from "/static/js/dom.js";
import { icon, swapIcon } from "/static/js/icons.js";
import { duration, label, named, reason, wallClock } from "/static/js/words.js";

const ASK_MS = 2000;

/**
 * @typedef {{id: string, container: string, at: string, want: string, waited_s: number, left_s: number | null, escalated: boolean, claimed_by: string, proposed_by: string, proposed_reason: string, second_person: string, reasons: string[]}} Entry
 */

/**
 * `strip` is the same in a line, for where there is no room. `open(id)` shows a case in the viewer; `counted(text)` hears how many there are; `decide(entry)` the first.
 * @param {import("/static/js/session.js").Session} session
 * @param {import("./desk.js").Desk} desk
 * @param {{open: (id: string) => unknown, counted: (text: string) => void, decide: (entry: Entry | null) => void}} hooks
 */
export function queuePanel(session, desk, { open, counted, decide }) {
  const list = el("ol", { class: "queue", id: "queue" });
  const none = el("p", { class: "empty" });
  const error = el("p", { class: "error", role: "alert" });
  const strip = el("ol", { class: "strip", id: "queue-strip", "aria-label": label("kind.desk.queue") });
  const escalation = el("p", { class: "unseen", "aria-live": "assertive" });
  /** @type {Entry[]} */
  let entries = [];
  let asked = performance.now();
  let asking = false;

  async function ask() {
    if (!session.token || asking || document.hidden) return draw();
    asking = true;
    try {
      entries = await desk.get("/queue");
      asked = performance.now();
      setText(error, "");
    } catch (problem) {
      setText(error, String(/** @type {Error} */ (problem).message));
    } finally {
      asking = false;
    }
    return draw();
  }

  function draw() {
    if (!session.token) entries = [];
    const since = (performance.now() - asked) / 1000;
    setText(none, label(session.token ? "kind.queue.none" : "session.see"));
    setAttribute(none, "hidden", entries.length > 0);
    keyed(list, entries, (entry) => entry.id, (entry) => make(entry, act), (row, entry) => update(row, entry, session.officer, since));
    keyed(strip, entries, (entry) => entry.id, makeShort, (row, entry) => updateShort(row, entry, since));
    counted(entries.length ? ` ${entries.length}` : "");
    const late = entries.filter((entry) => entry.escalated);
    setText(escalation, late.map((entry) => label("kind.queue.overdue_case", { case: entry.container || entry.id })).join(". "));
    decide(entries.find((entry) => entry.want === "decision") ?? null);
  }

  /** @param {string} what @param {string} id */
  async function act(what, id) {
    if (what === "open") return open(id);
    /** @type {Record<string, [method: string, path: string]>} */
    const ways = { claim: ["PUT", "claim"], hand_back: ["DELETE", "claim"], file: ["PUT", "filed"] };
    const [method, path] = ways[what];
    try {
      await desk.send(method, `/queue/${id}/${path}`, {});
      setText(error, "");
    } catch (problem) {
      setText(error, String(/** @type {Error} */ (problem).message));
    }
    return ask();
  }

  setInterval(ask, ASK_MS);
  setInterval(draw, 1000);
  session.addEventListener("change", ask);
  return { node: el("div", {}, none, list, error, escalation), strip, ask };
}

function makeShort() {
  return el("li", {}, icon("clock"), el("strong"), el("span", { class: "clock" }));
}

/** @param {HTMLElement} row @param {Entry} entry @param {number} since seconds since the desk was asked */
function updateShort(row, entry, since) {
  const { tone, sign, clock } = urgency(entry, since);
  setAttribute(row, "class", `tone-${tone}`);
  swapIcon(find(row, "svg"), sign);
  setText(find(row, "strong"), entry.container || entry.id);
  setText(find(row, ".clock"), clock);
}

/** How pressing a case is, and the time that says so. @param {Entry} entry @param {number} since */
function urgency(entry, since) {
  const deciding = entry.want === "decision";
  const left = entry.left_s === null ? null : entry.left_s - since;
  const late = deciding && left !== null && left < 0;
  const clock = late ? label("kind.queue.overdue", { time: duration(-left) }) : duration(left);
  return { deciding, late, tone: late ? "bad" : deciding ? "warn" : "idle", sign: late ? "alarm" : deciding ? "look" : "clock", clock: deciding ? clock : wallClock(entry.at) };
}

/** @param {Entry} entry @param {(what: string, id: string) => unknown} act */
function make(entry, act) {
  const buttons = ["open", "claim", "hand_back", "file"].map((what) => el("button", { type: "button", "data-do": what, on: { click: () => act(what, entry.id) } }, label(`kind.queue.${what}`)));
  return el(
    "li",
    { class: "case" },
    el("p", { class: "head" }, icon("clock"), el("strong"), el("span", { class: "clock", role: "timer" })),
    el("p", { class: "why" }),
    el("p", { class: "second" }),
    el("p", { class: "who" }),
    el("div", { class: "buttons" }, buttons),
  );
}

/** @param {HTMLElement} row @param {Entry} entry @param {string} officer @param {number} since seconds since the desk was asked */
function update(row, entry, officer, since) {
  const { deciding, late, tone, sign, clock } = urgency(entry, since);
  setAttribute(row, "class", `case tone-${tone}`);
  setAttribute(row, "data-case", entry.id);
  swapIcon(find(row, "svg"), sign);
  setText(find(row, "strong"), entry.container || entry.id);
  const objections = entry.second_person.split("; ").map((each) => named("checks", each)).join("; ");
  setText(find(row, ".clock"), clock);
  setText(find(row, ".why"), entry.reasons.map(reason).join(" ") || label(deciding ? "kind.queue.decision" : "kind.queue.documentation"));
  setText(find(row, ".second"), entry.second_person && deciding ? label("kind.queue.two_officers", { why: objections }) : "");
  setText(find(row, ".who"), who(entry));
  const mine = entry.claimed_by === officer && officer !== "";
  /** @param {string} what @param {boolean} wanted */
  const show = (what, wanted) => setAttribute(find(row, `[data-do=${what}]`), "hidden", !wanted);
  show("claim", !mine && (!entry.claimed_by || late));
  show("hand_back", mine);
  show("file", !deciding);
}

/** @param {Entry} entry */
function who({ claimed_by: claimed, proposed_by: proposed, proposed_reason: why, escalated }) {
  if (proposed) return label("kind.queue.proposal", { officer: proposed, reason: why });
  if (claimed) return label(escalated ? "kind.queue.with_overdue" : "kind.queue.with", { officer: claimed });
  return label(escalated ? "kind.queue.nobody_overdue" : "kind.queue.nobody");
}
