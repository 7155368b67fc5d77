"""Declared goods against materials, density and evenness; and the table of what goods look like."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gate_agent.cargo.commodities import CHAPTERS, NATURAL, expectation, natural_nuclides, series
from gate_agent.cargo.consignment import Consignment, Fullness, Goods, Issue
from gate_agent.cargo.evenness import Evenness
from gate_agent.cargo.observed import Observed, observe
from gate_agent.cargo.plausibility import homogeneity, hs_plausibility
from gate_agent.cargo.settings import PlausibilitySettings
from gate_agent.evidence import CheckResult
from gate_agent.scans.image import Calibration, ScanImage, transmission_image
from gate_agent.scans.triage.curves import MaterialCurves
from gate_agent.scans.triage.fill import Fill
from gate_agent.scans.triage.materials import MaterialClass
from gate_agent.scans.triage.report import triage
from gate_simulators.scanner.beam import SETUPS
from gate_simulators.scanner.goods import Kind, Thing
from gate_simulators.scanner.loading import Fill as Load
from gate_simulators.scanner.scan import SimulatedScan, simulate
from gate_simulators.scanner.scenario import display_picture, random_scene
from gate_simulators.scanner.wedge import step_wedge

SETTINGS = PlausibilitySettings()
ISSUE = Issue("MAN-7", datetime(2026, 3, 1, tzinfo=UTC))
O, M, T, Z = MaterialClass.ORGANIC, MaterialClass.MIXED, MaterialClass.METAL, MaterialClass.HIGH_Z  # noqa: E741


def declared(*goods: tuple[str, float]) -> Consignment:
    return Consignment("CSQU3054383", Fullness.FULL, ISSUE, tuple(Goods(*each) for each in goods))


def seen(**shares: float) -> Observed:
    named = {each: shares.get(each.name.lower(), 0.0) for each in (O, M, T, Z)}
    even = Evenness(0.05, 0.0, 0.0, 0.0, 200)
    return Observed(
        Fill.FULL, True, True, False, False, None, named, 0.9, 0.0, 60.0, 80.0, even, None, "wedge"
    )


def verdict(result: CheckResult) -> tuple[str, tuple[str, ...]]:
    return result.outcome.value, result.reasons


# ---------------------------------------------------------------- the table


def test_every_chapter_but_the_reserved_one_has_an_expectation() -> None:
    assert CHAPTERS.keys() == set(range(1, 98)) - {77}
    for chapter, expected in CHAPTERS.items():
        assert expected.classes, chapter
        assert 0 < expected.density[0] < expected.density[1] <= 19_300, chapter
    assert expectation(Goods("98")) is None


def test_headings_that_radiate_exist_in_chapters_and_name_series() -> None:
    for heading, nuclides in NATURAL.items():
        assert int(heading[:2]) in CHAPTERS
        assert nuclides <= {"K-40", "Th-232", "Ra-226", "U-238"}
    assert natural_nuclides([Goods("08031000"), Goods("61")]) == {"K-40", "Ra-226"}
    assert natural_nuclides([Goods("08")]) == set()  # a chapter alone explains nothing
    assert (series("Tl-208"), series("Bi-214"), series("Cs-137")) == ("Th-232", "U-238", "Cs-137")


# ---------------------------------------------------------------- plausibility


@pytest.mark.parametrize(
    ("goods", "picture", "expected"),
    [
        ([("6109", 9000)], seen(organic=1.0), ("passed", ())),
        ([("6109", 9000)], seen(organic=0.95, metal=0.05), ("passed", ())),
        ([("6109", 9000)], seen(organic=0.7, metal=0.3), ("failed", ("HS_MATERIAL_UNEXPECTED",))),
        ([("6109", 9000)], seen(organic=0.95, high_z=0.05), ("failed", ("HS_HIGH_Z_UNEXPECTED",))),
        ([("8483", 9000)], seen(metal=0.9, mixed=0.1), ("passed", ())),
        ([("7208", 9000)], seen(organic=1.0), ("failed", ("HS_MATERIAL_UNEXPECTED", "HS_MATERIAL_MISSING"))),
        ([("7804", 9000)], seen(high_z=1.0), ("passed", ())),
        ([("6109", 9000), ("7318", 3000)], seen(organic=0.5, metal=0.5), ("passed", ())),
        (
            [("6109", 9900), ("7318", 100)],
            seen(organic=0.5, metal=0.5),
            ("failed", ("HS_MATERIAL_UNEXPECTED",)),
        ),
    ],
)
def test_materials_against_declared_goods(
    goods: list[tuple[str, float]], picture: Observed, expected: tuple[str, tuple[str, ...]]
) -> None:
    assert verdict(hs_plausibility(declared(*goods), picture, SETTINGS)) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"most_areal": 320.0}, ("failed", ("HS_TOO_DENSE",))),
        ({"areal": 1.0, "most_areal": 1.5}, ("failed", ("HS_TOO_LIGHT",))),
        ({"beyond": 0.2}, ("passed", ())),  # a load of sugar can be thick enough for that
        ({"classed": 0.1}, ("not_done", ("HS_NOT_MEASURED",))),
        ({"classed": 0.1, "most_areal": 400.0}, ("failed", ("HS_TOO_DENSE",))),
        ({"areal": None, "most_areal": None}, ("not_done", ("HS_NOT_MEASURED",))),
        ({"fill": None}, ("not_done", ("LOAD_NOT_SEEN",))),
    ],
)
def test_density_and_what_cannot_be_measured(
    change: dict[str, float | None], expected: tuple[str, tuple[str, ...]]
) -> None:
    sugar = declared(("1701", 20000))
    assert verdict(hs_plausibility(sugar, replace(seen(organic=1.0), **change), SETTINGS)) == expected  # type: ignore[arg-type]


def test_footwear_never_stops_a_megavolt_beam() -> None:
    shoes = declared(("6403", 8000))
    dark = replace(seen(organic=1.0), beyond=0.2)
    assert verdict(hs_plausibility(shoes, dark, SETTINGS)) == ("failed", ("HS_TOO_DENSE",))
    tube = replace(dark, penetrating=False)
    assert verdict(hs_plausibility(shoes, tube, SETTINGS)) == ("passed", ())


def test_textbook_curves_do_not_tell_organic_from_mixed_goods() -> None:
    clothes, glass = declared(("6109", 9000)), seen(mixed=1.0)
    assert hs_plausibility(clothes, glass, SETTINGS).outcome.value == "failed"
    for worse in (replace(glass, curves="nominal"), replace(glass, areal=170.0, most_areal=180.0)):
        assert hs_plausibility(clothes, worse, SETTINGS).outcome.value == "passed"


def test_chapters_that_say_nothing_are_not_judged() -> None:
    picture = seen(metal=1.0)
    assert verdict(hs_plausibility(declared(), picture, SETTINGS)) == ("not_done", ("HS_NOT_DECLARED",))
    national = declared(("6109", 9000), ("9901", 10))
    assert verdict(hs_plausibility(national, picture, SETTINGS)) == ("not_done", ("HS_UNKNOWN",))


# ---------------------------------------------------------------- homogeneity

SUGAR = declared(("1701", 20000))


@pytest.mark.parametrize(
    ("consignment", "evenness", "measured", "expected"),
    [
        (SUGAR, Evenness(0.05, 0.0, 0.0, 0.0, 200), True, ("passed", ())),
        (SUGAR, Evenness(0.4, 0.0, 0.0, 0.0, 200), True, ("failed", ("LOAD_UNEVEN",))),
        (SUGAR, Evenness(0.05, 0.05, 0.0, 0.0, 200), True, ("failed", ("LOAD_INCLUSION",))),
        (SUGAR, Evenness(0.05, 0.05, 0.0, 0.0, 200), False, ("inconclusive", ("LOAD_INCLUSION",))),
        (SUGAR, Evenness(0.05, 0.0, 0.0, 0.8, 200), True, ("inconclusive", ("LOAD_HIDDEN",))),
        (SUGAR, None, True, ("not_done", ("LOAD_TOO_SMALL",))),
        (
            declared(("8483", 1)),
            Evenness(0.4, 0.2, 0.0, 0.0, 200),
            True,
            ("not_done", ("GOODS_NOT_UNIFORM",)),
        ),
        (
            declared(("1701", 1), ("1005", 1)),
            Evenness(0.4, 0.2, 0.0, 0.0, 200),
            True,
            ("not_done", ("GOODS_NOT_UNIFORM",)),
        ),
    ],
)
def test_homogeneity(
    consignment: Consignment,
    evenness: Evenness | None,
    measured: bool,
    expected: tuple[str, tuple[str, ...]],
) -> None:
    picture = replace(seen(organic=1.0), evenness=evenness, areal=80.0 if measured else None)
    assert verdict(homogeneity(consignment, picture, SETTINGS)) == expected


# ---------------------------------------------------------------- on simulated scans

MV = SETUPS["mv-6-9"]


@pytest.fixture(scope="module")
def wedge() -> MaterialCurves:
    return step_wedge(MV)


def scanned(*things: Thing, seed: int = 77) -> SimulatedScan:
    made = random_scene(Load.PARTIAL, seed, kind="40GP", column_mm=16, row_mm=16, goods=list(things))
    return simulate(made, MV, seed)


SACKS = Thing("sugar", 200, 11000, 0, 1200, 2000, Kind.GOODS, packing=0.5, texture=0.05)
STEEL = Thing("steel", 5000, 6000, 200, 900, 1000, Kind.OBJECT, packing=0.15)


def test_sugar_is_sugar_and_steel_in_it_is_not(wedge: MaterialCurves) -> None:
    consignment = declared(("1701", 12000))
    plain = observe(triage(scanned(SACKS).image, wedge))
    assert hs_plausibility(consignment, plain, SETTINGS).outcome.value == "passed"
    assert homogeneity(consignment, plain, SETTINGS).outcome.value == "passed"
    stuffed = observe(triage(scanned(SACKS, STEEL).image, wedge))
    assert verdict(homogeneity(consignment, stuffed, SETTINGS)) == ("failed", ("LOAD_INCLUSION",))


def test_machines_declared_as_clothing_are_implausible(wedge: MaterialCurves) -> None:
    machines = Thing("steel", 200, 11000, 0, 1500, 2000, packing=0.05, texture=0.3)
    found = hs_plausibility(
        declared(("6109", 9000)), observe(triage(scanned(machines).image, wedge)), SETTINGS
    )
    assert "HS_MATERIAL_UNEXPECTED" in found.reasons


def test_the_true_mass_is_within_the_range_that_is_told(wedge: MaterialCurves) -> None:
    for seed, thing in enumerate((SACKS, replace(SACKS, y1=250), replace(SACKS, material="cellulose"))):
        scan = scanned(thing, seed=seed)
        mass = observe(triage(scan.image, wedge)).mass
        assert mass is not None
        assert mass.least_kg <= scan.truth.mass_kg <= mass.most_kg


def test_a_display_picture_gives_fullness_and_evenness_but_neither_mass_nor_materials() -> None:
    scan = scanned(SACKS)
    shown: ScanImage = transmission_image(
        ((display_picture(scan.image, 3) / 255).astype("float32"),), calibration=Calibration.UNKNOWN, bits=8
    )
    found = observe(triage(shown))
    assert (found.fill, found.mass, found.areal, found.classed) == (Fill.PARTIAL, None, None, 0.0)
    assert found.evenness is not None
    assert found.evenness.spread < 0.15
    assert found.signature is not None
