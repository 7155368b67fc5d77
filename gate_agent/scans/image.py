"""The one model of a transmission image that every part of the station speaks.

A scan has one or two **channels** (beam energies). A channel holds the *transmission* I/I0 as float32: 0 is
nothing came through, 1 is air. Rows run from the roof (0) to the ground, columns in the direction of travel.

How far the numbers can be trusted is part of the image. ``Calibration.KNOWN``: dark- and air-corrected,
proportional to the dose that reached the detector, so that -ln T is an attenuation. ``UNKNOWN``: a picture
made for the eye (8-bit, gamma, contrast-stretched): the order of grey values is right, their size means
nothing.

Pixels without information are in ``dead`` (no reading: NaN, a dead detector) or ``saturated`` (detector or
file at its upper limit); their transmission is a finite placeholder that no measurement may use.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.errors import ScanMalformed, ScanTooLarge, ScanUnusable

FloatImage = NDArray[np.float32]
Mask = NDArray[np.bool_]

MAX_PIXELS = 32_000_000
"""Per channel (128 MB as float32), so that triage of two stays within 1 GB; a larger scan is read binned
(:mod:`gate_agent.scans.pixels`)."""
MAX_SIDE = 131_072
MIN_ROWS = 16
MIN_COLUMNS = 16
MAX_TRANSMISSION = 4.0
"""Air is 1; noise, scatter and a drifting source reach somewhat above it, a wrong scale far above."""
MAX_CONTAINER_LENGTH = 64
_PITCH_MM = 0.001, 100_000.0


class Calibration(StrEnum):
    """Whether -ln of a pixel is an attenuation."""

    KNOWN = "known"
    UNKNOWN = "unknown"


class View(StrEnum):
    """From where the beam comes; ``SIDE`` also stands for "nobody said"."""

    SIDE = "side"
    TOP = "top"


@dataclass(frozen=True, slots=True)
class Geometry:
    """`row_mm` and `column_mm`: what a pixel covers at the middle of the container, along the detector and
    along travel, millimetres; 0 is unknown."""

    row_mm: float = 0.0
    column_mm: float = 0.0
    view: View = View.SIDE

    @property
    def known(self) -> bool:
        return self.row_mm > 0 and self.column_mm > 0

    @property
    def pixel_cm2(self) -> float:
        return self.row_mm * self.column_mm / 100.0

    def binned(self, factor: int) -> Geometry:
        return Geometry(self.row_mm * factor, self.column_mm * factor, self.view)


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """One beam energy: `peak_kev` is the tube voltage or the accelerator's end point, keV; 0 is unknown.

    `effective_kev` tells the two layers of a sandwich detector apart, which share one peak; 0 is unknown.
    """

    transmission: FloatImage
    peak_kev: float = 0.0
    effective_kev: float = 0.0

    @property
    def order(self) -> tuple[float, float]:
        return self.peak_kev, self.effective_kev


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a scan came from. `digest` is SHA-256 (hex) over the files, in the order of the channels."""

    format: str = ""
    digest: str = ""
    study_uid: str = ""
    instance_uids: tuple[str, ...] = ()
    station: str = ""
    acquired_at: str = ""
    acquisition_status: str = ""


NO_GEOMETRY = Geometry()
NO_PROVENANCE = Provenance()


@dataclass(frozen=True, slots=True, eq=False)
class ScanImage:
    """One scan of one container. Channels go from the lowest energy to the highest."""

    channels: tuple[Channel, ...]
    dead: Mask
    saturated: Mask
    calibration: Calibration
    geometry: Geometry = NO_GEOMETRY
    container: str = ""
    provenance: Provenance = NO_PROVENANCE
    binning: int = 1
    bits: int = 16

    def __post_init__(self) -> None:
        _check(self)

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.channels[0].transmission.shape
        return rows, columns

    @property
    def dual(self) -> bool:
        return len(self.channels) > 1

    @property
    def low(self) -> FloatImage:
        return self.channels[0].transmission

    @property
    def high(self) -> FloatImage:
        """The most penetrating channel; the only one of a single-energy scan."""
        return self.channels[-1].transmission

    @property
    def usable(self) -> Mask:
        return ~(self.dead | self.saturated)


def _check(image: ScanImage) -> None:
    """A state that makes no sense cannot be built."""
    if not 1 <= len(image.channels) <= 2:
        raise ScanMalformed(f"{len(image.channels)} channels", field="channels", advice="one or two energies")
    shape = image.channels[0].transmission.shape
    check_size(shape)
    for channel in image.channels:
        if channel.transmission.dtype != np.float32:
            raise ScanMalformed(f"transmission is {channel.transmission.dtype}", field="channels")
        if channel.transmission.shape != shape:
            raise ScanMalformed(
                f"channels of {shape} and {channel.transmission.shape}",
                field="channels",
                advice="both energies must come from one scan",
            )
    for name, mask in (("dead", image.dead), ("saturated", image.saturated)):
        if mask.shape != shape or mask.dtype != np.bool_:
            raise ScanMalformed(f"mask of {mask.shape} {mask.dtype}", field=name)
    for pitch in (image.geometry.row_mm, image.geometry.column_mm):
        if pitch != 0 and not _PITCH_MM[0] <= pitch <= _PITCH_MM[1]:
            raise ScanMalformed(f"pixels of {pitch:g} mm", field="geometry", advice="0 where it is unknown")
    order = [channel.order for channel in image.channels]
    if all(peak for peak, _ in order) and order != sorted(order):
        raise ScanMalformed("channels are not in ascending energy", field="channels")
    if len(image.container) > MAX_CONTAINER_LENGTH:
        raise ScanMalformed("container number is too long", field="container")


def check_size(shape: tuple[int, ...]) -> None:
    """Raise unless `shape` is an image that this model can hold."""
    if len(shape) != 2:
        raise ScanMalformed(f"{len(shape)} dimensions", field="shape", advice="one grey image per energy")
    rows, columns = shape
    if rows < MIN_ROWS or columns < MIN_COLUMNS:
        raise ScanUnusable(
            f"{columns} x {rows} pixels", field="columns", advice="the scan was cut off; scan again"
        )
    if rows > MAX_SIDE or columns > MAX_SIDE or rows * columns > MAX_PIXELS:
        raise ScanTooLarge(f"{columns} x {rows} pixels", field="columns", advice="read it binned")


def transmission_image(
    measured: tuple[FloatImage, ...],
    *,
    calibration: Calibration,
    peaks_kev: tuple[float, ...] = (),
    effective_kev: tuple[float, ...] = (),
    saturated: Mask | None = None,
    geometry: Geometry | None = None,
    container: str = "",
    provenance: Provenance | None = None,
    binning: int = 1,
    bits: int = 16,
) -> ScanImage:
    """Build a scan from measured transmissions that may hold NaN, infinities, negatives and overshoots.

    Values without meaning become finite placeholders and are marked dead; what is merely noisy is clipped to
    0 .. MAX_TRANSMISSION. Channels are put in ascending energy when their energies are known.
    """
    peaks = peaks_kev or (0.0,) * len(measured)
    effective = effective_kev or (0.0,) * len(measured)
    if len(peaks) != len(measured) or len(effective) != len(measured):
        raise ScanMalformed(f"{len(peaks)} energies for {len(measured)} channels", field="peaks_kev")
    if not measured:
        raise ScanUnusable("no channel", field="channels")
    check_size(measured[0].shape)
    dead = np.zeros(measured[0].shape, np.bool_)
    channels: list[Channel] = []
    for image, *energies in sorted(zip(measured, peaks, effective, strict=True), key=lambda part: part[1:]):
        if image.shape != dead.shape:
            raise ScanMalformed(f"channels of {dead.shape} and {image.shape}", field="channels")
        finite = np.isfinite(image)
        dead |= ~finite
        clean = np.where(finite, image, np.float32(0)).astype(np.float32, copy=False)
        channels.append(Channel(np.clip(clean, 0.0, MAX_TRANSMISSION, out=clean), *energies))
    if dead.all():
        raise ScanUnusable("no pixel holds a number", field="pixels", advice="check the scanner; scan again")
    return ScanImage(
        channels=tuple(channels),
        dead=dead,
        saturated=np.zeros(dead.shape, np.bool_) if saturated is None else saturated,
        calibration=calibration,
        geometry=geometry or NO_GEOMETRY,
        container=container[:MAX_CONTAINER_LENGTH],
        provenance=provenance or NO_PROVENANCE,
        binning=binning,
        bits=bits,
    )
