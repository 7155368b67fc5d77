"""What known materials look like to one scanner: the calibration that material classes and masses rest on.

Curves come from a step wedge, scanned on the scanner itself; or, where nobody has scanned one, from a
textbook beam of the same end point (``nominal``), which is roughly right and says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from gate_agent.files import read_bounded
from gate_agent.scans.attenuation import MATERIALS
from gate_agent.scans.errors import ScanMalformed

FloatArray = NDArray[np.float64]

REFERENCES: Final = ("polyethylene", "aluminium", "steel", "lead")
"""One for each class: organic, mixed (inorganic), metal, high-Z. In order of atomic number."""
_STEPS: Final = np.concatenate([[0.0], np.geomspace(0.5, 400, 60)])
_MAX_BYTES: Final = 1024 * 1024
_MAX_STEPS: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One material: attenuation -ln T at both energies for rising areal density, g/cm²."""

    areal: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class MaterialCurves:
    """One scanner's calibration. `source` is ``wedge`` or ``nominal``; single-energy scanners have low =
    high."""

    curves: Mapping[str, Curve]
    source: str

    def areal(self, material: str, high: NDArray[np.float32]) -> NDArray[np.float32]:
        """Areal density of `material` that attenuates so much at the high energy."""
        curve = self.curves[material]
        return np.interp(high, curve.high, curve.areal).astype(np.float32)

    def low_at(self, material: str, high: NDArray[np.float32]) -> NDArray[np.float32]:
        """Attenuation at the low energy where `material` attenuates so much at the high one."""
        curve = self.curves[material]
        return np.interp(high, curve.high, curve.low).astype(np.float32)

    def high_of(self, material: str, areal: float) -> float:
        curve = self.curves[material]
        return float(np.interp(areal, curve.areal, curve.high))

    def to_json(self) -> dict[str, object]:
        return {
            "source": self.source,
            "curves": {
                name: {"areal": c.areal.tolist(), "low": c.low.tolist(), "high": c.high.tolist()}
                for name, c in self.curves.items()
            },
        }


def load_curves(path: Path) -> MaterialCurves:
    """Curves as ``to_json`` writes them. Raises ScanMalformed naming the field."""
    try:
        told = json.loads(read_bounded(path, _MAX_BYTES, ScanMalformed, field=path.name))
    except (ValueError, RecursionError) as error:
        raise ScanMalformed("is not JSON", field=path.name) from error
    tables = cast("dict[str, Any]", told).get("curves") if isinstance(told, dict) else None
    if not isinstance(tables, dict):
        raise ScanMalformed("has no curves", field="curves")
    parsed = {name: _curve(name, cast("dict[str, Any]", tables).get(name)) for name in REFERENCES}
    return MaterialCurves(parsed, "wedge")


def _curve(name: str, told: object) -> Curve:
    if not isinstance(told, dict):
        raise ScanMalformed(
            "is missing", field=f"curves.{name}", advice=f"one of each: {', '.join(REFERENCES)}"
        )
    columns: list[FloatArray] = []
    for part in ("areal", "low", "high"):
        field = f"curves.{name}.{part}"
        try:
            values = np.array(cast("dict[str, Any]", told).get(part), np.float64)
        except (TypeError, ValueError) as error:
            raise ScanMalformed("is not a list of numbers", field=field) from error
        if values.ndim != 1 or not 2 <= values.size <= _MAX_STEPS or not np.isfinite(values).all():
            raise ScanMalformed("is not a list of finite numbers", field=field)
        if (np.diff(values) <= 0).any():
            raise ScanMalformed("does not rise", field=field, advice="from the thinnest step to the thickest")
        columns.append(values)
    if len({values.size for values in columns}) != 1:
        raise ScanMalformed("has lists of different length", field=f"curves.{name}")
    return Curve(*columns)


def nominal_curves(low_kev: float, high_kev: float) -> MaterialCurves:
    """Curves of a textbook beam with these end points. Right in kind, some per cent off in size."""
    curves: dict[str, Curve] = {}
    for name in REFERENCES:
        low, high = (_nominal(name, peak) for peak in (low_kev, high_kev))
        curves[name] = Curve(_STEPS, low, high)
    return MaterialCurves(curves, "nominal")


def _nominal(name: str, peak_kev: float) -> FloatArray:
    energies = np.linspace(0.15 * peak_kev, 0.98 * peak_kev, 40)
    share = (
        (peak_kev - energies)
        if peak_kev < 1000
        else (1 - energies / peak_kev + 0.75 * (energies / peak_kev) ** 2)
    )
    weakened = np.exp(-np.multiply.outer(_STEPS, MATERIALS[name].coefficient(energies)))
    return -np.log(np.maximum(weakened @ (share / share.sum()), 1e-300))
