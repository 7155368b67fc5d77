// Which language the page is in: the one in its address, else the one chosen last here, else what the browser prefers.

const CHOSEN = "gate-console-language";

/** Takes the page to the language that was chosen here; true while it is on its way. */
export function toChosen() {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked) localStorage.setItem(CHOSEN, asked);
  const chosen = localStorage.getItem(CHOSEN);
  if (asked || !chosen || chosen === document.documentElement.lang) return false;
  location.replace(addressIn(chosen));
  return true;
}

/** The page again, in another language: an officer signed in stays so. @param {string} language */
export function choose(language) {
  location.assign(addressIn(language));
}

/** @param {string} language */
function addressIn(language) {
  const address = new URL(location.href);
  address.searchParams.set("lang", language);
  return address.href;
}
