"""What goods of each chapter of the Harmonized System look like to a scanner, and which radiate by nature.

Compiled for this project from what goods are made of and how they are stowed: composition gives the material
class, the bulk density in cartons, bags, drums or loose gives the range of areal density. The table is
coarse on purpose. It says what would be *implausible*; it recognises nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gate_agent.cargo.consignment import Goods
from gate_agent.scans.triage.materials import MaterialClass

VERSION: Final = "hs-1"
CARGO_DEPTH_CM: Final = 235.0
"""Inner width of an ISO 668 container: the longest way of the beam through goods."""

O, M, T, Z = MaterialClass.ORGANIC, MaterialClass.MIXED, MaterialClass.METAL, MaterialClass.HIGH_Z  # noqa: E741


@dataclass(frozen=True, slots=True)
class Expectation:
    """`classes`: materials that make up a noticeable part of such goods; `density`: of the stowed goods with
    air and packing, kg/m³, lowest and highest; `uniform`: alike all through the container, as bulk, bags and
    cartons of one product are."""

    name: str
    classes: frozenset[MaterialClass]
    density: tuple[float, float]
    uniform: bool = False

    @property
    def most_areal(self) -> float:
        """g/cm² through a container full of it."""
        return self.density[1] / 1000 * CARGO_DEPTH_CM

    @property
    def least_areal(self) -> float:
        return self.density[0] / 1000 * CARGO_DEPTH_CM


_GROUPS: Final[tuple[tuple[tuple[int, ...], Expectation], ...]] = (
    ((1,), Expectation("live animals", frozenset({O, T}), (20, 500))),
    ((2, 3, 5), Expectation("meat, fish, animal products", frozenset({O}), (150, 1000), uniform=True)),
    ((4,), Expectation("dairy, eggs, honey", frozenset({O, M, T}), (150, 1100), uniform=True)),
    ((6, 7, 8), Expectation("plants, vegetables, fruit", frozenset({O}), (60, 800))),
    ((9, 10, 11, 12), Expectation("coffee, cereals, seeds", frozenset({O}), (200, 950), uniform=True)),
    ((13, 14), Expectation("gums, plaiting materials", frozenset({O}), (50, 800))),
    ((15,), Expectation("fats and oils", frozenset({O}), (300, 1000), uniform=True)),
    ((16, 20, 21), Expectation("preserves in tins, jars, cartons", frozenset({O, M, T}), (150, 1100))),
    ((17, 18, 19), Expectation("sugar, cocoa, bakery", frozenset({O}), (80, 1000), uniform=True)),
    ((22,), Expectation("beverages", frozenset({O, M}), (250, 1100), uniform=True)),
    ((23, 24), Expectation("fodder, tobacco", frozenset({O}), (80, 900), uniform=True)),
    ((25,), Expectation("salt, stone, cement", frozenset({M}), (500, 2600), uniform=True)),
    ((26,), Expectation("ores, slag, ash", frozenset({M, T, Z}), (600, 4500), uniform=True)),
    ((27,), Expectation("coal, oil, mineral fuels", frozenset({O, M}), (300, 1300), uniform=True)),
    ((28,), Expectation("inorganic chemicals", frozenset({O, M, T, Z}), (250, 2500))),
    ((29, 34, 35, 38), Expectation("organic and other chemicals", frozenset({O, M, T}), (150, 1500))),
    ((30, 33), Expectation("medicines, cosmetics", frozenset({O, M}), (60, 900))),
    ((31,), Expectation("fertilisers", frozenset({O, M}), (500, 1500), uniform=True)),
    ((32,), Expectation("paints, pigments", frozenset({O, M, T, Z}), (250, 2200))),
    ((36,), Expectation("explosives, fireworks, matches", frozenset({O, M}), (80, 1300))),
    ((37,), Expectation("photographic goods", frozenset({O, M}), (80, 1000))),
    ((39,), Expectation("plastics", frozenset({O, M}), (20, 1100))),
    ((40,), Expectation("rubber, tyres", frozenset({O, M, T}), (80, 1200))),
    ((41, 42, 43), Expectation("hides, leather goods, furs", frozenset({O}), (50, 900))),
    ((44, 45, 46), Expectation("wood, cork, straw", frozenset({O}), (60, 1000))),
    ((47, 48, 49), Expectation("pulp, paper, books", frozenset({O, M}), (100, 1200))),
    (tuple(range(50, 64)), Expectation("textiles, clothing", frozenset({O}), (30, 800))),
    ((64, 65, 67), Expectation("footwear, headgear, feathers", frozenset({O}), (30, 450))),
    ((66,), Expectation("umbrellas, sticks", frozenset({O, M, T}), (60, 600))),
    ((68, 69), Expectation("stone and ceramic goods", frozenset({M}), (150, 2600))),
    ((70,), Expectation("glass", frozenset({M}), (60, 2400))),
    ((71,), Expectation("precious stones and metals", frozenset({M, T, Z}), (1, 10000))),
    ((72,), Expectation("iron and steel", frozenset({T}), (300, 7800))),
    ((73,), Expectation("articles of iron or steel", frozenset({T, M}), (60, 7000))),
    ((74, 75, 79, 80), Expectation("copper, nickel, zinc, tin", frozenset({T, M, Z}), (150, 8900))),
    ((76,), Expectation("aluminium", frozenset({M}), (60, 2700))),
    ((78,), Expectation("lead", frozenset({Z, T}), (300, 11300))),
    ((81,), Expectation("other base metals", frozenset({M, T, Z}), (100, 15000))),
    ((82, 83), Expectation("tools, metal goods", frozenset({T, M, O}), (80, 3500))),
    ((84, 85), Expectation("machinery, electrical goods", frozenset({O, M, T}), (30, 3500))),
    ((86, 87, 88, 89), Expectation("vehicles and their parts", frozenset({O, M, T}), (15, 2500))),
    ((90, 91, 92), Expectation("instruments, clocks, music", frozenset({O, M, T}), (30, 1200))),
    ((93,), Expectation("arms and ammunition", frozenset({O, M, T, Z}), (80, 4500))),
    ((94, 95, 96), Expectation("furniture, toys, sundries", frozenset({O, M, T}), (15, 900))),
    ((97,), Expectation("art, antiques", frozenset({O, M, T}), (10, 2500))),
)

CHAPTERS: Mapping[int, Expectation] = MappingProxyType(
    {chapter: expected for chapters, expected in _GROUPS for chapter in chapters}
)
"""Every chapter of the Harmonized System; 77 is reserved, 98 and 99 are each country's own."""

_FINER: Final[Mapping[str, Expectation]] = MappingProxyType(
    {
        "8507": Expectation("accumulators", frozenset({O, M, T, Z}), (100, 4000)),
        "8710": Expectation("armoured vehicles", frozenset({O, M, T, Z}), (50, 5000)),
        "9022": Expectation("X-ray apparatus", frozenset({O, M, T, Z}), (30, 2500)),
        "8401": Expectation("nuclear reactors and parts", frozenset({O, M, T, Z}), (50, 11000)),
        "3104": Expectation("potash", frozenset({M}), (700, 1500), uniform=True),
    }
)
"""Headings that differ from their chapter."""


def expectation(goods: Goods) -> Expectation | None:
    """What to expect of goods, by heading or chapter; None for the countries' own chapters."""
    return _FINER.get(goods.heading) or CHAPTERS.get(goods.chapter)


_K, _TH, _RA, _U = "K-40", "Th-232", "Ra-226", "U-238"
NATURAL: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        **dict.fromkeys(("0801", "0803", "0904", "2401", "2402", "2403"), frozenset({_K, _RA})),
        **dict.fromkeys(("3104", "2815", "2836"), frozenset({_K})),
        **dict.fromkeys(("3103", "3105", "2510"), frozenset({_K, _RA, _U, _TH})),
        **dict.fromkeys(
            ("2508", "2515", "2516", "2517", "2525", "2529", "2530"), frozenset({_K, _RA, _TH, _U})
        ),
        **dict.fromkeys(("6801", "6802", "6806", "6810", "6815"), frozenset({_K, _RA, _TH, _U})),
        **dict.fromkeys(("6901", "6902", "6903", "6904", "6905", "6907"), frozenset({_K, _RA, _TH, _U})),
        **dict.fromkeys(("6910", "6911", "6912", "6913", "6914"), frozenset({_K, _RA, _TH, _U})),
        **dict.fromkeys(("2606", "2614", "2615", "2617", "2621"), frozenset({_RA, _TH, _U})),
        **dict.fromkeys(("2612", "2844"), frozenset({_RA, _TH, _U})),
        **dict.fromkeys(("5908", "6805", "8311", "9002", "2846", "8101"), frozenset({_TH})),
        **dict.fromkeys(("7001", "7002", "7013"), frozenset({_K, _TH, _U})),
    }
)
"""Headings whose goods are known to set off portals, and the natural nuclides in them: bananas, nuts and
tobacco, potash and phosphates, clay, stone, ceramics, zircon and bauxite, thoriated gas mantles and rods."""

FAMILY: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("Ra-226", "Pb-214", "Bi-214", "Pb-210", "U-234"), "U-238"),
        **dict.fromkeys(("Ac-228", "Ra-228", "Th-228", "Ra-224", "Pb-212", "Bi-212", "Tl-208"), "Th-232"),
    }
)
"""The natural series that a daughter belongs to: instruments name what they see, papers the parent."""


def natural_nuclides(goods: Iterable[Goods]) -> frozenset[str]:
    """The natural nuclides that these goods are known for."""
    found: frozenset[str] = frozenset()
    for each in goods:
        found |= NATURAL.get(each.heading, frozenset())
    return found


def series(nuclide: str) -> str:
    """The parent of a natural series, or the nuclide itself."""
    return FAMILY.get(nuclide, nuclide)
