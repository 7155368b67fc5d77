"""Where a camera's pictures come from: the `source` of its configuration.

Only addresses of the listed kinds reach FFmpeg, whose own protocols (``concat:``, ``pipe:``, …) would read
other things than a camera.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, field_validator

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
    index: int = Field(ge=0, le=63, description="Number of the device: 0 is /dev/video0.")
    width: int = Field(
        default=1280, ge=MIN_SIDE, le=MAX_SIDE, description="Picture width to ask for, pixels."
    )
    height: int = Field(
        default=720, ge=MIN_SIDE, le=MAX_SIDE, description="Picture height to ask for, pixels."
    )


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
        case V4l2Source(index=index):
            return f"/dev/video{index}"
        case FileSource(path=path):
            return str(path)
        case MjpegSource(url=url) | RtspSource(url=url):
            parts = urlsplit(url)
            return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
