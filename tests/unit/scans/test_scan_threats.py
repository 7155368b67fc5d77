"""The threat detector: cards that are refused, detectors that drop in, what is judged and what not, and the
built-in network on scans of the physics simulator that it was not trained on.

Rates are in docs/scans.md and the cards; ``benchmarks/nii/bench_threats.py`` measures them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import generate_uid

from gate_agent.evidence import Outcome
from gate_agent.networks import NetworkError
from gate_agent.nii.checks import triage_checks
from gate_agent.scans.attenuation import MATERIALS
from gate_agent.scans.dicos_header import Equipment, Scan
from gate_agent.scans.dicos_image import read_scan, write_scan
from gate_agent.scans.dicos_lint import Severity, lint
from gate_agent.scans.dicos_tdr import read_tdr, write_tdr
from gate_agent.scans.image import Calibration, Geometry, ScanImage, transmission_image
from gate_agent.scans.reasons import REASONS
from gate_agent.scans.render import picture
from gate_agent.scans.triage.artefacts import clean
from gate_agent.scans.triage.container import Box, Container
from gate_agent.scans.triage.detector import (
    Detector,
    default_card,
    load_default_detector,
    load_detector,
    prepared,
)
from gate_agent.scans.triage.findings import threat_report
from gate_agent.scans.triage.inspectable import Band, inspectable_map
from gate_agent.scans.triage.report import TriageReport, suspicions, triage
from gate_agent.scans.triage.threats import ScoreMap, ThreatFindings, look_for_threats, threat_areas
from gate_models.threats.evaluate import Found, auc, interval, reported, thresholds, tpr_at
from gate_models.threats.objects import Object
from gate_models.threats.tip import project, transmission_of
from gate_simulators.scanner.beam import SETUPS
from gate_simulators.scanner.goods import Kind, Thing
from gate_simulators.scanner.loading import Fill
from gate_simulators.scanner.scan import simulate
from gate_simulators.scanner.scenario import display_picture, random_scene

HELD_OUT = 910_000
INNER = Box(20, 380, 20, 120)
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def flat(level: float = 0.8, geometry: Geometry | None = None) -> ScanImage:
    image = np.full((140, 400), level, np.float32)
    return transmission_image((image,), calibration=Calibration.KNOWN, geometry=geometry or Geometry(16, 16))


def with_dark(level: float, box: Box, dark: float) -> ScanImage:
    image = flat(level)
    image.high[box.slices] = dark
    return image


def looked_at(image: ScanImage, detector: Detector) -> tuple[Box, ...]:
    seen = inspectable_map(image, INNER, 1e-5)
    return tuple(area.box for area in look_for_threats(image, Container(INNER, INNER), seen, detector).areas)


# ---------------------------------------------------------------- a detector of one's own, made here

CARD = {
    "id": "own",
    "title": "how dark a cell is",
    "licence": "none needed",
    "channels": ["transmission"],
    "pixel_mm": 16.0,
    "stride": 4,
    "multiple": 4,
    "output": "1 - transmission",
}
POINT = {
    "id": "review",
    "calibration": "known",
    "scanners": ["Maker Model"],
    "false_reviews": 0.1,
    "false_reviews_low": 0.05,
    "false_reviews_high": 0.15,
    "scans": 100,
    "data_set": "none",
}
RATE = {
    "threshold": 0.7,
    "auc": 0.9,
    "tpr": 0.8,
    "tpr_low": 0.7,
    "tpr_high": 0.9,
    "objects": 100,
    "tpr_at_fpr_5": 0.8,
    "places": 100,
}


def darkness_network(scale: float = 1.0, channels: int = 1, stride: int = 4) -> bytes:
    """1 - mean transmission of each cell, times `scale`: a network small enough to know its answers."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    weights = np.full((1, channels, stride, stride), -scale / channels / stride**2, np.float32)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w", "b"], ["y"], strides=[stride, stride])],
        "darkness",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", channels, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1, "i", "j"])],
        [
            numpy_helper.from_array(weights, "w"),
            numpy_helper.from_array(np.array([scale], np.float32), "b"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model.SerializeToString()


def own_card(
    folder: Path,
    network: bytes,
    bands: tuple[str, ...] = ("clear", "medium"),
    changed: Mapping[str, object] | None = None,
) -> Path:
    """A card and its network in `folder`."""
    told: dict[str, object] = {**CARD, "sha256": hashlib.sha256(network).hexdigest()}
    told |= changed or {}
    lines = [f"{key} = {json.dumps(value)}" for key, value in told.items()]
    lines += ["[[operating_points]]", *(f"{key} = {json.dumps(value)}" for key, value in POINT.items())]
    for band in bands:
        lines += ["[[operating_points.bands]]", f'band = "{band}"']
        lines += [f"{key} = {value}" for key, value in RATE.items()]
    (folder / "own.onnx").write_bytes(network)
    card = folder / "own.toml"
    card.write_text("\n".join(lines))
    return card


def test_an_operators_own_detector_drops_in_by_its_card(tmp_path: Path) -> None:
    detector = load_detector(own_card(tmp_path, darkness_network()))
    block = Box(200, 208, 60, 68)
    assert looked_at(flat(), detector) == ()
    (found,) = looked_at(with_dark(0.8, block, 0.1), detector)
    assert (found.left, found.right, found.top, found.bottom) == (200, 208, 60, 68)
    assert detector.name.startswith("own#")


@pytest.mark.parametrize(
    ("scanner", "calibration", "proven"),
    [
        ("Maker Model", Calibration.KNOWN, True),
        ("Maker Model", Calibration.UNKNOWN, False),  # the card has no figures for display pictures
        ("Other Model", Calibration.KNOWN, False),
        ("", Calibration.KNOWN, False),
    ],
)
def test_what_nobody_measured_on_this_scanner_is_advice(
    tmp_path: Path, scanner: str, calibration: Calibration, proven: bool
) -> None:
    detector = load_detector(own_card(tmp_path, darkness_network()), scanner=scanner)
    image = replace(with_dark(0.8, Box(200, 208, 60, 68), 0.1), calibration=calibration)
    found = look_for_threats(image, Container(INNER, INNER), inspectable_map(image, INNER, 1e-5), detector)
    assert found.proven is proven
    assert found.to_json()["proven"] is proven
    (check,) = [each for each in triage_checks(report_with(image, found)) if each.check == "threats"]
    assert ("SCAN_DETECTOR_UNPROVEN" in check.reasons) is not proven
    assert check.outcome is (Outcome.FAILED if proven else Outcome.INCONCLUSIVE)


def report_with(image: ScanImage, found: ThreatFindings) -> TriageReport:
    reasons = tuple(suspicions(found))
    return TriageReport(image, clean(image)[1], None, None, None, (), None, reasons, found)


def test_the_reports_of_a_lighter_and_a_darker_place_follow_their_own_thresholds() -> None:
    scores = np.array([[0.6, 0.6, 0.9]], np.float32)
    bands = np.array([[Band.CLEAR, Band.DENSE, Band.DARK]], np.uint8)
    found = ScoreMap(scores, bands, Box(0, 3, 0, 1), (1.0, 1.0))
    areas = threat_areas(found, {Band.CLEAR: 0.7, Band.DENSE: 0.5})
    assert [(a.box.left, a.band, a.score) for a in areas] == [(1, Band.DENSE, pytest.approx(0.6))]


def test_what_the_card_states_no_rate_for_is_not_judged_and_not_clear(tmp_path: Path) -> None:
    detector = load_detector(own_card(tmp_path, darkness_network(), bands=("clear",)))
    image = with_dark(0.8, Box(200, 380, 20, 120), 0.1)
    seen = inspectable_map(image, INNER, 1e-5)
    findings = look_for_threats(image, Container(INNER, INNER), seen, detector)
    assert findings.areas == ()  # 0.9 dark, but nobody knows how often that is right there
    assert findings.not_judged == pytest.approx(0.5, abs=0.05)


def test_a_picture_of_a_kind_that_the_card_does_not_know_is_not_judged_at_all(tmp_path: Path) -> None:
    detector = load_detector(own_card(tmp_path, darkness_network()))
    image = replace(with_dark(0.8, Box(200, 208, 60, 68), 0.1), calibration=Calibration.UNKNOWN)
    seen = inspectable_map(image, INNER, 1e-5)
    findings = look_for_threats(image, Container(INNER, INNER), seen, detector)
    assert (findings.areas, findings.not_judged) == ((), 1.0)


def test_a_block_that_lets_nothing_through_is_judged_like_the_place_where_it_lies(tmp_path: Path) -> None:
    detector = load_detector(own_card(tmp_path, darkness_network()))
    assert len(looked_at(with_dark(0.8, Box(200, 208, 60, 68), 0.0), detector)) == 1
    everywhere_dark = with_dark(0.8, INNER, 0.0)
    seen = inspectable_map(everywhere_dark, INNER, 1e-5)
    assert look_for_threats(everywhere_dark, Container(INNER, INNER), seen, detector).not_judged == 1.0


# ---------------------------------------------------------------- cards and networks that are refused


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"sha256": "0" * 64}, "own.onnx"),
        ({"id": "another"}, "own.toml"),
        ({"channels": ["colour"]}, "channels"),
        ({"channels": []}, "channels"),
        ({"pixel_mm": 0.0}, "pixel_mm"),
        ({"stride": 0}, "stride"),
        ({"licence": ""}, "licence"),
        ({"unheard_of": 1}, "unheard_of"),
        ({"sha256": "xyz"}, "sha256"),
    ],
)
def test_a_card_that_does_not_fit_is_refused_by_name(
    tmp_path: Path, changed: dict[str, object], field: str
) -> None:
    card = own_card(tmp_path, darkness_network(), changed=changed)
    with pytest.raises(NetworkError) as caught:
        load_detector(card)
    assert field in caught.value.field


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"id = ", b"[" * 50_000, b"x" * 100_000])
def test_a_file_that_is_no_card_is_refused(tmp_path: Path, content: bytes) -> None:
    card = tmp_path / "own.toml"
    card.write_bytes(content)
    with pytest.raises(NetworkError, match=str(card.name)):
        load_detector(card)
    with pytest.raises(NetworkError, match="cannot be read"):
        load_detector(tmp_path / "absent.toml")


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="refuses"):
        load_detector(own_card(tmp_path, b"not a network"))


def test_an_operating_point_that_was_not_measured_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="no operating point"):
        load_detector(own_card(tmp_path, darkness_network()), point="certain")


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (lambda: darkness_network(scale=5.0), "from 0 to 1"),
        (lambda: darkness_network(scale=float("nan")), "not finite"),
        (lambda: darkness_network(stride=2), "scores of"),
        (lambda: darkness_network(channels=2), "inference failed"),
    ],
)
def test_a_network_that_breaks_its_contract_is_an_error_not_a_finding(
    tmp_path: Path, network: Callable[[], bytes], told: str
) -> None:
    detector = load_detector(own_card(tmp_path, network()))
    with pytest.raises(NetworkError, match=told):
        looked_at(with_dark(0.8, Box(200, 240, 60, 100), 0.001), detector)


def test_a_pixel_size_that_would_make_a_giant_picture_is_refused(tmp_path: Path) -> None:
    detector = load_detector(own_card(tmp_path, darkness_network()))
    with pytest.raises(NetworkError, match="a picture of"):
        looked_at(flat(geometry=Geometry(900, 900)), detector)


# ---------------------------------------------------------------- threat image projection


@pytest.mark.parametrize("material", ["steel", "lead", "sugar"])
def test_a_projected_block_attenuates_by_nists_coefficient(material: str) -> None:
    areal = 10.0
    block = Object("block", ((material, np.full((20, 20), areal, np.float32)),))
    found = -np.log(transmission_of(block, 6000.0)[10, 10]) / areal
    energies = np.array([900.0, 5900.0])
    high, low = sorted(MATERIALS[material].coefficient(energies), reverse=True)
    assert low * 0.98 <= found <= high


def test_projection_multiplies_and_leaves_the_rest_alone() -> None:
    image, block = flat(0.5), Object("block", (("steel", np.full((20, 20), 20.0, np.float32)),))
    after, placed = project(image, block, 100, 50, np.random.default_rng(1), quanta=1e12)
    inside = after.high[placed.box.slices]
    assert inside.mean() == pytest.approx(0.5 * float(transmission_of(block, 0.0)[5, 5]), rel=1e-3)
    assert placed.background == pytest.approx(0.5)
    outside = after.high.copy()
    outside[placed.box.slices] = 0.5
    assert np.array_equal(outside, image.high)


# ---------------------------------------------------------------- rates


def found(score: float, without: float) -> Found:
    return Found("block", Band.CLEAR, score, without, {Band.CLEAR: score})


def test_auc_tpr_and_wilsons_interval_of_known_cases() -> None:
    assert auc([found(0.9, 0.1), found(0.8, 0.2)]) == 1.0
    assert auc([found(0.5, 0.5)] * 4) == 0.5
    assert tpr_at([found(0.9, n / 100) for n in range(100)], 0.05) == 0.0
    assert tpr_at([found(0.96, n / 100) for n in range(100)], 0.05) == 1.0
    assert interval(81, 263) == (0.2553, 0.3662)  # Newcombe 1998, table I, method 3


@given(
    st.lists(st.dictionaries(st.sampled_from(list(Band)[1:]), st.floats(0, 0.99), min_size=1), min_size=20),
    st.sampled_from([0.1, 0.3]),
)
@settings(max_examples=8, deadline=None)
def test_thresholds_keep_the_share_of_clean_scans_that_is_reported(
    scans: list[dict[Band, float]], share: float
) -> None:
    limits = thresholds(scans, share)
    highest = thresholds(scans, 0.0)
    assert all(limits[band] <= highest[band] for band in limits)
    # Never more than the share, unless equal highest scores leave no choice.
    if np.mean([reported(scan, limits) for scan in scans]) > share:
        assert limits == highest


# ---------------------------------------------------------------- the built-in detector


@pytest.fixture(scope="module")
def built_in() -> Detector:
    return load_default_detector("simulated")


def scanned(*goods: Thing, seed: int = 1, setup: str = "mv-6-9") -> ScanImage:
    scene = random_scene(Fill.PARTIAL, HELD_OUT + seed, kind="20GP", goods=list(goods))
    return simulate(scene, SETUPS[setup], HELD_OUT + seed).image


FOOD = Thing("sugar", 500, 5200, 0, 1600, 1200, packing=0.1, texture=0.05)
BLOCK = Thing("lead", 2000, 2250, 600, 800, 60, Kind.OBJECT)


def test_both_variants_are_small_own_work_and_what_their_cards_pin() -> None:
    onnx = pytest.importorskip("onnx")
    for name, most in (("scan-threats", 1_200_000), ("scan-threats-int8", 400_000)):
        card = default_card().with_name(f"{name}.toml")
        detector = load_detector(card)
        data = card.with_suffix(".onnx").read_bytes()
        assert len(data) < most
        assert "own work" in detector.card.licence
        if name == "scan-threats":
            model = onnx.load_from_string(data)
            assert sum(int(np.prod(each.dims)) for each in model.graph.initializer) < 300_000


def test_the_cards_state_rates_with_their_numbers(built_in: Detector) -> None:
    points = {(p.id, p.calibration): p for p in built_in.card.operating_points}
    assert {("review", "known"), ("review", "unknown")} <= set(points)
    for point in points.values():
        assert point.false_reviews_low <= point.false_reviews <= point.false_reviews_high
        assert point.scans >= 100
        for rate in point.bands:
            assert rate.tpr_low <= rate.tpr <= rate.tpr_high
            assert rate.tpr >= 0.5, "a band with less is not to be listed"
            assert rate.objects >= 40


def test_a_lead_block_in_food_is_suspected_and_the_same_food_alone_is_not(built_in: Detector) -> None:
    clean = triage(scanned(FOOD), detector=built_in)
    report = triage(scanned(FOOD, BLOCK), detector=built_in)
    assert clean.threats is not None
    assert clean.threats.areas == ()
    assert "SCAN_THREAT_SUSPECTED" not in clean.reasons
    assert "SCAN_THREAT_SUSPECTED" in report.reasons
    assert report.threats is not None
    box = report.threats.areas[0].box
    assert report.container is not None
    middle = (box.left + box.right) / 2 - report.container.inner.left
    assert middle * 10 == pytest.approx(2125, abs=200)


def test_it_sees_the_block_on_one_energy_and_on_a_display_picture_too(built_in: Detector) -> None:
    single = triage(scanned(FOOD, BLOCK, setup="mv-6"), detector=built_in)
    assert "SCAN_THREAT_SUSPECTED" in single.reasons
    shown = display_picture(scanned(FOOD, BLOCK), 3).astype(np.float32) / np.float32(255)
    report = triage(transmission_image((shown,), calibration=Calibration.UNKNOWN, bits=8), detector=built_in)
    assert "SCAN_THREAT_SUSPECTED" in report.reasons


def test_a_container_that_nothing_comes_through_is_never_clear(built_in: Detector) -> None:
    report = triage(scanned(Thing("steel", 500, 5200, 0, 2000, 1200)), detector=built_in)
    assert report.threats is not None
    assert report.threats.not_judged > 0.5
    assert {"SCAN_DETECTOR_BLIND", "SCAN_NOT_INSPECTABLE"} <= set(report.reasons)


def test_without_a_detector_the_report_says_so() -> None:
    report = triage(scanned(FOOD))
    assert report.threats is None
    assert "SCAN_NO_DETECTOR" in report.reasons
    assert "threats" not in report.to_json()
    empty = np.random.default_rng(1).normal(1, 0.01, (200, 400)).astype(np.float32)
    lost = triage(
        transmission_image((empty,), calibration=Calibration.KNOWN), detector=load_default_detector()
    )
    assert {"SCAN_CONTAINER_NOT_FOUND", "SCAN_NO_DETECTOR"} <= set(lost.reasons)


def test_the_report_is_json_and_the_areas_are_drawn(built_in: Detector) -> None:
    report = triage(scanned(FOOD, BLOCK), detector=built_in)
    told = json.loads(json.dumps(report.to_json()))
    assert told["threats"]["detector"] == built_in.name
    assert told["threats"]["areas"][0]["band"] in {"clear", "medium", "dense", "dark"}
    assert set(report.reasons) <= set(REASONS)
    assert report.threats is not None
    box = report.threats.areas[0].box
    assert tuple(picture(report)[box.top, box.left]) == (230, 0, 230)


@given(seed=st.integers(0, 10_000), level=st.floats(0.002, 1.0), known=st.booleans())
@settings(max_examples=15, deadline=None)
def test_whatever_the_picture_areas_lie_in_the_loading_space_and_are_ordered(
    seed: int, level: float, known: bool
) -> None:
    random = np.random.default_rng(seed)
    noise = np.clip(random.normal(level, 0.3, (140, 400)), 0, 4).astype(np.float32)
    geometry = Geometry(float(random.uniform(2, 40)), float(random.uniform(2, 40))) if known else Geometry()
    image = transmission_image((noise,), calibration=Calibration.KNOWN, geometry=geometry)
    seen = inspectable_map(image, INNER, 1e-4)
    detector = load_default_detector("simulated")
    areas = look_for_threats(image, Container(INNER, INNER), seen, detector).areas
    assert [a.score for a in areas] == sorted((a.score for a in areas), reverse=True)
    for area in areas:
        assert INNER.left <= area.box.left < area.box.right <= INNER.right
        assert INNER.top <= area.box.top < area.box.bottom <= INNER.bottom
    assert np.isfinite(prepared(image, INNER, seen.bands > 0, detector.card).channels).all()


# ---------------------------------------------------------------- the DICOS report


def reported_scan(folder: Path, detector: Detector) -> TriageReport:
    image = scanned(FOOD, BLOCK)
    scan = Scan("MSKU9070323", generate_uid(), "1")
    equipment = Equipment("Maker", "Model", "1", "LANE1", AT)
    paths = write_scan(image, folder, scan=scan, equipment=equipment, at=AT)
    return triage(read_scan(paths), detector=detector)


def test_areas_reach_the_tdr_with_their_probability_and_it_passes_the_linter(
    tmp_path: Path, built_in: Detector
) -> None:
    report = reported_scan(tmp_path, built_in)
    told = threat_report(report)
    path = tmp_path / "report.tdr.dcs"
    scan = Scan(told.container, told.study_uid, "triage")
    write_tdr(told, path, scan=scan, equipment=Equipment("gate-agent", "triage", "0", "agent", AT), at=AT)
    assert [f for f in lint(path) if f.severity is Severity.ERROR] == []
    back = read_tdr(path)
    assert report.threats is not None
    marked = [each for each in back.objects if each.description.startswith("detector")]
    assert len(marked) == len(report.threats.areas) >= 1
    assert marked[0].probability == pytest.approx(report.threats.areas[0].score, abs=1e-4)
    assert marked[0].flag == "THREAT"
    assert any(name.startswith("scan-threats") for name in back.algorithm)
