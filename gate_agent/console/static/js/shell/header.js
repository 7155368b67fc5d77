// Which station this is, what it is doing, who sits here, and what time it is.

import { el, setAttribute, setText } from "../dom.js";
import { icon } from "../icons.js";
import { spelt, wallClock } from "../words.js";

const KINDS = { egate: "E-gate", nii: "Scanner station" };

export function header(root, session, signIn, keys) {
  const name = el("h1", {}, "Station");
  const kind = el("span", { class: "kind" });
  const phase = el("span", { class: "badge tone-idle", id: "phase" }, "Connecting");
  const counts = el("span", { class: "muted", id: "counters" });
  const who = el("button", { type: "button", id: "sign-in", on: { click: openSession } });
  const help = el("button", { type: "button", class: "quiet", on: { click: keys.open } }, "Keys ", el("kbd", { "aria-hidden": "true" }, "Alt K"));
  const clock = el("time", { "aria-label": "Time" });
  root.append(name, kind, phase, el("span", { class: "spring" }), counts, help, who, clock);

  let phases = {};

  function openSession() {
    if (session.complete) session.signOut();
    else signIn.open();
  }

  function drawSession() {
    who.replaceChildren(icon("person"), session.complete ? `${session.officer} · sign out` : "Sign in");
    setAttribute(who, "class", session.complete ? null : "primary");
  }

  session.addEventListener("change", drawSession);
  drawSession();
  const tick = () => setText(clock, wallClock(new Date()));
  setInterval(tick, 1000);
  tick();

  return {
    use(view) {
      phases = view.phases;
    },
    update(snapshot) {
      const meaning = phases[snapshot.phase] ?? { label: spelt(snapshot.phase), tone: "idle" };
      setText(name, snapshot.station);
      setText(kind, KINDS[snapshot.kind] ?? spelt(snapshot.kind));
      setText(phase, meaning.label);
      setAttribute(phase, "class", `badge tone-${meaning.tone}`);
      const decided = snapshot.counters.filter(([metric]) => metric === "decisions");
      setText(counts, decided.map(([, label, value]) => `${value} ${label}`).join(" · "));
    },
  };
}
