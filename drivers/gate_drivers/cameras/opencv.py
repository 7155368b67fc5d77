"""A camera through OpenCV: MJPEG over HTTP, RTSP, a local V4L2 device, or a video file.

What OpenCV does not promise, this driver does:

* A frame is young. FFmpeg and the kernel buffer seconds of pictures (a killed RTSP server still delivers
  about 28), and nothing tells how many; so a thread takes every picture as it arrives, and read()
  gives the newest. Nobody is compared with the one before.
* Every call is bounded. FFmpeg gets time-outs when it opens and reads; a V4L2 device is polled first. A
  capture that once timed out is dead although ``isOpened()`` stays true, so that is the connection's end.
* A frozen stream is a fault, not a face: a live sensor never gives the same picture twice.

That thread alone touches the capture: releasing one while another thread reads from it ends the process.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from typing import ClassVar, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gate_agent.devices import (
    DeviceDisconnected,
    DeviceError,
    DeviceTimeout,
    DriverConfig,
    Frame,
    GarbledReading,
    TimeOut,
)
from gate_agent.settings import Settings
from gate_drivers.cameras.sources import (
    MAX_SIDE,
    MIN_SIDE,
    FileSource,
    MjpegSource,
    RtspSource,
    Source,
    V4l2Source,
    shown,
)

# FFmpeg writes every broken macroblock to stderr; what matters is raised. Read once, at the first capture.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

_MAX_UNREADABLE = 25  # undecodable pictures in a row: about two seconds of a usual stream


class Region(Settings):
    """A part of the picture, in pixels after rotating and mirroring."""

    x: int = Field(ge=0, le=MAX_SIDE, description="Left edge, pixels.")
    y: int = Field(ge=0, le=MAX_SIDE, description="Top edge, pixels.")
    width: int = Field(ge=MIN_SIDE, le=MAX_SIDE, description="Width, pixels.")
    height: int = Field(ge=MIN_SIDE, le=MAX_SIDE, description="Height, pixels.")


class OpenCvCameraConfig(DriverConfig):
    """A camera that OpenCV can open."""

    source: Source = Field(
        description="Where the pictures come from: kind mjpeg, rtsp, v4l2 or file, with its address.",
        examples=['{ kind = "mjpeg", url = "http://192.0.2.10/lane.mjpg" }'],
    )
    open_timeout_ms: int = Field(
        default=3000, ge=100, le=20_000, description="How long connecting may take, milliseconds."
    )
    read_timeout_ms: int = Field(
        default=700,
        ge=50,
        le=900,
        description="How long the camera may be silent before it is reopened, milliseconds.",
    )
    frozen_after_s: float = Field(
        default=2.0,
        ge=0.2,
        le=60,
        description="A picture that stays exactly the same this long is a frozen stream, seconds.",
    )
    max_fps: float = Field(default=30.0, gt=0, le=240, description="Pictures per second delivered at most.")
    rotate: Literal[0, 90, 180, 270] = Field(
        default=0, description="Clockwise turn for a camera that is mounted turned, degrees."
    )
    mirror: bool = Field(default=False, description="Swap left and right.")
    region: Region | None = Field(
        default=None, description="Use only this part of the picture; without it, all of it."
    )

    def time_outs(self) -> tuple[TimeOut, ...]:
        return (
            TimeOut("open_timeout_ms", self.opening_s, "open"),
            TimeOut("read_timeout_ms", self.read_timeout_ms / 1000, "call"),
        )

    @property
    def opening_s(self) -> float:
        """Every step of the capture's thread has its own time-out; twice that is for a library without."""
        return 2 * (self.open_timeout_ms + self.read_timeout_ms) / 1000


class OpenCvCamera:
    """A camera that OpenCV can open: MJPEG, RTSP, V4L2 or a file."""

    Config: ClassVar[type[DriverConfig]] = OpenCvCameraConfig
    capability: ClassVar[str] = "camera"

    def __init__(self, config: OpenCvCameraConfig) -> None:
        self._config = config
        self._news = threading.Condition()  # guards what the thread hands over: _newest, _failure
        self._newest: tuple[NDArray[np.uint8], float] | None = None
        self._failure: DeviceError | None = None
        self._closing = threading.Event()
        self._closing.set()
        self._thread: threading.Thread | None = None
        self._sequence = 0
        self._forget()

    def _forget(self) -> None:
        """Nothing is known about a new connection's pictures."""
        self._newest, self._failure = None, None
        self._due = 0.0
        self._unreadable = 0
        self._fingerprint = b""
        self._changed_at = 0.0

    # ------------------------------------------------------------ life cycle

    def open(self) -> None:
        """Connect and wait for a picture. Raises DeviceTimeout or DeviceDisconnected with advice."""
        self.close()
        self._forget()
        self._closing.clear()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()
        with self._news:
            arrived = self._news.wait_for(self._has_news, timeout=self._config.opening_s)
            failure, closed = self._failure, self._closing.is_set()
        if failure is None and arrived and not closed:
            return
        self.close()
        raise failure or (self._closed() if closed else self._silent())

    def close(self) -> None:
        """Release the camera; a read in another thread ends at once."""
        self._closing.set()
        with self._news:
            self._news.notify_all()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()  # as long as FFmpeg's call in progress, which its time-out bounds

    def read(self) -> Frame | None:
        """The newest picture that was not read yet, or None when none came in time. Raises DeviceError."""
        with self._news:
            self._news.wait_for(self._has_news, timeout=self._config.read_timeout_ms / 1000)
            if self._failure is not None:
                raise self._failure
            if self._closing.is_set():
                raise self._closed()
            newest, self._newest = self._newest, None
            self._news.notify_all()
        if newest is None:
            return None
        self._sequence += 1
        bgr, at = newest
        return Frame(pixels=self._arranged(bgr), at=at, sequence=self._sequence)

    def _has_news(self) -> bool:
        return self._newest is not None or self._failure is not None or self._closing.is_set()

    # ------------------------------------------------------------ the thread that owns the capture

    def _run(self) -> None:
        try:
            capture = self._connected()
            try:
                while not self._closing.is_set():
                    self._take(capture)
            finally:
                capture.release()
        except DeviceError as failure:
            self._hand_over(None, failure)
        except Exception as error:  # without this, a dead thread would look like a camera without news
            what = f"OpenCV failed: {type(error).__name__}: {error}"
            self._hand_over(None, DeviceError(what, field="source", advice=_SETTINGS_ADVICE))

    def _connected(self) -> cv2.VideoCapture:
        began = time.monotonic()
        capture = self._connect()
        try:
            if not capture.isOpened():
                self._raise_unreachable(time.monotonic() - began)
            height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
            width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
            _check_size(height, width)
            self._check_region(height, width)
        except DeviceError:
            capture.release()
            raise
        return capture

    def _take(self, capture: cv2.VideoCapture) -> None:
        """Take the next picture off the wire and hand it over when one is due."""
        if isinstance(self._config.source, FileSource):
            self._play_next(capture, self._config.source)
        elif self._grab(capture) and self._is_due(at := time.monotonic()):
            self._hand_over((self._retrieved(capture, at), at))

    def _hand_over(
        self, newest: tuple[NDArray[np.uint8], float] | None, failure: DeviceError | None = None
    ) -> None:
        with self._news:
            self._newest, self._failure = newest, failure
            self._news.notify_all()

    def _connect(self) -> cv2.VideoCapture:
        # Time-outs are raised below, not logged.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        config = self._config
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, config.open_timeout_ms]
        limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, config.read_timeout_ms]
        # One decoding thread: frame threading would hold back a picture per thread, and the time that a
        # grab does not compute then tells whether it had to wait (see _grab_newest).
        limits += [cv2.CAP_PROP_N_THREADS, 1]
        match config.source:
            case V4l2Source(path=path, width=width, height=height):
                shape = [cv2.CAP_PROP_FRAME_WIDTH, width, cv2.CAP_PROP_FRAME_HEIGHT, height]
                return cv2.VideoCapture(path, cv2.CAP_V4L2, [*shape, cv2.CAP_PROP_BUFFERSIZE, 1])
            case FileSource(path=path):
                # An absolute path: a relative one such as "concat:…" would be one of FFmpeg's protocols.
                return cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG, limits)
            case MjpegSource() | RtspSource() as source:
                return cv2.VideoCapture(source.address(), cv2.CAP_FFMPEG, limits)

    def _raise_unreachable(self, took_s: float) -> None:
        source = self._config.source
        where = shown(source)
        if took_s * 1000 >= self._config.open_timeout_ms * 0.95:
            advice = "check that the camera is powered and reachable, or raise open_timeout_ms"
            raise DeviceTimeout(f"{where} did not answer in time", field="source", advice=advice)
        advice = {
            "mjpeg": "check the address in a browser, the camera's power and its network cable",
            "rtsp": "check the address with ffplay, the camera's power and its network cable",
            "v4l2": "check the cable, `ls /dev/v4l/by-id /dev/video*` and that the user is in group video",
            "file": "check that the file exists and is a video",
        }[source.kind]
        raise DeviceDisconnected(f"{where} cannot be opened", field="source", advice=advice)

    # ------------------------------------------------------------ pictures off the wire

    def _grab(self, capture: cv2.VideoCapture) -> bool:
        """Whether there is a picture. Raises when the camera is silent, gone or long undecodable."""
        began = time.monotonic()
        if isinstance(self._config.source, V4l2Source):
            self._wait_for_v4l2(capture)
        grabbed = capture.grab()
        self._unreadable = 0 if grabbed else self._unreadable + 1
        # Silence, an ended connection and an undecodable picture: OpenCV says False to all three.
        took_ms = (time.monotonic() - began) * 1000
        if not grabbed and took_ms >= self._config.read_timeout_ms * 0.95:
            raise self._silent()
        if self._unreadable >= _MAX_UNREADABLE:
            raise DeviceDisconnected(
                f"{shown(self._config.source)} ended or is unreadable",
                field="source",
                advice="check the camera's power and cable; the stream may be damaged on its way",
            )
        return grabbed

    def _wait_for_v4l2(self, capture: cv2.VideoCapture) -> None:
        # The V4L2 backend's own time-out is 10 s and cannot be set per capture.
        ready, _ = cv2.VideoCapture.waitAny([capture], self._config.read_timeout_ms * 1_000_000)
        if not ready:
            raise self._silent()

    def _closed(self) -> DeviceDisconnected:
        return DeviceDisconnected("the camera is not open", field="source", advice="open() it first")

    def _silent(self) -> DeviceTimeout:
        advice = "check the camera's power and network; read_timeout_ms sets the patience"
        what = f"no picture for {self._config.read_timeout_ms} ms from {shown(self._config.source)}"
        return DeviceTimeout(what, field="source", advice=advice)

    def _is_due(self, at: float) -> bool:
        """Keep to max_fps on average; a quarter of the interval is allowed for the camera's jitter."""
        interval_s = 1.0 / self._config.max_fps
        if at < self._due - interval_s / 4:
            return False
        self._due = _next_due(self._due, at, interval_s)
        return True

    def _play_next(self, capture: cv2.VideoCapture, source: FileSource) -> None:
        """The file's next picture when its time has come and the last one was read: nothing is skipped."""
        if self._closing.wait(max(0.0, self._due - time.monotonic())):
            return
        if not capture.grab():
            at_start = source.loop and capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            if not (at_start and capture.grab()):
                what = f"{shown(source)} has no more pictures"
                raise DeviceDisconnected(what, field="source", advice="set loop = true to play it again")
        fps = capture.get(cv2.CAP_PROP_FPS)
        at = time.monotonic()
        self._due = _next_due(self._due, at, 1.0 / (fps if 0.5 <= fps <= 240 else 25.0))
        self._hand_over((self._retrieved(capture, at), at))
        with self._news:
            self._news.wait_for(lambda: self._newest is None or self._closing.is_set())

    # ------------------------------------------------------------ from a picture to a frame

    def _retrieved(self, capture: cv2.VideoCapture, at: float) -> NDArray[np.uint8]:
        """The picture that was grabbed, BGR, checked."""
        retrieved, picture = capture.retrieve()
        if not retrieved or picture is None or picture.ndim != 3 or picture.dtype != np.uint8:
            raise GarbledReading(
                "no colour picture could be decoded", field="source", advice=_SETTINGS_ADVICE
            )
        bgr = np.asarray(picture, dtype=np.uint8)
        height, width = bgr.shape[:2]
        _check_size(height, width)
        self._check_region(height, width)  # the camera may have changed its size since open()
        self._check_frozen(bgr, at)
        return bgr

    def _check_frozen(self, bgr: NDArray[np.uint8], at: float) -> None:
        # Every eighth pixel is enough: sensor noise changes some of them between any two live pictures.
        fingerprint = hashlib.blake2b(bgr[::8, ::8].tobytes(), digest_size=16).digest()
        if fingerprint != self._fingerprint:
            self._fingerprint, self._changed_at = fingerprint, at
        elif at - self._changed_at >= self._config.frozen_after_s:
            raise DeviceError(
                f"frozen stream: the same picture for {at - self._changed_at:.1f} s",
                field="frozen_after_s",
                advice="restart the camera; if its picture is noiseless by design, raise frozen_after_s",
            )

    def _check_region(self, height: int, width: int) -> None:
        region = self._config.region
        if region is None:
            return
        if self._config.rotate in (90, 270):
            height, width = width, height
        if region.x + region.width > width or region.y + region.height > height:
            what = f"the region reaches beyond the camera's {width}x{height} picture"
            raise DeviceError(
                what, field="region", advice="make it smaller, or set the camera to a larger one"
            )

    def _arranged(self, bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """RGB, turned, mirrored and cut as configured; owns its memory."""
        pixels = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        turn = _TURNS.get(self._config.rotate)
        if turn is not None:
            pixels = cv2.rotate(pixels, turn)
        if self._config.mirror:
            pixels = cv2.flip(pixels, 1)
        region = self._config.region
        if region is not None:
            pixels = pixels[region.y : region.y + region.height, region.x : region.x + region.width]
        return np.ascontiguousarray(pixels, dtype=np.uint8)


_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_SETTINGS_ADVICE = "check the camera's resolution and codec settings"


def _next_due(due: float, at: float, interval_s: float) -> float:
    """Keep the beat while it can be kept; after a pause, start a new one instead of catching up."""
    return at + interval_s if at - due > interval_s else due + interval_s


def _check_size(height: int, width: int) -> None:
    if not (MIN_SIDE <= height <= MAX_SIDE and MIN_SIDE <= width <= MAX_SIDE):
        what = f"a picture of {width}x{height} pixels is outside {MIN_SIDE} to {MAX_SIDE} a side"
        raise GarbledReading(what, field="source", advice=_SETTINGS_ADVICE)
