// What the banner says at an e-gate.

import { inWords } from "../words.js";
import { PHASES } from "./phases.js";

const VERDICTS = {
  admit: { title: "Admitted", tone: "good", icon: "admit" },
  refer: { title: "Refer to an officer", tone: "warn", icon: "refer" },
  refuse: { title: "Refused", tone: "bad", icon: "refuse" },
};
const TAKEN_OVER = {
  emergency: { title: "Emergency", tone: "bad", icon: "alarm" },
  out_of_service: { title: "Lane out of service", tone: "idle", icon: "closed" },
};

/** What the banner says of a snapshot. */
export function say({ phase, transaction }) {
  const meaning = PHASES[phase] ?? { label: inWords(phase), tone: "calm", hint: "" };
  const reasons = (transaction?.reasons ?? []).map(inWords).join(" ");
  if (TAKEN_OVER[phase]) return { ...TAKEN_OVER[phase], why: meaning.hint };
  const verdict = VERDICTS[transaction?.verdict];
  if (verdict && (!transaction.finished || phase === "idle")) {
    const last = transaction.finished ? "Last traveller: " : "";
    return { ...verdict, title: last ? last + verdict.title.toLowerCase() : verdict.title, why: reasons || meaning.hint };
  }
  if (phase === "referred") return { ...VERDICTS.refer, why: reasons || meaning.hint };
  if (!transaction || transaction.finished) return { title: meaning.label, tone: meaning.tone, icon: phase === "idle" ? "passed" : "pending", why: meaning.hint };
  return { title: meaning.label, tone: "calm", icon: "running", why: meaning.hint };
}
