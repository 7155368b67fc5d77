"""Container codes of ISO 6346: parse, check digit, size and type.

    CSQ  U  305438  3   22 G1
    owner│  serial  │   size and type code (clause 4)
         category   check digit (Annex A)

The check digit finds every single wrong letter or digit except those that swap the remainders 0 and 10,
which are printed alike: about 1.8 % of single wrong digits pass. A code is therefore believed when a
second view or the manifest says the same (:mod:`gate_agent.vehicle.voting`), not because its digit holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gate_agent.vehicle.errors import ContainerCodeError

CODE_LENGTH = 11
MAX_TEXT = 64
CATEGORIES: Mapping[str, str] = MappingProxyType(
    {"U": "freight container", "J": "detachable equipment", "Z": "trailer or chassis"}
)
"""Equipment category identifiers (clause 3.2)."""

_SPACING = re.compile(r"[\s\-./\[\]()|_]+")


def _letter_values() -> dict[str, int]:
    """Annex A: letters count from 10 upwards, without the multiples of 11."""
    values = {str(digit): digit for digit in range(10)}
    value = 10
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        value += value % 11 == 0
        values[letter] = value
        value += 1
    return values


VALUES: Mapping[str, int] = MappingProxyType(_letter_values())


@dataclass(frozen=True, slots=True)
class ContainerCode:
    """One container's identification. `check_digit` is as printed and may be wrong: see `valid`."""

    owner: str
    category: str
    serial: str
    check_digit: int

    @property
    def valid(self) -> bool:
        """Whether the printed check digit is the computed one."""
        return self.check_digit == check_digit(self.owner + self.category + self.serial)

    def __str__(self) -> str:
        return f"{self.owner}{self.category}{self.serial}{self.check_digit}"

    @property
    def spaced(self) -> str:
        """As painted on the container and written in documents: ``CSQU 305438 3``."""
        return f"{self.owner}{self.category} {self.serial} {self.check_digit}"


@dataclass(frozen=True, slots=True)
class SizeType:
    """A size and type code (ISO 6346:1995 clause 4). Zero millimetres: the code does not say."""

    code: str
    length_mm: int
    height_mm: int
    width_mm: int
    group: str
    description: str


def check_digit(first_ten: str) -> int:
    """Annex A: the sum of value × 2^position, modulo 11, modulo 10. Raises ContainerCodeError."""
    if len(first_ten) != CODE_LENGTH - 1:
        raise ContainerCodeError(f"{len(first_ten)} characters instead of 10", field="code")
    try:
        return sum(VALUES[char] << place for place, char in enumerate(first_ten)) % 11 % 10
    except KeyError as error:
        raise ContainerCodeError(f"{error.args[0]!r} is neither A-Z nor 0-9", field="code") from error


def parse(text: str) -> ContainerCode:
    """A code of eleven characters, spaced or not. A wrong check digit parses: see `valid`.

    Raises ContainerCodeError naming the part that breaks the structure of clause 3.
    """
    if len(text) > MAX_TEXT:
        raise ContainerCodeError(f"longer than {MAX_TEXT} characters", field="code")
    plain = _SPACING.sub("", text).upper()
    if len(plain) != CODE_LENGTH or not plain.isascii():
        advice = "three letters, category U, J or Z, six digits and the check digit"
        raise ContainerCodeError(
            f"{len(plain)} characters instead of {CODE_LENGTH}", field="code", advice=advice
        )
    owner, category, serial, digit = plain[:3], plain[3], plain[4:10], plain[10]
    if not owner.isalpha():
        raise ContainerCodeError(f"{owner!r} is not three letters", field="owner")
    if category not in CATEGORIES:
        raise ContainerCodeError(f"{category!r} is none of U, J, Z", field="category")
    if not serial.isdigit():
        raise ContainerCodeError(f"{serial!r} is not six digits", field="serial")
    if not digit.isdigit():
        raise ContainerCodeError(f"{digit!r} is not a digit", field="check digit")
    return ContainerCode(owner, category, serial, int(digit))


def complete(owner_and_category: str, serial: str) -> ContainerCode:
    """The code with its check digit computed. Raises ContainerCodeError."""
    return parse(f"{owner_and_category}{serial}{check_digit(owner_and_category + serial)}")


# ---------------------------------------------------------------- size and type (clause 4)

LENGTHS_MM: Mapping[str, int] = MappingProxyType(
    {
        **{"1": 2991, "2": 6058, "3": 9125, "4": 12192},
        **{"A": 7150, "B": 7315, "C": 7430, "D": 7450, "E": 7820, "F": 8100, "G": 12500, "H": 13106},
        **{"K": 13600, "L": 13716, "M": 14630, "N": 14935, "P": 16154},
    }
)
HEIGHTS_WIDTHS_MM: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        **{"0": (2438, 2438), "2": (2591, 2438), "4": (2743, 2438), "5": (2895, 2438), "6": (2896, 2438)},
        **{"8": (1295, 2438), "9": (1219, 2438)},
        **{"C": (2591, 2500), "D": (2743, 2500), "E": (2895, 2500), "F": (2896, 2500)},
        **{"L": (2591, 2501), "M": (2743, 2501), "N": (2895, 2501), "P": (2896, 2501)},
    }
)
"""Height and width. 2896 stands for "more than 2895", 1219 for "at most 1219", 2501 for "more than 2500"."""
GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "G": "general purpose, without ventilation",
        "V": "general purpose, ventilated",
        "B": "dry bulk",
        "S": "named cargo",
        "R": "thermal, refrigerated or heated",
        "H": "thermal, removable equipment or insulated",
        "U": "open top",
        "P": "platform",
        "T": "tank",
        "A": "air/surface",
    }
)


def parse_size_type(text: str) -> SizeType:
    """Four characters such as ``22G1``. Raises ContainerCodeError naming the character."""
    code = _SPACING.sub("", text[:MAX_TEXT]).upper()
    if len(code) != 4 or not code.isascii() or not code.isalnum():
        raise ContainerCodeError(f"{text[:16]!r} is not four letters or digits", field="size and type")
    if code[0] not in LENGTHS_MM:
        raise ContainerCodeError(f"{code[0]!r} stands for no length", field="size and type[0]")
    if code[1] not in HEIGHTS_WIDTHS_MM:
        raise ContainerCodeError(f"{code[1]!r} stands for no height", field="size and type[1]")
    if code[2] not in GROUPS:
        raise ContainerCodeError(f"{code[2]!r} stands for no type", field="size and type[2]")
    height, width = HEIGHTS_WIDTHS_MM[code[1]]
    length = LENGTHS_MM[code[0]]
    description = f"{round(length / 304.8):d} ft, {GROUPS[code[2]]}"
    return SizeType(code, length, height, width, code[2], description)


# ---------------------------------------------------------------- owners

OWNERS: Mapping[str, str] = MappingProxyType(
    {
        **{"APZ": "APL", "APH": "APL", "BMO": "Beacon", "CAI": "CAI", "CAX": "CAI", "CBH": "COSCO"},
        **{"CCL": "COSCO", "CSL": "COSCO", "CSN": "COSCO", "CMA": "CMA CGM", "ECM": "CMA CGM"},
        **{"CRS": "Cronos", "CRX": "Cronos", "CXD": "Cronos", "DFS": "Dong Fang", "DRY": "Yang Ming"},
        **{"EGH": "Evergreen", "EIS": "Evergreen", "EMC": "Evergreen", "FCI": "Florens", "FSC": "Florens"},
        **{"GES": "Seaco", "GLD": "Touax", "HDM": "HMM", "HLB": "Hapag-Lloyd", "HLC": "Hapag-Lloyd"},
        **{"HLX": "Hapag-Lloyd", "INK": "Interpool", "KKF": "K Line", "MAE": "Maersk", "MED": "MSC"},
        **{"MRK": "Maersk", "MRS": "Maersk", "MSC": "MSC", "MSD": "MSC", "MSK": "Maersk", "MSM": "MSC"},
        **{"NYK": "NYK", "OOC": "OOCL", "OOL": "OOCL", "PON": "Maersk", "SEG": "Seaco", "SUD": "Hamburg Süd"},
        **{"TCK": "Triton", "TCL": "Triton", "TCN": "Triton", "TEM": "Textainer", "TEX": "Textainer"},
        **{"TGB": "Textainer", "TGH": "Textainer", "TLL": "Triton", "TRH": "Triton", "TRI": "Triton"},
        **{"TRL": "Triton", "UAC": "UASC", "YML": "Yang Ming"},
        **{"YMM": "Yang Ming", "ZCS": "ZIM", "ZIM": "ZIM"},
    }
)
"""Well-known owner codes and who uses them. The register is the BIC's: an unlisted code is no error."""
