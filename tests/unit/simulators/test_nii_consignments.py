"""Simulated trucks are what they are said to be, instruments notice them, and the sample policy holds.

Physics first: masses, pictures and counts follow from the goods. What the station makes of each truck is
played whole in tests/system/test_station_nii_demo.py.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from gate_agent.cargo.consignment import Issue
from gate_agent.cargo.manifest import problems, read_manifest
from gate_agent.decision import Verdict
from gate_agent.evidence import CheckResult, Evidence, Outcome
from gate_agent.nii.facts import NII_CHECKS
from gate_agent.policy import Policy, load_policy
from gate_agent.scans.dicos_lint import Severity, lint
from gate_agent.scans.errors import ScanMalformed
from gate_agent.scans.intake import load_scan
from gate_agent.scans.triage.fill import Fill
from gate_agent.scans.triage.materials import MaterialClass
from gate_agent.scans.triage.report import TriageReport, triage
from gate_agent.vehicle.iso6346 import parse
from gate_simulators.nii.cameras import LETTER_HEIGHT, SideCamera
from gate_simulators.nii.consignments import (
    CONSIGNMENTS,
    TARE_KG,
    VEHICLE_KG,
    Consignment,
    manifest_json,
)
from gate_simulators.nii.instruments import Instruments
from gate_simulators.nii.plant import Place, Truck, Way, YardPlant
from gate_simulators.nii.truck_drivers import SCENARIOS
from gate_simulators.nii.xray import SETUP, Condition, XrayScanner, scan_files
from gate_simulators.radiation.monitor import gamma_alarms, neutron_alarms
from gate_simulators.radiation.passage import Truck as Passing
from gate_simulators.radiation.passage import drive
from gate_simulators.radiation.portal import PortalSimulator
from gate_simulators.scanner.modality import FolderExporter
from gate_simulators.scanner.scan import simulate
from gate_simulators.vehicle.scale import ScaleSimulator
from gate_simulators.vehicle.seals import SealReaderSimulator, told

CONFIG = Path(__file__).parents[3] / "config"
LOADED = {name: each for name, each in CONSIGNMENTS.items() if each.declared and each.goods}


# ---------------------------------------------------------------- papers


def test_every_scenario_has_a_truck_and_an_expectation() -> None:
    assert CONSIGNMENTS.keys() == SCENARIOS.keys()
    assert len(SCENARIOS) >= 14


def test_the_sample_manifest_is_the_declarations_of_the_simulated_trucks() -> None:
    """Rewrite it with ``manifest_json()`` after a change."""
    sample = CONFIG / "manifests/sample.json"
    assert problems(sample) == ()
    assert sample.read_text() == manifest_json()


def test_codes_are_of_one_owner_each_its_own_and_all_painted_right_but_one() -> None:
    painted = [each.code for each in CONSIGNMENTS.values() if each.code]
    assert len(set(painted)) == len(painted)
    assert all(re.fullmatch(r"SIMU\d{7}", code) for code in painted)
    wrong = [code for code in painted if not parse(code).valid]
    assert wrong == [CONSIGNMENTS["wrong_check_digit"].code]


def test_a_container_that_nobody_declared_is_in_no_manifest() -> None:
    manifest = read_manifest(CONFIG / "manifests/sample.json")
    assert manifest.find(CONSIGNMENTS["not_declared"].code) is None


@pytest.mark.parametrize("name", LOADED)
def test_declared_and_true_masses_agree_unless_the_scenario_is_about_them(name: str) -> None:
    consignment = LOADED[name]
    assert consignment.declared is not None
    declared = consignment.declared.consignment(_issue())
    if name in ("overweight", "officers_release"):
        assert declared.gross_mass_kg is not None
        assert consignment.goods_kg > 1.5 * declared.gross_mass_kg
    elif name == "floor_load":
        assert declared.empty
    else:
        assert declared.gross_mass_kg == pytest.approx(consignment.goods_kg, abs=5)
    assert consignment.weight_kg == VEHICLE_KG + TARE_KG[consignment.kind] + consignment.goods_kg
    assert consignment.weight_kg < 44_000, "no truck is heavier than roads allow"


def _issue() -> Issue:
    return read_manifest(CONFIG / "manifests/sample.json").issue


# ---------------------------------------------------------------- pictures


def _looked_at(name: str) -> TriageReport:
    return triage(simulate(CONSIGNMENTS[name].scene(1), SETUP, 1).image)


@pytest.mark.parametrize(
    ("name", "fill"),
    [
        ("declared_empty", Fill.EMPTY),
        ("floor_load", Fill.NEAR_EMPTY),
        ("hidden_object", Fill.NEAR_EMPTY),
        ("general_cargo", Fill.PARTIAL),
    ],
)
def test_containers_look_as_full_as_they_are(name: str, fill: Fill) -> None:
    report = _looked_at(name)
    assert report.fill is not None
    assert report.fill.fill is fill
    assert ("SCAN_DENSE_MATERIAL" in report.reasons) == (name == "hidden_object")


def test_goods_look_like_what_they_are_made_of() -> None:
    parts, cement = _looked_at("other_goods"), _looked_at("too_dense")
    assert parts.materials is not None
    assert parts.materials.shares[MaterialClass.METAL] > 0.6, "declared as clothing"
    assert parts.inspectable is not None
    assert parts.inspectable.not_inspectable < 0.01
    assert cement.inspectable is not None
    assert cement.inspectable.not_inspectable > 0.2, "nobody sees through a container of cement"


# ---------------------------------------------------------------- what the scanner sends


def _sent(folder: Path, condition: Condition) -> list[Path]:
    return scan_files(CONSIGNMENTS["general_cargo"], condition, folder, 1)


def test_a_scan_is_sent_as_sound_dicos_of_both_energies(tmp_path: Path) -> None:
    paths = _sent(tmp_path, Condition.SOUND)
    image = load_scan(paths)
    assert image.dual
    assert image.container == CONSIGNMENTS["general_cargo"].code
    assert [finding for path in paths for finding in lint(path) if finding.severity is Severity.ERROR] == []


def test_each_condition_of_the_scanner_shows_in_what_it_sends(tmp_path: Path) -> None:
    whole, cut = (load_scan(_sent(tmp_path, each)) for each in (Condition.SOUND, Condition.CUT_OFF))
    assert cut.shape[1] < 0.7 * whole.shape[1]
    dead = triage(load_scan(_sent(tmp_path, Condition.DEAD_DETECTORS)))
    assert "SCAN_ARTEFACTS" in dead.reasons
    with pytest.raises(ScanMalformed, match="PixelData"):
        load_scan(_sent(tmp_path, Condition.DAMAGED))


# ---------------------------------------------------------------- counts


def _counted(consignment: Consignment, seed: int) -> tuple[bool, bool]:
    """Whether the monitor alarms on gammas, on neutrons."""
    passing = Passing(consignment.truck_mm / 1000, 2.0, sources=consignment.sources)
    passage = drive(np.random.default_rng(seed), passing)
    gamma = gamma_alarms(passage.gamma.tolist(), passage.background.tolist(), 5.0)
    neutron = neutron_alarms(passage.neutron.tolist(), float(passage.neutron_background.sum()))
    return any(gamma), any(neutron)


@pytest.mark.parametrize("seed", range(8))
def test_the_portal_alarms_on_those_that_radiate_and_on_no_other(seed: int) -> None:
    assert _counted(CONSIGNMENTS["general_cargo"], seed) == (False, False)
    assert _counted(CONSIGNMENTS["gamma_source"], seed)[0]
    assert _counted(CONSIGNMENTS["norm_cargo"], seed)[0]
    assert _counted(CONSIGNMENTS["neutron_source"], seed)[1]


# ---------------------------------------------------------------- the lane's instruments


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[Instruments]:
    """Instruments that nobody listens to; the test drives the truck."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    instruments = Instruments(
        YardPlant(),
        PortalSimulator("portal", tcp=("127.0.0.1", port)),
        ScaleSimulator("scale", "toledo", pty=tmp_path / "scale.tty"),
        SealReaderSimulator("seals", tcp=("127.0.0.1", port)),
        {view: SideCamera(f"camera_{view}", "127.0.0.1", 0) for view in ("left", "rear")},
        XrayScanner(FolderExporter("scanner", tmp_path / "export")),
    )
    instruments.xray.start()
    yield instruments
    instruments.stop()


def _beacons(lane: Instruments) -> list[str]:
    """What seals in reach say, now that a beacon is due."""
    said = b"".join(lane.seals.speak(1e12)).decode()
    return re.findall(r"\$(SEAL,[^*]*)\*", said)


def test_each_instrument_notices_a_truck_at_its_place(lane: Instruments) -> None:
    consignment = CONSIGNMENTS["general_cargo"]
    truck = Truck("truck", consignment.truck_mm, -14_000.0, cargo=consignment)
    lane.plant.put(truck)
    lane.look()
    assert lane.portal.idle
    assert _beacons(lane) == []

    truck.front_mm = 7_000.0
    lane.look()
    assert not lane.portal.idle, "it is between the panels"
    assert consignment.seal is not None
    assert _beacons(lane) == [told(consignment.seal)]

    truck.front_mm = 41_000.0
    lane.look()
    assert lane.scale.weight(1e9)[0] == pytest.approx(consignment.weight_kg, abs=20)
    assert lane.cameras["left"].in_view.code == consignment.code
    assert lane.cameras["rear"].in_view.layout == "stacked"

    truck.way, truck.front_mm = Way.RELEASE, 79_000.0
    lane.look()
    assert lane.scale.weight(2e9)[0] == 0
    lane.plant.take(truck)
    lane.look()
    assert _beacons(lane) == []


def test_a_scale_carries_only_what_stands_on_it(lane: Instruments) -> None:
    consignment = CONSIGNMENTS["general_cargo"]
    truck = Truck("truck", consignment.truck_mm, 0.0, cargo=consignment)
    begin = lane.plant.layout.places[Place.SCALE].begin
    truck.front_mm = begin + consignment.truck_mm / 2
    lane.plant.put(truck)
    lane.look()
    assert lane.scale.weight(1e9)[0] == pytest.approx(consignment.weight_kg / 2, abs=20)


def test_a_code_is_painted_in_a_row_on_the_sides_and_in_two_on_the_doors() -> None:
    consignment = CONSIGNMENTS["declared_empty"]
    left, rear = (consignment.side(view, LETTER_HEIGHT) for view in ("left", "rear"))
    assert (left.layout, rear.layout) == ("horizontal", "stacked")
    assert left.size_type == "42G1"
    assert left == consignment.side("left", LETTER_HEIGHT), "paint does not change"


# ---------------------------------------------------------------- the sample policy

AT = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(CONFIG / "policies/nii.toml", CONFIG / "keys/sample.pub.pem", table=NII_CHECKS)


def _in_order() -> dict[str, CheckResult]:
    """The evidence of a truck with which all is well; nothing to compare where nothing was declared."""
    optional = {"hub_verdict", "lot_anomaly", "homogeneity"}
    results = {check: CheckResult(check, Outcome.PASSED) for check in NII_CHECKS.checks}
    return {check: result for check, result in results.items() if check not in optional}


def _decided(policy: Policy, results: dict[str, CheckResult], at: datetime = AT) -> Verdict:
    decision = policy.decide(Evidence("t", tuple(results.values())), "final", at=at)
    assert decision is not None
    return decision.verdict


def test_a_truck_with_which_all_is_in_order_is_released(policy: Policy) -> None:
    assert _decided(policy, _in_order()) is Verdict.RELEASE


@pytest.mark.parametrize("check", NII_CHECKS.checks)
@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.INCONCLUSIVE])
def test_no_truck_is_released_with_any_check_failed_or_in_doubt(
    policy: Policy, check: str, outcome: Outcome
) -> None:
    results = _in_order() | {check: CheckResult(check, outcome)}
    assert _decided(policy, results) is not Verdict.RELEASE


@pytest.mark.parametrize(
    "check", ["radiation", "threats", "declared_empty", "construction", "single_vehicle"]
)
def test_what_only_opening_can_settle_goes_to_inspection(policy: Policy, check: str) -> None:
    results = _in_order() | {check: CheckResult(check, Outcome.FAILED)}
    assert _decided(policy, results) is Verdict.INSPECT


MAY_BE_MISSING = {"seal", "seal_agreement", "hs_plausibility", "radiation_declared"}
"""Nothing of the kind was declared, or nothing that could say anything is installed."""


@pytest.mark.parametrize("check", [check for check in _in_order() if check not in MAY_BE_MISSING])
def test_no_truck_is_released_with_a_check_missing(policy: Policy, check: str) -> None:
    results = _in_order()
    del results[check]
    assert _decided(policy, results) is Verdict.REVIEW


def test_a_declared_seal_that_does_not_answer_is_reviewed(policy: Policy) -> None:
    silent = CheckResult("seal_agreement", Outcome.NOT_DONE, ("SEAL_NOT_HEARD",), {"declared": 1})
    assert _decided(policy, _in_order() | {"seal_agreement": silent}) is Verdict.REVIEW
    none = replace(silent, measured={"declared": 0})
    assert _decided(policy, _in_order() | {"seal_agreement": none}) is Verdict.RELEASE


def test_an_old_policy_releases_nobody(policy: Policy) -> None:
    assert _decided(policy, _in_order(), policy.valid_until + timedelta(seconds=1)) is Verdict.REVIEW
