"""Threat image projection: an object put into a scan that was taken without it, by Beer-Lambert's law.

    T' = T x product over the object's materials of their own transmission through the scanner's beam

Works on any calibrated scan, a simulated one or a yard's own; noise is topped up, because fewer photons would
have come through. Hardening by what stands before the object is left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.attenuation import MATERIALS
from gate_agent.scans.image import Channel, FloatImage, ScanImage
from gate_agent.scans.triage.container import Box
from gate_agent.scans.triage.inspectable import band_of
from gate_models.threats.objects import Object, random_object
from gate_models.threats.space import PITCH_MM

_UNKNOWN_PEAK_KEV: Final = 6000.0
MARGIN_MM: Final = 120.0
"""Between two objects in one scan."""


@dataclass(frozen=True, slots=True, eq=False)
class Projected:
    """An object in a picture: its box, where in the box it is, and the mean transmission before it was
    there."""

    kind: str
    box: Box
    extent: NDArray[np.bool_]
    background: float


def transmission_of(thing: Object, peak_kev: float, effective_kev: float = 0.0) -> FloatImage:
    """The object alone in a textbook beam, on its own pixels of PITCH_MM."""
    peak = peak_kev or _UNKNOWN_PEAK_KEV
    energies = np.linspace(0.15 * peak, 0.98 * peak, 24)
    reach = energies / peak
    shares = (1 - reach + 0.75 * reach**2) if peak > 1000 else (1 - reach) * reach
    if effective_kev:  # the layers of a sandwich share a peak: weigh towards the energy each sees
        shares = shares * np.exp(-((energies - effective_kev) ** 2) / (2 * (0.25 * peak) ** 2))
    exponents = sum(
        np.multiply.outer(np.maximum(patch, 0).astype(np.float64), MATERIALS[name].coefficient(energies))
        for name, patch in thing.layers
    )
    return np.asarray(np.exp(-np.asarray(exponents)) @ (shares / shares.sum()), np.float32)


def project(
    image: ScanImage, thing: Object, left: int, top: int, random: np.random.Generator, quanta: float
) -> tuple[ScanImage, Projected]:
    """The scan with the object at pixel (left, top). `quanta`: photons per pixel in air, for the noise."""
    columns = max(1, round(thing.extent.shape[1] * PITCH_MM / image.geometry.column_mm))
    rows = max(1, round(thing.extent.shape[0] * PITCH_MM / image.geometry.row_mm))
    box = Box(left, left + columns, top, top + rows)
    channels: list[Channel] = []
    for channel in image.channels:
        passed = transmission_of(thing, channel.peak_kev, channel.effective_kev)
        how = cv2.INTER_AREA if columns < passed.shape[1] else cv2.INTER_LINEAR
        factor = np.clip(cv2.resize(passed, (columns, rows), interpolation=how), 0, 1).astype(np.float32)
        behind = channel.transmission.copy()
        before = np.maximum(behind[box.slices], 0)
        missing = np.sqrt(factor * (1 - factor) * before / np.float32(quanta))
        noisy = before * factor + missing * random.standard_normal(before.shape, np.float32)
        behind[box.slices] = np.maximum(noisy, 0)
        channels.append(replace(channel, transmission=behind))
    inside = thing.extent.astype(np.float32)
    extent = cv2.resize(inside, (columns, rows), interpolation=cv2.INTER_LINEAR) > 0.5
    background = float(image.high[box.slices][extent].mean()) if extent.any() else 0.0
    return replace(image, channels=tuple(channels)), Projected(
        thing.kind, box, np.asarray(extent), background
    )


def with_objects(
    image: ScanImage, inner: Box, random: np.random.Generator, number: int, quanta: float
) -> tuple[ScanImage, list[Projected]]:
    """Up to `number` random objects in the loading space, apart from each other, spread evenly over the bands
    of penetration that the scan has: most of a container is either nearly empty or dark."""
    taken = np.zeros(image.shape, np.bool_)
    placed: list[Projected] = []
    places = _places(image, inner)
    across, down = (round(MARGIN_MM / mm) for mm in (image.geometry.column_mm, image.geometry.row_mm))
    for _ in range(8 * number):
        if len(placed) == number:
            break
        thing = random_object(random)
        columns = round(thing.extent.shape[1] * PITCH_MM / image.geometry.column_mm)
        rows = round(thing.extent.shape[0] * PITCH_MM / image.geometry.row_mm)
        if columns >= inner.width or rows >= inner.height:
            continue
        among = places[int(random.integers(len(places)))]
        row, column = divmod(int(among[int(random.integers(among.size))]), inner.width)
        left = inner.left + int(np.clip(column - columns // 2, 0, inner.width - columns))
        top = inner.top + int(np.clip(row - rows // 2, 0, inner.height - rows))
        around = np.s_[
            max(0, top - down) : top + rows + down, max(0, left - across) : left + columns + across
        ]
        if taken[around].any():
            continue
        taken[around] = True
        image, projected = project(image, thing, left, top, random, quanta)
        if projected.extent.any():
            placed.append(projected)
    return image, placed


def _places(image: ScanImage, inner: Box) -> list[NDArray[np.intp]]:
    """Pixels of the loading space, by number, for each band that makes up at least a hundredth of it."""
    bands = band_of(image.high[inner.slices]).ravel()
    found = [np.flatnonzero(bands == band) for band in np.unique(bands)]
    return [pixels for pixels in found if pixels.size >= 0.01 * bands.size]
