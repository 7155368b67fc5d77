"""Threat image projection: physics of what is projected, scoring, and no way from training to evidence."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gate_agent.errors import BadInput, GateError
from gate_agent.readmodel import Board, Objection, OfficerAction, OrderResult, TransactionView
from gate_agent.review import Desk, DeskSettings, ReviewCase, Shelf
from gate_agent.review import training as training_module
from gate_agent.review.errors import NotAllowed, NotThere
from gate_agent.review.record import Finding, Mark, PictureLayout, PlaneInfo, Region
from gate_agent.review.statistics import Statistics
from gate_agent.review.tip import LIBRARY, Part, Threat, TrainingScan, project
from gate_agent.review.training import outcome_of
from gate_agent.review.views import TrainingView
from gate_agent.scans.attenuation import MATERIALS
from gate_agent.scans.image import Geometry, ScanImage
from gate_agent.scans.triage.findings import threat_report
from gate_agent.scans.triage.report import TriageReport, triage
from gate_simulators.scanner.beam import SETUPS
from gate_simulators.scanner.loading import Fill
from gate_simulators.scanner.scan import simulate
from gate_simulators.scanner.scenario import random_scene
from gate_simulators.scanner.wedge import step_wedge

SETUP = SETUPS["mv-6-9"]
FOUND = Finding(Region(5, 5, 20, 20), "high atomic number", "THREAT", "machine")
AT = "2026-03-02T08:00:00.000Z"


@pytest.fixture(scope="module")
def clean() -> tuple[ScanImage, TriageReport]:
    scene = random_scene(Fill.PARTIAL, 5, column_mm=16, row_mm=16, kind="20GP", on_truck=False)
    image = simulate(scene, SETUP, 5).image
    report = replace(triage(image, step_wedge(SETUP)), anomalies=(), materials=None)
    return image, report


class Station:
    """A desk over a shelf with one clean scan and one truck at the hold line; the test is the conductor."""

    def __init__(self, folder: Path, clean: tuple[ScanImage, TriageReport], **settings: float) -> None:
        self.folder = folder
        self.orders: list[OfficerAction] = []
        configured = DeskSettings.model_validate({"training_threat_share": 1.0, **settings})
        self.shelf = Shelf(folder / "scans", configured)
        image, report = clean
        self.shelf.put(
            ReviewCase("NII-1", "MSCU1234566", AT, image, report, (), "release", (), needs_review=False)
        )
        self.board = Board("NII-01", "nii")
        self.now = 0.0
        self.statistics = Statistics(folder / "statistics.sqlite", configured.max_statistics)
        self.desk = Desk(
            self.shelf,
            self.statistics,
            self._adjudicate,
            self.board,
            configured,
            clock=lambda: self.now,
            seed=11,
        )
        self.shelf.put(
            ReviewCase("NII-2", "TGHU1234567", AT, None, None, (), "review", (), needs_review=True)
        )
        self.board.update(phase="review", transaction=TransactionView("NII-2", AT))

    async def _adjudicate(self, order: OfficerAction) -> OrderResult:
        self.orders.append(order)
        return OrderResult()

    def digest(self) -> str:
        """Of every byte on the shelf."""
        sha = hashlib.sha256()
        for path in sorted((self.folder / "scans").rglob("*")):
            sha.update(
                f"{path.relative_to(self.folder)}".encode() + (path.read_bytes() if path.is_file() else b"")
            )
        return sha.hexdigest()

    def session(self, view: TrainingView) -> TrainingScan:
        return self.desk._training._session(view.id).scan  # what the officer is not told


@pytest.fixture
def station(tmp_path: Path, clean: tuple[ScanImage, TriageReport]) -> Station:
    return Station(tmp_path, clean)


# ---------------------------------------------------------------- physics


def test_a_slab_of_steel_weakens_the_beam_as_beer_and_lambert_say() -> None:
    view = PictureLayout(200, 300, (PlaneInfo("low", 16), PlaneInfo("high", 16)), "known", 5.0, 5.0)
    flat = {"low": np.full((200, 300), 40_000, np.uint16), "high": np.full((200, 300), 45_000, np.uint16)}
    slab = Threat("slab", (Part("steel", 30.0, ((0, 0), (300, 0), (300, 200), (0, 200))),))
    made = project(view, flat, (1500.0, 2500.0), Region(0, 0, 300, 200), slab, np.random.default_rng(1))  # type: ignore[arg-type]
    assert made is not None
    pixels, region, background = made
    middle = region.row + region.height // 2, region.column + region.width // 2
    for name, energy in (("low", 1500.0), ("high", 2500.0)):
        expected = flat[name][0, 0] * np.exp(
            -MATERIALS["steel"].coefficient(np.array([energy]))[0] * 7.85 * 3
        )
        assert pixels[name][middle] == pytest.approx(expected, rel=1e-3)  # type: ignore[index]
    assert background == pytest.approx(45_000 / 65_535, rel=1e-3)
    assert (flat["high"] == 45_000).all(), "the clean picture was written into"
    outside = np.ones((200, 300), np.bool_)
    outside[region.row : region.row + region.height, region.column : region.column + region.width] = False
    assert (pixels["high"][outside] == 45_000).all()


@pytest.mark.parametrize("threat", LIBRARY, ids=lambda threat: threat.name)
def test_every_threat_of_the_library_can_be_projected_and_seen(threat: Threat) -> None:
    view = PictureLayout(400, 1000, (PlaneInfo("high", 16), PlaneInfo("material", 8)), "known", 5.0, 5.0)
    goods = {"high": np.full((400, 1000), 39_000, np.uint16), "material": np.ones((400, 1000), np.uint8)}
    made = project(view, goods, (2500.0,), Region(0, 0, 1000, 400), threat, np.random.default_rng(2))  # type: ignore[arg-type]
    assert made is not None
    pixels, region, _ = made
    part = pixels["high"][
        region.row : region.row + region.height, region.column : region.column + region.width
    ]
    assert part.min() < 0.9 * 39_000
    assert part.max() <= 39_000


def test_a_threat_that_fits_nowhere_is_not_projected() -> None:
    view = PictureLayout(40, 40, (PlaneInfo("high", 16),), "known", 5.0, 5.0)
    black = {"high": np.zeros((400, 1000), np.uint16)}
    tried = project(view, black, (2500.0,), Region(0, 0, 40, 40), LIBRARY[1], np.random.default_rng(2))  # type: ignore[arg-type]
    assert tried is None
    dark = project(view, black, (2500.0,), Region(0, 0, 1000, 400), LIBRARY[0], np.random.default_rng(2))  # type: ignore[arg-type]
    assert dark is None


# ---------------------------------------------------------------- scoring


def test_outcomes() -> None:
    truth = Region(100, 100, 40, 20)
    assert outcome_of(truth, [Region(110, 105, 10, 10)]) == "hit"
    assert outcome_of(truth, [Region(0, 0, 10, 10), Region(90, 95, 60, 30)]) == "hit"
    assert outcome_of(truth, [Region(300, 100, 40, 20)]) == "miss"
    assert outcome_of(truth, [Region(0, 0, 240, 220)]) == "miss", "half the picture is no answer"
    assert outcome_of(truth, []) == "miss"
    assert outcome_of(None, []) == "correct_rejection"
    assert outcome_of(None, [truth]) == "false_alarm"


def test_an_answer_tells_the_truth_is_scored_once_and_by_its_own_officer(station: Station) -> None:
    view = station.desk.start_training("B1")
    truth = station.session(view)
    assert truth.region is not None and truth.threat
    station.now += 12
    with pytest.raises(NotAllowed, match="another officer"):
        station.desk.answer_training(view.id, "B2", [])
    with pytest.raises(BadInput):
        station.desk.answer_training(view.id, "B1", [Region(0, 0, 10_000, 10)])
    result = station.desk.answer_training(view.id, "B1", [truth.region])
    assert (result.outcome, result.region, result.threat) == ("hit", truth.region, truth.threat)
    assert result.seconds == 12
    with pytest.raises(NotThere):
        station.desk.answer_training(view.id, "B1", [truth.region])
    (figures,) = station.desk.statistics()
    assert (figures.officer, figures.hits, figures.misses, figures.training_median_s) == ("B1", 1, 0, 12.0)
    assert (figures.released, figures.inspected, figures.decision_median_s) == (0, 0, None)


def test_some_scans_are_clean_so_that_a_mark_can_be_wrong(
    tmp_path: Path, clean: tuple[ScanImage, TriageReport]
) -> None:
    station = Station(tmp_path, clean, training_threat_share=0.0)
    view = station.desk.start_training("B1")
    assert station.session(view).region is None
    assert station.desk.answer_training(view.id, "B1", [Region(5, 5, 20, 20)]).outcome == "false_alarm"
    again = station.desk.start_training("B1")
    assert station.desk.answer_training(again.id, "B1", []).outcome == "correct_rejection"


def test_training_needs_a_clean_calibrated_scan_with_pixel_size(
    tmp_path: Path, clean: tuple[ScanImage, TriageReport]
) -> None:
    image, report = clean
    for index, wrong in enumerate(
        (
            {"verdict": "inspect"},
            {
                "image": replace(image, geometry=Geometry()),
                "report": replace(report, image=replace(image, geometry=Geometry())),
            },
            {"image": None, "report": None},
        )
    ):
        station = Station(tmp_path / str(index), clean)
        plain = ReviewCase("NII-1", "MSCU1234566", AT, image, report, (), "release", (), needs_review=False)
        station.shelf.put(replace(plain, **wrong))  # type: ignore[arg-type]
        with pytest.raises(NotAllowed, match="no clean scan"):
            station.desk.start_training("B1")


def test_sessions_are_few_and_one_for_each_officer(station: Station) -> None:
    first = station.desk.start_training("B1")
    station.desk.start_training("B1")
    with pytest.raises(NotThere):
        station.desk.training_plane(first.id, 0, 4096)
    views = [station.desk.start_training(f"C{number}") for number in range(8)]
    open_ = 0
    for view in views:
        try:
            station.desk.training_plane(view.id, 0, 4096)
            open_ += 1
        except NotThere:
            pass
    assert open_ == training_module.MOST_SESSIONS


# ---------------------------------------------------------------- a projected threat never reaches evidence


def test_no_way_leads_from_training_to_evidence(station: Station) -> None:
    before = station.digest()
    view = station.desk.start_training("B1")
    scan = station.session(view)
    assert view.id.startswith("tip-") and view.tag == "TRAINING"
    mark = Mark(Region(5, 5, 20, 20), "CONTRABAND", "THREAT")
    attempts: dict[str, Callable[[], object]] = {
        "a case with its id": lambda: ReviewCase(
            view.id, "X", AT, None, None, (), "review", (), needs_review=True
        ),
        "the shelf, as it is": lambda: station.shelf.put(scan),  # type: ignore[arg-type]
        "the shelf, as a view": lambda: station.shelf.put(view),  # type: ignore[arg-type]
        "a scan of its id": lambda: station.desk.scan(view.id),
        "a plane of its id": lambda: station.desk.plane(view.id, 0, 4096),
        "marks": lambda: station.desk.annotate(view.id, "B1", [mark]),
        "a report": lambda: station.desk.report(view.id, 1),
        "a claim": lambda: station.desk.claim(view.id, "B1"),
        "documentation": lambda: station.desk.file_away(view.id, "B1"),
        "triage": lambda: triage(scan),  # type: ignore[arg-type]
        "a machine's report": lambda: threat_report(scan),  # type: ignore[arg-type]
    }
    for what, attempt in attempts.items():
        with pytest.raises((GateError, AttributeError)):
            attempt()
            pytest.fail(f"training reached evidence: {what}")
    for action in ("release", "inspect"):
        order = OfficerAction(action, "B1", "seen in training", view.id)  # type: ignore[arg-type]
        assert asyncio.run(station.desk.order(order)).objection
    station.desk.answer_training(view.id, "B1", [])
    assert station.orders == [], "the station, and so the journal, heard of training"
    assert station.digest() == before, "something was written to the shelf"
    assert [card.id for card in station.desk.scans("", 50)] == ["NII-2", "NII-1"]
    assert [entry.id for entry in station.desk.queue()] == ["NII-2"]


def test_a_disguised_case_is_refused_as_well(station: Station) -> None:
    """Not even a subclass gets by: it could override what the shelf reads."""

    class Disguised(ReviewCase):
        pass

    disguised = Disguised("NII-9", "X", AT, None, None, (), "review", (), needs_review=True)
    with pytest.raises(BadInput, match="no case"):
        station.shelf.put(disguised)


def test_a_training_scan_has_nothing_that_a_report_could_refer_to() -> None:
    names = {field.name for field in fields(TrainingScan)}
    assert names == {"id", "layout", "pixels", "threat", "region", "background"}
    assert not {"study_uid", "instance_uids", "provenance", "container"} & names


def test_the_training_room_is_given_no_shelf_no_queue_and_no_station() -> None:
    parameters = inspect.signature(training_module.Training.__init__).parameters
    assert set(parameters) == {"self", "pictures", "statistics", "threat_share", "now", "clock", "seed"}
    names = set(vars(training_module))
    assert not {"Shelf", "Queue", "ReviewCase", "OfficerAction", "write_tdr", "Journal"} & names


# ---------------------------------------------------------------- statistics


def test_statistics_know_officer_ids_and_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "statistics.sqlite"
    kept = Statistics(path, most=100)
    for number in range(150):
        kept.reviewed("B1", AT, "release", float(number))
    kept.reviewed("B2", AT, "inspect", 5.0, overrules="B1")
    kept.reviewed("B1", AT, "propose", 1.0)
    kept.close()
    again = Statistics(path, most=100)
    first, second = again.figures()
    assert (first.officer, first.released, first.proposed, first.overruled) == ("B1", 98, 1, 1)
    assert (second.officer, second.inspected, second.decision_median_s) == ("B2", 1, 5.0)
    again.close()


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "statistics.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(GateError, match="cannot be opened") as refused:
        Statistics(path, 100)
    assert refused.value.advice


# ---------------------------------------------------------------- orders through the desk


def over(station: Station, *orders: tuple[str, str]) -> list[Any]:
    async def run() -> list[Any]:
        return [
            await station.desk.order(OfficerAction(action, officer, "as said", "NII-2"))  # type: ignore[arg-type]
            for action, officer in orders
        ]

    return asyncio.run(run())


def test_the_station_hears_each_step_and_the_shelf_and_figures_remember(station: Station) -> None:
    station.desk._queue.marked(replace(station.shelf.case("NII-2"), findings=(FOUND,)))
    first, same, second = over(station, ("release", "B1"), ("release", "B1"), ("release", "B2"))
    assert first.objection is None and first.note == "SECOND_OFFICER_NEEDED"
    assert same.objection.code == "OWN_PROPOSAL"
    assert (second.objection, second.note) == (None, "")
    assert [(order.action, order.officer, order.confirms) for order in station.orders] == [
        ("propose_release", "B1", ""),
        ("release", "B2", "B1"),
    ]
    settled = station.shelf.case("NII-2").settled
    assert settled is not None and (settled.verdict, settled.officer, settled.confirms) == (
        "release",
        "B2",
        "B1",
    )
    figures = {each.officer: each for each in station.desk.statistics()}
    assert (figures["B1"].proposed, figures["B2"].confirmed, figures["B2"].released) == (1, 1, 1)


def test_the_stations_objection_is_passed_on_and_nothing_is_remembered(station: Station) -> None:
    async def declines(_: OfficerAction) -> OrderResult:
        return OrderResult(Objection("NOT_NOW"))

    station.desk._adjudicate = declines
    (refused,) = over(station, ("release", "B1"))
    assert refused.objection == Objection("NOT_NOW")
    assert station.shelf.case("NII-2").settled is None
    assert station.desk.statistics() == []


def test_orders_about_another_truck_or_none_are_refused(station: Station) -> None:
    async def run() -> list[Any]:
        return [
            await station.desk.order(OfficerAction("release", "B1", "as said", transaction))
            for transaction in ("NII-1", "", "../x")
        ]

    assert all(each.objection for each in asyncio.run(run()))
    assert station.orders == []


def test_escalation_is_told_once(station: Station) -> None:
    told: list[str] = []

    async def escalate(case: str) -> None:
        told.append(case)

    async def run(watch: Callable[[], Awaitable[None]]) -> None:
        watching = asyncio.ensure_future(watch())
        await asyncio.sleep(0.01)
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching

    station.now += 3600
    for _ in range(2):
        asyncio.run(run(lambda: station.desk.watch(escalate)))
    assert told == ["NII-2"]
    assert station.desk.queue()[0].escalated
