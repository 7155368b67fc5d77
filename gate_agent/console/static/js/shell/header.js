// Which station this is, what it is doing, who sits here, in which language, and what time it is.

import { el, setAttribute, setText } from "../dom.js";
import { icon } from "../icons.js";
import { choose } from "../language.js";
import { label, named, number, wallClock } from "../words.js";

/**
 * @param {HTMLElement} root
 * @param {import("../session.js").Session} session
 * @param {{open: () => void}} signIn
 * @param {{open: () => void}} keys
 * @param {import("../types.js").Kind} kind
 */
export function header(root, session, signIn, keys, kind) {
  const name = el("h1", {}, label("station"));
  const phase = el("span", { class: "badge tone-idle", id: "phase" }, label("connecting"));
  const counts = el("span", { class: "muted", id: "counters" });
  const who = el("button", { type: "button", id: "sign-in", on: { click: () => (session.complete ? session.signOut() : signIn.open()) } });
  const help = el("button", { type: "button", class: "quiet", on: { click: keys.open } }, `${label("keys.title")} `, el("kbd", { "aria-hidden": "true" }, "Alt K"));
  const clock = el("time", { "aria-label": label("clock") });
  root.append(name, el("span", { class: "kind" }, label("kind.name")), phase, el("span", { class: "spring" }), counts, help, languages(kind), who, clock);

  function drawSession() {
    who.replaceChildren(icon("person"), session.complete ? label("session.sign_out", { officer: session.officer }) : label("session.sign_in"));
    setAttribute(who, "class", session.complete ? null : "primary");
  }

  session.addEventListener("change", drawSession);
  drawSession();
  const tick = () => setText(clock, wallClock(new Date()));
  setInterval(tick, 1000);
  tick();

  return {
    /** @param {import("../types.js").Snapshot} snapshot */
    update(snapshot) {
      setText(name, snapshot.station);
      setText(phase, named("phases", snapshot.phase));
      setAttribute(phase, "class", `badge tone-${kind.phases[snapshot.phase] ?? "idle"}`);
      const decided = snapshot.counters.filter(([metric]) => metric === "decisions");
      setText(counts, decided.map(([, verdict, count]) => `${number(count)} ${named("verdicts", verdict)}`).join(" · "));
    },
  };
}

/** @param {import("../types.js").Kind} kind */
function languages(kind) {
  const options = Object.entries(kind.languages).map(([language, name]) => el("option", { value: language, lang: language, selected: language === document.documentElement.lang }, name));
  const select = el("select", { id: "language", "aria-label": label("language"), on: { change: () => choose(select.value) } }, options);
  return select;
}
