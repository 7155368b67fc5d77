"""Photon mass attenuation coefficients from 20 keV to 10 MeV, and how materials weaken a beam.

The numbers are NIST's: J. H. Hubbell and S. M. Seltzer, Tables of X-Ray Mass Attenuation Coefficients and
Mass Energy-Absorption Coefficients, NIST Standard Reference Database 126 (NISTIR 5632), total attenuation
with coherent scattering, cm²/g. Between the tabulated energies the coefficients are interpolated log-log, as
NIST does; absorption edges are kept as two values at one energy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# fmt: off
ENERGIES_MEV: Final = (
    0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8,
    1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10
)

_MU: Final[Mapping[str, tuple[float, ...]]] = MappingProxyType(
    {
        "H": (
            0.3695, 0.357, 0.3458, 0.3355, 0.326, 0.3091, 0.2944, 0.2651, 0.2429, 0.2112, 0.1893, 0.1729,
            0.1599, 0.1405, 0.1263, 0.1129, 0.1027, 0.08769, 0.06921, 0.05806, 0.05049, 0.04498, 0.03746,
            0.03254
        ),
        "C": (
            0.442, 0.2562, 0.2076, 0.1871, 0.1753, 0.161, 0.1514, 0.1347, 0.1229, 0.1066, 0.09546,
            0.08715, 0.08058, 0.07076, 0.06361, 0.0569, 0.05179, 0.04442, 0.03562, 0.03047, 0.02708,
            0.02469, 0.02154, 0.01959
        ),
        "N": (
            0.6178, 0.3066, 0.2288, 0.198, 0.1817, 0.1639, 0.1529, 0.1353, 0.1233, 0.1068, 0.09557,
            0.08719, 0.08063, 0.07081, 0.06364, 0.05693, 0.0518, 0.0445, 0.03579, 0.03073, 0.02742,
            0.02511, 0.02209, 0.02024
        ),
        "O": (
            0.8651, 0.3779, 0.2585, 0.2132, 0.1907, 0.1678, 0.1551, 0.1361, 0.1237, 0.107, 0.09566,
            0.08729, 0.0807, 0.07087, 0.06372, 0.05697, 0.05185, 0.04459, 0.03597, 0.031, 0.02777,
            0.02552, 0.02263, 0.02089
        ),
        "Na": (
            2.057, 0.7197, 0.3969, 0.2804, 0.2268, 0.1796, 0.1585, 0.1335, 0.1199, 0.1029, 0.09185,
            0.08372, 0.07736, 0.06788, 0.061, 0.05454, 0.04968, 0.04282, 0.03487, 0.03037, 0.02753,
            0.02559, 0.02319, 0.02181
        ),
        "Al": (
            3.441, 1.128, 0.5685, 0.3681, 0.2778, 0.2018, 0.1704, 0.1378, 0.1223, 0.1042, 0.09276,
            0.08445, 0.07802, 0.06841, 0.06146, 0.05496, 0.05006, 0.04324, 0.03541, 0.03106, 0.02836,
            0.02655, 0.02437, 0.02318
        ),
        "Si": (
            4.464, 1.436, 0.7012, 0.4385, 0.3207, 0.2228, 0.1835, 0.1448, 0.1275, 0.1082, 0.09614,
            0.08748, 0.08077, 0.07082, 0.06361, 0.05688, 0.05183, 0.0448, 0.03678, 0.0324, 0.02967,
            0.02788, 0.02574, 0.02462
        ),
        "S": (
            6.708, 2.113, 0.9872, 0.5849, 0.4053, 0.2585, 0.202, 0.1506, 0.1302, 0.1091, 0.09665,
            0.08781, 0.08102, 0.07098, 0.06373, 0.05697, 0.05193, 0.04498, 0.03715, 0.03293, 0.03036,
            0.02872, 0.02682, 0.02589
        ),
        "Cl": (
            7.739, 2.425, 1.117, 0.6483, 0.4395, 0.2696, 0.205, 0.148, 0.1266, 0.1054, 0.09311, 0.08453,
            0.07795, 0.06826, 0.06128, 0.05478, 0.04994, 0.04328, 0.03585, 0.03188, 0.0295, 0.02798,
            0.02628, 0.02549
        ),
        "Ca": (
            13.06, 4.08, 1.83, 1.019, 0.6578, 0.3656, 0.2571, 0.1674, 0.1376, 0.1116, 0.09783, 0.08851,
            0.08148, 0.07122, 0.06388, 0.05709, 0.05207, 0.04524, 0.0378, 0.03395, 0.0317, 0.03035,
            0.02892, 0.02839
        ),
        "Fe": (
            25.68, 8.176, 3.629, 1.958, 1.205, 0.5952, 0.3717, 0.1964, 0.146, 0.1099, 0.094, 0.08414,
            0.07704, 0.06699, 0.05995, 0.0535, 0.04883, 0.04265, 0.03621, 0.03312, 0.03146, 0.03057,
            0.02991, 0.02994
        ),
        "Cu": (
            33.79, 10.92, 4.862, 2.613, 1.593, 0.763, 0.4584, 0.2217, 0.1559, 0.1119, 0.09413, 0.08362,
            0.07625, 0.06605, 0.05901, 0.05261, 0.04803, 0.04205, 0.03599, 0.03318, 0.03177, 0.03108,
            0.03074, 0.03103
        ),
        "Cd": (
            19.2, 37.65, 17.78, 9.779, 5.975, 2.751, 1.524, 0.5593, 0.3038, 0.1571, 0.1129, 0.0925,
            0.08064, 0.0667, 0.05826, 0.05129, 0.04673, 0.04139, 0.03698, 0.03559, 0.03536, 0.03563,
            0.03691, 0.03853
        ),
        "I": (
            25.43, 8.561, 22.1, 12.32, 7.579, 3.51, 1.942, 0.6978, 0.3663, 0.1771, 0.1217, 0.09701,
            0.08313, 0.06749, 0.05841, 0.05111, 0.04647, 0.04124, 0.03716, 0.03607, 0.03608, 0.03655,
            0.03815, 0.04002
        ),
        "Cs": (
            28.22, 9.507, 23.81, 13.4, 8.248, 3.836, 2.124, 0.7589, 0.3941, 0.1863, 0.1257, 0.09912,
            0.08431, 0.06789, 0.05854, 0.05108, 0.04641, 0.04121, 0.03725, 0.03625, 0.03635, 0.03689,
            0.0386, 0.04057
        ),
        "Gd": (
            43.63, 14.84, 6.92, 3.859, 11.75, 5.573, 3.109, 1.1, 0.5534, 0.241, 0.1517, 0.1139, 0.09371,
            0.07252, 0.0612, 0.05262, 0.04759, 0.04228, 0.03865, 0.03802, 0.03844, 0.03928, 0.04147,
            0.04384
        ),
        "W": (
            65.73, 22.73, 10.67, 5.949, 3.713, 7.81, 4.438, 1.581, 0.7844, 0.3238, 0.1925, 0.1378,
            0.1093, 0.08066, 0.06618, 0.05577, 0.05, 0.04433, 0.04075, 0.04038, 0.04103, 0.0421, 0.04472,
            0.04747
        ),
        "Pb": (
            86.36, 30.32, 14.36, 8.041, 5.021, 2.419, 5.549, 2.014, 0.9985, 0.4031, 0.2323, 0.1614,
            0.1248, 0.0887, 0.07102, 0.05876, 0.05222, 0.04606, 0.04234, 0.04197, 0.04272, 0.04391,
            0.04675, 0.04972
        ),
        "U": (
            71.06, 41.28, 19.83, 11.21, 7.035, 3.395, 1.954, 2.591, 1.298, 0.5192, 0.2922, 0.1976, 0.149,
            0.1016, 0.07896, 0.0637, 0.05587, 0.04878, 0.04447, 0.04392, 0.04463, 0.04583, 0.04879,
            0.05195
        ),
    }
)
# fmt: on

_EDGES_MEV: Final[Mapping[str, tuple[tuple[float, float, float], ...]]] = MappingProxyType(
    {
        "Cd": ((0.02671, 8.809, 50.65),),
        "I": ((0.03317, 6.553, 35.82),),
        "Cs": ((0.03598, 5.863, 31.43),),
        "Gd": ((0.05024, 3.812, 18.64),),
        "W": ((0.06953, 2.552, 11.23),),
        "Pb": ((0.088, 1.91, 7.683),),
        "U": (
            (0.02095, 63, 88.38),
            (0.02135, 95.15, 95.15),
            (0.02176, 80.23, 92.22),
            (0.1156, 1.378, 4.893),
        ),
    }
)
"""Energy, coefficient below and above each absorption edge within the table."""


@dataclass(frozen=True, slots=True)
class Material:
    """A substance: weight fractions of its elements (they sum to 1) and its usual bulk density, g/cm³."""

    name: str
    fractions: Mapping[str, float]
    density: float

    def coefficient(self, energies_kev: FloatArray) -> FloatArray:
        """Mass attenuation coefficient at each energy, cm²/g: the elements' by weight (Bragg's rule)."""
        total = np.zeros_like(energies_kev, dtype=np.float64)
        for element, fraction in self.fractions.items():
            total += fraction * mass_attenuation(element, energies_kev)
        return total


def mass_attenuation(element: str, energies_kev: FloatArray) -> FloatArray:
    """Coefficient of one element, cm²/g. Raises KeyError for an element that is not in the table."""
    energies, coefficients = _table(element)
    wanted = np.log(np.clip(energies_kev / 1000.0, energies[0], energies[-1]))
    return np.exp(np.interp(wanted, np.log(energies), np.log(coefficients)))


@cache
def _table(element: str) -> tuple[FloatArray, FloatArray]:
    points = [(energy, 0, value) for energy, value in zip(ENERGIES_MEV, _MU[element], strict=True)]
    for energy, below, above in _EDGES_MEV.get(element, ()):
        points += [(energy * (1 - 1e-9), 0, below), (energy, 1, above)]
    points.sort()
    return np.array([p[0] for p in points]), np.array([p[2] for p in points])


def _material(name: str, density: float, **fractions: float) -> Material:
    total = sum(fractions.values())
    return Material(
        name, MappingProxyType({element: part / total for element, part in fractions.items()}), density
    )


# Weight fractions from the formula (atoms x atomic mass), or the usual mixture; bulk density as shipped.
MATERIALS: Mapping[str, Material] = MappingProxyType(
    {
        material.name: material
        for material in (
            _material("polyethylene", 0.93, H=4.032, C=24.022),
            _material("water", 1.0, H=2.016, O=15.999),
            _material("cellulose", 0.7, H=10.08, C=72.066, O=79.995),
            _material("sugar", 0.85, H=22.176, C=144.13, O=175.99),
            _material("textile", 0.35, H=8.064, C=120.11, O=63.996),
            _material("rubber", 1.1, H=8.064, C=60.055),
            _material("meat", 0.95, H=0.102, C=0.143, N=0.034, O=0.71, Cl=0.005, Na=0.006),
            _material("pvc", 1.3, H=3.024, C=24.022, Cl=35.45),
            _material("salt", 1.2, Na=22.99, Cl=35.45),
            _material("glass", 1.4, Si=0.33, O=0.46, Na=0.1, Ca=0.11),
            _material("ceramic", 1.6, Si=0.3, O=0.49, Al=0.15, Ca=0.06),
            _material("cement", 1.5, Ca=0.44, Si=0.12, O=0.4, Al=0.04),
            _material("aluminium", 2.7, Al=1.0),
            _material("steel", 7.85, Fe=1.0),
            _material("copper", 8.96, Cu=1.0),
            _material("tungsten", 19.3, W=1.0),
            _material("lead", 11.34, Pb=1.0),
            _material("uranium", 18.95, U=1.0),
            _material("cdwo4", 7.9, Cd=112.41, W=183.84, O=63.996),
            _material("gadolinium oxysulfide", 7.3, Gd=314.5, O=31.998, S=32.06),
            _material("caesium iodide", 4.51, Cs=132.91, I=126.90),
        )
    }
)
