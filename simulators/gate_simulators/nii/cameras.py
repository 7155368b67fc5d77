"""The cameras at a container's sides: the wire of :class:`ContainerCamera`, with pictures drawn once.

A few pictures of each side are drawn when it comes into view and shown in turn, so that three cameras cost
little, and yet no two pictures that follow each other are the same.
"""

from __future__ import annotations

import threading
from typing import Final

import cv2

from gate_simulators.vehicle.container_camera import ContainerCamera
from gate_simulators.vehicle.container_side import Side, render

_PICTURES: Final = 4
_QUALITY: Final = 85
WIDTH, HEIGHT = 640, 480
LETTER_HEIGHT: Final = round(0.05 * HEIGHT)


class SideCamera(ContainerCamera):
    """``show_side(side)`` puts a container before the camera; an empty code is a bare wall."""

    def __init__(self, name: str, host: str, port: int, *, fps: float = 6.0, seed: int = 0) -> None:
        super().__init__(name, host, port, fps, size=(WIDTH, HEIGHT), quality=_QUALITY, seed=seed)
        self._bare = Side("", "", seed=seed)
        self._side = self._bare
        self._drawn: list[bytes] = []
        self._turn = threading.Lock()

    @property
    def in_view(self) -> Side:
        with self._turn:
            return self._side

    def show_side(self, side: Side) -> None:
        with self._turn:
            if side != self._side:
                self._side, self._drawn = side, []

    def show_nothing(self) -> None:
        self.show_side(self._bare)

    def _encode(self, number: int) -> bytes:
        with self._turn:
            side, drawn = self._side, self._drawn
        if len(drawn) < _PICTURES:
            drawn.append(_jpeg(side, number))
            return drawn[-1]
        return drawn[number % _PICTURES]


def _jpeg(side: Side, number: int) -> bytes:
    picture = cv2.cvtColor(render(side, WIDTH, HEIGHT, number), cv2.COLOR_RGB2BGR)
    done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise RuntimeError("the picture could not be encoded")
    return jpeg.tobytes()
