// Who sits at this console: officer id and token, for this browser tab only (sessionStorage, no cookie).

const TOKEN = "gate-console-token";
const OFFICER = "gate-console-officer";

/** Dispatches `change` when somebody signs in or out. */
export class Session extends EventTarget {
  constructor() {
    super();
    // A link with #token=… signs in a kiosk; fragments never reach the server, and it leaves the address at once.
    const link = new URLSearchParams(location.hash.slice(1)).get("token");
    if (link) {
      sessionStorage.setItem(TOKEN, link);
      history.replaceState(null, "", location.pathname + location.search);
    }
  }

  get token() {
    return sessionStorage.getItem(TOKEN) ?? "";
  }

  get officer() {
    return sessionStorage.getItem(OFFICER) ?? "";
  }

  get complete() {
    return Boolean(this.token && this.officer);
  }

  /** Tries the token; null when the console takes it, else why not. @param {string} officer @param {string} token */
  async signIn(officer, token) {
    const response = await fetch("/api/snapshot", { headers: headers(token) });
    if (!response.ok) return (await response.json()).detail;
    sessionStorage.setItem(TOKEN, token);
    sessionStorage.setItem(OFFICER, officer);
    this.dispatchEvent(new Event("change"));
    return null;
  }

  signOut() {
    sessionStorage.removeItem(TOKEN);
    sessionStorage.removeItem(OFFICER);
    this.dispatchEvent(new Event("change"));
  }

  /**
   * fetch() with the token, answered in the page's language. A token that is no longer taken signs out.
   * @param {string} path
   * @param {RequestInit & {headers?: Record<string, string>}} options bounded in time, unless they have a signal
   */
  async fetch(path, options = {}) {
    const signal = options.signal ?? AbortSignal.timeout(10000);
    const response = await fetch(path, { ...options, headers: { ...headers(this.token), ...options.headers }, signal });
    if (response.status === 401 && this.token) this.signOut();
    return response;
  }

  /** Sends JSON. @param {string} method @param {string} path @param {object} body */
  send(method, path, body) {
    return this.fetch(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  }
}

/** @param {string} token @returns {Record<string, string>} */
function headers(token) {
  const language = { "Accept-Language": document.documentElement.lang };
  return token ? { ...language, Authorization: `Bearer ${token}` } : language;
}
