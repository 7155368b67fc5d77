// Words for codes, quantities and times: every sentence comes from the agent, in the page's language.

/** @type {any} */
let table = { language: "en" };

/** Fetches all words of the language that the page was served in. @param {string} language */
export async function loadWords(language) {
  const response = await fetch(`/api/words?language=${encodeURIComponent(language)}`);
  if (!response.ok) throw new Error(`words: ${response.status}`);
  table = await response.json();
}

/**
 * What the words have at a place, such as `["orders", "reset"]`; undefined where they have nothing.
 * @param {string[]} path
 * @returns {any}
 */
export function entry(...path) {
  return path.reduce((place, name) => (Object.hasOwn(place ?? {}, name) ? place[name] : undefined), table);
}

/** The name of a code in one of the tables; a code that nobody named is spelt out. @param {string} group @param {string} code */
export function named(group, code) {
  const found = entry(group, code);
  return (typeof found === "string" ? found : found?.label) ?? spelt(code);
}

/** A text of the page, its placeholders filled. @param {string} path dotted @param {Record<string, string | number>} fills */
export function label(path, fills = {}) {
  const found = entry("page", ...path.split("."));
  return typeof found === "string" ? filled(found, fills) : path;
}

/** @param {string} sentence @param {Record<string, string | number>} fills */
export function filled(sentence, fills) {
  return sentence.replace(/\{([a-z_]+)\}/g, (_, name) => String(fills[name] ?? "…"));
}

/** A reason in words; a code may carry its source (`DEVICE_FAULT:camera`). @param {string} code */
export function reason(code) {
  const [known, source] = code.split(":", 2);
  return source ? `${named("reasons", known)} (${device(source)})` : named("reasons", known);
}

/** What a device is called; one that nobody named stays as it is. @param {string} name */
export function device(name) {
  return entry("devices", name) ?? name;
}

/** `lower_snake` and UPPER_SNAKE codes as a sentence. @param {string} code */
function spelt(code) {
  if (!/^[A-Za-z0-9]+(_[A-Za-z0-9]+)*$/.test(code)) return code;
  const words = code.replaceAll("_", " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** `frame_age_ms: 41.7` as "frame age 41.7 ms": the unit is in the code. @param {string} code @param {any} value */
export function quantity(code, value) {
  const parts = code.split("_");
  const unit = entry("units", parts.at(-1) ?? "");
  const name = entry("measured", code) ?? (unit ? parts.slice(0, -1) : parts).join(" ");
  return [name, scalar(value), unit].filter(Boolean).join(" ");
}

/** @param {any} value */
function scalar(value) {
  if (typeof value === "boolean") return label(value ? "yes" : "no");
  if (typeof value === "string") return entry("texts", value) ?? value;
  if (value === null) return "–";
  return number(Number.isInteger(value) ? value : Number(value.toPrecision(3)), { maximumFractionDigits: 20 });
}

/** A number as it is written in this language. @param {number} value @param {Intl.NumberFormatOptions} options */
export function number(value, options = {}) {
  return value.toLocaleString(table.language, { useGrouping: false, ...options });
}

/** Seconds for people: "0.4 s", "12 s", "3 min", "2 h 05 min", "4 days". @param {number | null} seconds */
export function duration(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return label("time.never");
  const digits = seconds < 10 ? 1 : 0;
  if (seconds < 100) return label("time.s", { s: number(seconds, { minimumFractionDigits: digits, maximumFractionDigits: digits }) });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return label("time.min", { min: number(minutes) });
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return label("time.h", { h: number(hours), min: number(minutes % 60, { minimumIntegerDigits: 2 }) });
  return label("time.days", { days: number(Math.floor(hours / 24)) });
}

/** A time as the officer's own wall clock. @param {Date | string | number} time RFC 3339 */
export function wallClock(time) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return "";
  return date.toLocaleTimeString(table.language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}
