// One canvas with one picture, and the drawing over it: findings, marks, ruler, crosshair. WebGL where it is to
// be had, Canvas 2D where not, or where it is taken away.

import { el, setText, svg } from "/static/js/dom.js";
import { canvasRenderer } from "./canvas2d.js";
import { webglRenderer } from "./webgl.js";

// A kiosk may insist: ?renderer=webgl or ?renderer=canvas.
const WANTED = new URLSearchParams(location.search).get("renderer");

export function pane(label) {
  let canvas = el("canvas", { role: "img", "aria-label": label });
  const over = svg("svg", { class: "over", "aria-hidden": "true" });
  const caption = el("p", { class: "caption" });
  const node = el("div", { class: "pane" }, canvas, over, caption);
  let renderer = (WANTED !== "canvas" && webglRenderer(canvas, WANTED === "webgl", fallBack)) || plain();
  let picture = null;
  let last = null;

  /** A canvas that once had a WebGL context cannot get another kind. */
  function plain() {
    const fresh = /** @type {HTMLCanvasElement} */ (canvas.cloneNode(false));
    canvas.replaceWith(fresh);
    canvas = fresh;
    return canvasRenderer(canvas);
  }

  function fallBack() {
    renderer = plain();
    renderer.use(picture);
    if (last) draw(...last);
  }

  function draw(camera, functions, shapes) {
    last = [camera, functions, shapes];
    const ratio = Math.min(devicePixelRatio, 2);
    const [width, height] = [Math.round(node.clientWidth * ratio), Math.round(node.clientHeight * ratio)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    renderer.draw(camera, functions, ratio);
    over.replaceChildren(...(picture ? shapes.map((shape) => drawn(shape, camera)) : []));
  }

  return {
    node,
    draw,
    use(fresh, text) {
      picture = fresh;
      renderer.use(fresh);
      setText(caption, text);
    },
    caption: (text) => setText(caption, text),
    get picture() {
      return picture;
    },
    get kind() {
      return renderer.kind;
    },
    get most() {
      return renderer.most;
    },
  };
}

/** A shape of the scan in the viewport. Each stands on a dark outline, so that it is seen on any picture. */
function drawn({ kind, region, from, to, text, style }, camera) {
  if (kind === "line") {
    const [a, b] = [camera.toView(from), camera.toView(to)];
    const line = { x1: a.x, y1: a.y, x2: b.x, y2: b.y };
    return svg("g", { class: style }, svg("line", { class: "halo", ...line }), svg("line", line), words(text, (a.x + b.x) / 2, (a.y + b.y) / 2 - 8));
  }
  if (kind === "cross") {
    const { x, y } = camera.toView(from);
    const path = { d: `M${x - 14} ${y}h28M${x} ${y - 14}v28` };
    return svg("g", { class: style }, svg("path", { class: "halo", ...path }), svg("path", path));
  }
  const corner = camera.toView(region);
  const end = camera.toView({ column: region.column + region.width, row: region.row + region.height });
  const box = { x: corner.x, y: corner.y, width: Math.max(end.x - corner.x, 3), height: Math.max(end.y - corner.y, 3) };
  return svg("g", { class: style }, svg("rect", { class: "halo", ...box }), svg("rect", box), words(text, corner.x, corner.y - 5));
}

function words(text, x, y) {
  return text ? svg("text", { x: Math.max(x, 4), y: Math.max(y, 14) }, text) : null;
}
