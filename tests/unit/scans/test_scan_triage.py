"""Triage on simulated scans that no threshold was chosen on: other seeds, other frames, other pictures.

The rates in docs/scans.md come from ``benchmarks/nii/bench_triage.py``, which runs the same over more scans.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gate_agent.scans.attenuation import MATERIALS
from gate_agent.scans.errors import ScanError, ScanMalformed, ScanUnusable
from gate_agent.scans.image import Calibration, Geometry, ScanImage, transmission_image
from gate_agent.scans.reasons import REASONS
from gate_agent.scans.render import grey, picture, pseudo_colour
from gate_agent.scans.triage.anomalies import Side
from gate_agent.scans.triage.artefacts import clean
from gate_agent.scans.triage.container import find_container
from gate_agent.scans.triage.curves import load_curves, nominal_curves
from gate_agent.scans.triage.findings import threat_report
from gate_agent.scans.triage.inspectable import Band
from gate_agent.scans.triage.materials import MaterialClass
from gate_agent.scans.triage.report import triage
from gate_simulators.scanner.beam import SETUPS
from gate_simulators.scanner.goods import Thing
from gate_simulators.scanner.loading import Fill
from gate_simulators.scanner.scan import SimulatedScan, simulate
from gate_simulators.scanner.scenario import display_picture, random_scene
from gate_simulators.scanner.wedge import step_wedge

MV = SETUPS["mv-6-9"]
WEDGE = step_wedge(MV)
HELD_OUT = 900_000


def scanned(fill: Fill, seed: int, **how: object) -> SimulatedScan:
    return simulate(random_scene(fill, HELD_OUT + seed, **how), MV, HELD_OUT + seed)  # type: ignore[arg-type]


def loaded(*goods: Thing, seed: int = 1, kind: str = "40GP") -> SimulatedScan:
    made = random_scene(Fill.PARTIAL, HELD_OUT + seed, kind=kind, goods=list(goods))
    return simulate(made, MV, HELD_OUT + seed)


def jpeg(scan: SimulatedScan, seed: int) -> ScanImage:
    shown = (display_picture(scan.image, seed) / 255).astype(np.float32)
    return transmission_image((shown,), calibration=Calibration.UNKNOWN, bits=8)


# ---------------------------------------------------------------- finding the container


@pytest.mark.parametrize("on_truck", [True, False])
@pytest.mark.parametrize("kind", ["20GP", "40GP", "40HC", "45HC", "40RF"])
def test_the_container_is_found_to_a_few_pixels(kind: str, on_truck: bool) -> None:
    for seed, fill in enumerate((Fill.EMPTY, Fill.FULL)):
        scan = scanned(fill, 10 * len(kind) + seed, kind=kind, on_truck=on_truck)
        for image in (scan.image, jpeg(scan, seed)):
            found = find_container(image)
            assert found is not None
            left, top, width, _ = scan.truth.container_box
            assert abs(found.outer.left - left) <= 6
            assert abs(found.outer.right - left - width) <= 6
            assert abs(found.outer.top - top) <= 4
            assert abs(found.inner.bottom - scan.truth.interior_box[1] - scan.truth.interior_box[3]) <= 6


def test_a_picture_without_container_is_said_to_have_none() -> None:
    noise = np.random.default_rng(1).normal(1, 0.01, (200, 400)).astype(np.float32)
    report = triage(transmission_image((noise,), calibration=Calibration.KNOWN))
    assert "SCAN_CONTAINER_NOT_FOUND" in report.reasons
    assert report.fill is None


def side_by_side(first: SimulatedScan, second: SimulatedScan, gap: int) -> ScanImage:
    """Two scans in one frame, `gap` columns of air between the boxes, roofs at one height."""
    parts: list[np.ndarray] = []
    for scan in (first, second):
        left, _, width, _ = scan.truth.container_box
        parts.append(scan.image.high[:, left : left + width])
    rows = max(part.shape[0] for part in parts)
    tops = [scan.truth.container_box[1] for scan in (first, second)]
    level = max(tops)
    framed = [
        np.vstack([np.ones((level - top, p.shape[1])), p, np.ones((rows, p.shape[1]))])[: rows + level]
        for top, p in zip(tops, parts, strict=True)
    ]
    air = np.ones((rows + level, 1), np.float32)
    side, between = np.repeat(air, 80, 1), np.repeat(air, gap, 1)
    frame = np.hstack([side, framed[0], between, framed[1], side])
    return transmission_image((frame.astype(np.float32),), calibration=Calibration.KNOWN)


@pytest.mark.parametrize("gap", [3, 8, 200])
def test_n2_two_containers_in_a_frame_are_never_examined_as_one_in_silence(gap: int) -> None:
    for seed in range(3):
        boxes = [scanned(Fill.EMPTY, 300 + 2 * seed + n, kind="20GP", on_truck=False) for n in (0, 1)]
        report = triage(side_by_side(boxes[0], boxes[1], gap))
        assert {"SCAN_SEVERAL_BOXES", "SCAN_CONTAINER_NOT_FOUND"} & set(report.reasons), (seed, gap)


def test_n3_what_lies_outside_the_box_is_said_to_be_not_examined() -> None:
    truck, alone = (triage(scanned(Fill.EMPTY, 320, kind="40GP", on_truck=on).image) for on in (True, False))
    assert truck.outside is not None
    assert truck.outside.matter > 0.02
    assert "SCAN_PART_NOT_EXAMINED" in truck.reasons
    assert alone.outside is not None
    assert alone.outside.matter < truck.outside.matter
    assert "SCAN_SEVERAL_BOXES" not in truck.reasons + alone.reasons
    assert triage(scanned(Fill.EMPTY, 320).image).to_json()["outside"]


# ---------------------------------------------------------------- fill


@pytest.mark.parametrize("fill", Fill)
def test_fill_is_right_for_calibrated_scans_and_for_jpegs(fill: Fill) -> None:
    wrong: list[str] = []
    for seed in range(3):
        pitch = (8.0, 12.0, 16.0)[seed % 3]
        scan = scanned(fill, 100 + seed, column_mm=pitch, row_mm=pitch * (0.8 + 0.2 * seed))
        for name, image in (("calibrated", scan.image), ("jpeg", jpeg(scan, seed))):
            report = triage(image, WEDGE if name == "calibrated" else None)
            found = report.fill.fill if report.fill else None
            if found is None or found.value != fill.value:
                wrong.append(f"{name} {seed}: {found}")
    assert len(wrong) <= 0, wrong


def test_a_low_floor_load_is_never_called_empty() -> None:
    for height in (120, 200, 300):
        scan = loaded(Thing("sugar", 3000, 4500, 0, height, 1000, packing=0.8))
        report = triage(scan.image, WEDGE)
        assert report.fill is not None
        assert report.fill.fill.value == "near_empty", height
        assert report.fill.floor_cover > 0.08


def test_a_cooling_unit_is_not_cargo() -> None:
    scan = scanned(Fill.EMPTY, 42, kind="40RF")
    report = triage(scan.image, WEDGE)
    assert report.fill is not None
    assert (report.fill.fill.value, report.fill.refrigerated) == ("empty", True)


# ---------------------------------------------------------------- materials and mass


@pytest.mark.parametrize("areal", [20, 40, 80])
def test_materials_are_told_apart_where_the_beam_has_enough_to_say(areal: float) -> None:
    expected = {
        "polyethylene": MaterialClass.ORGANIC,
        "water": MaterialClass.ORGANIC,
        "aluminium": MaterialClass.MIXED,
        "glass": MaterialClass.MIXED,
        "steel": MaterialClass.METAL,
        "lead": MaterialClass.HIGH_Z,
    }
    goods = [
        Thing(name, 300 + 1600 * i, 1500 + 1600 * i, 300, 1900, areal / MATERIALS[name].density * 10)
        for i, name in enumerate(expected)
    ]
    made = random_scene(Fill.PARTIAL, HELD_OUT, kind="40GP", goods=goods)
    report = triage(simulate(made, MV, HELD_OUT).image, WEDGE)
    assert report.materials is not None
    x0, _, y0, _ = made.interior
    for thing, wanted in zip(goods, expected.values(), strict=True):
        c0, c1, r0, r1 = made.frame.box(x0 + thing.x0 + 200, x0 + thing.x1 - 200, y0 + 500, y0 + 1700)
        part = report.materials.classes[r0:r1, c0:c1]
        assert (part == wanted).mean() > 0.93, thing.material


def test_thin_goods_get_no_class_instead_of_a_guess() -> None:
    report = triage(loaded(Thing("steel", 2000, 5000, 300, 1500, 2.0)).image, WEDGE)
    assert report.materials is not None
    assert report.materials.shares[MaterialClass.METAL] < 0.05


def test_mass_is_within_ten_per_cent_for_goods_that_can_be_seen_through() -> None:
    for seed, name in enumerate(("sugar", "aluminium", "steel", "water")):
        thing = Thing(name, 1000, 9000, 100, 1700, 50 / MATERIALS[name].density * 10)
        scan = loaded(thing, seed=seed)
        report = triage(scan.image, WEDGE)
        assert report.materials is not None
        assert report.materials.mass_kg == pytest.approx(scan.truth.mass_kg, rel=0.10), name


def test_kv_beams_behind_steel_walls_give_no_class_instead_of_a_wrong_one() -> None:
    setup = SETUPS["kv-140-300"]
    goods = [Thing("sugar", 1000, 4000, 0, 1500, 100), Thing("steel", 5000, 8000, 0, 1500, 6)]
    made = random_scene(Fill.PARTIAL, HELD_OUT + 5, kind="40GP", goods=goods)
    report = triage(simulate(made, setup, 5).image, step_wedge(setup))
    assert report.materials is not None
    assert "SCAN_MATERIALS_HIDDEN" in report.reasons
    assert sum(report.materials.shares[each] for each in (1, 2, 3, 4)) == 0  # type: ignore[index]


def test_what_the_beam_does_not_penetrate_is_said_not_to_be_inspectable() -> None:
    report = triage(loaded(Thing("steel", 2000, 5000, 100, 1800, 900)).image, WEDGE)
    assert report.inspectable is not None
    assert report.materials is not None
    assert report.inspectable.not_inspectable == pytest.approx(0.2, abs=0.05)
    assert report.materials.shares[MaterialClass.BEYOND] > 0.8
    assert report.materials.mass_at_least
    assert "SCAN_NOT_INSPECTABLE" in report.reasons


def test_a_lead_box_in_food_is_reported_and_clean_food_is_not() -> None:
    food = Thing("sugar", 1000, 9000, 0, 1500, 1500, packing=0.1)
    lead = Thing("lead", 4000, 4400, 600, 1000, 60)
    assert "SCAN_DENSE_MATERIAL" in triage(loaded(food, lead).image, WEDGE).reasons
    assert "SCAN_DENSE_MATERIAL" not in triage(loaded(food).image, WEDGE).reasons


# ---------------------------------------------------------------- construction


def test_a_lowered_roof_a_false_wall_and_a_raised_floor_are_reported() -> None:
    roof = Thing("cellulose", 1000, 6000, 2200, 2371, 900)
    wall = Thing("textile", 0, 350, 0, 2371, 2300)
    floor = Thing("sugar", 0, 12012, 0, 160, 2300, packing=0.8)
    for thing, side in ((roof, Side.ROOF), (wall, Side.LEFT_WALL), (floor, Side.FLOOR)):
        report = triage(loaded(thing).image, WEDGE)
        assert [a.side for a in report.anomalies] == [side]
        assert "SCAN_CONSTRUCTION" in report.reasons


def test_ordinary_loads_have_no_construction_anomaly() -> None:
    for seed, fill in enumerate((Fill.EMPTY, Fill.PARTIAL, Fill.FULL)):
        assert triage(scanned(fill, 300 + seed).image, WEDGE).anomalies == (), seed


# ---------------------------------------------------------------- artefacts and honesty


def test_dead_detectors_and_missed_pulses_are_found_and_do_not_hurt() -> None:
    made = random_scene(Fill.PARTIAL, HELD_OUT + 7)
    scan = simulate(made, MV, 7, dead_rows=[100, 101, 150], missed_columns=[300])
    cleaned, found = clean(scan.image)
    assert (found.rows, found.columns) == ((100, 101, 150), (300,))
    assert cleaned.dead[100].all()
    report = triage(scan.image, WEDGE)
    assert report.fill is not None
    assert report.fill.fill.value == "partial"
    assert "SCAN_ARTEFACTS" in report.reasons


def test_a_clean_scan_has_no_artefacts() -> None:
    _, found = clean(scanned(Fill.PARTIAL, 8).image)
    assert (found.rows, found.columns, found.dead) == ((), (), 0.0)


def test_a_display_picture_gets_the_smaller_set_and_says_so() -> None:
    report = triage(jpeg(scanned(Fill.PARTIAL, 9), 9))
    assert report.materials is None
    assert report.fill is not None
    assert {"SCAN_CALIBRATION_UNKNOWN", "SCAN_SCALE_UNKNOWN"} <= set(report.reasons)
    assert "materials" not in report.to_json()


def test_without_a_wedge_materials_are_nominal_and_say_so() -> None:
    report = triage(scanned(Fill.PARTIAL, 10).image)
    assert report.materials is not None
    assert "SCAN_MATERIALS_NOMINAL" in report.reasons


def test_one_energy_measures_how_much_but_not_what() -> None:
    made = random_scene(Fill.PARTIAL, HELD_OUT + 11)
    report = triage(simulate(made, SETUPS["mv-6"], 11).image)
    assert report.materials is not None
    assert report.materials.shares[MaterialClass.ORGANIC] == 0
    assert "SCAN_SINGLE_ENERGY" in report.reasons


@pytest.mark.parametrize(
    "pixels",
    [
        lambda: np.zeros((100, 200), np.float32),
        lambda: np.ones((100, 200), np.float32),
        lambda: np.full((16, 16), 0.5, np.float32),
        lambda: np.random.default_rng(0).uniform(0, 4, (100, 200)).astype(np.float32),
        lambda: np.tile(np.linspace(0, 1, 200, dtype=np.float32), (100, 1)),
    ],
)
def test_strange_pictures_give_a_report_or_a_scan_error(pixels: Callable[[], np.ndarray]) -> None:
    for calibration in Calibration:
        for channels in ((pixels(),), (pixels(), pixels())):
            peaks = (6000.0, 9000.0)[: len(channels)]
            image = transmission_image(
                channels, calibration=calibration, peaks_kev=peaks, geometry=Geometry(5, 5)
            )
            try:
                report = triage(image)
            except ScanUnusable:
                continue
            assert set(report.reasons) <= set(REASONS)
            assert picture(report).dtype == np.uint8


# ---------------------------------------------------------------- curves, rendering, reports


def test_curves_come_back_from_their_file_and_bad_ones_are_named(tmp_path: Path) -> None:
    import json

    path = tmp_path / "curves.json"
    path.write_text(json.dumps(WEDGE.to_json()))
    assert load_curves(path).high_of("steel", 20.0) == pytest.approx(WEDGE.high_of("steel", 20.0))
    for change in ({"steel": None}, {"steel": {"areal": [0, 1], "low": [0, 1], "high": [1, 0]}}):
        told = WEDGE.to_json()
        told["curves"] = {**told["curves"], **change}  # type: ignore[dict-item]
        path.write_text(json.dumps(told))
        with pytest.raises(ScanMalformed) as caught:
            load_curves(path)
        assert "steel" in caught.value.field
    for content in ("", "[]", "{", '{"curves": 3}', "[" * 100_000):
        path.write_text(content)
        with pytest.raises(ScanError):
            load_curves(path)


def test_nominal_curves_are_ordered_like_measured_ones() -> None:
    nominal = nominal_curves(6000, 9000)
    deep = np.array([1.5], np.float32)
    for curves in (nominal, WEDGE):
        low = [float(curves.low_at(name, deep)[0]) for name in ("polyethylene", "aluminium", "steel", "lead")]
        assert low == sorted(low, reverse=True)


def test_organic_is_orange_metal_blue_and_air_white() -> None:
    image = transmission_image((np.full((20, 60), 0.3, np.float32),), calibration=Calibration.KNOWN)
    classes = np.zeros((20, 60), np.uint8)
    classes[:, 20:40], classes[:, 40:] = MaterialClass.ORGANIC, MaterialClass.METAL
    rgb = pseudo_colour(image, classes).astype(int)
    assert rgb[0, 30, 0] > rgb[0, 30, 1] > rgb[0, 30, 2]
    assert rgb[0, 50, 2] > rgb[0, 50, 0]
    assert grey(np.ones((2, 2), np.float32)).min() == 255


def test_a_report_of_places_needs_dicos_images_to_refer_to() -> None:
    with pytest.raises(ScanMalformed, match="no DICOS instance"):
        threat_report(triage(scanned(Fill.EMPTY, 1).image, WEDGE))


def test_bands_follow_the_transmission() -> None:
    report = triage(scanned(Fill.PARTIAL, 12).image, WEDGE)
    assert report.inspectable is not None
    assert report.container is not None
    inside = report.container.inner.slices
    high, bands = report.image.high[inside], report.inspectable.bands[inside]
    assert (bands[high > 0.61] == Band.CLEAR).all()
    assert sum(report.inspectable.shares.values()) == pytest.approx(1, abs=1e-3)
