// The cases that wait for an officer: the truck at the hold line with its decision clock, and what is still to be
// documented. The desk is asked again every two seconds; between its answers the clocks run here.

import { el, keyed, setAttribute, setText } from "../dom.js";
import { icon, swapIcon } from "../icons.js";
import { duration, inWords, spelt, wallClock } from "../words.js";

const ASK_MS = 2000;

/** `open(id)` shows a case in the viewer; `counted(text)` hears how many there are; `decide(entry)` the first. */
export function queuePanel(session, desk, { open, counted, decide }) {
  const list = el("ol", { class: "queue", id: "queue" });
  const none = el("p", { class: "empty" });
  const error = el("p", { class: "error", role: "alert" });
  const escalation = el("p", { class: "unseen", "aria-live": "assertive" });
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
      setText(error, problem.message);
    } finally {
      asking = false;
    }
    return draw();
  }

  function draw() {
    if (!session.token) entries = [];
    setText(none, session.token ? "No case waits for an officer." : "Sign in to see it.");
    setAttribute(none, "hidden", entries.length > 0);
    keyed(list, entries, (entry) => entry.id, (entry) => make(entry, act), (row, entry) => update(row, entry, session.officer, (performance.now() - asked) / 1000));
    counted(entries.length ? ` ${entries.length}` : "");
    const late = entries.filter((entry) => entry.escalated);
    setText(escalation, late.map((entry) => `Overdue: ${entry.container || entry.id}`).join(". "));
    decide(entries.find((entry) => entry.want === "decision") ?? null);
  }

  async function act(what, id) {
    if (what === "open") return open(id);
    const [method, path] = { claim: ["PUT", "claim"], hand_back: ["DELETE", "claim"], file: ["PUT", "filed"] }[what];
    try {
      await desk.send(method, `/queue/${id}/${path}`, {});
      setText(error, "");
    } catch (problem) {
      setText(error, problem.message);
    }
    return ask();
  }

  setInterval(ask, ASK_MS);
  setInterval(draw, 1000);
  session.addEventListener("change", ask);
  return { node: el("div", {}, none, list, error, escalation), ask };
}

function make(entry, act) {
  const button = (what, label) => el("button", { type: "button", "data-do": what, on: { click: () => act(what, entry.id) } }, label);
  return el(
    "li",
    { class: "case" },
    el("p", { class: "head" }, icon("clock"), el("strong"), el("span", { class: "clock", role: "timer" })),
    el("p", { class: "why" }),
    el("p", { class: "second" }),
    el("p", { class: "who" }),
    el("div", { class: "buttons" }, button("open", "Open"), button("claim", "Claim"), button("hand_back", "Hand back"), button("file", "Filed")),
  );
}

function update(row, entry, officer, since) {
  const deciding = entry.want === "decision";
  const left = entry.left_s === null ? null : entry.left_s - since;
  const late = deciding && left < 0;
  setAttribute(row, "class", `case tone-${late ? "bad" : deciding ? "warn" : "idle"}`);
  setAttribute(row, "data-case", entry.id);
  swapIcon(row.querySelector("svg"), late ? "alarm" : deciding ? "refer" : "clock");
  setText(row.querySelector("strong"), entry.container || entry.id);
  setText(row.querySelector(".clock"), deciding ? (late ? `overdue ${duration(-left)}` : duration(left)) : wallClock(entry.at));
  setText(row.querySelector(".why"), entry.reasons.map(inWords).join(" ") || (deciding ? "Waits for a decision." : "To be documented."));
  setText(row.querySelector(".second"), entry.second_person && deciding ? `Release needs two officers: ${entry.second_person.split("; ").map(spelt).join("; ")}` : "");
  setText(row.querySelector(".who"), who(entry));
  const mine = entry.claimed_by === officer && officer !== "";
  const show = (what, wanted) => setAttribute(row.querySelector(`[data-do=${what}]`), "hidden", !wanted);
  show("claim", !mine && (!entry.claimed_by || late));
  show("hand_back", mine);
  show("file", !deciding);
}

function who({ claimed_by: claimed, proposed_by: proposed, proposed_reason: reason, escalated }) {
  if (proposed) return `${proposed} proposes a release: “${reason}”. A second officer must confirm.`;
  if (claimed) return `With ${claimed}${escalated ? "; overdue, anyone may take it over" : ""}.`;
  return escalated ? "Overdue: nobody has taken it." : "Nobody has taken it.";
}
