"""What was declared of one container: the consignment as the checks see it.

The words are the WCO Data Model's where it has them (docs/cargo.md tells what each is mapped to). Masses are
kilograms; an unknown one is None, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

FIRST_CHAPTER: Final = 1
LAST_CHAPTER: Final = 97
RESERVED_CHAPTER: Final = 77


class Fullness(StrEnum):
    """What is declared of the container itself."""

    EMPTY = "empty"
    FULL = "full"  # with goods, however little


@dataclass(frozen=True, slots=True)
class Goods:
    """Goods of one heading of the Harmonized System. `hs`: chapter (2), heading (4) or finer, digits only."""

    hs: str
    gross_mass_kg: float | None = None
    packages: int | None = None

    @property
    def chapter(self) -> int:
        return int(self.hs[:2])

    @property
    def heading(self) -> str:
        """Four digits, or fewer when only the chapter was declared."""
        return self.hs[:4]


@dataclass(frozen=True, slots=True)
class Issue:
    """The manifest that a consignment stands in."""

    id: str
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Consignment:
    """One container as declared.

    `gross_mass_kg` is of the goods with their packages, `tare_mass_kg` of the empty container,
    `vehicle_mass_kg` of the unladen truck with its trailer or chassis. `lot` names the consignment that
    several containers (sisters) carry together. `electronic_seals` are written as manufacturer and serial,
    in hexadecimal: ``0042-00C0FFEE``. `nuclides` are those that the goods are declared to contain.
    """

    container: str
    fullness: Fullness
    issue: Issue
    goods: tuple[Goods, ...] = ()
    gross_mass_kg: float | None = None
    tare_mass_kg: float | None = None
    vehicle_mass_kg: float | None = None
    seals: tuple[str, ...] = ()
    electronic_seals: tuple[str, ...] = ()
    lot: str = ""
    plate: str = ""
    nuclides: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return self.fullness is Fullness.EMPTY

    def mass_shares(self) -> tuple[tuple[Goods, float], ...]:
        """The goods with their share of the mass; equal shares where a mass was not declared."""
        if not self.goods:
            return ()
        masses = [goods.gross_mass_kg for goods in self.goods]
        total = sum(mass for mass in masses if mass is not None)
        if total <= 0 or None in masses:
            return tuple((goods, 1 / len(self.goods)) for goods in self.goods)
        return tuple((goods, (goods.gross_mass_kg or 0.0) / total) for goods in self.goods)
