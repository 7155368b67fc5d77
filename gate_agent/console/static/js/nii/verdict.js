// What the banner says at a scanner station.

import { inWords } from "../words.js";
import { PHASES } from "./phases.js";

const VERDICTS = {
  release: { title: "Release", tone: "good", icon: "admit" },
  review: { title: "Officer needed", tone: "warn", icon: "refer" },
  inspect: { title: "Inspect", tone: "bad", icon: "refuse" },
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
  if (verdict && transaction.finished && phase === "idle") return { ...verdict, title: `Last truck: ${verdict.title.toLowerCase()}`, why: reasons || meaning.hint };
  if (verdict && !transaction.finished) return { ...verdict, why: reasons || meaning.hint };
  if (phase === "review") return { ...VERDICTS.review, why: reasons || meaning.hint };
  const resting = !transaction || transaction.finished;
  return { title: meaning.label, tone: resting ? meaning.tone : "calm", icon: resting ? (phase === "idle" ? "passed" : "pending") : "running", why: meaning.hint };
}
