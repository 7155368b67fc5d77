"""What stands in the beam: boxes and drums of one material each, in millimetres of the scene.

x runs along travel, y is the height above the ground; the third direction, along the beam, is only a depth.
Each thing knows its mass exactly, so that what an image says can be held against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from gate_agent.scans.attenuation import MATERIALS


class Kind(StrEnum):
    """What a thing is to the inspection."""

    STRUCTURE = "structure"  # container, chassis, tractor
    GOODS = "goods"
    OBJECT = "object"  # something put among the goods, to be found


class Shape(StrEnum):
    """How the depth varies along x."""

    BOX = "box"
    DRUM = "drum"  # a standing cylinder: depth is the chord
    DISC = "disc"  # a lying cylinder or wheel, seen end on
    CORRUGATED = "corrugated"  # container wall: depth varies with the folds


_FOLD_MM = 278.0  # pitch of the folds of a container's side wall


@dataclass(frozen=True, slots=True)
class Thing:
    """`packing`: share of the volume that is filled (cartons, loose goods); `texture`: its relative
    unevenness."""

    material: str
    x0: float
    x1: float
    y0: float
    y1: float
    depth_mm: float
    kind: Kind = Kind.GOODS
    shape: Shape = Shape.BOX
    packing: float = 1.0
    texture: float = 0.0
    label: str = ""

    @property
    def areal(self) -> float:
        """Largest areal density, g/cm²."""
        return MATERIALS[self.material].density * self.packing * self.depth_mm / 10.0

    @property
    def mass_kg(self) -> float:
        """From volume and density; the texture is of mean 1, a drum fills pi/4 of its box."""
        share = np.pi / 4 if self.shape in (Shape.DRUM, Shape.DISC) else 1.0
        return self.areal * (self.x1 - self.x0) * (self.y1 - self.y0) / 100.0 / 1000.0 * share

    def profile(self, x_mm: NDArray[np.float64], y_mm: NDArray[np.float64]) -> NDArray[np.float32]:
        """Relative depth inside the thing, as a row, or as an image where it varies in both directions."""
        if self.shape is Shape.DISC:
            right = (2 * (x_mm - self.x0) / max(self.x1 - self.x0, 1e-6) - 1) ** 2
            up = (2 * (y_mm - self.y0) / max(self.y1 - self.y0, 1e-6) - 1) ** 2
            return (right[None, :] + up[:, None] <= 1).astype(np.float32)
        if self.shape is Shape.DRUM:
            across = 2 * (x_mm - self.x0) / max(self.x1 - self.x0, 1e-6) - 1
            return np.sqrt(np.clip(1 - across**2, 0, 1)).astype(np.float32)
        if self.shape is Shape.CORRUGATED:
            # The slanted parts of a fold are crossed at an angle and so are thicker.
            phase = np.abs(((x_mm / _FOLD_MM) % 1.0) - 0.5) * 4
            return np.where((phase > 0.6) & (phase < 1.4), 1.3, 0.85).astype(np.float32)
        return np.ones(x_mm.shape, np.float32)
