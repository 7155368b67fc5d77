"""What the viewer draws of 16-bit scans, and measures in them, held against ``gate_agent.scans.render``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from gate_agent.review import ReviewCase
from gate_agent.scans.image import Calibration, Geometry, transmission_image
from gate_agent.scans.render import grey, pseudo_colour
from gate_agent.scans.triage.materials import MaterialClass

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

HELD = "NII-01-000412"
Open = Callable[..., Any]


def middle_of(classes: Any, wanted: MaterialClass) -> tuple[int, int]:
    """The place (row, column) that is surrounded furthest by one class."""
    distance = cv2.distanceTransform((classes == wanted).astype(np.uint8), cv2.DIST_L2, 5)
    row, column = np.unravel_index(int(distance.argmax()), distance.shape)
    assert distance[row, column] > 12, f"no area of {wanted.name} in the scan"
    return int(row), int(column)


def window(picture: Any, place: tuple[int, int]) -> Any:
    """Mean around a place: what the screen should show there."""
    layers = np.atleast_3d(picture)
    part = layers[place[0] - 8 : place[0] + 9, place[1] - 8 : place[1] + 9]
    return part.reshape(-1, layers.shape[2]).mean(axis=0)


@pytest.mark.parametrize("renderer", ["webgl", "canvas"])
def test_picture_functions_draw_what_they_say(open_screen: Open, station: Any, renderer: str) -> None:
    screen = open_screen(station, renderer=renderer)
    page = screen.page
    expect(page.locator("#viewer-status")).to_contain_text("WebGL" if renderer == "webgl" else "Canvas")
    high, classes = station.shelf.pixels(HELD, 1) / np.float32(65535), station.shelf.pixels(HELD, 2)
    image = transmission_image((high.astype(np.float32),), calibration=Calibration.KNOWN)
    organic, metal = middle_of(classes, MaterialClass.ORGANIC), middle_of(classes, MaterialClass.METAL)
    page.locator("#findings-switch").click()
    page.locator("[data-switch=hatch]").click()

    def drawn(name: str, place: tuple[int, int], expected: Any) -> None:
        screen.settle()
        seen = screen.colour_at(*high.shape, place)
        assert seen == pytest.approx(np.broadcast_to(expected, 3), abs=7), f"{name} with {renderer}"

    drawn("grey", organic, window(grey(image.high), organic))
    page.locator("[data-switch=invert]").click()
    drawn("invert", organic, 255 - window(grey(image.high), organic))
    page.locator("[data-switch=invert]").click()
    page.locator("[data-slider=high]").fill("0.5")
    drawn("window", organic, window(grey(image.high, high=0.5), organic))
    page.locator("[data-slider=gamma]").fill("1")
    drawn("gamma", organic, window(grey(image.high, high=0.5, gamma=1), organic))
    page.locator("#viewport").press("z")
    page.locator("[data-colouring=colour]").click()
    coloured = pseudo_colour(image, np.asarray(classes, np.uint8))
    for place in (organic, metal):
        drawn("pseudo-colour", place, window(coloured, place))
    page.locator("[data-colouring=inorganic]").click()
    page.locator("[data-switch=hatch]").click()
    drawn("stripping keeps", metal, window(coloured, metal))
    drawn("stripping removes", organic, 0.8 * 255 + 0.2 * window(grey(image.high), organic))
    page.locator("[data-colouring=grey]").click()
    page.locator("[data-switch=penetration]").click()
    limit = station.shelf.case(HELD).picture.penetration_limit
    through = np.clip(np.log(np.maximum(high, limit) / limit) / np.log(0.2 / limit), 0, 1)
    drawn("high penetration", metal, 255 * window(through, metal))


def test_a_lost_graphics_card_costs_no_picture(open_screen: Open, station: Any) -> None:
    screen = open_screen(station, renderer="webgl")
    shape = station.shelf.pixels(HELD, 1).shape
    place = middle_of(station.shelf.pixels(HELD, 2), MaterialClass.METAL)
    before = screen.colour_at(*shape, place)
    context = "document.querySelector('.pane canvas').getContext('webgl2')"
    screen.page.evaluate(f"{context}.getExtension('WEBGL_lose_context').loseContext()")
    screen.page.wait_for_timeout(200)
    for key in ("ArrowLeft", "0"):
        screen.page.locator("#viewport").press(key)
    screen.settle()
    assert screen.colour_at(*shape, place) == pytest.approx(before, abs=7)


def test_edges_zoom_pan_ruler_and_comparison(open_screen: Open, station: Any) -> None:
    screen = open_screen(station)
    page = screen.page
    box = {name: round(value) for name, value in page.locator("#viewport").bounding_box().items()}
    part = np.s_[box["y"] + 60 : box["y"] + box["height"] - 60, box["x"] + 20 : box["x"] + box["width"] - 20]
    plain = screen.colours()
    page.locator("[data-switch=edges]").click()
    screen.settle()
    steps = [np.abs(np.diff(each[part].mean(axis=2), axis=1)).sum() for each in (plain, screen.colours())]
    assert steps[1] > 1.15 * steps[0], "edges are not enhanced"

    def column_at(x: float) -> int:
        page.mouse.move(x, box["y"] + box["height"] / 2)
        return int(page.locator(".readout").inner_text().partition(",")[0])

    before = column_at(box["x"] + 200)
    page.mouse.wheel(0, -900)
    screen.settle()
    assert column_at(box["x"] + 201) == pytest.approx(before, abs=3), "zoom keeps the place at the pointer"
    page.locator("#viewport").press("ArrowRight")
    assert column_at(box["x"] + 200) > before + 3
    page.locator("#viewport").press("0")
    assert column_at(box["x"] + 201) == pytest.approx(before, abs=4)

    picture = station.shelf.case(HELD).picture
    screen.drag("r", (-100, 0), (100, 0))
    said = page.locator("#viewer-status").inner_text()
    millimetres = float(said.partition("(")[2].partition(" mm")[0])
    zoom = screen.zoom(picture.rows, picture.columns)
    assert millimetres == pytest.approx(200 / zoom * picture.column_mm, rel=0.01)

    page.locator("#viewport").press("k")
    expect(page.locator(".pane").nth(1)).to_be_visible()
    expect(page.locator(".pane .caption").nth(1)).to_have_text("MSCU4512230 · 2026-02-11 14:21")
    page.locator("#viewport").press("k")
    expect(page.locator(".pane").nth(1)).to_be_hidden()


def test_a_display_picture_offers_only_what_it_can_hold(open_screen: Open, station: Any) -> None:
    screen = open_screen(station)
    page = screen.page
    page.locator("#tab-shelf").click()
    page.locator("#shelf button", has_text="TGHU7654321").click()
    expect(page.locator("#viewer-status")).to_contain_text("display picture: grey values")
    for name in ("colour", "organic", "inorganic"):
        button = page.locator(f"[data-colouring={name}]")
        expect(button).to_have_attribute("aria-disabled", "true")
        expect(button).to_have_attribute("title", "No material classes: one energy, or walls that hide them")
    expect(page.locator("#compare-switch")).to_have_attribute("title", "No earlier scan of this container")
    page.locator("#viewport").press("c")
    expect(page.locator("[data-colouring=grey]")).to_have_attribute("aria-pressed", "true")
    screen.drag("r", (-80, 0), (80, 0))
    expect(page.locator("#viewer-status")).to_contain_text("pixel size unknown")


def test_findings_are_words_and_places_and_can_be_hidden(open_screen: Open, station: Any) -> None:
    screen = open_screen(station)
    page = screen.page
    page.locator("#tab-findings").click()
    expect(page.locator(".figures-line")).to_contain_text(" kg")
    finding = page.locator("#findings li", has_text="high atomic number").first
    expect(finding).to_contain_text("found by the machine, suspicious")
    expect(finding).to_contain_text("m from the left end")
    boxes = page.locator("svg.over g.finding")
    expect(boxes.first).to_be_visible()
    page.locator("#viewport").press("f")
    expect(boxes).to_have_count(0)
    finding.locator("button").click()
    expect(page.locator("#viewport")).to_be_focused()
    screen.settle()
    assert int(page.locator(".viewer-tools output").inner_text().rstrip(" %")) > 60


def test_says_how_many_frames_a_second_a_large_scan_gets(
    open_screen: Open, station: Any, record_property: Callable[[str, object], None]
) -> None:
    """4000 x 1500 at 16 bits, two energies. The figure is told, not judged: it is the machine's as well."""
    planes = [station.shelf.pixels(HELD, number) / np.float32(65535) for number in (0, 1)]
    large = transmission_image(
        tuple(np.asarray(cv2.resize(each, (4000, 1500)), np.float32) for each in planes),
        calibration=Calibration.KNOWN,
        peaks_kev=(6000.0, 9000.0),
        geometry=Geometry(3.0, 4.0),
    )
    at = "2026-03-02T08:50:00.000Z"
    station.shelf.put(
        ReviewCase("NII-01-000413", "LARGE", at, large, None, (), "release", (), needs_review=False)
    )
    page = open_screen(station).page
    page.locator("#tab-shelf").click()
    page.locator("#panel-shelf input").fill("LARGE")
    page.locator("#panel-shelf input").press("Enter")
    page.locator("#shelf button", has_text="LARGE").click()
    expect(page.locator("#viewer-status")).to_contain_text("4000 × 1500 px")
    for movement in ("pan", "zoom"):
        frames = page.evaluate(FRAMES, movement)
        record_property(f"{movement}_frames_per_second", round(frames, 1))
        print(f"4000 x 1500, {movement}: {frames:.1f} frames/s")
        assert frames > 0


FRAMES = """async (movement) => {
  const viewport = document.getElementById("viewport");
  const box = viewport.getBoundingClientRect();
  const send = (kind, type, x, more = {}) => viewport.dispatchEvent(new kind(type,
    { clientX: box.left + x, clientY: box.top + 150, pointerId: 1, bubbles: true, ...more }));
  viewport.setPointerCapture = () => {};
  send(PointerEvent, "pointerdown", 300);
  const begin = performance.now();
  for (let frame = 0; frame < 60; frame += 1) {
    if (movement === "pan") send(PointerEvent, "pointermove", 300 + 60 * Math.sin(frame / 5));
    else send(WheelEvent, "wheel", 300, { deltaY: frame % 20 < 10 ? -60 : 60 });
    await new Promise(requestAnimationFrame);
  }
  const seconds = (performance.now() - begin) / 1000;
  send(PointerEvent, "pointerup", 300);
  return 60 / seconds;
}"""
