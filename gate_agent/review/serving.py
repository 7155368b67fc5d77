"""Planes of pixels as a page gets them."""

from __future__ import annotations

import cv2
import numpy as np

from gate_agent.review.planes import Pixels
from gate_agent.review.record import PlaneInfo
from gate_agent.review.views import Plane
from gate_agent.scans.image import MAX_SIDE


def served(pixels: Pixels, info: PlaneInfo, most: int) -> Plane:
    """Little-endian bytes, binned until neither side is longer than `most`: a graphics card's textures end
    somewhere."""
    rows, columns = pixels.shape
    most = min(max(most, 64), MAX_SIDE)
    binning = max(1, -(-max(rows, columns) // most))
    if binning > 1:
        size = max(1, columns // binning), max(1, rows // binning)
        how = cv2.INTER_AREA if info.bits == 16 else cv2.INTER_NEAREST
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=how), pixels.dtype)
    data = pixels.astype("<u2" if info.bits == 16 else "u1", copy=False).tobytes()
    return Plane(data, pixels.shape[0], pixels.shape[1], info.bits, binning)
