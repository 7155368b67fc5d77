// Who sits at this console: officer id and token, for this browser tab only (sessionStorage, no cookie).

const TOKEN = "gate-console-token";
const OFFICER = "gate-console-officer";

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

  /** Tries the token; null when the console takes it, else why not. */
  async signIn(officer, token) {
    const response = await fetch("/api/pictures/live", { headers: { Authorization: `Bearer ${token}` } });
    if (response.status === 401 || response.status === 429) return (await response.json()).detail;
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

  /** fetch() with the token, bounded in time. A token that is no longer taken signs out. */
  async fetch(path, options = {}) {
    const headers = { ...options.headers };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    const response = await fetch(path, { ...options, headers, signal: AbortSignal.timeout(10000) });
    if (response.status === 401 && this.token) this.signOut();
    return response;
  }
}
