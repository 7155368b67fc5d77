"""The officer's page in a real browser: what is seen, what the keyboard can do, how stale data look.

A scripted board stands for the station; everything else is real: server, stream, page, Chromium.
"""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from gate_agent.console.app import create_app
from gate_agent.console.server import ConsoleServer
from gate_agent.console.settings import ConsoleSettings
from gate_agent.devices import DeviceHealth, DeviceState
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.readmodel import (
    Alert,
    Board,
    HubView,
    LaneView,
    OfficerAction,
    Picture,
    Snapshot,
    StepTime,
    TransactionView,
)

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

SCREENSHOTS = Path(__file__).parents[2] / "docs" / "img"
TOKEN = "browser-test-token-0123456789abcdef"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WORDS = {
    "FACE_MISMATCH": "The face does not match the portrait in the chip.",
    "ALL_CHECKS_PASSED": "Every required check passed.",
    "LEFT_OBJECT": "An object was left between the doors.",
    "DEVICE_SILENT": "A device of the lane has stopped answering.",
    "WAIT_FOR_OFFICER": "Please wait, an officer will help you.",
    "LOOK_AT_CAMERA": "Please look at the camera.",
}
T = TypeVar("T")


class Station:
    """A board and its console, served from a thread; the test is the station process."""

    def __init__(self) -> None:
        self.orders: list[OfficerAction] = []
        self.answer: str | None = None
        self.records: list[dict[str, Any]] = RECORDS[:]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="console-under-test")
        self._thread.start()
        self.board = self.call(lambda: Board("LANE-03", "egate"))
        self.start(port=0)

    def start(self, port: int) -> None:
        settings = ConsoleSettings(port=port, heartbeat_s=0.5)
        app = create_app(
            self.board, self._act, settings=settings, token=TOKEN, words=WORDS, recent=self._recent
        )
        server = ConsoleServer(app, settings)
        server.bind()
        self.url = server.url
        self._serving: Future[None] = asyncio.run_coroutine_threadsafe(server.run(), self._loop)

    def stop_serving(self) -> None:
        self._serving.cancel()
        deadline = time.monotonic() + 10
        while self.call(lambda: len(asyncio.all_tasks())) > 1 and time.monotonic() < deadline:
            time.sleep(0.02)

    def call(self, function: Callable[[], T]) -> T:
        async def inside() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(inside(), self._loop).result(10)

    def show(self, snapshot: Snapshot) -> None:
        fields = {name: getattr(snapshot, name) for name in Snapshot.__slots__ if name != "version"}
        self.call(lambda: self.board.update(**fields))

    def close(self) -> None:
        self.stop_serving()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _act(self, order: OfficerAction) -> str | None:
        self.orders.append(order)
        return self.answer

    def _recent(self, last: int) -> list[dict[str, Any]]:
        return self.records[:last]


# ---------------------------------------------------------------- the scripted traveller


def record(seq: int, at: str, verdict: str, *reasons: str, by: str = "policy") -> dict[str, Any]:
    body = {"verdict": verdict, "reasons": list(reasons), "decided_by": by, "note": "SECRET NOTE"}
    return {"epoch": 1, "seq": seq, "kind": "decision", "transaction": f"t{seq}", "at": at, "body": body}


RECORDS = [
    record(412, "2026-03-02T08:41:55.120Z", "admit", "ALL_CHECKS_PASSED"),
    record(411, "2026-03-02T08:41:20.031Z", "admit", "OFFICER_ORDER", by="officer:B1234"),
    record(410, "2026-03-02T08:40:48.775Z", "refer", "DOCUMENT_EXPIRED"),
    record(409, "2026-03-02T08:40:12.411Z", "admit", "ALL_CHECKS_PASSED"),
    record(408, "2026-03-02T08:39:37.902Z", "admit", "ALL_CHECKS_PASSED"),
]


def passed(check: str, clause: str = "", **measured: float) -> CheckResult:
    return CheckResult(check, Outcome.PASSED, measured=measured, clause=clause)


CHECKS = (
    passed("mrz_read", repaired=0),
    passed("mrz_check_digits", "Doc 9303-3 §4.9"),
    passed("document_expiry", days_left=1204),
    passed("chip_access", "Doc 9303-11 §4.3"),
    passed("chip_read", bytes=18422),
    passed("passive_authentication", "Doc 9303-11 §5.1"),
    passed("dg_hashes"),
    passed("dg1_matches_mrz"),
    passed("age", years=34),
    passed("policy_freshness", days_left=27.5),
    passed("trust_freshness", age_days=11.0),
    passed("watchlist_freshness", age_days=0.21),
    passed("lane_integrity"),
    passed("single_occupancy", persons=1),
    passed("watchlist"),
    passed("face_capture", frame_age_ms=38.0, frames=3),
)
MISMATCH = CheckResult(
    "face_match",
    Outcome.FAILED,
    ("FACE_MISMATCH",),
    {"distance": 0.7312, "threshold": 0.5, "fmr": 0.001},
    {"model": "face-embed@1.0.0", "threshold": "fmr-1e-3"},
    "ISO/IEC 19795-1",
)
STEPS = (
    StepTime("document", 0.0, 0.42, 0.004),
    StepTime("chip_access", 0.42, 1.05, 0.021),
    StepTime("chip_read", 1.05, 2.43, 0.048),
    StepTime("chip_checks", 2.43, 2.49, 0.058),
    StepTime("entry", 2.49, 6.81, 0.003),
    StepTime("entry_closing", 6.81, 8.74, 0.002),
    StepTime("capture", 8.74, 11.02, 0.161),
    StepTime("decision", 11.02, 11.05, 0.024),
)
DEVICES = (
    DeviceHealth("mrz", "mrz-serial", DeviceState.UP, 4.1, 0),
    DeviceHealth("chip", "vpcd", DeviceState.UP, 0.6, 1),
    DeviceHealth("camera", "opencv", DeviceState.UP, 0.04, 2),
    DeviceHealth("lane", "modbus-lane", DeviceState.UP, 0.05, 0),
)
SEEN = TransactionView(
    "LANE-03-000413", "2026-03-02T08:42:31.000Z", CHECKS, STEPS[:6], has_portrait=True, has_live=True
)
CAPTURING = Snapshot(
    station="LANE-03",
    phase="capturing",
    instruction="LOOK_AT_CAMERA",
    lane=LaneView(persons_inside=1, light_outside="stop", light_inside="wait"),
    transaction=SEEN,
    devices=DEVICES,
    hub=HubView(True, 0, 412, 0.0),
    counters=(("decisions", "admit", 381), ("decisions", "refer", 29), ("decisions", "refuse", 2)),
)
REFERRED = replace(
    CAPTURING,
    phase="referred",
    instruction="WAIT_FOR_OFFICER",
    lane=LaneView(persons_inside=1, light_outside="stop", light_inside="officer"),
    transaction=replace(
        SEEN,
        checks=(*CHECKS, MISMATCH),
        steps=STEPS,
        verdict="refer",
        reasons=("FACE_MISMATCH",),
        rules=("face-mismatch@4",),
    ),
    devices=(
        *DEVICES[:2],
        replace(
            DEVICES[2],
            state=DeviceState.SILENT,
            age_s=6.2,
            error="no frame for 6.2 s",
            advice="check the cable",
        ),
        DEVICES[3],
    ),
    hub=HubView(False, 7, 405, 412.0, "connection refused by 127.0.0.1:1883"),
    alerts=(
        Alert("DEVICE_SILENT:camera", "2026-03-02T08:42:40.000Z"),
        Alert("LEFT_OBJECT", "2026-03-02T08:36:02.000Z"),
    ),
)


# ---------------------------------------------------------------- the browser


@pytest.fixture
def station() -> Iterator[Station]:
    running = Station()
    running.show(CAPTURING)
    yield running
    running.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, station: Station) -> Iterator[Any]:
    """A fresh profile on the officer's screen; any console error or refused resource fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", timezone_id="UTC")
    tab = context.new_page()
    tab.set_default_timeout(10_000)
    complaints: list[str] = []
    tab.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.complaints = complaints
    tab.goto(station.url)
    expect(tab.locator("#verdict")).to_have_text("Looking at the face")
    yield tab
    context.close()
    network = ("ERR_CONNECTION", "ERR_INCOMPLETE", "the server responded with a status of")
    assert [c for c in complaints if not any(n in c for n in network)] == []


def expect(locator: Any) -> Any:
    return sync_api.expect(locator)


def sign_in(page: Any) -> None:
    page.keyboard.press("Alt+a")  # any order asks who is there first
    page.keyboard.type("B1234")
    page.keyboard.press("Tab")
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator("#order-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#order-dialog")).to_be_hidden()


def photograph(station: Station) -> None:
    skimage_data = pytest.importorskip("skimage.data", reason="scikit-image is not installed")
    pillow = pytest.importorskip("PIL.Image", reason="pillow is not installed")
    face = pillow.fromarray(skimage_data.astronaut()[0:260, 110:318])
    pictures: dict[Picture, Any] = {"portrait": face, "live": face.rotate(3).crop((12, 14, 196, 246))}
    for which, picture in pictures.items():
        jpeg = io.BytesIO()
        picture.save(jpeg, "JPEG", quality=88)
        station.call(lambda which=which, jpeg=jpeg: station.board.set_picture(which, jpeg.getvalue()))


def test_draws_the_transaction_as_it_happens(page: Any, station: Station) -> None:
    expect(page.locator("#verdict")).to_have_text("Looking at the face")
    expect(page.locator("#instruction")).to_have_text("“Please look at the camera.”")
    expect(page.locator("[data-check=face_match] .word")).to_have_text("")
    station.show(REFERRED)
    expect(page.locator("#verdict")).to_have_text("Refer to an officer")
    expect(page.locator(".verdict .why")).to_have_text(WORDS["FACE_MISMATCH"])
    expect(page.locator("[data-check=face_match] .word")).to_have_text("failed")
    expect(page.locator("[data-check=face_match] .measured")).to_contain_text("distance 0.731")
    expect(page.locator("#devices")).to_contain_text("check the cable")
    expect(page.locator("#hub")).to_contain_text("offline")
    expect(page.locator("#alerts li").first).to_contain_text("has stopped answering. (camera)")
    expect(page.get_by_role("img", name="Entry door closed, exit door closed.")).to_be_visible()
    station.show(replace(REFERRED, lane=replace(REFERRED.lane, exit="open")))
    expect(page.get_by_role("img", name="Entry door closed, exit door open.")).to_be_visible()


def test_journal_shows_codes_in_words_and_no_free_text(page: Any, station: Station) -> None:
    expect(page.locator("#journal li")).to_have_count(5)
    expect(page.locator("#journal li").first).to_contain_text("Every required check passed.")
    assert "SECRET NOTE" not in page.content()
    station.records.insert(0, record(413, "2026-03-02T08:42:42.000Z", "refer", "FACE_MISMATCH"))
    station.show(REFERRED)
    expect(page.locator("#journal li")).to_have_count(6)


def test_keyboard_alone_orders_an_admit_with_a_second_look(page: Any, station: Station) -> None:
    station.show(REFERRED)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator(".skip").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("[data-action=admit]")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-action=refuse]")).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.keyboard.type("B1234")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong-token-wrong-token-wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#sign-in-dialog .error")).to_have_text("the token is not the console's")
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.type("identity confirmed at the lane")
    page.keyboard.press("Enter")
    expect(page.locator("#order-dialog")).to_contain_text("The exit will open for the person inside.")
    assert station.orders == []
    page.keyboard.press("Enter")
    expect(page.locator("#result")).to_contain_text("the station took the order of B1234")
    seen = "LANE-03-000413"
    assert station.orders == [OfficerAction("admit", "B1234", "identity confirmed at the lane", seen)]


def test_says_why_the_station_does_not_do_it(page: Any, station: Station) -> None:
    sign_in(page)
    station.answer = "the lane is not empty"
    page.keyboard.press("Alt+s")
    page.keyboard.type("lane looks empty")
    page.keyboard.press("Enter")
    expect(page.locator("#order-dialog .error")).to_contain_text("the lane is not empty")
    expect(page.locator("#result")).to_have_text("Reset not done: the lane is not empty")


def test_an_order_never_reaches_the_next_traveller(page: Any, station: Station) -> None:
    station.show(REFERRED)
    sign_in(page)
    page.keyboard.press("Alt+r")
    page.keyboard.type("document is not theirs")
    station.show(replace(CAPTURING, transaction=replace(SEEN, id="LANE-03-000414")))
    expect(page.locator(".verdict .which")).to_contain_text("000414")
    page.keyboard.press("Enter")
    expect(page.locator("#order-dialog .error")).to_contain_text("transaction is over")
    assert station.orders == []


def test_pictures_need_the_token_and_go_with_the_transaction(page: Any, station: Station) -> None:
    photograph(station)
    expect(page.locator("#picture-portrait")).to_contain_text("Sign in to see it")
    sign_in(page)
    expect(page.locator("#picture-portrait img")).to_be_visible()
    expect(page.locator("#picture-live img")).to_be_visible()
    station.call(station.board.drop_pictures)
    station.show(replace(CAPTURING, phase="idle", transaction=replace(SEEN, finished=True)))
    expect(page.locator("#picture-portrait")).to_contain_text("Dropped")
    assert page.locator("#picture-portrait img").get_attribute("src") is None


def test_stale_data_look_stale_and_recover(page: Any, station: Station) -> None:
    expect(page.locator("#verdict")).to_have_text("Looking at the face")
    port = int(station.url.rsplit(":", 1)[1])
    station.stop_serving()
    expect(page.locator("#lost")).to_contain_text("No connection to the station. What you see is from")
    assert "grayscale" in page.locator("#station").evaluate("node => getComputedStyle(node).filter")
    expect(page.locator("[data-action=admit]")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Alt+a")
    expect(page.locator("#result")).to_contain_text("No connection")
    station.start(port)
    station.show(REFERRED)
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator("#verdict")).to_have_text("Refer to an officer")


def test_everything_essential_is_on_one_screen(page: Any, station: Station) -> None:
    station.show(REFERRED)
    expect(page.locator("#verdict")).to_have_text("Refer to an officer")
    outside = page.evaluate(ESSENTIAL_OUTSIDE)
    assert outside == []
    page.set_viewport_size({"width": 420, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "reflow (WCAG 1.4.10)"


def test_every_control_is_named_and_shows_focus(page: Any, station: Station) -> None:
    station.show(REFERRED)
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, input, summary, [tabindex=\"0\"]')]"
        ".filter(n => n.checkVisibility() && !(n.innerText || n.ariaLabel || n.labels?.length))"
        ".map(n => n.outerHTML.slice(0, 80))"
    )
    assert unnamed == []
    page.keyboard.press("Alt+k")
    expect(page.locator("#keys")).to_contain_text("Out of service")
    page.keyboard.press("Escape")
    page.keyboard.type("stray typing on the page orders nothing")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.locator("[data-action=admit]").focus()
    page.keyboard.press("ArrowRight")
    width = page.locator("[data-action=refuse]").evaluate("node => getComputedStyle(node).outlineWidth")
    assert width == "3px"


def test_injected_markup_and_scripts_do_not_run(page: Any, station: Station) -> None:
    """The console errors that every other test must not have are those that this one provokes."""
    hostile = "<img src=x onerror='window.ran = 1'><script>window.ran = 1</script>"
    station.show(replace(CAPTURING, instruction=hostile))
    expect(page.locator("#instruction")).to_have_text(f"“{hostile}”")
    with pytest.raises(sync_api.Error, match="TrustedHTML"):
        page.evaluate("html => { document.body.innerHTML = html; }", hostile)
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.wait_for_timeout(50)
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in complaint for complaint in page.complaints)
    page.complaints.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_keeps_a_screenshot(page: Any, station: Station, scheme: str, tmp_path: Path) -> None:
    """The picture in docs/ is kept as it is, unless GATE_UPDATE_SCREENSHOTS asks for a new one."""
    photograph(station)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    sign_in(page)
    station.records.insert(0, record(413, "2026-03-02T08:42:42.052Z", "refer", "FACE_MISMATCH"))
    station.show(REFERRED)
    expect(page.locator("#picture-live img")).to_be_visible()
    expect(page.locator("#journal li")).to_have_count(6)
    page.wait_for_function("[...document.images].every(i => i.hidden || i.naturalWidth > 0)")
    name = "console.png" if scheme == "light" else "console-dark.png"
    page.screenshot(path=str(tmp_path / name))
    assert (tmp_path / name).stat().st_size > 20_000
    if os.environ.get("GATE_UPDATE_SCREENSHOTS") or not (SCREENSHOTS / name).exists():
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tmp_path / name, SCREENSHOTS / name)


# Names what is cut off at this window size: the page itself, and every region that must be seen whole.
ESSENTIAL_OUTSIDE = """() => {
  const bad = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) bad.push("the page scrolls");
  const essential = ["#header", ".verdict", ".lane", ".faces", ".checks", ".timeline", "#devices", "#hub",
    "#alerts", "#orders", "#phase", "[data-action=in_service]", "#instruction", ".match"];
  for (const name of essential) {
    const box = document.querySelector(name).getBoundingClientRect();
    if (box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight) bad.push(name);
  }
  for (const name of [".lane", ".faces", ".groups", ".timeline", "#orders", "#header", "#hub"]) {
    const node = document.querySelector(name);
    const cut = node.scrollHeight > node.clientHeight + 1 || node.scrollWidth > node.clientWidth + 1;
    if (cut) bad.push(`${name} is cut`);
  }
  return bad;
}"""
