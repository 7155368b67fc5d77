"""A scripted station of either kind, and its officer's page in a real Chromium.

Server, stream, page and browser are real; the test is the station process. Tests of one kind use ``station``
and ``page``; tests that hold for every kind use ``kind``, ``any_station`` and ``any_page``.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from fastapi import APIRouter

from gate_agent.app.console_page import console_page, console_words
from gate_agent.console.app import create_app
from gate_agent.console.server import ConsoleServer
from gate_agent.console.settings import ConsoleSettings
from gate_agent.devices import DeviceHealth, DeviceState
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.readmodel import (
    Board,
    HubView,
    Objection,
    OfficerAction,
    OrderResult,
    OrderView,
    Snapshot,
    StepTime,
    TransactionView,
)
from gate_agent.station.kind import KINDS
from gate_agent.words import SHARED, Words, load, load_all

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

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
NOW = datetime(2026, 3, 2, 20, 9, 33, tzinfo=UTC)
T = TypeVar("T")


class Station:
    """A board and its console, served from a thread; the test is the station process."""

    def __init__(self, name: str, words: Mapping[str, Words] | None = None, **settings: Any) -> None:
        self.kind = KINDS.load(name)
        self.orders: list[OfficerAction] = []
        self.answer: Objection | None = None
        self.records: list[dict[str, Any]] = []
        self._words = words or console_words(self.kind)
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="console-under-test")
        self._thread.start()
        self.board = self.call(lambda: Board("LANE-03", name, lambda: NOW))
        self.start(port=0)

    def start(self, port: int) -> None:
        settings = ConsoleSettings.model_validate({"port": port, "heartbeat_s": 0.5, **self._settings})
        app = create_app(
            self.board,
            self._act,
            settings=settings,
            token=TOKEN,
            kind=console_page(self.kind),
            words=self._words,
            acknowledge=self._acknowledge,
            routers=lambda _board, _bearer: [empty_desk()],
            recent=lambda last: self.records[:last],
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

    def lose(self, source: str) -> None:
        """The device falls silent, at 20:09:33."""
        self.call(lambda: self.board.lost(source))

    def close(self) -> None:
        self.stop_serving()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _act(self, order: OfficerAction) -> OrderResult:
        self.orders.append(order)
        return OrderResult(self.answer)

    async def _acknowledge(self, code: str, officer: str) -> bool:
        return self.board.acknowledge(code, officer)


def empty_desk() -> APIRouter:
    """What a kind's page may ask beside the shared interface: nothing lies there."""
    router = APIRouter(prefix="/api")
    for path in ("/queue", "/scans", "/operators"):
        router.add_api_route(path, lambda: [])
    return router


# ---------------------------------------------------------------- what each kind of station shows


@dataclass(frozen=True)
class Script:
    """One kind of station: at work, and waiting for an officer. `gate`: the device that moves doors or
    barriers; `passes` and `holds`: the orders that let the case pass, or not; `key`: that of `passes`."""

    working: Snapshot
    waiting: Snapshot
    gate: str
    passes: str
    holds: str
    key: str
    opens: str
    check: str


def seen(board_kind: str, **by_source: Mapping[str, Any]) -> dict[str, Any]:
    board = Board("LANE-03", board_kind, lambda: NOW)
    for source, things in by_source.items():
        board.saw(source, things)
    return dict(board.snapshot.seen)


def orders(kind: str, asked: tuple[str, ...], effects: Mapping[str, str]) -> tuple[OrderView, ...]:
    return tuple(
        OrderView(order, accepted=order in effects, effect=effects.get(order, ""), asked=order in asked)
        for order in KINDS.load(kind).orders
    )


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
    StepTime("document_presented", 0.0, 0.42, 0.004),
    StepTime("reading", 0.42, 2.49, 0.127),
    StepTime("entry_opening", 2.49, 6.81, 0.003),
    StepTime("entry_closing", 6.81, 8.74, 0.002),
    StepTime("capturing", 8.74, 11.02, 0.161),
    StepTime("deciding", 11.02, 11.05, 0.024),
)
DEVICES = (
    DeviceHealth("mrz", "mrz-serial", DeviceState.UP, 4.1, 0),
    DeviceHealth("chip", "vpcd", DeviceState.UP, 0.6, 1),
    DeviceHealth("camera", "opencv", DeviceState.UP, 0.04, 2),
    DeviceHealth("lane", "modbus-lane", DeviceState.UP, 0.05, 0),
)
CLOSED = {"entry": "closed", "exit": "closed", "approach": False, "exit_zone": False}
OCCUPIED = {**CLOSED, "persons_inside": 1, "object_inside": False, "emergency": False}
TRAVELLER = TransactionView(
    "LANE-03-000413", "2026-03-02T08:42:31.000Z", CHECKS, STEPS[:4], has_portrait=True, has_live=True
)
CAPTURING = Snapshot(
    station="LANE-03",
    kind="egate",
    phase="capturing",
    instruction="LOOK_AT_CAMERA",
    seen=seen("egate", lane=OCCUPIED),
    shown={"light_outside": "stop", "light_inside": "wait"},
    transaction=TRAVELLER,
    devices=DEVICES,
    hub=HubView(True, 0, 412, 0.0),
    orders=orders("egate", (), {"out_of_service": "LANE_CLOSES"}),
    counters=(("decisions", "admit", 381), ("decisions", "refer", 29), ("decisions", "refuse", 2)),
)
REFERRED = replace(
    CAPTURING,
    phase="referred",
    instruction="WAIT_FOR_OFFICER",
    shown={"light_outside": "stop", "light_inside": "officer"},
    transaction=replace(
        TRAVELLER,
        checks=(*CHECKS, MISMATCH),
        steps=STEPS,
        verdict="refer",
        reasons=("FACE_MISMATCH",),
        rules=("face-mismatch@4",),
    ),
    orders=orders(
        "egate",
        ("admit", "refuse"),
        {"admit": "ADMIT_EXIT_OPENS", "refuse": "REFUSE_CLOSES_CASE", "out_of_service": "LANE_CLOSES"},
    ),
)

YARD = {
    **{"entry": "closed", "release": "closed", "inspection": "closed", "approach": False},
    **{"vehicles": 1, "at_hold": True, "emergency": False},
}
TRUCK = TransactionView(
    "LANE-03-000413",
    "2026-03-02T08:42:31.000Z",
    (passed("weight", weight_kg=27440.0), passed("radiation", gamma_sigma=1.4)),
    (StepTime("scanning", 0.0, 9.2, 0.1), StepTime("gathering", 9.2)),
)
GATHERING = Snapshot(
    station="LANE-03",
    kind="nii",
    phase="gathering",
    instruction="WAIT_AT_HOLD_LINE",
    seen=seen("nii", yard=YARD, scale={"weight_kg": 27440.0}, camera_left={"container": "MSCU4512230"}),
    shown={"signal_entry": "stop", "signal_hold": "wait"},
    transaction=TRUCK,
    devices=(
        DeviceHealth("scanner", "dicos-scp", DeviceState.UP, 4.1, 0),
        DeviceHealth("yard", "modbus-yard", DeviceState.UP, 0.05, 0),
        DeviceHealth("scale", "scale-serial", DeviceState.UP, 0.3, 0),
    ),
    hub=HubView(True, 0, 411, 0.0),
    orders=orders("nii", (), {"inspect": "INSPECTION_WAY_OPENS", "out_of_service": "LANE_CLOSES"}),
    counters=(("decisions", "release", 371), ("decisions", "review", 29), ("decisions", "inspect", 11)),
)
REVIEW = replace(
    GATHERING,
    phase="review",
    instruction="WAIT_FOR_OFFICER",
    shown={"signal_entry": "stop", "signal_hold": "officer"},
    transaction=replace(TRUCK, verdict="review", reasons=("WEIGHT_ABOVE_DECLARED",), rules=("weight@2",)),
    orders=orders(
        "nii",
        ("release", "inspect"),
        {
            "release": "RELEASE_WAY_OPENS",
            "inspect": "INSPECTION_WAY_OPENS",
            "out_of_service": "LANE_CLOSES",
        },
    ),
)
SCRIPTS = {
    "egate": Script(CAPTURING, REFERRED, "lane", "admit", "refuse", "a", "the exit opens", "face_match"),
    "nii": Script(
        GATHERING, REVIEW, "yard", "release", "inspect", "l", "the release barrier opens", "weight"
    ),
}


def record(seq: int, at: str, verdict: str, *reasons: str, by: str = "policy") -> dict[str, Any]:
    body = {"verdict": verdict, "reasons": list(reasons), "decided_by": by, "note": "SECRET NOTE"}
    return {"epoch": 1, "seq": seq, "kind": "decision", "transaction": f"t{seq}", "at": at, "body": body}


# ---------------------------------------------------------------- a language that nobody speaks


@pytest.fixture(scope="session")
def pseudo_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Mapping[str, Words]]:
    """English, German and the pseudo-language of a kind: right to left, and no Latin letter left in it."""

    def spoken(name: str) -> Mapping[str, Words]:
        kind = KINDS.load(name)
        english = load("en", SHARED, *kind.words)
        folder = tmp_path_factory.mktemp("pseudo")
        for words in console_words(kind).values():
            write_words(folder, words, words.sentences, words.direction)
        write_words(folder, replace(english, language="qps", name="⟦⟧"), pseudo(english.sentences), "rtl")
        return load_all(folder)

    return spoken


def pseudo(sentences: Mapping[str, Any]) -> dict[str, Any]:
    """Every letter becomes another, outside of placeholders; keys and codes stay."""

    def one(text: str) -> str:
        parts = re.split(r"(\{[a-z_]+\})", text)
        return "".join(p if p.startswith("{") else p.translate(_FOREIGN) for p in parts)

    return {
        code: sentence
        if code.endswith(".key")
        else one(sentence)
        if isinstance(sentence, str)
        else [one(each) for each in sentence]
        for code, sentence in sentences.items()
    }


_FOREIGN = {
    ord(letter): chr(0x5D0 + index % 26)
    for index, letter in enumerate("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
}


def write_words(folder: Path, words: Words, sentences: Mapping[str, Any], direction: str) -> None:
    import json

    lines = [
        f'language.name = "{words.name}"',
        f'language.direction = "{direction}"',
        *(f"{code} = {json.dumps(said, ensure_ascii=False)}" for code, said in sentences.items()),
    ]
    (folder / f"{words.language}.toml").write_text("\n".join(lines), encoding="utf-8")


# ---------------------------------------------------------------- the browser


@pytest.fixture(scope="session")
def scripts() -> dict[str, Script]:
    return SCRIPTS


@pytest.fixture(params=sorted(SCRIPTS))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def script(kind: str) -> Script:
    return SCRIPTS[kind]


@pytest.fixture
def open_station() -> Iterator[Callable[..., Station]]:
    """Starts a station of a kind at work."""
    running: list[Station] = []

    def start(kind: str, words: Mapping[str, Words] | None = None, **settings: Any) -> Station:
        station = Station(kind, words, **settings)
        running.append(station)
        station.show(SCRIPTS[kind].working)
        return station

    yield start
    for station in running:
        station.close()


@pytest.fixture
def any_station(open_station: Callable[..., Station], kind: str) -> Station:
    return open_station(kind)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Any, open_station: object) -> Iterator[Callable[..., Any]]:
    """A fresh profile on the officer's screen; any console error or refused resource fails the test."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def open_(station: Station, *, officer: str = "", query: str = "", locale: str = "en-GB") -> Any:
        context = browser.new_context(
            viewport={"width": 1280, "height": 800}, locale=locale, timezone_id="UTC"
        )
        contexts.append(context)
        if officer:
            context.add_init_script(
                f"sessionStorage.setItem('gate-console-token', '{TOKEN}');"
                f"sessionStorage.setItem('gate-console-officer', '{officer}')"
            )
        tab = context.new_page()
        tab.set_default_timeout(15_000)
        tab.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.complaints = complaints
        tab.goto(f"{station.url}/{query}")
        return tab

    yield open_
    for context in contexts:
        context.close()
    network = ("ERR_CONNECTION", "ERR_INCOMPLETE", "the server responded with a status of", "ERR_FAILED")
    assert [c for c in complaints if not any(n in c for n in network)] == []
