// Plain words for codes, quantities and times. The reason table comes from the agent.

const UNITS = { ms: "ms", s: "s", years: "years", days: "days", hours: "h", px: "px", bytes: "bytes", percent: "%", kg: "kg", mm: "mm", kev: "keV" };

let table = {};

/** Fetches the agent's table of codes; without it codes are spelt out. */
export async function loadWords() {
  const response = await fetch("/api/words");
  if (response.ok) table = await response.json();
}

/** A reason or instruction code in plain words; a code may carry its source (`DEVICE_FAULT:camera`). */
export function inWords(code) {
  const [known, source] = code.split(":", 2);
  if (known in table) return source ? `${table[known]} (${source})` : table[known];
  return spelt(code);
}

/** `lower_snake` and UPPER_SNAKE codes as a sentence. */
export function spelt(code) {
  if (!/^[A-Za-z0-9]+(_[A-Za-z0-9]+)*$/.test(code)) return code;
  const words = code.replaceAll("_", " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** `frame_age_ms: 41.7` as "frame age 41.7 ms", `years: 34` as "34 years": the unit is in the name. */
export function quantity(name, value) {
  const parts = name.split("_");
  const unit = UNITS[parts.at(-1)];
  if (unit) parts.pop();
  return [...parts, scalar(value), unit].filter((part) => part !== undefined).join(" ");
}

function scalar(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(3)));
}

/** Seconds for people: "0.4 s", "12 s", "3 min", "2 h 05 min", "4 days". */
export function duration(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return "never";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(hours / 24)} days`;
}

/** An RFC 3339 time as the officer's own wall clock. */
export function wallClock(time) {
  const date = time instanceof Date ? time : new Date(time);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleTimeString("en-GB");
}
