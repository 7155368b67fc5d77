"""Random scanners, and the pictures they make of a space: Beer-Lambert per energy, noise, and the export.

Wider than any one scanner: accelerators of 2.5 to 10 MeV and tubes of 140 to 450 kV, one energy or two, any
filter and detector thickness, pixels of 3 to 14 mm, any dose; numbers proportional to dose, or a display
picture with gain, gamma, 8 bits and JPEG."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.attenuation import MATERIALS
from gate_agent.scans.image import Calibration, Geometry, ScanImage, transmission_image
from gate_models.threats.space import PITCH_MM, Map, Space

_BINS = 7


@dataclass(frozen=True, slots=True, eq=False)
class Energy:
    """Photon energies, keV, and their shares of the signal in air."""

    peak_kev: float
    energies: NDArray[np.float64]
    shares: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scanner:
    """`quanta` per pixel in air; `electronic` noise in units of air; `haze`: scatter's share."""

    energies: tuple[Energy, ...]
    row_mm: float
    column_mm: float
    quanta: float
    electronic: float
    haze: float
    blur: float
    gain_error: float
    dose_error: float
    display: bool


def _energy(random: np.random.Generator, peak_kev: float) -> Energy:
    """Bremsstrahlung in the usual simple forms (Schiff, Kramers) behind random filter and scintillator."""
    accelerator = peak_kev > 1000
    edges = np.geomspace(150.0 if accelerator else 25.0, peak_kev, _BINS + 1)
    energies = np.sqrt(edges[1:] * edges[:-1])
    reach = energies / peak_kev
    emitted = (1 - reach + 0.75 * reach**2) if accelerator else 1 - reach
    iron = float(random.uniform(2, 20)) if accelerator else float(random.uniform(0.1, 2.5))
    scintillator = 7.9 * float(random.uniform(1, 4)) if accelerator else float(random.uniform(0.3, 3.5))
    seen = 1 - np.exp(-scintillator * MATERIALS["cdwo4"].coefficient(energies))
    shares = emitted * np.diff(edges) * seen * np.exp(-iron * MATERIALS["steel"].coefficient(energies))
    return Energy(peak_kev, energies, shares / shares.sum())


def random_scanner(random: np.random.Generator) -> Scanner:
    accelerator, dual = random.random() < 0.75, random.random() < 0.55
    high = float(random.uniform(2500, 10000)) if accelerator else float(random.uniform(220, 450))
    peaks = (float(random.uniform(0.45, 0.75)) * high, high) if dual else (high,)
    pitch = float(random.uniform(3, 14))
    return Scanner(
        tuple(_energy(random, peak) for peak in peaks),
        row_mm=float(np.clip(pitch * random.uniform(0.75, 1.3), 3, 15)),
        column_mm=pitch,
        quanta=float(10 ** random.uniform(4.6, 6.2)),
        electronic=float(10 ** random.uniform(-4.8, -3.8)),
        haze=float(random.uniform(0, 0.005)),
        blur=float(random.uniform(0.4, 1.1)),
        gain_error=float(random.uniform(0, 0.008)),
        dose_error=float(random.uniform(0, 0.01)),
        display=random.random() < 0.4,
    )


def transmitted(space: Space, energy: Energy) -> Map:
    """I/I0 at every pixel, without noise."""
    names = sorted(space.areal)
    depths = np.stack([space.areal[name].ravel() for name in names])
    coefficients = np.stack([MATERIALS[name].coefficient(energy.energies) for name in names], axis=1)
    exponents = (-coefficients.astype(np.float32)) @ np.maximum(depths, 0, out=depths)
    weakened = energy.shares.astype(np.float32) @ cv2.exp(exponents)
    return weakened.reshape(space.rows, space.columns)


def detected(random: np.random.Generator, ideal: Map, scanner: Scanner) -> Map:
    """What the scanner exports, in its own pixels."""
    rows = max(16, round(ideal.shape[0] * PITCH_MM / scanner.row_mm))
    columns = max(16, round(ideal.shape[1] * PITCH_MM / scanner.column_mm))
    shrinks = rows < ideal.shape[0]
    seen = cv2.resize(ideal, (columns, rows), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    seen = cv2.GaussianBlur(seen, (0, 0), scanner.blur)
    seen = seen + np.float32(scanner.haze) * cv2.blur(seen, (max(3, columns // 6) | 1, max(3, rows // 6) | 1))
    seen *= 1 + np.float32(scanner.gain_error) * random.standard_normal((rows, 1), np.float32)
    seen *= 1 + np.float32(scanner.dose_error) * random.standard_normal((1, columns), np.float32)
    spread = np.sqrt(seen / np.float32(scanner.quanta) + np.float32(scanner.electronic**2))
    return seen + spread * random.standard_normal(seen.shape, np.float32)


def picture(random: np.random.Generator, measured: tuple[Map, ...], scanner: Scanner) -> ScanImage:
    """A calibrated scan, or a display picture of its highest energy."""
    if scanner.display:
        shown = _shown(random, measured[-1]).astype(np.float32) / np.float32(255)
        return transmission_image((shown,), calibration=Calibration.UNKNOWN, bits=8)
    return transmission_image(
        measured,
        calibration=Calibration.KNOWN,
        peaks_kev=tuple(energy.peak_kev for energy in scanner.energies),
        geometry=Geometry(scanner.row_mm, scanner.column_mm),
    )


def _shown(random: np.random.Generator, measured: Map) -> NDArray[np.uint8]:
    """Gain, black level, gamma or logarithm, local stretch, 8 bits, JPEG: what is made for the eye."""
    bright = np.clip(measured * float(random.uniform(0.8, 1.3)) - float(random.uniform(0, 0.02)), 0, 1)
    if random.random() < 0.25:
        darkest = float(random.uniform(4, 8))
        bright = 1 + np.log(np.maximum(bright, np.exp(-darkest))) / darkest
    grey = np.rint(255 * bright ** float(random.uniform(0.4, 1.2))).astype(np.uint8)
    if random.random() < 0.3:
        return grey
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(60, 97))]
    _, encoded = cv2.imencode(".jpg", grey, quality)
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED), np.uint8)
