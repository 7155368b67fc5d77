// Mouse, pen and touch: drag to pan or to use a tool, wheel to zoom at the pointer.

export function followPointer(viewer) {
  const { viewport } = viewer;
  let held = null;

  /** The place in the upper pane: its top left corner is the viewport's. */
  function place(event) {
    const box = viewport.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  function scanned({ x, y }) {
    return viewer.camera.toScan(x, y);
  }

  viewport.addEventListener("pointerdown", (event) => {
    if (!viewer.picture || event.button !== 0) return;
    held = place(event);
    viewport.setPointerCapture(event.pointerId);
    if (viewer.tool !== "pan") viewer.pressAt(scanned(held));
  });

  viewport.addEventListener("pointermove", (event) => {
    if (!viewer.picture) return;
    const now = place(event);
    if (held && viewer.tool === "pan") {
      viewer.pan(now.x - held.x, now.y - held.y);
      held = now;
    } else if (held) viewer.dragTo(scanned(now));
    viewer.read(scanned(now));
  });

  viewport.addEventListener("pointerup", (event) => {
    if (held && viewer.tool !== "pan") viewer.releaseAt(scanned(place(event)));
    held = null;
  });

  viewport.addEventListener("pointercancel", () => {
    held = null;
    viewer.cancel();
  });

  viewport.addEventListener(
    "wheel",
    (event) => {
      if (!viewer.picture) return;
      event.preventDefault();
      const { x, y } = place(event);
      viewer.zoomBy(Math.exp(-event.deltaY / 400), x, y);
    },
    { passive: false },
  );
}
