"""The trucks of the simulation: what is really in each container, and what was declared of it.

Loads are made of goods with known materials and masses, so that weight, image, radiation and declaration
agree unless a consignment is meant to lie. Codes are of an owner that does not exist; every mass follows from
the goods. The declarations are the manifest ``config/manifests/sample.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from gate_agent.cargo.consignment import Fullness
from gate_agent.cargo.manifest import (
    FORMAT,
    ConsignmentFile,
    ElectronicSealFile,
    ManifestFile,
)
from gate_agent.vehicle.iso6346 import check_digit
from gate_simulators.radiation.sources import Shield, Source, norm_cargo
from gate_simulators.scanner.goods import Kind, Thing
from gate_simulators.scanner.loading import Fill
from gate_simulators.scanner.scan import Scene
from gate_simulators.scanner.scenario import random_scene
from gate_simulators.scanner.truck import INNER_WIDTH_MM
from gate_simulators.vehicle.container_side import Side
from gate_simulators.vehicle.seals import Seal

VEHICLE_KG: Final = 14_600.0
"""An unladen tractor with its skeleton trailer."""
TARE_KG: Final[Mapping[str, float]] = MappingProxyType({"20GP": 2_200.0, "40GP": 3_750.0})
SIZE_TYPES: Final[Mapping[str, str]] = MappingProxyType({"20GP": "22G1", "40GP": "42G1"})
LENGTHS_MM: Final[Mapping[str, float]] = MappingProxyType({"20GP": 6058.0, "40GP": 12192.0})
FRONT_M: Final = 4.0
"""Where a container begins behind its truck's front: tractor and gap."""
PIXEL_MM: Final = 10.0
ISSUED_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_MANUFACTURER: Final = 0x0042
_PALLET_MM: Final = 1200.0
_GAP_MM: Final = 40.0
_ACROSS: Final = 0.97


@dataclass(frozen=True, slots=True)
class Stow:
    """Pallets of one product in a row: `packing` is the share of the volume that is filled."""

    material: str
    packing: float
    height_mm: float
    length_mm: float
    texture: float = 0.05
    label: str = ""

    def things(self) -> tuple[Thing, ...]:
        """Relative to the loading space's lower front corner."""
        placed: list[Thing] = []
        x = 60.0
        while x < self.length_mm - 200:
            end = min(x + _PALLET_MM, self.length_mm)
            placed.append(self._pallet(x, end))
            x = end + _GAP_MM
        return tuple(placed)

    def _pallet(self, x0: float, x1: float) -> Thing:
        depth = _ACROSS * INNER_WIDTH_MM
        return Thing(
            self.material,
            *(x0, x1, 0.0, self.height_mm, depth),
            packing=self.packing,
            texture=self.texture,
            label=self.label,
        )


@dataclass(frozen=True, slots=True)
class Consignment:
    """One container on a truck.

    `code` is as painted, empty when nothing legible is; `declared` is None for a container that no manifest
    names; `wear` 0 to 1 tells how legible the markings are.
    """

    code: str
    goods: tuple[Thing, ...] = ()
    declared: ConsignmentFile | None = None
    kind: str = "20GP"
    seal: Seal | None = None
    sources: tuple[Source, ...] = ()
    wear: float = 0.15

    @property
    def goods_kg(self) -> float:
        return sum(thing.mass_kg for thing in self.goods)

    @property
    def weight_kg(self) -> float:
        """What the scale must show: vehicle, container and goods."""
        return VEHICLE_KG + TARE_KG[self.kind] + self.goods_kg

    @property
    def truck_mm(self) -> float:
        return 1000 * FRONT_M + LENGTHS_MM[self.kind] + 300

    def scene(self, seed: int) -> Scene:
        """The truck in the scanner's beam; the seed draws tractor, chassis and frame."""
        scene = random_scene(
            Fill.EMPTY,
            seed,
            column_mm=PIXEL_MM,
            row_mm=PIXEL_MM,
            kind=self.kind,
            on_truck=True,
            goods=list(self.goods),
        )
        return replace(scene, container=self.code)

    def side(self, view: str, letter_height: int) -> Side:
        """What a camera sees of it: codes stand in a row on the sides, in two rows on the doors."""
        paint = sum(map(ord, f"{self.code}{view}"))
        return Side(
            self.code,
            size_type=SIZE_TYPES[self.kind],
            layout="stacked" if view == "rear" else "horizontal",
            letter_height=letter_height,
            wear=self.wear,
            seed=paint,
        )


def container_code(serial: int) -> str:
    """A code of the simulation's owner with its check digit (ISO 6346)."""
    first = f"SIMU{serial:06d}"
    return f"{first}{check_digit(first)}"


# ---------------------------------------------------------------- loads

CLOTHING: Final = Stow("textile", 0.60, 1650, 5500, 0.06, "clothing").things()
PAPER: Final = Stow("cellulose", 0.30, 1500, 5500, 0.03, "paper").things()
FLOOR_LOAD: Final = Stow("sugar", 0.85, 260, 3000, 0.03, "bricks on the floor").things()
MACHINE_PARTS: Final = Stow("steel", 0.020, 1500, 5500, 0.15, "machine parts").things()
CEMENT: Final = Stow("cement", 0.85, 1250, 5500, 0.02, "cement in bags").things()
TILES: Final = Stow("ceramic", 0.22, 900, 5500, 0.04, "tiles").things()
HEAVY_PAPER: Final = Stow("cellulose", 0.55, 1500, 5500, 0.03, "paper").things()
FEW_CARTONS: Final = Stow("textile", 0.55, 600, 1800, 0.05, "clothing").things()
LEAD_BLOCK: Final = Thing("lead", 500, 950, 90, 400, 85, Kind.OBJECT, label="hidden object")

_CS_137: Final = Source("Cs-137", 2.5e8, along_m=FRONT_M + 3.2, height_m=1.7, shields=(Shield("lead", 2.0),))
_CF_252: Final = Source("Cf-252", 2.0e6, along_m=FRONT_M + 3.2, height_m=1.7, shields=(Shield("water", 8.0),))
_TILES_K_40: Final = norm_cargo("K-40", 4.0e7, front_m=FRONT_M, length_m=LENGTHS_MM["20GP"] / 1000)


def _seal(serial: int) -> Seal:
    return Seal(_MANUFACTURER, serial)


def _declared(
    code: str,
    kind: str,
    hs: str,
    goods_kg: float,
    seal: Seal | None,
    *,
    packages: int | None = None,
    nuclides: tuple[str, ...] = (),
) -> ConsignmentFile:
    goods = {"hs": hs, "gross_mass_kg": float(round(goods_kg, -1)), "packages": packages}
    return ConsignmentFile.model_validate(
        _carried(code, kind)
        | {
            "fullness": Fullness.FULL,
            "goods": (goods,),
            "seals": () if seal is None else (_electronic(seal),),
            "nuclides": nuclides,
        }
    )


def _declared_empty(code: str, kind: str) -> ConsignmentFile:
    return ConsignmentFile.model_validate(_carried(code, kind) | {"fullness": Fullness.EMPTY})


def _carried(code: str, kind: str) -> dict[str, object]:
    """What papers say of container and vehicle."""
    return {"container": code, "tare_mass_kg": TARE_KG[kind], "vehicle_mass_kg": VEHICLE_KG}


def _electronic(seal: Seal) -> ElectronicSealFile:
    return ElectronicSealFile(manufacturer=f"{seal.manufacturer:04X}", serial=f"{seal.serial:08X}")


def _loaded(
    number: int,
    goods: tuple[Thing, ...],
    hs: str,
    *,
    kind: str = "20GP",
    sources: tuple[Source, ...] = (),
    nuclides: tuple[str, ...] = (),
) -> Consignment:
    """A container as it should be: declared as what it holds, sealed with the declared seal."""
    code, seal = container_code(100_000 + 1117 * number), _seal(0x00C0_0000 + number)
    mass = sum(thing.mass_kg for thing in goods)
    declared = _declared(code, kind, hs, mass, seal, packages=10 * len(goods), nuclides=nuclides)
    return Consignment(code, goods, declared, kind, seal, sources)


def _empty(number: int, goods: tuple[Thing, ...] = (), kind: str = "20GP") -> Consignment:
    code = container_code(100_000 + 1117 * number)
    return Consignment(code, goods, _declared_empty(code, kind), kind)


def _with_other_seal(consignment: Consignment, serial: int) -> Consignment:
    return replace(consignment, seal=_seal(serial))


def _opened(consignment: Consignment) -> Consignment:
    seal = consignment.seal
    assert seal is not None
    return replace(consignment, seal=replace(seal, state="O", opened_at="2026-03-02T10:00:00Z"))


def _undeclared(consignment: Consignment) -> Consignment:
    return replace(consignment, declared=None)


def _with_wrong_digit(consignment: Consignment) -> Consignment:
    """Painted with a check digit that does not hold, on all sides: what is read is another code, or none."""
    code = consignment.code
    return replace(consignment, code=f"{code[:-1]}{(int(code[-1]) + 7) % 10}")


CONSIGNMENTS: Final[Mapping[str, Consignment]] = MappingProxyType(
    {
        "general_cargo": _loaded(1, CLOTHING, "6203"),
        "declared_empty": _empty(2, kind="40GP"),
        "floor_load": _empty(3, FLOOR_LOAD),
        "hidden_object": _loaded(4, (*FEW_CARTONS, LEAD_BLOCK), "6109"),
        "overweight": replace(_loaded(5, PAPER, "4802"), goods=HEAVY_PAPER),
        "other_goods": _loaded(6, MACHINE_PARTS, "6203"),
        "seal_opened": _opened(_loaded(7, CLOTHING, "6203")),
        "seal_differs": _with_other_seal(_loaded(8, PAPER, "4802"), 0x00BA_D001),
        "gamma_source": _loaded(9, CLOTHING, "6203", sources=(_CS_137,)),
        "neutron_source": _loaded(10, PAPER, "4802", sources=(_CF_252,)),
        "norm_cargo": _loaded(11, TILES, "6907", sources=(_TILES_K_40,), nuclides=("K-40",)),
        "code_unreadable": replace(_loaded(12, CLOTHING, "6203"), code=""),
        "wrong_check_digit": _with_wrong_digit(_loaded(13, CLOTHING, "6203")),
        "not_declared": _undeclared(_loaded(14, CLOTHING, "6203")),
        "too_dense": _loaded(15, CEMENT, "2523"),
        "dead_detectors": _loaded(16, CLOTHING, "6203"),
        "scan_cut_off": _loaded(17, PAPER, "4802"),
        "scan_damaged": _loaded(18, PAPER, "4802"),
        "portal_unplugged": _loaded(19, CLOTHING, "6203"),
        "officers_release": replace(_loaded(20, PAPER, "4802"), goods=HEAVY_PAPER),
        "tailgater": _loaded(21, CLOTHING, "6203"),
    }
)
"""Scenario -> the truck that comes."""


def manifest(issued_at: datetime = ISSUED_AT) -> ManifestFile:
    """Everything that was declared, as customs' system hands it over."""
    declared = (each.declared for each in CONSIGNMENTS.values())
    return ManifestFile(
        format=FORMAT,
        id="SIM-2026-1",
        issued_at=issued_at,
        consignments=tuple(each for each in declared if each is not None),
    )


def manifest_json(issued_at: datetime = ISSUED_AT) -> str:
    return manifest(issued_at).model_dump_json(indent=2, exclude_defaults=True) + "\n"
