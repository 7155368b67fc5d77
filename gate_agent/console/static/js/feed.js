// The live snapshot: follows /api/events and says when what it gave is no longer live.

const SILENCE_MS = 8000; // more than two beats of the server
const RETRY_MS = 1500;

/**
 * Calls onSnapshot with each snapshot, and onLiveness(true | false, lastHeard) when the stream comes or goes.
 * A half-open connection is noticed by missing beats; a refused one is tried again.
 */
export function follow(onSnapshot, onLiveness) {
  let source;
  let lastHeard = new Date();
  let live = null;
  let retry = 0;

  function liveness(now) {
    if (now !== live) onLiveness((live = now), lastHeard);
  }

  function heard() {
    lastHeard = new Date();
    liveness(true);
  }

  function connect() {
    clearTimeout(retry);
    source?.close();
    source = new EventSource("/api/events");
    source.addEventListener("snapshot", (event) => {
      heard();
      onSnapshot(JSON.parse(event.data));
    });
    source.addEventListener("beat", heard);
    source.addEventListener("error", () => {
      liveness(false);
      // EventSource retries a broken stream by itself, but gives up on a refused one.
      if (source.readyState === EventSource.CLOSED) retry = setTimeout(connect, RETRY_MS);
    });
  }

  setInterval(() => {
    if (live && Date.now() - lastHeard > SILENCE_MS) {
      liveness(false);
      connect();
    }
  }, 1000);
  connect();
}
