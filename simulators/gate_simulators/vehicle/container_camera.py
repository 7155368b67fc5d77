"""A network camera at a container's side: MJPEG over HTTP like the lane camera, showing another scene."""

from __future__ import annotations

import threading

import cv2

from gate_simulators.egate.camera import CameraServer
from gate_simulators.egate.plant import Plant
from gate_simulators.vehicle.container_side import Layout, Side, render


class ContainerCamera(CameraServer):
    """``show(code)`` or ``show_side(side)`` puts a container before the camera; at first it is bare."""

    def __init__(
        self,
        name: str,
        host: str = "127.0.0.1",
        port: int = 0,
        fps: float = 8.0,
        *,
        size: tuple[int, int] = (960, 720),
        quality: int = 85,
        seed: int = 0,
    ) -> None:
        super().__init__(name, Plant(), host, port, fps, size=size, quality=quality, seed=seed)
        self._size = size
        self._jpeg_quality = quality
        self._lock = threading.Lock()
        self._side = Side("", "", seed=seed)

    def show(self, code: str, layout: Layout = "horizontal", seed: int = 0) -> None:
        height = max(12, round(self._size[1] * 0.045))
        self.show_side(Side(code, layout=layout, letter_height=height, seed=seed))

    def show_side(self, side: Side) -> None:
        with self._lock:
            self._side = side

    def _encode(self, number: int) -> bytes:
        with self._lock:
            side = self._side
        picture = cv2.cvtColor(render(side, *self._size, number), cv2.COLOR_RGB2BGR)
        done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, self._jpeg_quality])
        if not done:
            raise RuntimeError("the picture could not be encoded")
        return jpeg.tobytes()
