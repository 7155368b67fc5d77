"""The scanner station's conductor at work: real journal, policy, manifests, triage, shelf and process.

Only the wires are missing (the drivers here say what the test tells them) and the reading of codes: what a
picture says is the test's to say. Every barrier request is checked, at the moment at which it reaches the
controller, against what is in the journal on disk.
"""

from __future__ import annotations

import asyncio
import json
import queue
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import pytest

from gate_agent.cargo.settings import CargoSettings
from gate_agent.cargo.store import ManifestSettings
from gate_agent.devices import (
    BackgroundCounts,
    DeviceError,
    DoorPosition,
    DriverConfig,
    Frame,
    NumberView,
    OccupancyEnded,
    OccupiedCounts,
    Radiation,
    ScanReading,
    SealReading,
    SealState,
    Signal,
    WeightReading,
    YardReading,
)
from gate_agent.devices.supervision import Patience, Supervisor
from gate_agent.journal import Journal
from gate_agent.nii.conduct import YardConductor
from gate_agent.nii.examine import Tools
from gate_agent.nii.lot_memory import Sisters
from gate_agent.nii.reference import YardReference
from gate_agent.nii.settings import NiiSettings
from gate_agent.nii.vocabulary import Phase
from gate_agent.policy import PolicySettings
from gate_agent.radiation.settings import RadiationSettings
from gate_agent.readmodel import Board, Objection, OfficerAction, OrderResult
from gate_agent.review.settings import DeskSettings
from gate_agent.review.shelf import Shelf
from gate_agent.scans.pictures import PictureFacts
from gate_agent.scans.triage.detector import load_default_detector
from gate_agent.station import signed
from gate_agent.vehicle.iso6346 import parse
from gate_agent.vehicle.recogniser import CodeRead, CodeRecogniser
from gate_agent.vehicle.weighing import WeighingSettings
from gate_simulators.nii.consignments import CONSIGNMENTS, Consignment, manifest_json
from gate_simulators.nii.xray import Condition, scan_files

ROOT = Path(__file__).parents[2]
CLOSED, OPEN = DoorPosition.CLOSED, DoorPosition.OPEN
FRAME = Frame(np.zeros((64, 64, 3), np.uint8), 0.0, 0)

# ---------------------------------------------------------------- the parts


class Config(DriverConfig):
    """Nothing to configure."""


class Told:
    """A device that says what the test tells it to. `broken`: it cannot be opened."""

    Config: ClassVar[type[DriverConfig]] = Config
    capability: ClassVar[str] = "scale"

    def __init__(self) -> None:
        self.readings: queue.Queue[object] = queue.Queue()
        self.broken = False
        self.over: list[str] = []

    def open(self) -> None:
        if self.broken:
            raise DeviceError("does not answer", field="device")

    def close(self) -> None: ...

    def read(self) -> object:
        if self.broken:
            raise DeviceError("was unplugged", field="device")
        with suppress(queue.Empty):
            return self.readings.get(timeout=0.01)
        return None

    def done(self, reading: ScanReading) -> None:
        self.over.append(reading.path.name)


class Barriers(Told):
    """The barrier controller: barriers are where they are asked to be at once. `log` holds each request and
    the verdicts that were on disk when it came."""

    def __init__(self) -> None:
        super().__init__()
        self.approach = self.at_hold = self.emergency = False
        self.vehicles = 0
        self.targets = (False, False, False)
        self.witness: Callable[[], list[str]] = list
        self.log: list[tuple[tuple[bool, bool, bool], list[str]]] = []
        self.signals: list[tuple[Signal, Signal]] = []
        self._scans = 0

    def read(self) -> YardReading:
        time.sleep(0.005)
        self._scans += 1
        entry, release, inspection = (OPEN if target else CLOSED for target in self.targets)
        return YardReading(
            entry=entry,
            release=release,
            inspection=inspection,
            approach=self.approach,
            vehicles=self.vehicles,
            at_hold=self.at_hold,
            emergency=self.emergency,
            forced=False,
            held=False,
            sensors_disagree=False,
            interlock_ok=True,
            heartbeat=self._scans,
        )

    def command_barriers(self, *, entry_open: bool, release_open: bool, inspection_open: bool) -> None:
        self.targets = (entry_open, release_open, inspection_open)
        self.log.append((self.targets, self.witness()))

    def show(self, entry: Signal, hold: Signal) -> None:
        self.signals.append((entry, hold))


class Codes:
    """Reads what the test says the pictures show."""

    text = ""

    def read(self, _pixels: object) -> tuple[CodeRead, ...]:
        if not self.text:
            return ()
        quad = np.zeros((4, 2), np.float32)
        return (CodeRead(parse(self.text), 0.99, 0, 1.0, False, quad, ()),)


@dataclass
class Bench:
    """A cargo lane on the bench, running."""

    conductor: YardConductor
    board: Board
    journal: Journal
    shelf: Shelf
    records: Path
    codes: Codes
    devices: dict[str, Any]
    pictures: Callable[[Consignment], list[Path]]

    @property
    def phase(self) -> str:
        return self.board.snapshot.phase

    @property
    def barriers(self) -> Barriers:
        return self.devices["yard"]

    def say(self, device: str, *readings: object) -> None:
        for reading in readings:
            self.devices[device].readings.put(reading)

    def decisions(self) -> list[str]:
        """Verdicts on disk, oldest first."""
        return [e["body"]["decision"]["verdict"] for e in self.entries("decision")]

    def entries(self, kind: str) -> list[Any]:
        return [r.entry for r in self.journal.recent(200)[::-1] if r.entry and r.entry["kind"] == kind]

    def reasons(self) -> list[str]:
        return self.entries("decision")[0]["body"]["decision"]["reasons"]

    async def until(self, what: Callable[[], bool], seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, f"still {self.phase}: {self.board.snapshot.transaction}"
            await asyncio.sleep(0.005)

    async def reach(self, *phases: Phase) -> None:
        await self.until(lambda: self.phase in phases)

    async def order(self, action: Any, officer: str = "jo") -> Objection | None:
        return (await self.conductor.act(OfficerAction(action, officer, "looked at the scan"))).objection

    # ------------------------------------------------------------ a truck

    async def come(
        self,
        consignment: Consignment,
        *,
        source: float = 0.0,
        scanned: bool = True,
        counted: int | None = None,
    ) -> None:
        """A truck drives to the hold line, and the devices say what they should. `source`: extra counts;
        `counted`: so many of the portal's lines, all of them without."""
        await self.reach(Phase.IDLE)
        self.say("scale", *(WeightReading(0.0, True, True, t / 10) for t in range(3)))
        self.say("portal", *background())
        self.barriers.approach = True
        await self.until(lambda: self.barriers.targets[0])
        self.barriers.approach, self.barriers.vehicles = False, 1
        await self.reach(Phase.SCANNING)
        self.codes.text = consignment.code
        self.say("portal", *occupied(source)[:counted])
        for camera in ("camera_left", "camera_right"):
            self.say(camera, NumberView(FRAME, camera.removeprefix("camera_")))
        if consignment.seal is not None:
            self.say("seals", heard(consignment))
        await self.until(lambda: not self.barriers.targets[0])
        self.barriers.at_hold = True
        weights = (WeightReading(consignment.weight_kg, True, True, 10 + t / 10) for t in range(20))
        self.say("scale", *weights)
        if scanned:
            self.scan(consignment)

    def scan(self, consignment: Consignment) -> None:
        for path in self.pictures(consignment):
            size, told = path.stat().st_size, consignment.code
            reading = ScanReading(
                path, "application/dicom", size, "SCANNER", "scan-1", told, time.monotonic()
            )
            self.say("scanner", reading)

    def leave(self) -> None:
        self.barriers.vehicles, self.barriers.at_hold = 0, False


def background() -> list[object]:
    now = time.monotonic()
    gamma = BackgroundCounts(Radiation.GAMMA, (400.0, 410.0, 395.0, 405.0), now)
    return [gamma, BackgroundCounts(Radiation.NEUTRON, (2.0, 2.0), now)]


def occupied(source: float) -> list[object]:
    """A truck's five seconds in the portal; `source` adds so many counts an interval in the middle."""
    now, rng = time.monotonic(), np.random.default_rng(1)
    found: list[object] = []
    for n in range(25):
        extra = source if 10 <= n < 15 else 0.0
        counts = tuple(int(c) for c in rng.poisson([50.0 + extra] * 4))
        found.append(OccupiedCounts(Radiation.GAMMA, counts, 0.2, False, now))
        if n % 5 == 4:
            found.append(OccupiedCounts(Radiation.NEUTRON, (1, 2), 1.0, False, now))
    return [*found, OccupancyEnded(1, 4.0, now)]


def heard(consignment: Consignment) -> SealReading:
    seal = consignment.seal
    assert seal is not None
    at = time.monotonic()
    return SealReading(
        seal.manufacturer, seal.serial, SealState.SEALED, False, "2026-01-01T00:00:00Z", "", at
    )


# ---------------------------------------------------------------- the bench


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Consignment], list[Path]]:
    """Simulated scans, each made once."""
    made: dict[str, list[Path]] = {}

    def of(consignment: Consignment) -> list[Path]:
        key = consignment.code
        if key not in made:
            made[key] = scan_files(consignment, Condition.SOUND, tmp_path_factory.mktemp(key), seed=1)
        return made[key]

    return of


Test = Callable[[Bench], Awaitable[None]]


@pytest.fixture
def bench(tmp_path: Path, pictures: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Test], None]]:
    """Runs a test on a lane of its own, and fails if it leaves a task or a thread behind."""
    monkeypatch.setattr(signed, "REFRESH_S", 0.05)
    before = set(threading.enumerate())

    def run(test: Test) -> None:
        async def main() -> None:
            async with running(tmp_path, pictures) as bench:
                await test(bench)
            assert len(asyncio.all_tasks()) == 1, "a task was left behind"

        asyncio.run(main())

    yield run
    deadline = time.monotonic() + 5
    while (left := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left


@asynccontextmanager
async def running(tmp_path: Path, pictures: Any) -> AsyncIterator[Bench]:
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    (manifests / "all.json").write_text(manifest_json(datetime.now(UTC)))
    policy = PolicySettings(
        file=ROOT / "config/policies/nii.toml",
        public_key=ROOT / "config/keys/sample.pub.pem",
        allow_unsigned=False,
    )
    reference = YardReference(policy, ManifestSettings(directory=manifests, max_age_days=60.0))
    tools = Tools(
        reference.manifests,
        Sisters(tmp_path / "loads"),
        RadiationSettings(least_s=1.0),
        WeighingSettings(),
        CargoSettings(),
        PictureFacts(),
        curves=None,
        detector=load_default_detector("simulated"),
    )
    settings = NiiSettings.model_validate(
        {"gather_budget_s": 3.0, "second_energy_s": 1.5, "timing": {"gathering_s": 20.0}}
    )
    board, codes, shelf = (
        Board("t", "nii"),
        Codes(),
        Shelf(tmp_path / "scans", DeskSettings.model_validate({})),
    )
    parts: dict[str, Any] = {name: Told() for name in ("scanner", "portal", "scale", "seals")}
    parts |= {"camera_left": Told(), "camera_right": Told(), "yard": Barriers()}
    with Journal.open(tmp_path / "journal.db", "t") as journal, ThreadPoolExecutor(2) as executor:
        recogniser = cast(CodeRecogniser, codes)  # what a conductor asks of one, it answers
        conductor = YardConductor(
            settings, reference, tools, recogniser, shelf, tmp_path / "records", executor, journal, board,
            lambda: None, devices=tuple(parts),
        )  # fmt: skip
        supervisors = [_supervised(name, part, conductor) for name, part in parts.items()]
        conductor.attach(*supervisors)
        bench = Bench(conductor, board, journal, shelf, tmp_path / "records", codes, parts, pictures)
        bench.barriers.witness = bench.decisions
        tasks = [asyncio.create_task(conductor.run())]
        tasks += [asyncio.create_task(s.run()) for s in supervisors]
        try:
            yield bench
            assert not any(task.done() for task in tasks), "the conductor or a supervisor ended by itself"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _supervised(name: str, part: Any, conductor: YardConductor) -> Supervisor:
    return Supervisor(
        name,
        "told",
        lambda: part,
        on_reading=partial(conductor.on_reading, name),
        on_health=conductor.on_health,
        patience=Patience(backoff_first_s=0.02, backoff_last_s=0.05),
    )


EMPTY, CLOTHING = CONSIGNMENTS["declared_empty"], CONSIGNMENTS["general_cargo"]

# ---------------------------------------------------------------- the specification


def test_a_clean_truck_is_released_and_the_release_is_on_disk_before_the_barrier_is_asked_for(
    bench: Any,
) -> None:
    async def test(b: Bench) -> None:
        await b.come(CLOTHING)
        await b.until(lambda: b.barriers.targets[1])
        b.leave()
        await b.reach(Phase.IDLE)
        assert b.decisions() == ["release"]
        asked = [disk for (_, release, _), disk in b.barriers.log if release]
        assert asked, "the release barrier opened by itself"
        assert all(disk == ["release"] for disk in asked)

    bench(test)


def test_one_record_holds_the_whole_inspection_under_its_container(bench: Any) -> None:
    async def test(b: Bench) -> None:
        await b.come(CLOTHING)
        await b.until(lambda: b.barriers.targets[1])
        b.leave()
        await b.until(lambda: any("total_s" in e["body"] for e in b.entries("lifecycle")))
        entry = b.entries("decision")[0]
        record = entry["body"]["inspection"]
        assert record["container"] == CLOTHING.code
        assert record["manifest"] == "SIM-2026-1"
        assert record["weight_kg"] == pytest.approx(CLOTHING.weight_kg, abs=1)
        assert record["scan"]["fill"]["class"] in ("partial", "full")
        [case] = b.shelf.cases()
        assert (case.id, case.container) == (entry["transaction"], CLOTHING.code)
        files = {path.name for path in (b.records / entry["transaction"]).iterdir()}
        assert files == {"inspection.json", "scan.png", "findings.dcs", "radiation.n42"}
        whole = json.loads((b.records / entry["transaction"] / "inspection.json").read_text())
        assert whole["decision"]["verdict"] == "release"
        files_over = len(b.pictures(CLOTHING))  # which the driver may forget now
        await b.until(lambda: len(b.devices["scanner"].over) == files_over)

    bench(test)


def test_h7_the_pictures_of_a_truck_are_made_beside_the_loop(bench: Any, pictures_made: list[str]) -> None:
    async def test(b: Bench) -> None:
        await b.come(CLOTHING)
        await b.until(lambda: b.barriers.targets[1])
        b.leave()
        await b.until(lambda: "gate_agent.scans.render" in pictures_made)

    bench(test)


def test_radiation_sends_to_inspection_and_nothing_opens_the_release_road(bench: Any) -> None:
    async def test(b: Bench) -> None:
        await b.come(EMPTY, source=200.0)
        await b.until(lambda: b.barriers.targets[2])
        assert b.decisions()[-1] == "inspect"
        assert "RPM_GAMMA_ALARM" in b.reasons()
        assert await b.order("release") is not None  # no officer at this lane outweighs it
        b.leave()
        await b.reach(Phase.IDLE)
        assert not any(release for (_, release, _), _ in b.barriers.log)
        assert any(e["body"]["reason"] == "RADIATION_ALARM" for e in b.entries("lane_event"))

    bench(test)


def test_without_a_scan_an_officer_reviews_and_may_release(bench: Any) -> None:
    async def test(b: Bench) -> None:
        await b.come(EMPTY, scanned=False)
        await b.reach(Phase.REVIEW)
        assert b.decisions() == ["review"]
        assert "SCAN_NOT_RECEIVED" in b.reasons()
        assert await b.order("release") is None
        await b.until(lambda: b.barriers.targets[1])
        assert b.decisions() == ["review", "release"]
        assert b.entries("decision")[-1]["body"]["decision"]["decided_by"] == "officer:jo"

    bench(test)


def test_a_proposal_to_release_moves_nothing_and_is_journalled(bench: Any) -> None:
    async def test(b: Bench) -> None:
        await b.come(EMPTY, scanned=False)
        await b.reach(Phase.REVIEW)
        transaction = b.entries("decision")[0]["transaction"]
        proposal = OfficerAction("propose_release", "jo", "looks empty", transaction)
        assert await b.conductor.act(proposal) == OrderResult()
        confirmed = OfficerAction("release", "sam", "agreed", transaction, confirms="jo")
        assert b.phase == Phase.REVIEW
        assert await b.conductor.act(confirmed) == OrderResult()
        actions = [e["body"] for e in b.entries("officer_action")]
        assert [a["action"] for a in actions] == ["propose_release", "release"]
        assert actions[1]["confirms"] == "jo"
        outcomes = [e["body"] for e in b.entries("officer_outcome")]
        assert [(o["action"], o["done"]) for o in outcomes] == [("propose_release", True), ("release", True)]

    bench(test)


def test_an_officer_sends_a_truck_to_inspection(bench: Any) -> None:
    async def test(b: Bench) -> None:
        await b.come(EMPTY, scanned=False)
        await b.reach(Phase.REVIEW)
        assert await b.order("inspect") is None
        await b.until(lambda: b.barriers.targets[2])
        b.leave()
        await b.reach(Phase.IDLE)
        assert b.decisions() == ["review", "inspect"]

    bench(test)


def test_a_container_that_nobody_declared_is_reviewed(bench: Any) -> None:
    async def test(b: Bench) -> None:
        await b.come(replace(EMPTY, code="CSQU3054383"))
        await b.reach(Phase.REVIEW)
        assert {"MANIFEST_MISSING"} <= set(b.reasons())

    bench(test)


def test_a_portal_that_is_away_closes_the_lane_to_the_next_truck_and_its_truck_is_not_released(
    bench: Any,
) -> None:
    async def test(b: Bench) -> None:
        await b.reach(Phase.IDLE)
        b.devices["portal"].broken = True
        await b.reach(Phase.OUT_OF_SERVICE)
        b.devices["portal"].broken = False
        await b.reach(Phase.IDLE)

    bench(test)


def test_a_portal_lost_in_mid_passage_leaves_an_incomplete_profile_of_that_truck(bench: Any) -> None:
    async def test(b: Bench) -> None:
        await b.come(EMPTY, scanned=False, counted=10)
        b.devices["portal"].broken = True
        await b.until(lambda: b.barriers.targets[2])
        assert "RPM_PROFILE_INCOMPLETE" in b.reasons()
        assert b.decisions() == ["inspect"]

    bench(test)


def test_a_scan_without_a_truck_is_kept_for_an_officer(bench: Any) -> None:
    async def test(b: Bench) -> None:
        await b.reach(Phase.IDLE)
        b.scan(EMPTY)
        await b.until(lambda: len(b.devices["scanner"].over) == len(b.pictures(EMPTY)))
        assert all(case.reasons == ("SCAN_WITHOUT_TRUCK",) for case in b.shelf.cases())
        assert b.decisions() == []

    bench(test)


def test_a_truncated_scan_is_evidence_and_the_station_lives(bench: Any, tmp_path: Path) -> None:
    async def test(b: Bench) -> None:
        await b.come(EMPTY, scanned=False)
        broken = tmp_path / "broken.dcs"
        broken.write_bytes(b.pictures(EMPTY)[0].read_bytes()[:5000])
        told = (5000, "SCANNER", "scan-1", EMPTY.code, time.monotonic())
        b.say("scanner", ScanReading(broken, "application/dicom", *told))
        await b.reach(Phase.REVIEW)
        assert "SCAN_UNREADABLE" in b.reasons()

    bench(test)


def test_an_emergency_leaves_the_way_to_the_inspection_area_open(bench: Any) -> None:
    async def test(b: Bench) -> None:
        await b.come(EMPTY, scanned=False)
        b.barriers.emergency = True
        await b.reach(Phase.EMERGENCY)
        await b.until(lambda: b.barriers.targets == (False, False, True))
        await b.until(lambda: b.decisions() == ["inspect"])

    bench(test)
