"""Threat detectors as parts that can be exchanged: a card, a network, and the picture that it is given.

A card (``<name>.toml`` beside ``<name>.onnx``) says which channels the network takes, at how many millimetres
a pixel, and at which operating points it was measured, band by band of penetration. Nothing about the network
is assumed: an operator's own detector drops in with its card. What the card states no rate for, the detector
cannot judge (:mod:`gate_agent.scans.triage.threats`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gate_agent.networks import NetworkError, NetworkSession, packaged, read_card, read_network
from gate_agent.scans.image import FloatImage, ScanImage
from gate_agent.scans.triage.container import Box
from gate_agent.scans.triage.inspectable import Band
from gate_agent.settings import Settings

MAX_NETWORK_BYTES: Final = 256 * 1024 * 1024
MAX_PIXELS: Final = 16_000_000
"""Of the picture that a network is given, after scaling."""
NOMINAL_HEIGHT_MM: Final = 2400.0
"""Of a loading space whose picture has no millimetres: between a standard container and a high one."""
_DARKEST: Final = 1e-3  # scatter; below it nothing is to see
_MOST: Final = 7.0
_NEIGHBOURHOOD_MM: Final = 500.0
_FLATTEST, _FLATTEST_ENERGIES = 0.05, 0.02
_STRONGEST: Final = 4.0

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,63}$")]
Rate = Annotated[float, Field(ge=0, le=1)]


class ChannelName(StrEnum):
    """What a network can be given; each is float32 over the loading space."""

    TRANSMISSION = "transmission"  # highest energy, 0..1
    ATTENUATION = "attenuation"  # -ln of it, from -1 (air) to 1 (nothing comes through)
    CONTRAST = "contrast"  # attenuation against its neighbourhood, in its deviations, -2..2
    SEEN = "seen"  # 1 where the pixel can be inspected, 0 where not
    ENERGIES = "energies"  # as contrast, of the difference of both energies' attenuation; 0 for one energy


class BandRate(Settings):
    """One band of an operating point: from which score on a place is reported, and how often rightly."""

    band: Literal["dark", "dense", "medium", "clear"]
    threshold: float = Field(gt=0, lt=1)
    auc: Rate = Field(description="object against the same place without it")
    tpr: Rate = Field(description="share of objects reported at the threshold")
    tpr_low: Rate = Field(description="95 % confidence")
    tpr_high: Rate
    objects: int = Field(gt=0, description="N of objects")
    tpr_at_fpr_5: Rate = Field(description="share of objects at 5 % of object-sized clean places")
    places: int = Field(gt=0, description="N of clean places")


class OperatingPoint(Settings):
    """Thresholds for one kind of picture and one measured rate of false reviews. A band that is not listed
    has no usable rate: there the detector says nothing."""

    id: Name
    calibration: Literal["known", "unknown"]
    scanners: tuple[str, ...] = Field((), max_length=64, description="whose scans the rates are of")
    bands: tuple[BandRate, ...] = Field(max_length=4)
    false_reviews: Rate = Field(description="share of clean scans with at least one area reported")
    false_reviews_low: Rate = Field(description="95 % confidence")
    false_reviews_high: Rate
    scans: int = Field(gt=0, description="N of clean scans")
    data_set: str


class DetectorCard(Settings):
    """One detector. `stride`: input pixels per score; `multiple`: sides of the input are multiples of it."""

    id: Name
    title: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    variant: Literal["fp32", "fp16", "int8"] = "fp32"
    licence: str = Field(min_length=2)
    channels: tuple[ChannelName, ...] = Field(min_length=1, max_length=8)
    pixel_mm: float = Field(ge=1, le=100)
    stride: int = Field(ge=1, le=64)
    multiple: int = Field(ge=1, le=256)
    output: str = Field(description="what a score means")
    operating_points: tuple[OperatingPoint, ...] = ()
    script: str = Field(default="", description="the command that made it")
    seed: int = 0
    training_data: str = ""
    limitations: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A network's input (channels, rows, columns) of the loading space `inner`, and its scale: input pixels
    per picture pixel."""

    channels: FloatImage
    inner: Box
    scale_x: float
    scale_y: float


def prepared(image: ScanImage, inner: Box, seen: NDArray[np.bool_], card: DetectorCard) -> Prepared:
    """The loading space as the card asks for it. `seen`: over the full image, where it can be inspected."""
    if image.geometry.known:
        fx, fy = image.geometry.column_mm / card.pixel_mm, image.geometry.row_mm / card.pixel_mm
    else:
        fx = fy = NOMINAL_HEIGHT_MM / card.pixel_mm / inner.height
    columns, rows = max(card.multiple, round(inner.width * fx)), max(card.multiple, round(inner.height * fy))
    if rows * columns > MAX_PIXELS:
        raise NetworkError(
            f"a picture of {columns} x {rows}", field="pixel_mm", advice="check the pixel size"
        )
    high = _scaled(image.high[inner.slices], columns, rows)
    attenuated = _attenuation(high)
    made = {
        ChannelName.TRANSMISSION: lambda: np.clip(high, 0, 1),
        ChannelName.ATTENUATION: lambda: attenuated * np.float32(2 / _MOST) - 1,
        ChannelName.CONTRAST: lambda: _contrast(attenuated, card.pixel_mm, _FLATTEST),
        ChannelName.SEEN: lambda: _scaled(seen[inner.slices].astype(np.float32), columns, rows),
        ChannelName.ENERGIES: lambda: _energies(image, inner, attenuated, card.pixel_mm),
    }
    channels = np.stack([made[name]() for name in card.channels]).astype(np.float32, copy=False)
    return Prepared(channels, inner, columns / inner.width, rows / inner.height)


def _scaled(part: FloatImage, columns: int, rows: int) -> FloatImage:
    """Averages where pixels become fewer, interpolates where they become more."""
    shrinks = columns * rows < part.shape[0] * part.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (columns, rows), interpolation=how), np.float32)


def _attenuation(transmission: FloatImage) -> FloatImage:
    limited = np.clip(transmission, np.float32(_DARKEST), np.float32(1))
    return np.asarray(-cv2.log(limited), np.float32)


def _contrast(values: FloatImage, pixel_mm: float, flattest: float) -> FloatImage:
    """Each pixel against the mean of its neighbourhood, in the neighbourhood's deviations."""
    side = round(_NEIGHBOURHOOD_MM / pixel_mm) | 1
    mean = np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT_101), np.float32)
    apart = values - mean
    square = cv2.blur(apart * apart, (side, side), borderType=cv2.BORDER_REFLECT_101)
    spread = cv2.sqrt(np.maximum(square, 0))  # running sums leave a trace of less than nothing
    return np.clip(apart / (spread + np.float32(flattest)), -_STRONGEST, _STRONGEST) / np.float32(2)


def _energies(image: ScanImage, inner: Box, attenuated: FloatImage, pixel_mm: float) -> FloatImage:
    if not image.dual:
        return np.zeros_like(attenuated)
    rows, columns = attenuated.shape
    low = _attenuation(_scaled(image.low[inner.slices], columns, rows))
    smooth = np.asarray(cv2.blur(low - attenuated, (3, 3)), np.float32)
    return _contrast(smooth, pixel_mm, _FLATTEST_ENERGIES)


class Detector:
    """One network with its card, at one operating point; may be called from several threads."""

    def __init__(
        self,
        card: DetectorCard,
        network: bytes,
        *,
        point: str = "review",
        scanner: str = "",
        threads: int = 2,
    ) -> None:
        self.card = card
        self.point = point
        self.scanner = scanner
        self._session = NetworkSession(network, card.id, threads=threads)

    @property
    def name(self) -> str:
        """Card, exact weights and operating point."""
        return f"{self.card.id}#{self.card.sha256[:12]}/{self.point}"

    def proven(self, calibration: str) -> bool:
        """Whether the card has figures for pictures of this calibration from this very scanner. Where it has
        none, what the network marks is advice: no two scanners are alike."""
        return any(
            (p.id, p.calibration) == (self.point, calibration) and self.scanner in p.scanners
            for p in self.card.operating_points
        )

    def thresholds(self, calibration: str) -> Mapping[Band, float]:
        """The bands that can be judged in pictures of this calibration, and from which score on."""
        fitting = [
            p for p in self.card.operating_points if (p.id, p.calibration) == (self.point, calibration)
        ]
        found = {Band[rate.band.upper()]: rate.threshold for p in fitting for rate in p.bands}
        return MappingProxyType(found)

    def scores(self, given: Prepared) -> FloatImage:
        """Score 0..1 for every `stride` x `stride` pixels of the input. Raises NetworkError for other
        output."""
        _, rows, columns = given.channels.shape
        down, across = (-rows % self.card.multiple), (-columns % self.card.multiple)
        padded = np.pad(given.channels, ((0, 0), (0, down), (0, across)), mode="edge")[None]
        output = self._session.run(np.ascontiguousarray(padded))
        expected = (1, 1, padded.shape[2] // self.card.stride, padded.shape[3] // self.card.stride)
        if output.shape != expected:
            raise NetworkError(f"scores of {output.shape}, not {expected}", field=self.card.id)
        if float(output.min()) < 0 or float(output.max()) > 1:
            raise NetworkError("scores are not from 0 to 1", field=self.card.id)
        return output[0, 0, : -(-rows // self.card.stride), : -(-columns // self.card.stride)]


def load_detector(card: Path, *, point: str = "review", scanner: str = "", threads: int = 2) -> Detector:
    """The detector of a card file, for the scans of `scanner`; its network lies beside it. Raises
    NetworkError when anything does not fit."""
    told = read_card(card, DetectorCard)
    if told.id != card.stem:
        raise NetworkError(f"this is the card of {told.id!r}", field=str(card))
    known = sorted({each.id for each in told.operating_points})
    if point not in known:
        advice = f"known: {', '.join(known) or 'none'}"
        raise NetworkError(f"no operating point {point!r}", field=told.id, advice=advice)
    network = read_network(card.with_suffix(".onnx"), told.sha256, max_bytes=MAX_NETWORK_BYTES)
    return Detector(told, network, point=point, scanner=scanner, threads=threads)


def default_card() -> Path:
    """The built-in detector's card: in the checkout, or beside the installed agent."""
    return packaged("threats") / "scan-threats.toml"


@cache
def load_default_detector(scanner: str = "") -> Detector:
    """The built-in detector, loaded once for each scanner. Raises NetworkError when it is not installed."""
    return load_detector(default_card(), scanner=scanner)
