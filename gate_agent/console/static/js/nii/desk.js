// Asks the station's desk (gate_agent/review/http.py). Everything there needs the token.

/** What the desk answered instead of what was asked; `message` is for the officer. */
export class DeskError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export class Desk {
  constructor(session) {
    this.session = session;
  }

  async get(path) {
    return (await this.#fetch(path)).json();
  }

  async send(method, path, body) {
    const options = { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify({ officer: this.session.officer, ...body }) };
    return (await this.#fetch(path, options)).json();
  }

  /** One plane: {data, rows, columns, binning}; `data` is a Uint16Array or a Uint8Array. */
  async plane(path, most) {
    const response = await this.#fetch(`${path}?most=${most}`);
    const [rows, columns, bits, binning] = ["rows", "columns", "bits", "binning"].map((name) => Number(response.headers.get(`scan-${name}`)));
    const pixels = await response.arrayBuffer();
    if (pixels.byteLength !== (rows * columns * bits) / 8) throw new DeskError(0, "The picture did not arrive whole.");
    return { data: bits === 16 ? asUint16(pixels) : new Uint8Array(pixels), rows, columns, binning };
  }

  /** All planes of one picture, by name. `base` is the path of a scan or of a training scan. */
  async planes(base, view, most) {
    const planes = await Promise.all(view.planes.map((_, number) => this.plane(`${base}/planes/${number}`, most)));
    return Object.fromEntries(view.planes.map(({ name }, number) => [name, planes[number]]));
  }

  async #fetch(path, options) {
    if (!this.session.token) throw new DeskError(401, "Sign in first.");
    let response;
    try {
      response = await this.session.fetch(`/api${path}`, options);
    } catch {
      throw new DeskError(0, "The station does not answer.");
    }
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({ detail: `error ${response.status}` }));
    throw new DeskError(response.status, [problem.detail, problem.advice].filter(Boolean).join(" — "));
  }
}

/** The planes are little-endian; so is nearly every machine, and there this is no copy. */
function asUint16(buffer) {
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1) return new Uint16Array(buffer);
  const view = new DataView(buffer);
  return Uint16Array.from({ length: buffer.byteLength / 2 }, (_, index) => view.getUint16(2 * index, true));
}
