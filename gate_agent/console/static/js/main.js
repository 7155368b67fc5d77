// Puts the page together: the shell around one station's view, both fed by the same snapshots.

import { find } from "./dom.js";
import { follow } from "./feed.js";
import { toChosen } from "./language.js";
import { Session } from "./session.js";
import { mountShell } from "./shell/shell.js";
import { loadWords } from "./words.js";

const RETRY_MS = 1500;

/** Until it succeeds: a page that a station serves while it starts must not stay empty. @template T @param {() => Promise<T>} attempt @returns {Promise<T>} */
async function insist(attempt) {
  for (;;) {
    try {
      return await attempt();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** @returns {Promise<import("./types.js").Kind>} */
async function loadKind() {
  return (await fetch("/api/kind")).json();
}

async function start() {
  await insist(() => loadWords(document.documentElement.lang));
  const kind = await insist(loadKind);
  const page = await insist(() => import("/static/kind/page.js"));
  const view = page.mount(find("station"), session, kind);
  const shell = mountShell(session, kind, view);
  await follow(
    session,
    (snapshot) => {
      shell.update(snapshot);
      view.update(snapshot);
    },
    shell.liveness,
  );
}

const session = new Session();
if (!toChosen()) start();
