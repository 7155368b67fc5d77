// Asks the station's desk (gate_agent/review/http.py). Everything there needs the token.

import { label } from "/static/js/words.js";

/** @typedef {{data: Uint16Array | Uint8Array, rows: number, columns: number, binning: number}} Plane */

/** What the desk answered instead of what was asked; `message` is for the officer. */
export class DeskError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export class Desk {
  /** @param {import("/static/js/session.js").Session} session */
  constructor(session) {
    this.session = session;
  }

  /** @param {string} path */
  async get(path) {
    return (await this.#fetch(path)).json();
  }

  /** @param {string} method @param {string} path @param {object} body */
  async send(method, path, body) {
    const options = { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify({ officer: this.session.officer, ...body }) };
    return (await this.#fetch(path, options)).json();
  }

  /** One plane of pixels. @param {string} path @param {number} most @returns {Promise<Plane>} */
  async plane(path, most) {
    const response = await this.#fetch(`${path}?most=${most}`);
    const [rows, columns, bits, binning] = ["rows", "columns", "bits", "binning"].map((name) => Number(response.headers.get(`scan-${name}`)));
    const pixels = await response.arrayBuffer();
    if (pixels.byteLength !== (rows * columns * bits) / 8) throw new DeskError(0, label("kind.desk.incomplete"));
    return { data: bits === 16 ? asUint16(pixels) : new Uint8Array(pixels), rows, columns, binning };
  }

  /** All planes of one picture, by name. `base` is the path of a scan or of a training scan. @param {string} base @param {any} view @param {number} most */
  async planes(base, view, most) {
    const planes = await Promise.all(view.planes.map((/** @type {any} */ _, /** @type {number} */ number) => this.plane(`${base}/planes/${number}`, most)));
    return Object.fromEntries(view.planes.map((/** @type {any} */ { name }, /** @type {number} */ number) => [name, planes[number]]));
  }

  /** @param {string} path @param {RequestInit & {headers?: Record<string, string>}} [options] */
  async #fetch(path, options) {
    if (!this.session.token) throw new DeskError(401, label("kind.desk.sign_in"));
    let response;
    try {
      response = await this.session.fetch(`/api${path}`, options);
    } catch {
      throw new DeskError(0, label("kind.desk.silent"));
    }
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({ detail: label("kind.desk.error", { status: response.status }) }));
    throw new DeskError(response.status, [problem.detail, problem.code ? "" : problem.advice].filter(Boolean).join(" — "));
  }
}

/** The planes are little-endian; so is nearly every machine, and there this is no copy. @param {ArrayBuffer} buffer */
function asUint16(buffer) {
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1) return new Uint16Array(buffer);
  const view = new DataView(buffer);
  return Uint16Array.from({ length: buffer.byteLength / 2 }, (_, index) => view.getUint16(2 * index, true));
}
