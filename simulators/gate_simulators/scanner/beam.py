"""What the source emits and the detector sees: spectra, detector response, noise, for each kind of scanner.

Accelerators (MV) make bremsstrahlung in a thick target, forward; its shape is Schiff's in the usual
simplified form, hardened by target and flattening filter. X-ray tubes (kV) follow Kramers' law behind their
filters. Detectors integrate energy: a photon counts by what the scintillator absorbs of it, taken as its
energy times the chance that it interacts. Everything is normalised to air, so that the response to nothing
is 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.attenuation import MATERIALS

FloatArray = NDArray[np.float64]
_BINS = 18


@dataclass(frozen=True)
class Channel:
    """One energy as the detector sees it. `filters` and `detector` are (material, thickness in mm)."""

    peak_kev: float
    accelerator: bool
    filters: tuple[tuple[str, float], ...]
    detector: tuple[str, float]
    quanta: float
    """Photons (in units of the mean detected energy) that reach one pixel in air."""

    @cached_property
    def spectrum(self) -> tuple[FloatArray, FloatArray]:
        """Energies, keV, and their shares of the air signal (they sum to 1)."""
        lowest = 150.0 if self.accelerator else 25.0
        edges = np.geomspace(lowest, self.peak_kev, _BINS + 1)
        energies = np.sqrt(edges[1:] * edges[:-1])
        reach = energies / self.peak_kev
        emitted = (1 - reach + 0.75 * reach**2 if self.accelerator else 1 - reach) / energies
        share = emitted * np.diff(edges) * energies * self._absorbed(energies)
        for name, thickness_mm in self.filters:
            share = share * np.exp(-_depth(name, thickness_mm) * MATERIALS[name].coefficient(energies))
        return energies, share / share.sum()

    @property
    def effective_kev(self) -> float:
        """Mean detected energy, keV."""
        energies, share = self.spectrum
        return float(energies @ share)

    def _absorbed(self, energies: FloatArray) -> FloatArray:
        name, thickness_mm = self.detector
        return 1 - np.exp(-_depth(name, thickness_mm) * MATERIALS[name].coefficient(energies))

    def transmission(self, material: str, areal: FloatArray) -> FloatArray:
        """Through a slab of `areal` g/cm²: what the detector reads, in units of air."""
        energies, share = self.spectrum
        attenuated = np.exp(-np.multiply.outer(areal, MATERIALS[material].coefficient(energies)))
        return attenuated @ share


def _depth(material: str, thickness_mm: float) -> float:
    return MATERIALS[material].density * thickness_mm / 10.0


@dataclass(frozen=True)
class Setup:
    """A scanner: its channels, lowest energy first, and how imperfect it is.

    `electronic`: noise per reading, in units of air; `scatter`: share of the surroundings' signal that
    reaches a pixel; `gain_error`: what air calibration leaves over per detector element; `dose_jitter`: per
    column; `shift_columns`: how far the second energy's column lies behind the first (interlaced pulses).
    """

    name: str
    channels: tuple[Channel, ...]
    electronic: float
    scatter: float
    gain_error: float = 0.003
    dose_jitter: float = 0.005
    speed_jitter: float = 0.02
    shift_columns: float = 0.0
    blur_pixels: float = 0.7


_TARGET = (("tungsten", 3.0), ("steel", 15.0))
_CDWO4 = ("cdwo4", 30.0)

SETUPS: Mapping[str, Setup] = MappingProxyType(
    {
        setup.name: setup
        for setup in (
            Setup(
                "mv-6-9",
                (
                    Channel(6000, True, _TARGET, _CDWO4, 6e5),
                    Channel(9000, True, (*_TARGET, ("polyethylene", 150.0)), _CDWO4, 9e5),
                ),
                electronic=2.5e-5,
                scatter=0.001,
                shift_columns=0.5,
            ),
            Setup("mv-6", (Channel(6000, True, _TARGET, _CDWO4, 8e5),), electronic=2.5e-5, scatter=0.001),
            Setup(
                "kv-140-300",
                (
                    Channel(140, False, (("aluminium", 3.0),), ("cdwo4", 4.0), 4e5),
                    Channel(300, False, (("copper", 3.0),), ("cdwo4", 4.0), 6e5),
                ),
                electronic=4e-5,
                scatter=0.003,
                shift_columns=0.5,
            ),
            Setup(
                "kv-160-sandwich",
                (
                    Channel(160, False, (("aluminium", 2.0),), ("gadolinium oxysulfide", 0.3), 2e5),
                    Channel(
                        160,
                        False,
                        (("aluminium", 2.0), ("gadolinium oxysulfide", 0.3), ("copper", 0.6)),
                        ("caesium iodide", 4.0),
                        2e5,
                    ),
                ),
                electronic=5e-5,
                scatter=0.004,
            ),
        )
    }
)
