// The last decisions, from the journal and not from memory: what stands here is on disk.

import { el, keyed, setAttribute, setText } from "../dom.js";
import { icon } from "../icons.js";
import { inWords, spelt, wallClock } from "../words.js";

const LAST = 12;
const LOOKS = {
  admit: { icon: "admit", tone: "good" },
  refer: { icon: "refer", tone: "warn" },
  refuse: { icon: "refuse", tone: "bad" },
  release: { icon: "admit", tone: "good" },
  review: { icon: "refer", tone: "warn" },
  inspect: { icon: "refuse", tone: "bad" },
  other: { icon: "clock", tone: "idle" },
};

export function journalPanel(session) {
  const list = el("ol", { id: "journal" });
  const none = el("p", { class: "empty" });
  const node = el(
    "section",
    { class: "panel scrolls", tabindex: 0, "aria-label": "Last decisions" },
    el("h2", {}, "Last decisions"),
    none,
    list,
  );
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
      else say(response.status === 401 ? "Sign in to see them." : (await response.json()).detail);
    } catch {
      say("The journal did not answer.");
    } finally {
      asking = false;
    }
    if (again) {
      again = false;
      refresh();
    }
  }

  function say(text) {
    setText(none, text);
    setAttribute(none, "hidden", !text);
  }

  function draw(records) {
    say(records.length ? "" : "Nothing decided yet");
    keyed(list, records, (record) => `${record.epoch}/${record.seq}`, make);
  }

  session.addEventListener("change", refresh);

  return {
    node,
    update({ transaction, hub, phase }) {
      // The journal grows with decisions, orders and lane events: each shows as one of these.
      const now = [transaction?.id, transaction?.verdict, transaction?.finished, phase, hub.outbox, hub.acknowledged].join();
      if (now === seen) return;
      seen = now;
      refresh();
    },
  };
}

function make(record) {
  const look = LOOKS[record.verdict] ?? LOOKS.other;
  const what = spelt(record.verdict || record.action || record.kind);
  const by = record.by && record.by !== "policy" ? record.by.replace(/^officer:/, "officer ") : "";
  const why = [by, ...record.reasons.map(inWords)].filter(Boolean).join(" · ");
  return el(
    "li",
    { class: `record tone-${look.tone}`, title: `${record.transaction} ${record.epoch}/${record.seq}` },
    icon(look.icon),
    el("span", { class: "what" }, what),
    el("time", { datetime: record.at }, wallClock(record.at)),
    el("span", { class: "why" }, why || "—"),
  );
}
