"""Where a camera's pictures come from: the `source` of its configuration.

Only addresses of the listed kinds reach FFmpeg, whose own protocols (``concat:``, ``pipe:``, …) would read
other things than a camera.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import quote, urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gate_agent.devices import DeviceError
from gate_agent.settings import Settings

MAX_PASSWORD = 1024
MIN_SIDE = 64
MAX_SIDE = 4096  # pixels; a larger picture is a wrong setting or an attack on memory


class NetworkSource(Settings):
    """A camera that is asked for by its address, perhaps as a user of it."""

    user: str = Field(default="", max_length=256, description="User of the camera, with password_file.")
    password_file: Path | None = Field(default=None, description="File with the user's password alone.")
    url: str

    @model_validator(mode="after")
    def _one_user(self) -> Self:
        if bool(self.user) != (self.password_file is not None):
            raise ValueError("user and password_file belong together")
        if self.user and "@" in urlsplit(self.url).netloc:
            raise ValueError("the user stands in the address and beside it")
        return self

    def address(self) -> str:
        """The address with user and password. Raises DeviceError when there is no such file."""
        if self.password_file is None:
            return self.url
        try:
            with self.password_file.open(encoding="utf-8") as file:
                password = file.read(MAX_PASSWORD).strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise DeviceError(
                f"the password cannot be read: {reason}",
                field="source.password_file",
                advice="a file with the password alone, which the agent's user may read",
            ) from None
        parts = urlsplit(self.url)
        user_info = f"{quote(self.user, safe='')}:{quote(password, safe='')}"
        return parts._replace(netloc=f"{user_info}@{parts.netloc}").geturl()


class MjpegSource(NetworkSource):
    """Motion JPEG over HTTP."""

    kind: Literal["mjpeg"] = Field(description="Motion JPEG over HTTP, as most network cameras offer it.")
    url: str = Field(max_length=2048, repr=False, description="Address of the stream: http://… or https://….")

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return _checked_url(url, "mjpeg")


class RtspSource(NetworkSource):
    """RTSP, with RTP over TCP where the camera has it."""

    kind: Literal["rtsp"] = Field(description="RTSP (H.264, H.265 or MJPEG) from a network camera.")
    url: str = Field(max_length=2048, repr=False, description="Address of the stream: rtsp://… or rtsps://….")

    @field_validator("url")
    @classmethod
    def _is_rtsp(cls, url: str) -> str:
        return _checked_url(url, "rtsp")


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


_SCHEMES = {"mjpeg": ("http", "https"), "rtsp": ("rtsp", "rtsps")}


def _checked_url(url: str, kind: str) -> str:
    """`url` when it is one of this kind of source. What is wrong is said without repeating it."""
    scheme = url.partition("://")[0].lower()
    for other, schemes in _SCHEMES.items():
        if scheme in schemes and other != kind:
            advice = {"advice": f"or give its {_SCHEMES[kind][0]}:// address"}
            what = f'is an address of {scheme}, which needs kind = "{other}"'
            raise PydanticCustomError("address_kind", what, advice)  # pyright: ignore[reportArgumentType]
    try:
        parts = urlsplit(url)
        sound = scheme in _SCHEMES[kind] and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound:
        raise ValueError(f"expected {_SCHEMES[kind][0]}://HOST[:PORT]/PATH")
    return url


def shown(source: Source) -> str:
    """The source for people to read; what may hold a password is left out: a URL's user and query."""
    match source:
        case V4l2Source(path=path) | FileSource(path=path):
            return str(path)
        case MjpegSource(url=url) | RtspSource(url=url):
            parts = urlsplit(url)
            return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
