"""A camera at a passing container's side, for reading its code; what it says is decided elsewhere.

The pictures come through the same capture as any camera's (:mod:`gate_drivers.cameras.opencv`): the newest
picture, bounded waits, a frozen stream is an error.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from gate_agent.devices import DriverConfig, NumberView
from gate_drivers.cameras.opencv import OpenCvCamera, OpenCvCameraConfig

View = Literal["left", "right", "front", "rear", "top"]


class NumberCameraConfig(OpenCvCameraConfig):
    """A camera that OpenCV can open, and which side of the container it sees."""

    view: View = Field(
        description="Side of the container that is seen: left, right, front, rear (doors) or top.",
        examples=["left"],
    )
    read_timeout_ms: int = Field(
        default=700,
        ge=50,
        le=3000,  # nobody waits for its next picture, as a door waits for a face
        description="How long the camera may be silent before it is reopened, milliseconds.",
    )
    max_fps: float = Field(
        default=5.0, gt=0, le=60, description="Pictures per second delivered at most; reading one takes time."
    )


class NumberPlateCamera:
    """A camera at a container's side (MJPEG, RTSP, V4L2 or a file), for reading codes."""

    Config: ClassVar[type[DriverConfig]] = NumberCameraConfig
    capability: ClassVar[str] = "number_camera"

    def __init__(self, config: NumberCameraConfig) -> None:
        self._view = config.view
        self._camera = OpenCvCamera(config)

    def open(self) -> None:
        self._camera.open()

    def close(self) -> None:
        self._camera.close()

    def read(self) -> NumberView | None:
        """The newest picture that was not read yet, or None when none came in time."""
        frame = self._camera.read()
        return None if frame is None else NumberView(frame, self._view)
