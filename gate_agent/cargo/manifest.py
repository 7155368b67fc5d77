"""Manifest files ``gate-agent-manifest/1``: read, bounded, every wrong field named.

    {"format": "gate-agent-manifest/1", "id": "MAN-7", "issued_at": "2026-03-01T06:00:00Z",
     "consignments": [{"container": "CSQU3054383", "fullness": "full", "lot": "LOT-9",
        "goods": [{"hs": "170199", "gross_mass_kg": 21000, "packages": 420}],
        "tare_mass_kg": 2200, "seals": [{"number": "ML-1234567"}]}]}

``gate-agent scan manifest schema`` prints the JSON Schema of this model; docs/cargo.md explains it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
    model_validator,
)

from gate_agent.cargo.consignment import LAST_CHAPTER, RESERVED_CHAPTER, Consignment, Fullness, Goods, Issue
from gate_agent.cargo.errors import ManifestError
from gate_agent.files import read_bounded
from gate_agent.settings import Settings
from gate_agent.vehicle.errors import ContainerCodeError
from gate_agent.vehicle.iso6346 import check_digit, parse

FORMAT: Final = "gate-agent-manifest/1"
MAX_BYTES: Final = 32 * 1024 * 1024
MAX_CONSIGNMENTS: Final = 20_000
_MAX_GOODS: Final = 999
_MAX_SEALS: Final = 32
_MAX_PROBLEMS: Final = 50
_SUM_SHARE: Final = 0.01
_SUM_KG: Final = 1.0


def _container(text: str) -> str:
    try:
        code = parse(text)
    except ContainerCodeError as error:
        raise ValueError(f"{error.field}: {error.what}") from error
    if not code.valid:
        raise ValueError(f"the check digit is {check_digit(str(code)[:10])}, not {code.check_digit}")
    return str(code)


def _hs(text: str) -> str:
    digits = text.replace(".", "").replace(" ", "")
    if not re.fullmatch(r"(?:\d\d){1,5}", digits):
        raise ValueError("2, 4, 6, 8 or 10 digits of the Harmonized System are expected")
    chapter = int(digits[:2])
    if not 1 <= chapter <= 99 or chapter == RESERVED_CHAPTER:
        raise ValueError(f"there is no chapter {digits[:2]} (01 to {LAST_CHAPTER}, national 98 and 99)")
    return digits


Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
ContainerText = Annotated[str, StringConstraints(max_length=32), AfterValidator(_container)]
HsText = Annotated[str, StringConstraints(max_length=16), AfterValidator(_hs)]
Mass = Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]
Nuclide = Annotated[str, StringConstraints(pattern=r"^[A-Z][a-z]?-[1-9]\d{0,2}m?$")]
Plate = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z .-]{0,15}$")]


class GoodsFile(Settings):
    """One heading of the goods."""

    hs: HsText = Field(description="chapter (2 digits), heading (4) or finer, points and spaces allowed")
    gross_mass_kg: Mass | None = Field(None, description="mass of these goods with their packages")
    packages: int | None = Field(None, ge=1, le=10_000_000)


class MechanicalSealFile(Settings):
    """A seal of ISO 17712: its number as printed on it."""

    number: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z /.-]{0,31}$")]


class ElectronicSealFile(Settings):
    """An electronic seal of ISO 18185, in hexadecimal digits."""

    manufacturer: Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{1,4}$")]
    serial: Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{1,8}$")]

    @property
    def number(self) -> str:
        return f"{self.manufacturer.upper():0>4}-{self.serial.upper():0>8}"


def _kind_of_seal(seal: object) -> str:
    """Which model a seal's errors are about: whatever has a number is meant as a mechanical one."""
    if isinstance(seal, MechanicalSealFile):
        return "mechanical"
    return "mechanical" if isinstance(seal, dict) and "number" in seal else "electronic"


SealFile = Annotated[
    Annotated[MechanicalSealFile, Tag("mechanical")] | Annotated[ElectronicSealFile, Tag("electronic")],
    Discriminator(_kind_of_seal),
]


class ConsignmentFile(Settings):
    """One container."""

    container: ContainerText = Field(description="ISO 6346, with a check digit that holds")
    fullness: Fullness = Field(description="empty, or full: with goods, however little")
    goods: tuple[GoodsFile, ...] = Field((), max_length=_MAX_GOODS)
    gross_mass_kg: Mass | None = Field(
        None, description="mass of all goods with packages, without the container; default: the goods' sum"
    )
    tare_mass_kg: Annotated[float, Field(ge=200, le=30_000)] | None = Field(
        None, description="mass of the empty container"
    )
    vehicle_mass_kg: Annotated[float, Field(ge=500, le=60_000)] | None = Field(
        None, description="mass of the unladen truck with its trailer or chassis"
    )
    seals: tuple[SealFile, ...] = Field((), max_length=_MAX_SEALS)
    lot: Reference | None = Field(None, description="what sister containers of one consignment share")
    plate: Plate | None = None
    nuclides: tuple[Nuclide, ...] = Field((), max_length=16, description="declared, such as K-40")

    @model_validator(mode="after")
    def _consistent(self) -> ConsignmentFile:
        if self.fullness is Fullness.EMPTY and (
            self.goods or self.gross_mass_kg is not None or self.nuclides
        ):
            raise ValueError("declared empty, and yet with goods, their mass or nuclides")
        total = self._sum()
        if total is not None and self.gross_mass_kg is not None:
            allowed = max(_SUM_KG, _SUM_SHARE * self.gross_mass_kg)
            if abs(total - self.gross_mass_kg) > allowed:
                raise ValueError(f"gross_mass_kg is {self.gross_mass_kg:g}, the goods' sum {total:g}")
        return self

    def _sum(self) -> float | None:
        masses = [goods.gross_mass_kg for goods in self.goods]
        known = [mass for mass in masses if mass is not None]
        return math.fsum(known) if known and len(known) == len(masses) else None

    def consignment(self, issue: Issue) -> Consignment:
        """The frozen form that the checks take."""
        return Consignment(
            container=self.container,
            fullness=self.fullness,
            issue=issue,
            goods=tuple(Goods(each.hs, each.gross_mass_kg, each.packages) for each in self.goods),
            gross_mass_kg=self.gross_mass_kg if self.gross_mass_kg is not None else self._sum(),
            tare_mass_kg=self.tare_mass_kg,
            vehicle_mass_kg=self.vehicle_mass_kg,
            seals=tuple(seal.number for seal in self.seals if isinstance(seal, MechanicalSealFile)),
            electronic_seals=tuple(s.number for s in self.seals if isinstance(s, ElectronicSealFile)),
            lot=self.lot or "",
            plate=self.plate or "",
            nuclides=self.nuclides,
        )


class ManifestFile(Settings):
    """The file."""

    format: Literal["gate-agent-manifest/1"]
    id: Reference = Field(description="names this issue; it stands in the evidence")
    issued_at: AwareDatetime
    consignments: tuple[ConsignmentFile, ...] = Field(min_length=1, max_length=MAX_CONSIGNMENTS)

    @model_validator(mode="after")
    def _each_once(self) -> ManifestFile:
        seen: set[str] = set()
        for number, consignment in enumerate(self.consignments):
            if consignment.container in seen:
                raise ValueError(
                    f"consignments.{number}.container: {consignment.container} stands here twice"
                )
            seen.add(consignment.container)
        return self


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was read whole and is in order."""

    issue: Issue
    consignments: tuple[Consignment, ...]

    def find(self, container: str) -> Consignment | None:
        return next((each for each in self.consignments if each.container == container), None)


def read_manifest(path: Path) -> Manifest:
    """Read a file. Raises ManifestError naming file and field: the first problem; all: :func:`problems`."""
    manifest, found = _read(path)
    if manifest is None:
        raise found[0]
    return manifest


def problems(path: Path) -> tuple[ManifestError, ...]:
    """Everything that is wrong with a file, at most 50 problems; nothing when it is in order."""
    return _read(path)[1]


def _read(path: Path) -> tuple[Manifest | None, tuple[ManifestError, ...]]:
    try:
        raw = read_bounded(path, MAX_BYTES, ManifestError)
        file = ManifestFile.model_validate_json(raw, strict=True)
    except ManifestError as error:
        return None, (error,)
    except ValidationError as error:
        return None, _told(path, error)
    issue = Issue(file.id, file.issued_at)
    return Manifest(issue, tuple(each.consignment(issue) for each in file.consignments)), ()


def _told(path: Path, error: ValidationError) -> tuple[ManifestError, ...]:
    found: list[ManifestError] = []
    every = error.errors(include_url=False, include_input=False)[:_MAX_PROBLEMS]
    for each in every:
        if each["type"] == "too_short" and len(every) > 1:
            continue  # of a list whose members are wrong: they are told
        where = ".".join(str(part) for part in each["loc"])
        told = each["msg"].removeprefix("Value error, ")
        found.append(ManifestError(told, field=f"{path}: {where}" if where else str(path)))
    return tuple(found)
