"""One scanner station with three inspections on its shelf, and the officer's page in a real Chromium.

Desk, shelf, server, page and browser are real; the test is the conductor. Tests get ``station`` and
``open_screen``; a Screen is the page with what an officer's hands and eyes do on it.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import pytest
from pydicom.uid import generate_uid

from gate_agent.app.console_page import console_page, console_words
from gate_agent.console.app import create_app
from gate_agent.console.server import ConsoleServer
from gate_agent.console.settings import ConsoleSettings
from gate_agent.devices import DeviceHealth, DeviceState
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.readmodel import Board, HubView, OfficerAction, OrderResult, OrderView, TransactionView
from gate_agent.review import Desk, DeskSettings, ReviewCase, Shelf
from gate_agent.review.http import desk_routes
from gate_agent.review.statistics import Statistics
from gate_agent.scans.image import Calibration, Provenance, ScanImage, transmission_image
from gate_agent.scans.triage.report import TriageReport, triage
from gate_agent.station.kind import KINDS
from gate_simulators.scanner.beam import SETUPS
from gate_simulators.scanner.goods import Thing
from gate_simulators.scanner.loading import Fill
from gate_simulators.scanner.scan import simulate
from gate_simulators.scanner.scenario import random_scene, with_object
from gate_simulators.scanner.wedge import step_wedge

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

TOKEN = "browser-test-token-0123456789abcdef"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
KIND = KINDS.load("nii")
SETUP = SETUPS["mv-6-9"]
EFFECTS = {
    "release": "RELEASE_WAY_OPENS",
    "inspect": "INSPECTION_WAY_OPENS",
    "out_of_service": "LANE_CLOSES",
}
CONTAINER = "MSCU4512230"
HELD, EARLIER, DISPLAY = "NII-01-000412", "NII-01-000397", "NII-01-000405"
T = TypeVar("T")

# ---------------------------------------------------------------- the scans


def load(*more: Thing) -> list[Thing]:
    """Sugar, tiles, steel: one class each."""
    return [
        Thing("sugar", 300, 3100, 0, 1500, 900),
        Thing("ceramic", 3300, 6000, 0, 1300, 700),
        Thing("steel", 6200, 8800, 0, 700, 150),
        *more,
    ]


def scanned(seed: int, *more: Thing, hidden: bool) -> tuple[ScanImage, TriageReport]:
    pitch = 10.0
    scene = random_scene(
        Fill.PARTIAL, 5, column_mm=pitch, row_mm=pitch, kind="40GP", on_truck=True, goods=load(*more)
    )
    if hidden:
        scene = with_object(scene, "lead", 330, 120, 2)
    image = replace(
        simulate(scene, SETUP, seed).image,
        container=CONTAINER,
        provenance=Provenance("DICOS", "", generate_uid(), (generate_uid(), generate_uid()), "SCAN-1"),
    )
    return image, triage(image, step_wedge(SETUP))


@pytest.fixture(scope="session")
def shelved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three inspections, kept once; every test works on its own copy."""
    folder = tmp_path_factory.mktemp("shelf")
    shelf = Shelf(folder / "scans", DeskSettings())
    weight = CheckResult(
        "weight",
        Outcome.FAILED,
        ("WEIGHT_ABOVE_DECLARED",),
        {"scale_kg": 27440.0, "declared_kg": 21900.0},
    )
    radiation = CheckResult("radiation", Outcome.PASSED, measured={"gamma_sigma": 1.4, "neutron_sigma": 0.2})
    image, report = scanned(1, hidden=False)
    earlier = "2026-02-11T14:21:00.000Z"
    shelf.put(ReviewCase(EARLIER, CONTAINER, earlier, image, report, (), "release", (), needs_review=False))
    display = transmission_image((image.high[::2, ::2],), calibration=Calibration.UNKNOWN, bits=8)
    at = "2026-03-02T07:02:00.000Z"
    shelf.put(ReviewCase(DISPLAY, "TGHU7654321", at, display, None, (), "inspect", (), needs_review=False))
    image, report = scanned(2, Thing("lead", 9300, 9600, 0, 260, 200), hidden=True)
    reasons = ("WEIGHT_ABOVE_DECLARED", *report.reasons)
    at = "2026-03-02T08:42:31.000Z"
    shelf.put(
        ReviewCase(
            HELD, CONTAINER, at, image, report, (radiation, weight), "review", reasons, needs_review=True
        )
    )
    return folder


class Station:
    """Board, desk and console of one station, served from a thread."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.orders: list[OfficerAction] = []
        self.shelf = Shelf(folder / "scans", DeskSettings())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="console-under-test")
        self._thread.start()
        self.board = self.call(lambda: Board("NII-01", "nii"))
        self.statistics = Statistics(folder / "statistics.sqlite", 1000)
        configured = DeskSettings.model_validate({"training_threat_share": 1.0, **settings})
        self.desk = self.call(
            lambda: Desk(self.shelf, self.statistics, self._act, self.board, configured, seed=4)
        )
        console = ConsoleSettings(port=0, heartbeat_s=0.5)
        server = ConsoleServer(
            create_app(
                self.board,
                self._ordered,
                settings=console,
                token=TOKEN,
                kind=console_page(KIND),
                words=console_words(KIND),
                acknowledge=self._acknowledge,
                routers=lambda _board, bearer: (desk_routes(self.desk, bearer),),
            ),
            console,
        )
        server.bind()
        self.url = server.url
        self._serving: Future[None] = asyncio.run_coroutine_threadsafe(server.run(), self._loop)

    def call(self, function: Callable[[], T]) -> T:
        async def inside() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(inside(), self._loop).result(10)

    def truck_stands(self, case: str = HELD) -> None:
        """The conductor's part: the case comes to the queue, and its transaction to the board."""
        kept = self.shelf.case(case)
        self.desk._queue.arrived(kept)  # what Shelf.put tells the desk
        transaction = TransactionView(
            case,
            kept.at,
            kept.checks,
            verdict="review",
            reasons=kept.reasons,
            rules=("weight-differs@2", "weight-differs@2"),
        )
        devices = tuple(
            DeviceHealth(name, driver, DeviceState.UP, age, 0)
            for name, driver, age in (
                ("scanner", "dicos-scp", 4.1),
                ("portal", "portal-lines", 0.2),
                ("scale", "scale-serial", 0.3),
                ("barriers", "modbus-yard", 0.05),
            )
        )
        fields: dict[str, Any] = {
            "phase": "review",
            "instruction": "WAIT_FOR_OFFICER",
            "transaction": transaction,
            "orders": tuple(
                OrderView(order, accepted=True, effect=effect, asked=order in ("release", "inspect"))
                for order, effect in EFFECTS.items()
            ),
            "devices": devices,
            "hub": HubView(True, 0, 411, 0.0),
            "counters": (
                ("decisions", "release", 371),
                ("decisions", "review", 29),
                ("decisions", "inspect", 11),
            ),
        }
        self.call(lambda: self._stand(fields))

    def _stand(self, fields: dict[str, Any]) -> None:
        closed = dict.fromkeys(("entry", "release", "inspection"), "closed")
        here = {"approach": False, "vehicles": 1, "at_hold": True, "emergency": False}
        self.board.saw("yard", {**closed, **here})
        self.board.saw("scale", {"weight_kg": 27440.0})
        self.board.saw("camera_left", {"container": CONTAINER})
        self.board.showed("WAIT_FOR_OFFICER", signal_entry="stop", signal_hold="officer")
        self.board.update(**fields)

    def close(self) -> None:
        self._serving.cancel()
        deadline = time.monotonic() + 10
        while self.call(lambda: len(asyncio.all_tasks())) > 1 and time.monotonic() < deadline:
            time.sleep(0.02)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self.statistics.close()

    async def _act(self, order: OfficerAction) -> OrderResult:
        self.orders.append(order)
        return OrderResult()

    async def _ordered(self, order: OfficerAction) -> OrderResult:
        """What is decided about cargo goes by the desk, the rest is the lane's."""
        by_desk = order.action in ("release", "inspect")
        return await (self.desk.order(order) if by_desk else self._act(order))

    async def _acknowledge(self, code: str, officer: str) -> bool:
        return self.board.acknowledge(code, officer)


# ---------------------------------------------------------------- the officer's screen


class Screen:
    """A page in the browser."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def colours(self) -> Any:
        """What stands on the screen, RGB."""
        encoded = np.frombuffer(self.page.screenshot(), np.uint8)
        picture = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))
        return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.float64)

    def zoom(self, rows: int, columns: int) -> float:
        """Screen pixels for each of the scan's, while the whole scan is shown."""
        box = self.page.locator("#viewport").bounding_box()
        return min(box["width"] / columns, box["height"] / rows)

    def colour_at(self, rows: int, columns: int, place: tuple[int, int]) -> Any:
        """Mean colour around a place (row, column) of a scan of this size, while the whole scan is shown."""
        box, zoom = self.page.locator("#viewport").bounding_box(), self.zoom(rows, columns)
        x = round(box["x"] + box["width"] / 2 + zoom * (place[1] - columns / 2))
        y = round(box["y"] + box["height"] / 2 + zoom * (place[0] - rows / 2))
        return self.colours()[y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3).mean(axis=0)

    def drag(self, tool: str, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Use a tool with the mouse, from and to places relative to the viewport's middle."""
        box = self.page.locator("#viewport").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.locator("#viewport").press(tool)
        self.page.mouse.move(x + start[0], y + start[1])
        self.page.mouse.down()
        self.page.mouse.move(x + end[0], y + end[1])
        self.page.mouse.up()

    def settle(self) -> None:
        """Until the next frame is drawn."""
        self.page.wait_for_timeout(60)


@pytest.fixture
def open_station(shelved: Path, tmp_path: Path) -> Iterator[Callable[..., Station]]:
    """Starts a station with the held truck at its line; `settings` are the desk's."""
    running: list[Station] = []

    def start(**settings: Any) -> Station:
        shutil.copytree(shelved, tmp_path / "state")
        station = Station(tmp_path / "state", **settings)
        running.append(station)
        station.truck_stands()
        return station

    yield start
    for station in running:
        station.close()


@pytest.fixture
def station(open_station: Callable[..., Station]) -> Station:
    return open_station()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_screen(browser: Any, open_station: object) -> Iterator[Callable[..., Screen]]:
    """Opens the page as an officer; any console error or refused resource fails the test."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def open_(station: Station, officer: str = "B1234", renderer: str = "") -> Screen:
        context = browser.new_context(
            viewport={"width": 1280, "height": 800}, locale="en-GB", timezone_id="UTC"
        )
        contexts.append(context)
        if officer:
            context.add_init_script(
                f"sessionStorage.setItem('gate-console-token', '{TOKEN}');"
                f"sessionStorage.setItem('gate-console-officer', '{officer}')"
            )
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{station.url}/?renderer={renderer}" if renderer else station.url)
        if officer:
            sync_api.expect(page.locator("#viewer-status")).to_contain_text("px", timeout=30_000)
        return Screen(page)

    yield open_
    for context in contexts:
        context.close()
    harmless = ("the server responded with a status of", "GL Driver Message")
    assert [c for c in complaints if not any(h in c for h in harmless)] == []
