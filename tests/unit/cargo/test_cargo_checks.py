"""Each comparison of declared and observed, and that none of them passes what was not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.cargo.checks import (
    Observations,
    compare,
    declared_empty,
    manifest_found,
    radiation_declared,
    seal_agreement,
)
from gate_agent.cargo.consignment import Consignment, Fullness, Goods, Issue
from gate_agent.cargo.evenness import Evenness
from gate_agent.cargo.mass import mass_agreement, scale_mass
from gate_agent.cargo.observed import Mass, Observed
from gate_agent.cargo.reasons import MEASURED, REASONS
from gate_agent.cargo.settings import CargoSettings, MassSettings
from gate_agent.devices import SealReading, SealState
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.scans.triage.fill import Fill
from gate_agent.scans.triage.materials import MaterialClass
from gate_agent.vehicle.reasons import REASONS as VEHICLE_REASONS
from gate_agent.vehicle.weighing import TruckWeight

AT = datetime(2026, 3, 2, tzinfo=UTC)
ISSUE = Issue("MAN-7", AT - timedelta(days=1))
FULL = Consignment(
    "CSQU3054383",
    Fullness.FULL,
    ISSUE,
    (Goods("1701", 20000.0),),
    gross_mass_kg=20000.0,
    tare_mass_kg=2200.0,
    vehicle_mass_kg=14000.0,
)
EMPTY = Consignment("CSQU3054383", Fullness.EMPTY, ISSUE, tare_mass_kg=2200.0, vehicle_mass_kg=14000.0)
ORGANIC = {
    MaterialClass.ORGANIC: 1.0,
    MaterialClass.MIXED: 0.0,
    MaterialClass.METAL: 0.0,
    MaterialClass.HIGH_Z: 0.0,
}
SEEN = Observed(
    fill=Fill.FULL,
    calibrated=True,
    penetrating=True,
    construction=False,
    repeat=False,
    mass=Mass(19800.0, 18900.0, 22200.0),
    shares=ORGANIC,
    classed=0.9,
    beyond=0.0,
    areal=120.0,
    most_areal=140.0,
    evenness=Evenness(0.05, 0.0, 0.0, 0.0, 200),
    signature=None,
    curves="wedge",
)
WEIGHED = TruckWeight(36200.0, True, 10, 5.0, False, 0.0)


def verdict(result: CheckResult) -> tuple[str, tuple[str, ...]]:
    return result.outcome.value, result.reasons


# ---------------------------------------------------------------- manifest


def test_a_recent_manifest_is_found_and_its_issue_is_named() -> None:
    found = manifest_found(FULL, AT, 60)
    assert verdict(found) == ("passed", ())
    assert (found.measured["age_days"], found.versions["manifest"]) == (1.0, "MAN-7")


def test_without_code_without_manifest_stale_and_dated_ahead() -> None:
    assert verdict(manifest_found(None, AT, 60)) == ("not_done", ("MANIFEST_NO_CODE",))
    (missing,) = compare(None, Observations(SEEN), CargoSettings(), AT, container="CSQU3054383")
    assert verdict(missing) == ("failed", ("MANIFEST_MISSING",))
    later = AT + timedelta(days=100)
    assert verdict(manifest_found(FULL, later, 60)) == ("inconclusive", ("MANIFEST_STALE",))
    earlier = ISSUE.issued_at - timedelta(hours=1)
    assert verdict(manifest_found(FULL, earlier, 60)) == ("inconclusive", ("MANIFEST_DATED_AHEAD",))
    assert manifest_found(FULL, ISSUE.issued_at - timedelta(minutes=1), 60).outcome is Outcome.PASSED


# ---------------------------------------------------------------- empty or full


@pytest.mark.parametrize(
    ("declared", "fill", "expected"),
    [
        (EMPTY, Fill.EMPTY, ("passed", ())),
        (EMPTY, Fill.NEAR_EMPTY, ("failed", ("DECLARED_EMPTY_NEAR_EMPTY",))),
        (EMPTY, Fill.PARTIAL, ("failed", ("DECLARED_EMPTY_LOADED",))),
        (EMPTY, Fill.FULL, ("failed", ("DECLARED_EMPTY_LOADED",))),
        (FULL, Fill.EMPTY, ("failed", ("DECLARED_LOADED_EMPTY",))),
        (FULL, Fill.NEAR_EMPTY, ("passed", ())),
        (FULL, Fill.FULL, ("passed", ())),
    ],
)
def test_fullness(declared: Consignment, fill: Fill, expected: tuple[str, tuple[str, ...]]) -> None:
    for calibrated in (True, False):
        result = declared_empty(declared, replace(SEEN, fill=fill, calibrated=calibrated))
        assert verdict(result) == expected
        assert result.measured["display"] is not calibrated


def test_an_empty_container_with_thick_walls_is_not_passed() -> None:
    thick = replace(SEEN, fill=Fill.EMPTY, construction=True)
    assert verdict(declared_empty(EMPTY, thick)) == ("inconclusive", ("DECLARED_EMPTY_CONSTRUCTION",))


def test_what_was_not_seen_or_badly_seen_is_never_passed() -> None:
    assert verdict(declared_empty(EMPTY, None)) == ("not_done", ("LOAD_NOT_SEEN",))
    blank = replace(SEEN, fill=None)
    assert verdict(declared_empty(EMPTY, blank)) == ("inconclusive", ("LOAD_NOT_SEEN",))
    torn = replace(SEEN, fill=Fill.EMPTY, repeat=True)
    assert verdict(declared_empty(EMPTY, torn)) == ("inconclusive", ("LOAD_BADLY_SEEN",))


# ---------------------------------------------------------------- mass

MASSES = MassSettings()


def test_three_masses_that_agree() -> None:
    result = mass_agreement(FULL, SEEN, WEIGHED, MASSES)
    assert verdict(result) == ("passed", ())
    assert result.measured["scale_kg"] == 20000
    assert result.measured["image_minus_declared_kg"] == -200
    assert result.measured["tolerance_kg"] == 1000


@pytest.mark.parametrize(
    ("image", "scale", "reasons"),
    [
        (Mass(26000, 24700, 29000), 20000, ("MASS_IMAGE_ABOVE_DECLARED", "MASS_IMAGE_ABOVE_SCALE")),
        (Mass(14000, 13300, 15700), 20000, ("MASS_IMAGE_BELOW_DECLARED", "MASS_IMAGE_BELOW_SCALE")),
        (Mass(20000, 19000, 22000), 23000, ("MASS_SCALE_ABOVE_DECLARED",)),
        (Mass(20000, 19000, 22000), 15000, ("MASS_SCALE_BELOW_DECLARED", "MASS_IMAGE_ABOVE_SCALE")),
        (Mass(26000, 24700, inf), 20000, ("MASS_IMAGE_ABOVE_DECLARED", "MASS_IMAGE_ABOVE_SCALE")),
    ],
)
def test_each_difference_is_named(image: Mass, scale: float, reasons: tuple[str, ...]) -> None:
    weight = replace(WEIGHED, kg=scale + 16200)
    result = mass_agreement(FULL, replace(SEEN, mass=image), weight, MASSES)
    assert verdict(result) == ("failed", reasons)


def test_a_lower_bound_contradicts_only_upwards_and_confirms_nothing() -> None:
    bound = replace(SEEN, mass=Mass(9000, 8500, inf))
    result = mass_agreement(FULL, bound, None, MASSES)
    assert verdict(result) == ("inconclusive", ("MASS_IMPRECISE",))
    assert "image_most_kg" not in result.measured
    assert mass_agreement(FULL, bound, WEIGHED, MASSES).outcome is Outcome.PASSED


def test_an_unknown_truck_makes_the_scale_too_imprecise_to_confirm_but_not_to_contradict() -> None:
    unknown = replace(FULL, tare_mass_kg=None, vehicle_mass_kg=None)
    assert verdict(mass_agreement(unknown, None, WEIGHED, MASSES)) == ("inconclusive", ("MASS_IMPRECISE",))
    heavy = replace(WEIGHED, kg=48000.0)
    assert verdict(mass_agreement(unknown, None, heavy, MASSES)) == (
        "failed",
        ("MASS_SCALE_ABOVE_DECLARED",),
    )


def test_declared_empty_is_a_declared_mass_of_nothing() -> None:
    seen = replace(SEEN, mass=Mass(2500, 2300, 2900))
    assert verdict(mass_agreement(EMPTY, seen, None, MASSES)) == ("failed", ("MASS_IMAGE_ABOVE_DECLARED",))
    nothing = replace(SEEN, mass=Mass(0, 0, 40))
    light = replace(WEIGHED, kg=16250.0)
    assert mass_agreement(EMPTY, nothing, light, MASSES).outcome is Outcome.PASSED


def test_nothing_measured_or_nothing_to_compare_with_is_not_done() -> None:
    display = replace(SEEN, mass=None)
    assert verdict(mass_agreement(FULL, display, None, MASSES)) == ("not_done", ("MASS_NOT_MEASURED",))
    undeclared = replace(FULL, gross_mass_kg=None)
    assert verdict(mass_agreement(undeclared, SEEN, None, MASSES)) == ("not_done", ("MASS_NOT_DECLARED",))
    assert mass_agreement(undeclared, SEEN, WEIGHED, MASSES).outcome is Outcome.PASSED


@pytest.mark.parametrize("weight", [None, replace(WEIGHED, settled=False), replace(WEIGHED, net=True)])
def test_a_weight_that_does_not_count_is_none(weight: TruckWeight | None) -> None:
    assert scale_mass(weight, FULL, MASSES) is None


@given(
    truth=st.floats(500, 30000), error=st.floats(-0.04, 0.1), scale=st.floats(-100, 100), bound=st.booleans()
)
def test_what_is_within_its_uncertainty_never_fails(
    truth: float, error: float, scale: float, bound: bool
) -> None:
    declared = replace(FULL, goods=(Goods("1701", truth),), gross_mass_kg=truth)
    measured = truth / (1 + error)
    mass = Mass(measured, measured * 0.95, inf if bound else measured * 1.12)
    weight = replace(WEIGHED, kg=truth + 16200 + scale)
    result = mass_agreement(declared, replace(SEEN, mass=mass), weight, MASSES)
    assert result.outcome is not Outcome.FAILED


# ---------------------------------------------------------------- seals


def seal(
    serial: int = 0xC0FFEE, state: SealState = SealState.SEALED, battery_low: bool = False
) -> SealReading:
    opened = "2026-03-01T09:00:00Z" if state is SealState.OPENED else ""
    return SealReading(0x42, serial, state, battery_low, "2026-03-01T06:00:00Z", opened, 0.0)


ELECTRONIC = replace(FULL, electronic_seals=("0042-00C0FFEE",))
MECHANICAL = replace(FULL, seals=("ML-CN 1234567",))
BOTH = replace(ELECTRONIC, seals=("ML-CN 1234567",))


@pytest.mark.parametrize(
    ("declared", "heard", "read", "expected"),
    [
        (ELECTRONIC, [seal()], None, ("passed", ())),
        (ELECTRONIC, [seal(state=SealState.OPENED)], None, ("failed", ("SEAL_OPENED",))),
        (ELECTRONIC, [seal(battery_low=True)], None, ("passed", ("SEAL_BATTERY_LOW",))),
        (ELECTRONIC, [], None, ("not_done", ("SEAL_NOT_HEARD",))),
        (ELECTRONIC, [seal(7)], None, ("failed", ("SEAL_MISMATCH", "SEAL_UNDECLARED"))),
        (ELECTRONIC, [seal(), seal(7)], None, ("inconclusive", ("SEAL_UNDECLARED",))),
        (MECHANICAL, [], ["mlcn1234567"], ("passed", ())),
        (MECHANICAL, [], ["ML-CN 1234568"], ("failed", ("SEAL_NUMBER_MISMATCH",))),
        (MECHANICAL, [], [], ("inconclusive", ("SEAL_NOT_READ",))),
        (MECHANICAL, [], None, ("not_done", ("SEAL_NOT_READ",))),
        (BOTH, [seal()], ["ML-CN 1234567"], ("passed", ())),
        (BOTH, [seal()], None, ("not_done", ("SEAL_NOT_READ",))),
        (FULL, [], None, ("not_done", ("SEAL_NOT_DECLARED",))),
        (FULL, [seal()], None, ("inconclusive", ("SEAL_UNDECLARED",))),
        (FULL, [], ["X1"], ("failed", ("SEAL_NUMBER_MISMATCH",))),
    ],
)
def test_seals(
    declared: Consignment,
    heard: list[SealReading],
    read: list[str] | None,
    expected: tuple[str, tuple[str, ...]],
) -> None:
    assert verdict(seal_agreement(declared, heard, read)) == expected


# ---------------------------------------------------------------- radiation

QUIET = CheckResult("radiation", Outcome.PASSED)
GAMMA = CheckResult("radiation", Outcome.FAILED, ("RPM_GAMMA_ALARM",))
NEUTRON = CheckResult("radiation", Outcome.FAILED, ("RPM_GAMMA_ALARM", "RPM_NEUTRON_ALARM"))
DOUBT = CheckResult("radiation", Outcome.INCONCLUSIVE, ("RPM_NO_BACKGROUND",))
CERAMICS = replace(FULL, goods=(Goods("690721", 20000.0),))
CAESIUM = replace(FULL, nuclides=("Cs-137",))


@pytest.mark.parametrize(
    ("declared", "portal", "nuclides", "expected"),
    [
        (FULL, QUIET, (), ("passed", ())),
        (FULL, None, (), ("not_done", ())),
        (FULL, GAMMA, (), ("failed", ("RADIATION_NOT_DECLARED",))),
        (CERAMICS, GAMMA, (), ("inconclusive", ("RADIATION_NATURAL_DECLARED",))),
        (CERAMICS, GAMMA, ("K-40", "Tl-208"), ("inconclusive", ("RADIATION_NATURAL_DECLARED",))),
        (CERAMICS, GAMMA, ("Cs-137",), ("failed", ("RADIATION_NUCLIDE_UNDECLARED",))),
        (CERAMICS, NEUTRON, (), ("failed", ("RADIATION_NEUTRONS",))),
        (CERAMICS, DOUBT, (), ("inconclusive", ("RADIATION_NATURAL_DECLARED",))),
        (CAESIUM, GAMMA, ("Cs-137",), ("inconclusive", ("RADIATION_NUCLIDE_DECLARED",))),
        (CAESIUM, QUIET, (), ("inconclusive", ("RADIATION_DECLARED_UNSEEN",))),
        (CAESIUM, QUIET, ("Co-60",), ("failed", ("RADIATION_NUCLIDE_UNDECLARED",))),
    ],
)
def test_radiation(
    declared: Consignment,
    portal: CheckResult | None,
    nuclides: Sequence[str],
    expected: tuple[str, tuple[str, ...]],
) -> None:
    assert verdict(radiation_declared(declared, portal, nuclides)) == expected


def test_no_declaration_ever_lets_an_alarm_pass() -> None:
    for hs, nuclides in product(("0803", "3104", "6907", "2844", "99"), ((), ("K-40",), ("Ra-226",))):
        declared = replace(FULL, goods=(Goods(hs),), nuclides=nuclides)
        for portal in (GAMMA, NEUTRON, DOUBT):
            assert radiation_declared(declared, portal, nuclides).outcome is not Outcome.PASSED


# ---------------------------------------------------------------- all together


def test_every_check_reports_only_declared_values_and_known_reasons() -> None:
    observed = (
        None,
        SEEN,
        replace(SEEN, fill=None, mass=None, areal=None, evenness=None),
        replace(SEEN, calibrated=False, mass=None, shares={}, classed=0.0, areal=None, most_areal=None),
    )
    for declared, seen, radiation in product((FULL, EMPTY, BOTH, CERAMICS), observed, (None, GAMMA)):
        evidence = Observations(seen, WEIGHED, [seal(7)], ["x"], (), radiation, ("K-40",))
        for result in compare(declared, evidence, CargoSettings(), AT):
            assert set(result.reasons) <= REASONS | VEHICLE_REASONS, result
            for name, value in result.measured.items():
                kind = MEASURED[result.check][name]
                assert value in kind if isinstance(kind, tuple) else type(value) is kind, (name, value)


def test_all_checks_run_in_a_fixed_order_and_a_consistent_truck_passes_them() -> None:
    declared = replace(FULL, electronic_seals=("0042-00C0FFEE",))
    seen = Observations(SEEN, WEIGHED, [seal()], radiation=QUIET)
    results = {each.check: each.outcome.value for each in compare(declared, seen, CargoSettings(), AT)}
    assert list(results) == list(MEASURED)
    assert results.pop("lot_anomaly") == "not_done"
    assert set(results.values()) == {"passed"}


def test_reasons_are_told_once() -> None:
    assert not REASONS & VEHICLE_REASONS
