"""Where a camera's pictures come from: the `source` of its configuration.

Only addresses of the listed kinds reach FFmpeg, whose own protocols (``concat:``, ``pipe:``, …) would read
other things than a camera.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from gate_agent.settings import Settings

MIN_SIDE = 64
MAX_SIDE = 4096  # pixels; a larger picture is a wrong setting or an attack on memory


class MjpegSource(Settings):
    """Motion JPEG over HTTP."""

    kind: Literal["mjpeg"] = Field(description="Motion JPEG over HTTP, as most network cameras offer it.")
    url: str = Field(max_length=2048, description="Address of the stream: http://… or https://….")

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return _checked_url(url, ("http", "https"))


class RtspSource(Settings):
    """RTSP, with RTP over TCP where the camera has it."""

    kind: Literal["rtsp"] = Field(description="RTSP (H.264, H.265 or MJPEG) from a network camera.")
    url: str = Field(max_length=2048, description="Address of the stream: rtsp://… or rtsps://….")

    @field_validator("url")
    @classmethod
    def _is_rtsp(cls, url: str) -> str:
        return _checked_url(url, ("rtsp", "rtsps"))


class V4l2Source(Settings):
    """A camera at this computer."""

    kind: Literal["v4l2"] = Field(description="A USB or CSI camera at this computer (Video4Linux2).")
    index: int | None = Field(
        default=None, ge=0, le=63, description="Number of the device, which may change: 0 is /dev/video0."
    )
    device: str = Field(
        default="",
        max_length=255,
        description="Its stable name under /dev/v4l/by-id or by-path, instead of the number.",
        examples=["/dev/v4l/by-id/usb-ACME_Camera-video-index0"],
    )
    width: int = Field(
        default=1280, ge=MIN_SIDE, le=MAX_SIDE, description="Picture width to ask for, pixels."
    )
    height: int = Field(
        default=720, ge=MIN_SIDE, le=MAX_SIDE, description="Picture height to ask for, pixels."
    )

    @model_validator(mode="after")
    def _one_name(self) -> V4l2Source:
        if (self.index is None) == (not self.device):
            raise ValueError("give either `device` or `index`")
        if self.device and not self.device.startswith("/dev/"):
            raise ValueError("`device` is a path under /dev, such as /dev/v4l/by-id/…")
        return self

    @property
    def path(self) -> str:
        return self.device or f"/dev/video{self.index}"


class FileSource(Settings):
    """A recorded stream, played at its own speed."""

    kind: Literal["file"] = Field(description="A video file played at its own speed, for tests and replays.")
    path: Path = Field(description="The video file.")
    loop: bool = Field(default=False, description="Start again at the end instead of failing.")


Source: TypeAlias = Annotated[MjpegSource | RtspSource | V4l2Source | FileSource, Field(discriminator="kind")]


def _checked_url(url: str, schemes: tuple[str, ...]) -> str:
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"expected {schemes[0]}://HOST[:PORT]/PATH")
    return url


def shown(source: Source) -> str:
    """The source for people to read; a URL's user and password are left out."""
    match source:
        case V4l2Source(path=path) | FileSource(path=path):
            return str(path)
        case MjpegSource(url=url) | RtspSource(url=url):
            parts = urlsplit(url)
            return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
