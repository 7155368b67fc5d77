"""Radioactive sources and what stands between them and the detectors.

Gamma lines are the strongest of each nuclide (energy in keV, photons per decay; values of the evaluated decay
data that ICRP 107 and ENSDF publish, rounded). Attenuation is Beer–Lambert with the NIST mass-attenuation
coefficients (Hubbell and Seltzer, NISTIR 5632) and a linear build-up, because a plastic scintillator counts
photons that were scattered on the way as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Lines = tuple[tuple[float, float], ...]

GAMMA_LINES: Mapping[str, Lines] = MappingProxyType(
    {
        "Am-241": ((59.5, 0.359),),
        "Tc-99m": ((140.5, 0.890),),
        "U-235": ((143.8, 0.110), (163.4, 0.051), (185.7, 0.572), (205.3, 0.050)),
        "I-131": ((284.3, 0.061), (364.5, 0.815), (637.0, 0.072)),
        "Ba-133": ((81.0, 0.333), (276.4, 0.072), (302.9, 0.183), (356.0, 0.621)),
        "Ir-192": ((296.0, 0.287), (308.5, 0.297), (316.5, 0.828), (468.1, 0.478), (604.4, 0.082)),
        "Cs-137": ((661.7, 0.851),),
        "Co-60": ((1173.2, 0.999), (1332.5, 1.000)),
        "Ra-226": ((295.2, 0.185), (351.9, 0.356), (609.3, 0.455), (1120.3, 0.149), (1764.5, 0.153)),
        "K-40": ((1460.8, 0.1066),),
        "Th-232": ((238.6, 0.433), (338.3, 0.113), (583.2, 0.304), (911.2, 0.258), (2614.5, 0.358)),
    }
)
NEUTRONS_PER_DECAY: Mapping[str, float] = MappingProxyType({"Cf-252": 0.1164})
"""Spontaneous fission in 3.092 % of decays, 3.76 neutrons each."""

_KEV = np.array([60, 80, 100, 150, 200, 300, 400, 500, 600, 800, 1000, 1250, 1500, 2000, 3000], np.float64)
_CM2_PER_G: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "iron": (
            *(1.205, 0.5952, 0.3717, 0.1964, 0.1460, 0.1099, 0.09400, 0.08414, 0.07704, 0.06699),
            *(0.05995, 0.05350, 0.04883, 0.04265, 0.03621),
        ),
        "lead": (
            *(5.021, 2.419, 5.549, 2.014, 0.9985, 0.4031, 0.2323, 0.1614, 0.1248, 0.08870),
            *(0.07102, 0.05876, 0.05222, 0.04606, 0.04234),
        ),
        "water": (
            *(0.2059, 0.1837, 0.1707, 0.1505, 0.1370, 0.1186, 0.1061, 0.09687, 0.08956, 0.07865),
            *(0.07072, 0.06323, 0.05754, 0.04942, 0.03969),
        ),
    }
)
DENSITY_G_CM3: Mapping[str, float] = MappingProxyType({"iron": 7.874, "lead": 11.35, "water": 1.0})


@dataclass(frozen=True, slots=True)
class Shield:
    """So much of a material on every path from the source to a detector."""

    material: str
    cm: float


@dataclass(frozen=True, slots=True)
class Source:
    """A source in a truck.

    `along_m` is its place behind the truck's front, `length_m` its extent (0: a point), `off_m` its distance
    from the lane's middle, `height_m` above the ground.
    """

    nuclide: str
    activity_bq: float
    along_m: float = 9.0
    off_m: float = 0.0
    height_m: float = 1.6
    length_m: float = 0.0
    shields: tuple[Shield, ...] = field(default=())


def attenuation_cm2_g(material: str, kev: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Mass attenuation by log-log interpolation between the tabulated energies."""
    table = np.log(np.array(_CM2_PER_G[material]))
    return np.exp(np.interp(np.log(np.clip(kev, _KEV[0], _KEV[-1])), np.log(_KEV), table))


def transmission(shields: tuple[Shield, ...], kev: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of photons that arrive, scattered ones included: exp(-µx)·(1 + µx)."""
    depth = np.zeros_like(kev)
    for shield in shields:
        path_g_cm2 = shield.cm * DENSITY_G_CM3[shield.material]
        depth += attenuation_cm2_g(shield.material, kev) * path_g_cm2
    return np.exp(-depth) * (1 + depth)


def norm_cargo(kind: str, activity_bq: float, *, front_m: float = 5.0, length_m: float = 12.0) -> Source:
    """Naturally radioactive goods that fill the trailer, shielding themselves: K-40, Th-232 or Ra-226."""
    middle = front_m + length_m / 2
    return Source(kind, activity_bq, middle, 0.0, 1.5, length_m, (Shield("water", 30.0),))
