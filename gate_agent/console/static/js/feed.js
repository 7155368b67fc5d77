// The live snapshot: follows /api/events, with the token of whoever is signed in, and says when what it gave is no
// longer live. It is read by fetch(): EventSource sends no token, and cannot tell why it is turned away.

/** @typedef {import("./types.js").Snapshot} Snapshot */

const SILENCE_MS = 8000; // more than two beats of the server
const RETRY_MS = 1500;

/**
 * Calls onSnapshot with each snapshot, and onLiveness(live, last heard, why not) when the stream comes or goes. An
 * attempt that nobody answers is no better than a stream that fell silent: both end after the same time.
 * @param {import("./session.js").Session} session
 * @param {(snapshot: Snapshot) => void} onSnapshot
 * @param {(live: boolean, lastHeard: Date | null, why: string) => void} onLiveness
 */
export async function follow(session, onSnapshot, onLiveness) {
  /** @type {Date | null} */
  let lastHeard = null;
  let said = "";
  let changed = false;
  let attempt = new AbortController();

  /** @param {boolean} live */
  function liveness(live, why = "") {
    if (said === `${live} ${why}`) return;
    said = `${live} ${why}`;
    onLiveness(live, lastHeard, why);
  }

  /** @param {string} event */
  function take(event) {
    const data = event.match(/^data: (.*)$/m);
    if (!data) return;
    lastHeard = new Date();
    liveness(true);
    if (/^event: snapshot$/m.test(event)) onSnapshot(JSON.parse(data[1]));
  }

  /** One connection, from its opening to its end; why there was none, in the station's words. */
  async function connection() {
    attempt = new AbortController();
    let watchdog = 0;
    const heard = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => attempt.abort(), SILENCE_MS);
    };
    heard();
    try {
      const response = await session.fetch("/api/events", { signal: attempt.signal, cache: "no-store" });
      if (!response.ok || !response.body) return (await response.json()).detail;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ; ) {
        const { value, done } = await reader.read();
        if (done) return "";
        heard();
        const events = (rest + value).split("\n\n");
        rest = events.pop() ?? "";
        events.forEach(take);
      }
    } catch {
      return "";
    } finally {
      clearTimeout(watchdog);
      attempt.abort();
    }
  }

  session.addEventListener("change", () => {
    changed = true;
    attempt.abort();
  });
  for (;;) {
    const why = await connection();
    if (!changed) {
      liveness(false, why);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    changed = false;
  }
}
