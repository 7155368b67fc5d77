// Puts the page together: the shell around one station's view, both fed by the same snapshots.

import { follow } from "./feed.js";
import { Session } from "./session.js";
import { mountShell } from "./shell/shell.js";
import { loadWords } from "./words.js";

// A view is a module with mount(main, session) -> {phases, orders, stationOrders, askedFor(snapshot), about(snapshot),
// update(snapshot)}, and, where it has them, keys and objection().
const VIEWS = { egate: "./egate/view.js", nii: "./nii/view.js" };

const session = new Session();
const shell = mountShell(session);
let view = null;
let kind = null;
let newest = null;

function draw(snapshot) {
  newest = snapshot;
  if (snapshot.kind !== kind) mountView((kind = snapshot.kind));
  shell.update(snapshot);
  view?.update(snapshot);
}

/** Loads a kind's view and draws what is newest by then: snapshots keep coming while the module loads. */
async function mountView(wanted) {
  view = null;
  if (!VIEWS[wanted]) return;
  const module = await import(VIEWS[wanted]);
  if (kind !== wanted) return;
  view = module.mount(document.getElementById("station"), session);
  shell.use(view);
  draw(newest);
}

await loadWords().catch(() => {}); // without the table, codes are spelt out
follow(draw, shell.liveness);
