// The kiosk's view: the verdict, what the traveller is told, and the checks.

import { el, setText } from "/static/js/dom.js";
import { checksPanel } from "/static/js/shell/checks.js";
import { verdictBanner } from "/static/js/shell/verdict.js";
import { label, named, reason } from "/static/js/words.js";

export function mount(main, _session, kind) {
  const told = el("p", { id: "instruction", class: "panel" });
  const panels = [verdictBanner(kind), checksPanel(kind)];
  main.replaceChildren(el("div", {}, [panels[0].node, told, panels[1].node]));
  main.setAttribute("aria-label", label("kind.station"));

  return {
    about(snapshot) {
      const transaction = snapshot?.transaction;
      if (!transaction || transaction.finished) return label("kind.none_now");
      return transaction.reasons.map(reason).join(" ") || label("kind.no_objection");
    },
    update(snapshot) {
      for (const panel of panels) panel.update(snapshot);
      setText(told, snapshot.instruction ? named("instructions", snapshot.instruction) : "");
    },
  };
}
