"""A scan of a scene: Beer-Lambert per energy through every material, then everything that goes wrong.

    transmission = sum over energies of share(E) x exp(- sum over materials of mu(E) x areal density)

then scatter, blur, dose and speed jitter, gain residue, photon (Poisson) and electronic noise, dead
detectors. Worked in bands of rows: a 4000 x 1500 dual-energy scan takes seconds. The truth is exact and goes
the same way as the picture (the same speed jitter), so that it can be compared pixel by pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.attenuation import MATERIALS
from gate_agent.scans.image import Calibration, Geometry, ScanImage, transmission_image
from gate_simulators.scanner.beam import Channel, Setup
from gate_simulators.scanner.goods import Kind, Thing

FloatImage = NDArray[np.float32]

_BAND_ROWS = 96
ORGANIC, MIXED, METAL, HIGH_Z = 1, 2, 3, 4
CLASSES = {
    "polyethylene": ORGANIC,
    "water": ORGANIC,
    "cellulose": ORGANIC,
    "sugar": ORGANIC,
    "textile": ORGANIC,
    "rubber": ORGANIC,
    "meat": ORGANIC,
    "pvc": MIXED,
    "salt": MIXED,
    "glass": MIXED,
    "ceramic": MIXED,
    "cement": MIXED,
    "aluminium": MIXED,
    "steel": METAL,
    "copper": METAL,
    "tungsten": HIGH_Z,
    "lead": HIGH_Z,
    "uranium": HIGH_Z,
}


@dataclass(frozen=True)
class Frame:
    """The picture: its size in the scene and the size of a pixel, millimetres."""

    width_mm: float
    height_mm: float
    column_mm: float
    row_mm: float

    @property
    def columns(self) -> int:
        return round(self.width_mm / self.column_mm)

    @property
    def rows(self) -> int:
        return round(self.height_mm / self.row_mm)

    def box(self, x0: float, x1: float, y0: float, y1: float) -> tuple[int, int, int, int]:
        """Columns [c0, c1) and rows [r0, r1) that a rectangle of the scene covers; the roof is row 0."""
        c0, c1 = round(x0 / self.column_mm), round(x1 / self.column_mm)
        r0, r1 = round((self.height_mm - y1) / self.row_mm), round((self.height_mm - y0) / self.row_mm)
        clip = lambda value, top: min(max(value, 0), top)  # noqa: E731
        return clip(c0, self.columns), clip(c1, self.columns), clip(r0, self.rows), clip(r1, self.rows)


@dataclass(frozen=True)
class Scene:
    """Everything in the beam. `container_box` is the container's outer rectangle, `interior` its space, in mm
    (x0, x1, y0, y1); zeros when there is none."""

    things: tuple[Thing, ...]
    frame: Frame
    container: str = ""
    container_box: tuple[float, float, float, float] = (0, 0, 0, 0)
    interior: tuple[float, float, float, float] = (0, 0, 0, 0)


@dataclass(frozen=True)
class Truth:
    """What is really there. Images in the picture's pixels; boxes as (column, row, width, height)."""

    goods: FloatImage  # areal density of goods and objects, g/cm²
    structure: FloatImage  # and of everything else
    classes: NDArray[np.uint8]  # dominating class of the goods, 0 where there are none or no class dominates
    container_box: tuple[int, int, int, int]
    interior_box: tuple[int, int, int, int]
    mass_kg: float
    objects: tuple[tuple[Thing, tuple[int, int, int, int]], ...]


@dataclass(frozen=True)
class SimulatedScan:
    """A scan with its truth. `image` is what an ideal export would give the agent."""

    image: ScanImage
    truth: Truth
    dead_rows: tuple[int, ...] = field(default=())
    missed_columns: tuple[int, ...] = field(default=())


def simulate(
    scene: Scene,
    setup: Setup,
    seed: int,
    *,
    dead_rows: Sequence[int] = (),
    missed_columns: Sequence[int] = (),
    noise: bool = True,
) -> SimulatedScan:
    """Scan `scene` with `setup`; the same seed gives the same scan."""
    random = np.random.Generator(np.random.SFC64(seed))
    ideal, goods, structure, classes = _project(scene, setup, random)
    columns = _travel(scene.frame.columns, setup.speed_jitter if noise else 0.0, random)
    goods, structure, classes = goods[:, columns], structure[:, columns], classes[:, columns]
    measured = tuple(
        _detect(signal, channel, setup, columns, index, random) if noise else signal[:, columns]
        for index, (signal, channel) in enumerate(zip(ideal, setup.channels, strict=True))
    )
    for signal in measured:
        signal[list(dead_rows)] = 0.0
        signal[:, list(missed_columns)] = 0.0
    image = transmission_image(
        measured,
        calibration=Calibration.KNOWN,
        peaks_kev=tuple(channel.peak_kev for channel in setup.channels),
        effective_kev=tuple(channel.effective_kev for channel in setup.channels),
        geometry=Geometry(scene.frame.row_mm, scene.frame.column_mm),
        container=scene.container,
    )
    truth = Truth(
        goods,
        structure,
        classes,
        _placed(scene, scene.container_box, columns),
        _placed(scene, scene.interior, columns),
        sum(thing.mass_kg for thing in scene.things if thing.kind is not Kind.STRUCTURE),
        tuple(
            (thing, _placed(scene, (thing.x0, thing.x1, thing.y0, thing.y1), columns))
            for thing in scene.things
            if thing.kind is Kind.OBJECT
        ),
    )
    return SimulatedScan(image, truth, tuple(dead_rows), tuple(missed_columns))


def _project(
    scene: Scene, setup: Setup, random: np.random.Generator
) -> tuple[list[FloatImage], FloatImage, FloatImage, NDArray[np.uint8]]:
    """Noise-free transmission of each channel, and the truth, in the scene's own columns."""
    frame = scene.frame
    rows, columns = frame.rows, frame.columns
    names = sorted({thing.material for thing in scene.things}) or ["water"]
    textures = {id(t): _texture(t, frame, random) for t in scene.things if t.texture > 0}
    signals = [np.empty((rows, columns), np.float32) for _ in setup.channels]
    goods, structure = np.empty((rows, columns), np.float32), np.empty((rows, columns), np.float32)
    classes = np.empty((rows, columns), np.uint8)
    coefficients = [
        (np.stack([MATERIALS[n].coefficient(c.spectrum[0]) for n in names]).astype(np.float32), c.spectrum[1])
        for c in setup.channels
    ]
    for top in range(0, rows, _BAND_ROWS):
        band = slice(top, min(top + _BAND_ROWS, rows))
        loose, fixed = _areal(scene, names, band, textures)
        goods[band], structure[band] = loose.sum(axis=0), fixed.sum(axis=0)
        classes[band] = _dominating(loose, names)
        total = (loose + fixed).reshape(len(names), -1).T
        for signal, (coefficient, share) in zip(signals, coefficients, strict=True):
            weakened = np.exp(-(total @ coefficient))
            signal[band] = (weakened @ share.astype(np.float32)).reshape(-1, columns)
    return signals, goods, structure, classes


def _areal(
    scene: Scene, names: list[str], band: slice, textures: dict[int, FloatImage]
) -> tuple[FloatImage, FloatImage]:
    """Areal density per material in these rows: of goods, and of everything else."""
    frame = scene.frame
    shape = (len(names), band.stop - band.start, frame.columns)
    loose, fixed = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    x_mm = np.asarray((np.arange(frame.columns) + 0.5) * frame.column_mm, np.float64)
    y_mm = np.asarray(frame.height_mm - (np.arange(frame.rows) + 0.5) * frame.row_mm, np.float64)
    for thing in scene.things:
        c0, c1, r0, r1 = frame.box(thing.x0, thing.x1, thing.y0, thing.y1)
        first, last = max(r0, band.start), min(r1, band.stop)
        if first >= last or c0 >= c1:
            continue
        depth = thing.areal * thing.profile(x_mm[c0:c1], y_mm[first:last])
        if thing.texture > 0:
            depth = depth * textures[id(thing)][first - r0 : last - r0]
        into = fixed if thing.kind is Kind.STRUCTURE else loose
        into[names.index(thing.material), first - band.start : last - band.start, c0:c1] += depth
    return loose, fixed


def _texture(thing: Thing, frame: Frame, random: np.random.Generator) -> FloatImage:
    """Smooth unevenness of mean 1: goods are not a block, but cartons with gaps between them."""
    c0, c1, r0, r1 = frame.box(thing.x0, thing.x1, thing.y0, thing.y1)
    grain = random.normal(0, 1, (max(2, (r1 - r0) // 12), max(2, (c1 - c0) // 12))).astype(np.float32)
    smooth = cv2.resize(grain, (max(c1 - c0, 1), max(r1 - r0, 1)), interpolation=cv2.INTER_CUBIC)
    uneven = np.clip(1 + thing.texture * smooth, 0.05, 3.0)
    return (uneven / uneven.mean()).astype(np.float32)


def _dominating(loose: FloatImage, names: list[str]) -> NDArray[np.uint8]:
    total = loose.sum(axis=0)
    found = np.zeros(total.shape, np.uint8)
    for wanted in (ORGANIC, MIXED, METAL, HIGH_Z):
        members = [i for i, name in enumerate(names) if CLASSES.get(name) == wanted]
        if members:
            found[(loose[members].sum(axis=0) > 0.95 * total) & (total > 0.5)] = wanted
    return found


def _travel(columns: int, jitter: float, random: np.random.Generator) -> NDArray[np.intp]:
    """Which column of the scene each column of the picture shows: the truck does not drive evenly."""
    if jitter == 0:
        return np.arange(columns)
    knots = np.linspace(0, columns - 1, max(4, columns // 300))
    speed = np.interp(np.arange(columns), knots, 1 + jitter * random.normal(0, 1, knots.size))
    position = np.cumsum(np.clip(speed, 0.5, 2.0))
    return np.clip(position * (columns - 1) / position[-1], 0, columns - 1).astype(np.intp)


def _detect(
    signal: FloatImage,
    channel: Channel,
    setup: Setup,
    columns: NDArray[np.intp],
    index: int,
    random: np.random.Generator,
) -> FloatImage:
    """From what arrives to what is exported."""
    rows = signal.shape[0]
    small = cv2.resize(signal, None, fx=1 / 16, fy=1 / 16, interpolation=cv2.INTER_AREA)
    haze = cv2.resize(cv2.GaussianBlur(small, (0, 0), 6), signal.shape[::-1], interpolation=cv2.INTER_LINEAR)
    seen = cv2.GaussianBlur(signal, (0, 0), setup.blur_pixels) + np.float32(setup.scatter) * haze
    if index and setup.shift_columns:
        shift = np.float32(setup.shift_columns)
        seen = (1 - shift) * seen + shift * np.roll(seen, -1, axis=1)
    seen = seen[:, columns]
    dose = 1 + setup.dose_jitter * random.standard_normal(columns.size, np.float32)
    gain = 1 + setup.gain_error * random.standard_normal(rows, np.float32)
    seen *= dose[None, :] * gain[:, None]
    noisy = _poisson(seen * np.float32(channel.quanta), random) / np.float32(channel.quanta)
    noisy += np.float32(setup.electronic) * random.standard_normal(noisy.shape, np.float32)
    return noisy / np.float32(1 + setup.scatter)


def _poisson(mean: FloatImage, random: np.random.Generator) -> FloatImage:
    """Poisson counts; the normal approximation from 100 on, where it is indistinguishable and ten times
    faster."""
    noisy = mean + np.sqrt(mean) * random.standard_normal(mean.shape, np.float32)
    few = mean < 100
    noisy[few] = random.poisson(mean[few])
    return noisy


def _placed(
    scene: Scene, box: tuple[float, float, float, float], columns: NDArray[np.intp]
) -> tuple[int, int, int, int]:
    """A rectangle of the scene in the picture's pixels, through the travel: (column, row, width, height)."""
    c0, c1, r0, r1 = scene.frame.box(*box)
    first, last = int(np.searchsorted(columns, c0)), int(np.searchsorted(columns, c1))
    return first, r0, last - first, r1 - r0
