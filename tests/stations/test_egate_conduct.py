"""The conductor at work: real journal, policy, watchlist, passports and door controller, in one process.

Only the wires are missing (the drivers here speak to the simulated parts directly) and the face model: what
a face is decided to be is the test's to say. Every door request is checked, at the moment at which it
reaches the controller, against what is in the journal on disk.
"""

from __future__ import annotations

import asyncio
import queue
import shutil
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_agent.biometrics.face.chain import DetectedFace, FaceSettings
from gate_agent.biometrics.face.compare import Comparison, Template
from gate_agent.biometrics.face.errors import UnclearFace
from gate_agent.biometrics.face.pixels import Box
from gate_agent.biometrics.face.quality import FaceQuality
from gate_agent.devices import (
    CardLost,
    ChipPresence,
    DoorPosition,
    DriverConfig,
    Frame,
    LaneReading,
    Light,
    MrzReading,
)
from gate_agent.devices.supervision import Patience, Supervisor
from gate_agent.egate import vocabulary as v
from gate_agent.egate.conduct import LaneConductor
from gate_agent.egate.face_work import FaceDesk
from gate_agent.egate.reference import ReferenceData
from gate_agent.egate.settings import EgateSettings
from gate_agent.egate.transaction import Transaction
from gate_agent.egate.vocabulary import Phase
from gate_agent.journal import Journal, Record
from gate_agent.journal.errors import JournalFull
from gate_agent.policy import PolicySettings, sign_policy
from gate_agent.policy.signature import public_pem
from gate_agent.policy.watchlist import Subject, WatchlistSettings, build_watchlist
from gate_agent.readmodel import Board, Objection, OfficerAction
from gate_agent.station import registrar, signed
from gate_agent.station.inbox import BoundPassed, Order
from gate_simulators.device.interlock import Position, Refusal
from gate_simulators.egate.door_controller import DoorController
from gate_simulators.egate.plant import Person, Plant, Zone
from gate_simulators.issuer.passports import Passport, PassportOffice, Variant

SAMPLE = Path(__file__).parents[2] / "config/policies/egate.toml"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NOISE = np.random.default_rng(1).integers(0, 256, (320, 240, 3), dtype=np.uint8)
POSITIONS = {
    Position.CLOSED: DoorPosition.CLOSED,
    Position.MOVING: DoorPosition.MOVING,
    Position.OPEN: DoorPosition.OPEN,
    Position.FAULT: DoorPosition.FAULT,
}
GOOD: Any = {f.name: True if f.type == "bool" else 60.0 for f in fields(FaceQuality)}
QUALITY = FaceQuality(**GOOD)

# ---------------------------------------------------------------- the parts


class Config(DriverConfig):
    """Nothing to configure."""


class Told:
    """A device that says what the test tells it to."""

    Config: ClassVar[type[DriverConfig]] = Config
    capability: ClassVar[str] = "document_scanner"

    def __init__(self) -> None:
        self.readings: queue.Queue[object] = queue.Queue()

    def open(self) -> None: ...

    def close(self) -> None: ...

    def read(self) -> object:
        with suppress(queue.Empty):
            return self.readings.get(timeout=0.01)
        return None


class Slot(Told):
    """A chip reader; `chip` is the one in its field."""

    chip: Any = None
    loses_after: int = 10**9

    def put(self, passport: Passport | None) -> None:
        self.chip = passport.chip() if passport else None
        self.readings.put(ChipPresence(passport is not None))

    def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
        self.loses_after -= 1
        if self.chip is None or self.loses_after < 0:
            raise CardLost("the chip left the field", field="chip")
        return self.chip.process(apdu)


class Eye(Told):
    """A camera with a picture always at hand; a live one, unless `looped`: never the same picture twice."""

    sequence = 0
    looped = False

    def read(self) -> Frame:
        time.sleep(0.02)
        self.sequence += 1
        shift = 0 if self.looped else self.sequence
        return Frame(np.roll(NOISE, shift, axis=0), time.monotonic(), self.sequence)


class Doors(Told):
    """The door controller itself, without a wire. `log` holds requests and what was on disk for them."""

    def __init__(self, plant: Plant, witness: Callable[[], list[str]]) -> None:
        super().__init__()
        self.controller = DoorController(plant, door_seconds=0.05)
        self.witness = witness
        self.log: list[tuple[bool, bool, list[str]]] = []
        self.lights: list[tuple[Light, Light]] = []
        self.broken = False
        self._scans = 0

    def read(self) -> LaneReading:
        if self.broken:
            raise ConnectionError("the cable was cut")
        time.sleep(0.01)
        self._scans += 1
        self.controller.agent_lives(self._scans)
        seen = self.controller.step(0.01)
        return LaneReading(
            entry=POSITIONS[seen.entry],
            exit=POSITIONS[seen.exit],
            approach=seen.approach,
            persons_inside=seen.persons_inside,
            exit_zone=seen.exit_zone,
            object_inside=seen.object_inside,
            emergency=seen.emergency,
            forced=seen.forced,
            held=seen.held,
            sensors_disagree=seen.sensors_disagree,
            interlock_ok=seen.interlock_ok,
            heartbeat=self._scans,
        )

    def command_doors(self, *, entry_open: bool, exit_open: bool) -> None:
        self.log.append((entry_open, exit_open, self.witness()))
        wanted = {"entry": entry_open, "exit": exit_open}
        opened = frozenset(leaf for leaf, is_open in wanted.items() if is_open)
        assert self.controller.request(opened) is Refusal.NONE

    def show(self, outside: Light, inside: Light) -> None:
        self.lights.append((outside, inside))


@dataclass
class Faces:
    """Stands for the face chain: the test says whether faces match. Keeps the templates it gave out.

    `mismatches` counts comparisons with the portrait that fail before one may match.
    """

    matched: bool = True
    mismatches: int = 0
    settings: FaceSettings = field(default_factory=FaceSettings)
    overwritten: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    far: bool = False
    unclear: bool = False
    crash: bool = False
    pause: threading.Event | None = None
    templates: list[Template] = field(default_factory=list[Template])

    def find(self, pixels: object, near: Box | None = None) -> tuple[DetectedFace, ...]:
        if self.crash:
            raise RuntimeError("a library's own failure")
        return (DetectedFace(Box(10, 10, 40, 40), np.zeros((5, 2)), 1.0),)

    def single(self, faces: tuple[DetectedFace, ...]) -> DetectedFace:
        return faces[0]

    def quality(self, *_: object) -> FaceQuality:
        return replace(QUALITY, inter_eye_distance_px=10.0) if self.far else QUALITY

    def template(self, pixels: object, face: object) -> Template:
        if self.pause is not None:
            self.pause.wait(5)
        if self.unclear:
            raise UnclearFace("the views of the face agree by 0.9 only", field="face")
        self.templates.append(Template("m", np.ones(4, dtype=np.float32)))
        return self.templates[-1]

    def compare(self, a: Template, b: Template, attempts: int | None = None) -> Comparison:
        same_face = attempts is None  # picture with picture, not with the portrait
        matched = same_face or (self.matched and self.mismatches <= 0)
        self.mismatches -= not same_face
        return Comparison(0.1 if matched else 0.9, 0.5, 1e-3, matched, "m", "fmr-1e-3")

    def judged_at(self, *_: object) -> None: ...

    def attack_score(self, *_: object) -> None: ...

    def overwrite(self, shape: tuple[int, ...]) -> None:
        self.overwritten.append(shape)

    def wiped(self) -> bool:
        return all(bool(np.isnan(t.vector).all()) for t in self.templates)


class FailingJournal:
    """The real journal, with a disk that is full when the test says so."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.full: Callable[[Record], bool] = lambda _record: False

    def commit(self, record: Record) -> Any:
        if self.full(record):
            raise JournalFull("the disk is full", field="journal")
        return self.journal.commit(record)


@dataclass
class Bench:
    """A lane on the bench, running."""

    conductor: LaneConductor
    board: Board
    journal: FailingJournal
    plant: Plant
    mrz: Told
    slot: Slot
    eye: Eye
    doors: Doors
    faces: Faces
    supervisors: dict[str, Supervisor]
    policy: Path

    @property
    def phase(self) -> str:
        return self.board.snapshot.phase

    def decisions(self) -> list[str]:
        """Verdicts on disk, oldest first."""
        return [e["body"]["decision"]["verdict"] for e in self.entries("decision")]

    def entries(self, kind: str) -> list[Any]:
        return [
            r.entry for r in self.journal.journal.recent(200)[::-1] if r.entry and r.entry["kind"] == kind
        ]

    def present(self, passport: Passport) -> None:
        self.mrz.readings.put(MrzReading(passport.lines))
        self.slot.put(passport)

    def enter(self) -> Person:
        person = Person("traveller", NOISE, Zone.INSIDE)
        with self.plant.lock:
            self.plant.persons.append(person)
        return person

    async def until(self, what: Callable[[], bool], seconds: float = 15.0) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, f"still {self.phase}: {self.board.snapshot.transaction}"
            await asyncio.sleep(0.005)

    async def reach(self, *phases: Phase) -> None:
        await self.until(lambda: self.phase in phases)

    async def order(self, action: Any) -> Objection | None:
        return (await self.conductor.act(OfficerAction(action, "jo", "looked at the document"))).objection

    async def come_inside(self, passport: Passport) -> Person:
        await self.reach(Phase.IDLE)
        self.present(passport)
        await self.reach(Phase.ENTRY_OPENING)
        await self.until(lambda: self.plant.entry.passable)
        self.slot.put(None)
        return self.enter()


# ---------------------------------------------------------------- the bench


def order_of(action: Any, tx: Transaction | None) -> Order:
    """An officer's order that is in the journal already."""
    return Order(OfficerAction(action, "jo", "x"), tx, asyncio.get_running_loop().create_future())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> PassportOffice:
    return PassportOffice(tmp_path_factory.mktemp("office"), seed=4)


@pytest.fixture(scope="module")
def passport(office: PassportOffice) -> Passport:
    return office.issue("ERIKSSON", "ANNA MARIA", NOISE, date(1980, 8, 12))


@pytest.fixture(scope="module")
def expired(office: PassportOffice) -> Passport:
    return office.issue("MUSTER", "ERIKA", NOISE, date(1970, 1, 1), variant=Variant.EXPIRED_DOCUMENT)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails on a thread that is left behind. What is only waiting for the next look is made short."""
    monkeypatch.setattr(registrar, "PROBE_S", 0.05)
    monkeypatch.setattr(signed, "REFRESH_S", 0.05)
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5
    while (left := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left


@pytest.fixture
def bench(tmp_path: Path, office: PassportOffice, threads: None) -> Callable[[Test], None]:
    """Runs a test on a lane of its own, and fails if it leaves a task, a thread or a template behind."""

    def run(test: Test, **timing: float) -> None:
        async def main() -> None:
            async with running(tmp_path, office, timing) as bench:
                await test(bench)
                faces = bench.faces
            assert len(asyncio.all_tasks()) == 1, "a task was left behind"
            assert faces.wiped(), "a template was left in memory"

        asyncio.run(main())

    return run


Test = Callable[[Bench], Awaitable[None]]


def reference_data(tmp_path: Path, office: PassportOffice) -> ReferenceData:
    public = tmp_path / "key.pem"
    public.write_bytes(public_pem(KEY))
    policy = Path(shutil.copy(SAMPLE, tmp_path / "policy.toml"))
    sign_policy(policy, KEY)
    listed = tmp_path / "list.json"
    subject = Subject("L-1", surname="Wanted", given_names="Robin", date_of_birth=date(1980, 8, 12))
    build_watchlist(listed, [subject], KEY, id="t", version="1", issued_at=datetime.now(UTC))
    trust = tmp_path / "trust"
    trust.mkdir(exist_ok=True)
    office.write_trust_directory(trust)
    return ReferenceData(
        PolicySettings(file=policy, public_key=public, allow_unsigned=False),
        WatchlistSettings(file=listed, public_key=public, max_age_days=7),
        trust,
        90.0,
    )


@asynccontextmanager
async def running(tmp_path: Path, office: PassportOffice, timing: dict[str, float]) -> AsyncIterator[Bench]:
    data, board, faces, plant = reference_data(tmp_path, office), Board("t", "egate"), Faces(), Plant()
    settings = EgateSettings.model_validate(
        {"timing": {"entry_occupied_s": 0.05, "turned_away_s": 0.3, **timing}, "capture_budget_s": 5.0}
    )
    with Journal.open(tmp_path / "journal.db", "t") as opened, ThreadPoolExecutor(1) as executor:
        journal = FailingJournal(opened)
        desk = FaceDesk(faces, executor)  # pyright: ignore[reportArgumentType]
        conductor = LaneConductor(settings, data, desk, journal, board, lambda: None)  # pyright: ignore[reportArgumentType]
        parts: dict[str, Any] = {"mrz": Told(), "chip": Slot(), "camera": Eye()}
        parts["lane"] = doors = Doors(plant, lambda: [])
        supervisors = {name: _supervised(name, part, conductor) for name, part in parts.items()}
        conductor.attach(*supervisors.values())
        bench = Bench(
            conductor, board, journal, plant, parts["mrz"], parts["chip"], parts["camera"], doors, faces,
            supervisors, tmp_path / "policy.toml",
        )  # fmt: skip
        doors.witness = bench.decisions
        tasks = [asyncio.create_task(conductor.run())]
        tasks += [asyncio.create_task(s.run()) for s in supervisors.values()]
        try:
            yield bench
            assert not any(task.done() for task in tasks), "the conductor or a supervisor ended by itself"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert not plant.ever_both_open


def _supervised(name: str, part: Any, conductor: LaneConductor) -> Supervisor:
    return Supervisor(
        name,
        "told",
        lambda: part,
        on_reading=partial(conductor.on_reading, name),
        on_health=conductor.on_health,
        patience=Patience(backoff_first_s=0.02, backoff_last_s=0.05),
    )


# ---------------------------------------------------------------- the specification


def test_a_genuine_traveller_passes_and_the_admit_is_on_disk_before_the_exit_is_asked_for(
    bench: Any, passport: Passport
) -> None:
    def slow_disk(record: Record) -> bool:
        time.sleep(0.3 if record.kind.value == "decision" else 0)
        return False

    async def test(b: Bench) -> None:
        b.journal.full = slow_disk  # whoever did not wait for it would be at the door long before
        person = await b.come_inside(passport)
        await b.until(lambda: b.plant.exit.passable)
        person.zone = Zone.GONE
        await b.reach(Phase.IDLE)
        assert b.decisions() == ["admit"]
        asked = [disk for _, exit_open, disk in b.doors.log if exit_open]
        assert asked, "the exit opened by itself"
        assert all(disk == ["admit"] for disk in asked)
        assert b.board.picture("portrait") is None
        assert b.board.picture("live") is None
        await b.until(lambda: any("total_s" in e["body"] for e in b.entries("lifecycle")))
        await b.until(b.faces.wiped)

    bench(test)


def test_h7_the_pictures_of_a_traveller_are_made_beside_the_loop(
    bench: Any, passport: Passport, pictures_made: list[str]
) -> None:
    async def test(b: Bench) -> None:
        await b.come_inside(passport)
        await b.until(lambda: None not in (b.board.picture("portrait"), b.board.picture("live")))
        assert "gate_agent.egate.face_work" in pictures_made

    bench(test)


def face_match(entry: Any) -> Any:
    return next(c for c in entry["body"]["evidence"]["checks"] if c["check"] == "face_match")


def test_a_mismatch_gives_a_second_chance_with_further_pictures(bench: Any, passport: Passport) -> None:
    async def test(b: Bench) -> None:
        b.faces.mismatches = 1
        await b.come_inside(passport)
        await b.until(lambda: b.decisions() == ["admit"])
        assert face_match(b.entries("decision")[0])["measured"]["comparisons"] == 2

    bench(test)


def test_there_is_no_third_chance(bench: Any, passport: Passport) -> None:
    async def test(b: Bench) -> None:
        b.faces.mismatches = 2
        await b.come_inside(passport)
        await b.until(lambda: b.decisions() == ["refer"])
        assert face_match(b.entries("decision")[0])["reasons"] == ["FACE_MISMATCH"]
        assert b.faces.mismatches == 0

    bench(test)


def test_a_stream_that_repeats_itself_is_nobody_alive(bench: Any, passport: Passport) -> None:
    async def test(b: Bench) -> None:
        b.eye.looped = True
        await b.come_inside(passport)
        await b.until(lambda: b.decisions() == ["refer"])
        assert "REPEATED_FRAMES" in b.entries("decision")[0]["body"]["decision"]["reasons"]
        assert face_match(b.entries("decision")[0])["outcome"] == "passed"

    bench(test)


def test_the_traveller_is_told_what_would_help(bench: Any, passport: Passport) -> None:
    async def test(b: Bench) -> None:
        b.faces.far = True
        await b.come_inside(passport)
        await b.until(lambda: b.board.snapshot.instruction == "MOVE_CLOSER")
        b.faces.far = False
        await b.until(lambda: b.decisions() == ["admit"])
        assert b.board.snapshot.instruction != "MOVE_CLOSER"

    bench(test)


def test_a_portrait_that_cannot_be_compared_is_named(bench: Any, passport: Passport) -> None:
    async def test(b: Bench) -> None:
        b.faces.unclear = True
        await b.come_inside(passport)
        await b.until(lambda: b.decisions() == ["refer"])
        assert face_match(b.entries("decision")[0])["reasons"] == ["PORTRAIT_UNCLEAR"]

    bench(test)


def test_the_networks_forget_a_traveller_inside_and_one_turned_away(
    bench: Any, passport: Passport, expired: Passport
) -> None:
    async def test(b: Bench) -> None:
        await b.reach(Phase.IDLE)
        b.present(expired)
        await b.reach(Phase.TURNED_AWAY)
        b.slot.put(None)
        await b.until(lambda: len(b.faces.overwritten) == 1)  # the portrait's shape alone
        person = await b.come_inside(passport)
        await b.until(lambda: b.plant.exit.passable)
        person.zone = Zone.GONE
        await b.until(lambda: NOISE.shape in b.faces.overwritten)

    bench(test)


def test_an_expired_document_opens_nothing(bench: Any, expired: Passport) -> None:
    async def test(b: Bench) -> None:
        await b.reach(Phase.IDLE)
        b.present(expired)
        await b.reach(Phase.TURNED_AWAY)
        await b.until(lambda: b.decisions() == ["refer"])
        assert "DOCUMENT_EXPIRED" in b.entries("decision")[0]["body"]["decision"]["reasons"]
        assert not any(entry or exit_ for entry, exit_, _ in b.doors.log)
        await b.reach(Phase.IDLE)

    bench(test)


def test_a_scanner_that_sends_the_zone_twice_has_not_seen_two_documents(
    bench: Any, passport: Passport
) -> None:
    async def test(b: Bench) -> None:
        await b.reach(Phase.IDLE)
        for _ in range(3):
            b.conductor.on_reading("mrz", MrzReading(passport.lines))
        b.slot.put(passport)
        await b.reach(Phase.ENTRY_OPENING, Phase.TURNED_AWAY)
        assert b.phase == Phase.ENTRY_OPENING

    bench(test)


def test_another_document_during_a_transaction_goes_to_an_officer(
    bench: Any, passport: Passport, expired: Passport
) -> None:
    async def test(b: Bench) -> None:
        await b.reach(Phase.IDLE)
        b.conductor.on_reading("mrz", MrzReading(passport.lines))
        b.conductor.on_reading("mrz", MrzReading(expired.lines))
        await b.until(lambda: b.decisions() == ["refer"])
        assert "DOCUMENT_CHANGED" in b.entries("decision")[0]["body"]["decision"]["reasons"]

    bench(test)


def test_a_card_pulled_away_may_be_presented_again(bench: Any, passport: Passport) -> None:
    async def test(b: Bench) -> None:
        await b.reach(Phase.IDLE)
        b.slot.loses_after = 10
        b.present(passport)
        await b.until(lambda: b.slot.loses_after < 0)
        b.slot.put(None)
        await b.reach(Phase.PRESENTED)
        b.slot.loses_after = 10**9
        b.slot.put(passport)
        await b.reach(Phase.ENTRY_OPENING)
        assert b.decisions() == []

    bench(test)


def test_a_traveller_listed_after_the_document_was_read_is_not_admitted(
    bench: Any, passport: Passport, tmp_path: Path
) -> None:
    async def test(b: Bench) -> None:
        await b.reach(Phase.IDLE)
        b.present(passport)
        await b.reach(Phase.ENTRY_OPENING)
        signed = b.conductor._data
        assert isinstance(signed, ReferenceData)
        before = signed.watchlist
        subject = Subject(
            "L-9", surname="Eriksson", given_names="Anna Maria", date_of_birth=date(1980, 8, 12)
        )
        build_watchlist(
            tmp_path / "list.json", [subject], KEY, id="t", version="2", issued_at=datetime.now(UTC)
        )
        await b.until(lambda: signed.watchlist is not before)
        b.slot.put(None)
        b.enter()
        await b.reach(Phase.REFERRED)
        await b.until(lambda: b.decisions() == ["refer"])
        assert "WATCHLIST_HIT" in b.entries("decision")[0]["body"]["decision"]["reasons"]

    bench(test)


# ---------------------------------------------------------------- what is not on disk has not happened


def test_an_admit_that_cannot_be_written_opens_nothing_and_lets_the_traveller_go_back(
    bench: Any, passport: Passport
) -> None:
    async def test(b: Bench) -> None:
        b.journal.full = lambda record: record.kind.value == "decision"
        await b.come_inside(passport)
        await b.reach(Phase.REFERRED)
        await b.until(lambda: b.plant.entry.passable)
        assert b.decisions() == []
        assert not any(exit_open for _, exit_open, _ in b.doors.log)
        assert any(a.code == "JOURNAL_FAULT" for a in b.board.snapshot.alerts)

    bench(test)


def test_any_failure_of_the_journal_stops_admitting_and_is_probed(bench: Any) -> None:
    def broken(record: Record) -> bool:
        raise OSError("not a journal error at all")

    async def test(b: Bench) -> None:
        await b.reach(Phase.IDLE)
        b.journal.full = broken
        assert not await b.conductor.note("something")
        await b.reach(Phase.OUT_OF_SERVICE)
        b.journal.full = lambda _record: False
        await b.reach(Phase.IDLE)

    bench(test)


def test_an_officers_decision_that_cannot_be_written_leaves_the_case_open(
    bench: Any, passport: Passport
) -> None:
    async def test(b: Bench) -> None:
        b.faces.matched = False
        await b.come_inside(passport)
        await b.reach(Phase.REFERRED)
        await b.until(lambda: b.decisions() == ["refer"])
        b.journal.full = lambda record: record.kind.value == "decision"
        await b.order("refuse")
        await b.until(lambda: any(a.code == "JOURNAL_FAULT" for a in b.board.snapshot.alerts))
        b.journal.full = lambda _record: False
        await b.until(lambda: "journal_recovered" in {e["body"]["event"] for e in b.entries("lifecycle")})
        assert await b.order("refuse") is None
        await b.until(lambda: b.decisions() == ["refer", "refuse"])

    bench(test)


# ---------------------------------------------------------------- crashes refer


def test_a_crash_while_looking_at_the_face_refers(bench: Any, passport: Passport) -> None:
    async def test(b: Bench) -> None:
        b.faces.crash = True
        await b.come_inside(passport)
        await b.reach(Phase.REFERRED)
        await b.until(lambda: b.decisions() == ["refer"])
        assert "INTERNAL_ERROR" in b.entries("decision")[0]["body"]["decision"]["reasons"]
        assert not any(exit_open for _, exit_open, _ in b.doors.log)
        assert await b.order("out_of_service") is None  # the transaction ends; the conductor does not

    bench(test)


def test_signed_data_that_cannot_be_looked_at_closes_the_lane_but_does_not_end_it(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(b: Bench) -> None:
        await b.reach(Phase.IDLE)
        with monkeypatch.context() as patch:
            patch.setattr(ReferenceData, "refresh", lambda *_: 1 / 0)
            await b.reach(Phase.OUT_OF_SERVICE)
        await b.reach(Phase.IDLE)

    bench(test)


# ---------------------------------------------------------------- the hub and the officer


def test_a_hold_reaches_the_traveller_though_an_order_was_taken_meanwhile(
    bench: Any, passport: Passport
) -> None:
    async def test(b: Bench) -> None:
        b.faces.matched = False
        await b.come_inside(passport)
        await b.reach(Phase.REFERRED)
        await b.until(lambda: b.decisions() == ["refer"])
        tx = b.conductor._case
        assert tx is not None
        assert not b.conductor.hold("tx-of-somebody-else")
        b.conductor.post(order_of("admit", tx))  # takes a new ticket; the hold comes right behind it
        assert b.conductor.hold(tx.id)
        await b.until(lambda: b.decisions() == ["refer", "admit", "refer"])
        await b.reach(Phase.REFERRED)
        assert not any(exit_open for _, exit_open, _ in b.doors.log)

    bench(test)


def test_an_officer_releases_the_traveller_under_their_name(bench: Any, passport: Passport) -> None:
    async def test(b: Bench) -> None:
        b.faces.matched = False
        person = await b.come_inside(passport)
        await b.reach(Phase.REFERRED)
        assert await b.order("admit") is None
        await b.until(lambda: b.plant.exit.passable)
        person.zone = Zone.GONE
        await b.reach(Phase.IDLE)
        assert b.decisions() == ["refer", "admit"]
        assert b.entries("decision")[-1]["body"]["decision"]["decided_by"] == "officer:jo"
        assert b.entries("officer_action")[0]["body"]["action"] == "admit"
        assert all(disk[-1] == "admit" for _, exit_open, disk in b.doors.log if exit_open)

    bench(test)


def test_an_order_meant_for_one_traveller_never_reaches_the_next(bench: Any, expired: Passport) -> None:
    async def test(b: Bench) -> None:
        orders: list[Order] = []
        for _ in range(2):
            await b.reach(Phase.IDLE)
            b.present(expired)
            await b.reach(Phase.TURNED_AWAY)
            orders.append(order_of("admit", b.conductor._case))
        b.conductor.post(orders[0])
        assert await orders[0].done == Objection("CASE_CHANGED")
        b.conductor.post(orders[1])
        assert await orders[1].done is None
        await b.until(lambda: b.decisions() == ["refer", "refer", "admit"])
        assert not any(exit_open for _, exit_open, _ in b.doors.log)

    bench(test, turned_away_s=2.0)


def test_the_lane_closes_on_order_though_nothing_can_be_written(bench: Any) -> None:
    async def test(b: Bench) -> None:
        await b.reach(Phase.IDLE)
        b.journal.full = lambda _record: True
        assert await b.order("out_of_service") is None
        assert await b.order("in_service") is not None
        assert b.phase == Phase.OUT_OF_SERVICE

    bench(test)


def test_every_order_is_answered_even_by_a_lane_that_has_stopped(
    tmp_path: Path, office: PassportOffice, threads: None
) -> None:
    async def main() -> None:
        async with running(tmp_path, office, {}) as b:
            await b.reach(Phase.IDLE)
            for action in ("admit", "refuse", "reset", "in_service", "out_of_service", "in_service"):
                await asyncio.wait_for(b.order(action), 5)
        # One that waits in the inbox when the lane stops, and one that comes afterwards.
        async with running(tmp_path, office, {}) as b:
            await b.reach(Phase.IDLE)
            waiting = order_of("reset", None)
            asyncio.get_running_loop().call_soon(b.conductor.post, waiting)
        assert await asyncio.wait_for(waiting.done, 5)
        stopping = OfficerAction("out_of_service", "jo", "x")
        assert await asyncio.wait_for(b.conductor._ordered(stopping, None), 5)

    asyncio.run(main())


# ---------------------------------------------------------------- nothing of a person is kept


def test_a_portrait_learned_after_its_transaction_ended_is_wiped(bench: Any, passport: Passport) -> None:
    async def test(b: Bench) -> None:
        b.faces.pause = threading.Event()
        await b.reach(Phase.IDLE)
        b.present(passport)
        await b.until(lambda: b.board.snapshot.transaction is not None)
        await asyncio.sleep(0.5)  # the executor has the portrait by now
        assert await b.order("out_of_service") is None
        b.faces.pause.set()
        await b.until(lambda: len(b.faces.templates) == 1 and b.faces.wiped())

    bench(test)


# ---------------------------------------------------------------- devices that fail


def test_a_controller_that_comes_back_is_told_lights_and_doors_and_an_officer_is_called(
    bench: Any, passport: Passport
) -> None:
    async def test(b: Bench) -> None:
        person = await b.come_inside(passport)
        await b.reach(Phase.CAPTURING, Phase.DECIDING, Phase.EXIT_OPENING)
        b.doors.broken = True
        await b.reach(Phase.OUT_OF_SERVICE)
        shown = len(b.doors.lights)
        b.doors.broken = False
        await b.until(lambda: len(b.doors.lights) > shown)
        await b.reach(Phase.REFERRED)
        await b.until(lambda: b.plant.entry.passable)
        assert "INTRUSION" in {a.code for a in b.board.snapshot.alerts}
        person.zone = Zone.GONE
        await b.reach(Phase.IDLE)

    bench(test)


def test_a_bound_that_passed_for_an_earlier_wait_ends_no_later_one(bench: Any, passport: Passport) -> None:
    async def test(b: Bench) -> None:
        await b.reach(Phase.IDLE)
        b.mrz.readings.put(MrzReading(passport.lines))
        await b.reach(Phase.PRESENTED)
        timer = b.conductor._timers  # between ringing and being heard
        b.conductor.post(v.ChipPresent(True))
        b.conductor.post(v.ChipPresent(False))
        b.conductor.post(BoundPassed(Phase.PRESENTED, timer))
        await asyncio.sleep(0.3)
        assert b.phase == Phase.PRESENTED

    bench(test)
