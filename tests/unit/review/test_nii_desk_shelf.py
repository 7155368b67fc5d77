"""The shelf of inspections: kept as it was put, whole or not at all, within bounds, and damage is told."""

from __future__ import annotations

import json
import os
import resource
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import generate_uid

from gate_agent.errors import BadInput
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.review import DeskSettings, ReviewCase, Shelf
from gate_agent.review.annotations import NOT_DICOS, annotate
from gate_agent.review.errors import NotAllowed, NotThere
from gate_agent.review.record import DEAD, SATURATED, Mark, PlaneInfo, Region, Settled
from gate_agent.review.serving import served
from gate_agent.review.shelf import ShelfError
from gate_agent.scans.dicos_lint import lint
from gate_agent.scans.dicos_tdr import read_tdr
from gate_agent.scans.image import Calibration, Geometry, Provenance, ScanImage, transmission_image
from gate_agent.scans.triage.report import triage
from gate_simulators.scanner.beam import SETUPS
from gate_simulators.scanner.goods import Thing
from gate_simulators.scanner.loading import Fill
from gate_simulators.scanner.scan import simulate
from gate_simulators.scanner.scenario import random_scene

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SETTINGS = DeskSettings()
MARK = Mark(Region(10, 5, 30, 12), "CONTRABAND", "THREAT", "bricks behind the pallets")


def scan(shade: float = 0.25, *, dicos: bool = False) -> ScanImage:
    random = np.random.default_rng(7)
    channels = tuple(
        (random.random((48, 160), np.float32) * 0.2 + np.float32(level)) for level in (shade, shade + 0.1)
    )
    channels[0][3, 4] = np.nan
    saturated = np.zeros((48, 160), np.bool_)
    saturated[7, 8] = True
    return transmission_image(
        channels,
        calibration=Calibration.KNOWN,
        peaks_kev=(6000.0, 9000.0),
        saturated=saturated,
        geometry=Geometry(5.0, 4.0),
        container="MSCU1234566",
        provenance=Provenance("DICOS", "00", generate_uid(), (generate_uid(), generate_uid()), "SCAN-1")
        if dicos
        else None,
    )


def case(name: str = "NII-1", at: str = "2026-03-02T08:00:00.000Z", **more: object) -> ReviewCase:
    checks = (CheckResult("declared_weight", Outcome.PASSED, measured={"scale_kg": 27440.0}),)
    plain = ReviewCase(name, "MSCU1234566", at, scan(), None, checks, "review", ("MANIFEST_MISSING",), True)
    return replace(plain, **more)  # type: ignore[arg-type]


def test_n21_what_could_not_be_seen_through_is_not_called_harmless() -> None:
    steel = Thing("steel", 2000, 5000, 100, 1800, 900)
    scene = random_scene(Fill.PARTIAL, 900_001, kind="40GP", goods=[steel])
    hidden = simulate(scene, SETUPS["mv-6-9"], 900_001).image
    shown = [(found.what, found.flag) for found in case(image=hidden, report=triage(hidden)).findings()]
    assert ("not inspectable", "NOT_SEEN") in shown
    assert "NO_THREAT" not in {flag for _, flag in shown}


# ---------------------------------------------------------------- kept as it was put


def test_transmissions_are_kept_to_the_last_of_16_bits(tmp_path: Path) -> None:
    image = scan()
    Shelf(tmp_path, SETTINGS).put(case(image=image))
    shelf = Shelf(tmp_path, SETTINGS)
    kept = shelf.case("NII-1")
    assert kept.picture is not None
    assert [plane.name for plane in kept.picture.planes] == ["low", "high", "mask"]
    for number, channel in enumerate(image.channels):
        expected = np.rint(np.clip(channel.transmission, 0, 1) * 65535).astype(np.uint16)
        assert np.array_equal(shelf.pixels("NII-1", number), expected)
    mask = shelf.pixels("NII-1", 2)
    assert (mask[3, 4], mask[7, 8], int(np.count_nonzero(mask))) == (DEAD, SATURATED, 2)


def test_planes_are_served_little_endian_and_binned_to_what_a_card_can_hold(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, SETTINGS)
    shelf.put(case())
    high = shelf.pixels("NII-1", 1)
    whole, half = (served(high, PlaneInfo("high", 16), most) for most in (4096, 80))
    assert (whole.rows, whole.columns, whole.binning) == (48, 160, 1)
    assert (half.rows, half.columns, half.binning) == (24, 80, 2)
    pixels = np.frombuffer(whole.data, "<u2").reshape(48, 160)
    binned = np.frombuffer(half.data, "<u2").reshape(24, 80)
    assert binned[0, 0] == pytest.approx(pixels[:2, :2].mean(), abs=1)


def test_the_record_survives_a_restart_whole(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, SETTINGS)
    shelf.put(case())
    annotate(shelf, "NII-1", "B1", [MARK], AT)
    shelf.settle("NII-1", Settled("release", "B2", "2026-03-02T08:05:00.000Z", "B1"))
    again = Shelf(tmp_path, SETTINGS)
    assert again.case("NII-1") == shelf.case("NII-1")
    assert again.case("NII-1").outcome == "release"
    assert again.damaged == []


def test_a_case_without_scan_is_kept_too(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, SETTINGS)
    shelf.put(case(image=None))
    assert shelf.case("NII-1").picture is None
    with pytest.raises(NotThere):
        shelf.pixels("NII-1", 0)
    with pytest.raises(NotAllowed, match="no picture"):
        annotate(shelf, "NII-1", "B1", [], AT)


def test_a_case_put_again_is_replaced_and_keeps_what_officers_did(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, SETTINGS)
    shelf.put(case(image=scan(dicos=True)))
    annotate(shelf, "NII-1", "B1", [MARK], AT)
    shelf.put(case(image=scan(0.5, dicos=True), verdict="inspect"))
    kept = Shelf(tmp_path, SETTINGS).case("NII-1")
    assert (kept.verdict, len(kept.annotations), len(kept.reports)) == ("inspect", 1, 1)
    assert shelf.report("NII-1", 1)[128:132] == b"DICM"


def test_the_last_scan_of_a_container_is_the_newest_older_one_with_a_picture(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, SETTINGS)
    for hour in (6, 7, 8):
        shelf.put(case(f"NII-{hour}", f"2026-03-02T0{hour}:00:00.000Z"))
    shelf.put(case("NII-5", "2026-03-02T07:30:00.000Z", image=None))
    shelf.put(case("NII-4", "2026-03-02T07:40:00.000Z", container="TGHU7654321"))
    assert [each.id for each in shelf.cases()][:2] == ["NII-8", "NII-4"]
    last = shelf.last_of("MSCU1234566", before="NII-8")
    assert last is not None and last.id == "NII-7"
    assert shelf.last_of("MSCU1234566", before="NII-6") is None
    assert shelf.last_of("", before="NII-8") is None


# ---------------------------------------------------------------- marks become reports


def test_marks_on_a_dicos_scan_become_an_operator_tdr_without_a_finding_of_the_linter(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, SETTINGS)
    image = scan(dicos=True)
    shelf.put(case(image=image))
    done = annotate(shelf, "NII-1", "B1234", [MARK, replace(MARK, flag="NO_THREAT", note="")], AT)
    assert (done.marks, done.report) == (2, 1)
    path = tmp_path / "NII-1" / shelf.case("NII-1").reports[0].name
    assert lint(path) == []
    report = read_tdr(path)
    assert (report.tdr_type, report.operator, report.alarm) == ("OPERATOR", "B1234", True)
    assert (report.references, report.study_uid) == (
        image.provenance.instance_uids,
        image.provenance.study_uid,
    )
    first = report.objects[0]
    assert (first.column, first.row, first.width, first.height) == (10, 5, 30, 12)
    assert (first.category, first.description) == ("CONTRABAND", "bricks behind the pallets")
    assert shelf.report("NII-1", 1) == path.read_bytes()


def test_an_officer_who_found_nothing_says_so_in_a_report(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, SETTINGS)
    shelf.put(case(image=scan(dicos=True)))
    annotate(shelf, "NII-1", "B1", [], AT)
    path = tmp_path / "NII-1" / "operator-1.dcs"
    assert lint(path) == []
    assert not read_tdr(path).alarm
    assert shelf.case("NII-1").objections == ()


def test_marks_on_a_binned_scan_are_reported_in_the_scanners_pixels(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, SETTINGS)
    shelf.put(case(image=replace(scan(dicos=True), binning=3)))
    annotate(shelf, "NII-1", "B1", [MARK], AT)
    (found,) = read_tdr(tmp_path / "NII-1" / "operator-1.dcs").objects
    assert (found.column, found.row, found.width, found.height) == (30, 15, 90, 36)


def test_marks_on_a_picture_that_is_no_dicos_are_kept_and_the_answer_says_why_without_report(
    tmp_path: Path,
) -> None:
    shelf = Shelf(tmp_path, SETTINGS)
    shelf.put(case())
    done = annotate(shelf, "NII-1", "B1", [MARK], AT)
    assert (done.report, done.why_none) == (None, NOT_DICOS)
    assert shelf.case("NII-1").annotations[0].marks == (MARK,)


@pytest.mark.parametrize("region", [Region(-1, 0, 5, 5), Region(0, 0, 0, 5), Region(150, 40, 11, 8)])
def test_marks_outside_the_picture_are_refused_by_name(tmp_path: Path, region: Region) -> None:
    shelf = Shelf(tmp_path, SETTINGS)
    shelf.put(case())
    with pytest.raises(BadInput) as refused:
        annotate(shelf, "NII-1", "B1", [MARK, replace(MARK, region=region)], AT)
    assert refused.value.field == "marks.1.region"


# ---------------------------------------------------------------- bounds, damage, crashes


def test_the_oldest_goes_first_by_count_and_by_bytes(tmp_path: Path) -> None:
    few = Shelf(tmp_path / "few", DeskSettings(max_scans=2))
    for hour in (8, 6, 7):
        few.put(case(f"NII-{hour}", f"2026-03-02T0{hour}:00:00.000Z"))
    assert [each.id for each in few.cases()] == ["NII-8", "NII-7"]
    assert sorted(path.name for path in (tmp_path / "few").iterdir()) == ["NII-7", "NII-8"]
    small = Shelf(tmp_path / "small", DeskSettings.model_construct(max_scans=9, max_bytes=40_000))
    for hour in (6, 7, 8):
        small.put(case(f"NII-{hour}", f"2026-03-02T0{hour}:00:00.000Z"))
    assert [each.id for each in small.cases()] == ["NII-8"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("case.json", b'{"id": "NII-1"'),
        ("case.json", b"{}"),
        ("case.json", b"\0" * 50),
        ("high.png", b"\x89PNG"),
        ("case.json", None),
        ("mask.png", None),
    ],
)
def test_a_damaged_case_is_reported_and_the_others_stay(
    tmp_path: Path, file: str, content: bytes | None
) -> None:
    shelf = Shelf(tmp_path, SETTINGS)
    shelf.put(case())
    shelf.put(case("NII-2"))
    path = tmp_path / "NII-1" / file
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    again = Shelf(tmp_path, SETTINGS)
    assert [each.id for each in again.cases()] == ["NII-2"]
    assert [damage.id for damage in again.damaged] == ["NII-1"]
    again.put(case())  # the place of a damaged case can be taken
    assert len(again.cases()) == 2


def test_pixels_that_changed_on_disk_are_never_shown(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, SETTINGS)
    shelf.put(case())
    path = tmp_path / "NII-1" / "high.png"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ShelfError, match="changed since"):
        shelf.pixels("NII-1", 1)
    assert [damage.id for damage in shelf.damaged] == ["NII-1"]


def test_a_record_cannot_name_a_file_outside_its_folder(tmp_path: Path) -> None:
    Shelf(tmp_path, SETTINGS).put(case())
    path = tmp_path / "NII-1" / "case.json"
    record = json.loads(path.read_bytes())
    record["planes"][0]["name"] = "../NII-1/low.png"
    path.write_text(json.dumps(record))
    assert Shelf(tmp_path, SETTINGS).damaged[0].id == "NII-1"


def test_a_crash_while_replacing_leaves_the_old_case(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, SETTINGS)
    shelf.put(case())
    (tmp_path / "NII-1").rename(tmp_path / ".old-NII-1")  # killed between the two renames
    (tmp_path / ".new-NII-1").mkdir()
    again = Shelf(tmp_path, SETTINGS)
    assert [each.id for each in again.cases()] == ["NII-1"]
    assert [path.name for path in tmp_path.iterdir()] == ["NII-1"]


def test_a_full_disk_leaves_the_old_case_and_no_halves(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, SETTINGS)
    shelf.put(case())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # writes beyond fail with EFBIG
    try:
        with pytest.raises(ShelfError, match="cannot be used"):
            shelf.put(case(verdict="inspect"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert shelf.case("NII-1").verdict == "review"
    assert [path.name for path in tmp_path.iterdir()] == ["NII-1"]
    assert Shelf(tmp_path, SETTINGS).damaged == []


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 65, "tip-0011", "TIP-0011"])
def test_ids_that_are_paths_or_training_are_no_cases(name: str) -> None:
    with pytest.raises(BadInput) as refused:
        case(name)
    assert refused.value.field == "id"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ShelfError) as refused:
        Shelf(tmp_path, SETTINGS).put(case())
    assert refused.value.advice
    tmp_path.chmod(0o700)
