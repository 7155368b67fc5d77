// What the agent tells the page, as JSDoc types: nothing here runs. gate_agent/readmodel.py and console/page.py say
// what each means.

/**
 * @typedef {"idle" | "calm" | "good" | "warn" | "bad"} Tone
 * @typedef {string | number | boolean | null} Scalar
 * @typedef {{value: Scalar, source: string, since: string, known: boolean, until: string}} Seen
 * @typedef {{check: string, outcome: string, reasons: string[], measured: Record<string, Scalar>, versions: Record<string, string>, clause: string}} Check
 * @typedef {{name: string, start: number, end: number | null, software: number}} Step
 * @typedef {{id: string, started_at: string, checks: Check[], steps: Step[], verdict: string, reasons: string[], rules: string[], has_portrait: boolean, has_live: boolean, finished: boolean}} Transaction
 * @typedef {{device: string, driver: string, state: string, age_s: number | null, restarts: number, error: string, advice: string}} Device
 * @typedef {{connected: boolean, outbox: number, acknowledged: number, oldest_s: number, error: string}} Hub
 * @typedef {{order: string, accepted: boolean, effect: string, asked: boolean}} OrderNow
 * @typedef {{code: string, at: string, detail: string, transaction: string, cleared_at: string, acknowledged_by: string, acknowledged_at: string, count: number}} Alert
 * @typedef {{station: string, kind: string, version: number, phase: string, phase_since: string, instruction: string, seen: Record<string, Seen>, shown: Record<string, string>, transaction: Transaction | null, devices: Device[], hub: Hub, orders: OrderNow[], alerts: Alert[], counters: [string, string, number][]}} Snapshot
 *
 * @typedef {{order: string, tone: Tone, decides: boolean, opens: boolean}} Order
 * @typedef {{kind: string, phases: Record<string, Tone>, verdicts: Record<string, Tone>, orders: Order[], groups: [string, string[]][], columns: string[][], languages: Record<string, string>}} Kind
 *
 * A kind's page.js has mount(main, session, kind), which draws its view and gives a View. `about` says what an order
 * is about; `objection` why nothing can be decided now; `keys` are lines for the list of keys.
 * @typedef {{update: (snapshot: Snapshot) => void, about: (snapshot: Snapshot | null) => string, objection?: () => string, keys?: [string, string][]}} View
 * @typedef {{node: Element, update: (snapshot: Snapshot) => void}} Panel
 */

export {};
