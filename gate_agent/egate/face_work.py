"""The long work with a face: learn the chip's portrait, follow the traveller, compare once.

Everything here ends in evidence, whatever happens. Blocking parts run in the inference executor, never on
the event loop. One comparison a transaction, with the fused pictures of one track: each further comparison
would give a stranger another chance, and the stated FMR would no longer hold.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TypeVar

import cv2

from gate_agent.devices import Frame
from gate_agent.egate.checks import Capture
from gate_agent.egate.settings import EgateSettings
from gate_agent.egate.transaction import Transaction
from gate_agent.emrtd.lds import Portrait
from gate_agent.face.chain import FaceChain, wipe
from gate_agent.face.compare import Comparison, Template
from gate_agent.face.errors import FaceError, ModelError, PictureError
from gate_agent.face.pixels import Pixels
from gate_agent.face.portrait import decode_portrait
from gate_agent.face.track import FaceTracker, Fusion
from gate_agent.logs import get_logger

T = TypeVar("T")

log = get_logger(__name__)

STALE_FRAME_S = 1.0
"""A frame older than this is not what stands before the camera now."""


@dataclass(slots=True)
class FaceDesk:
    """The face chain with its executor: one inference at a time, so that sessions do not fight."""

    chain: FaceChain
    executor: Executor

    async def ask(self, work: Callable[[], T]) -> tuple[T, float]:
        """Run `work` in the executor; its result and the seconds it took."""

        def timed() -> tuple[T, float]:
            before = time.perf_counter()
            return work(), time.perf_counter() - before

        return await asyncio.get_running_loop().run_in_executor(self.executor, timed)


async def learn_portrait(tx: Transaction, desk: FaceDesk, portrait: Portrait) -> Template | str:
    """The template of the chip's portrait, or the reason code why there is none."""

    def work() -> Template | str:
        try:
            pixels = decode_portrait(portrait.image)
        except PictureError:
            return "PORTRAIT_UNREADABLE"
        try:
            return desk.chain.template(pixels, desk.chain.single(desk.chain.find(pixels)))
        except ModelError:
            return "FACE_MODEL_UNAVAILABLE"
        except (FaceError, PictureError):
            return "PORTRAIT_NO_FACE"
        except Exception as error:  # a library's own failure is no face, and must be seen
            log.error("learning the portrait failed", exc_info=error, transaction=tx.id)
            return "INTERNAL_ERROR"
        finally:
            wipe(pixels)

    learning = asyncio.ensure_future(desk.ask(work))
    try:
        template, seconds = await asyncio.shield(learning)
    except asyncio.CancelledError:  # the executor goes on, and nobody would take its template
        learning.add_done_callback(_wipe_unwanted)
        raise
    tx.computed(seconds)
    return template


def _wipe_unwanted(learning: asyncio.Future[tuple[Template | str, float]]) -> None:
    if not learning.cancelled() and learning.exception() is None:
        template, _ = learning.result()
        if isinstance(template, Template):
            template.wipe()


class FrameSource:
    """The newest camera frame while somebody watches; nothing is kept of what nobody looks at."""

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._arrived = asyncio.Event()
        self._since: float | None = None

    @contextmanager
    def watched(self) -> Generator[None]:
        """Watch from now on: a picture taken before shows another scene."""
        self._since = since = time.monotonic()
        self._frame = None
        try:
            yield
        finally:
            if self._since == since:  # nobody has begun to watch meanwhile
                self._since = self._frame = None

    def put(self, frame: Frame) -> None:
        if self._since is not None and frame.at >= self._since:
            self._frame = frame
            self._arrived.set()

    def drop(self) -> None:
        self._frame = None

    async def next(self, after: int, timeout_s: float) -> Frame | None:
        """A fresh frame with a sequence above `after`, or None when none comes in time."""
        deadline = time.monotonic() + timeout_s
        while True:
            frame = self._frame
            if frame is not None and frame.sequence != after and time.monotonic() - frame.at < STALE_FRAME_S:
                return frame
            self._arrived.clear()
            try:
                async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                    await self._arrived.wait()
            except TimeoutError:
                return None


class FaceWatch:
    """One transaction's look at the traveller, frame by frame. Called in the inference executor."""

    def __init__(self, chain: FaceChain, settings: EgateSettings) -> None:
        self.quality: dict[str, float] = {}
        self.usable = 0
        self._chain = chain
        self._smallest_eyes_px = settings.smallest_eyes_px
        self._tracker = FaceTracker(chain)
        self._fusion = Fusion(settings.capture_frames)

    @property
    def complete(self) -> bool:
        return self._fusion.complete

    def look(self, pixels: Pixels) -> str:
        """Take in one frame; the reason code why it cannot be used, or nothing."""
        try:
            seen = self._tracker.follow(pixels)
            if seen is None:
                return "FACE_NOT_FOUND"
            if seen.others:
                return "FACE_SEVERAL"
            quality = self._chain.quality(pixels, seen.face)
            self.quality = {k: round(float(v), 4) for k, v in asdict(quality).items() if _is_number(v)}
            if quality.inter_eye_distance_px < self._smallest_eyes_px:
                return "FACE_QUALITY_LOW"
            self._fusion.add(seen.track, self._chain.template(pixels, seen.face))
        except ModelError:
            return "FACE_MODEL_UNAVAILABLE"
        except (FaceError, PictureError):
            return "FACE_QUALITY_LOW"
        self.usable += 1
        return ""

    def compare(self, portrait: Template) -> Comparison | None:
        """The one comparison, with what was fused; None when nothing was usable or comparable."""
        try:
            live = self._fusion.template()
        except FaceError:
            return None
        try:
            return self._chain.compare(live, portrait)
        except FaceError as error:
            log.error("faces cannot be compared", exc_info=error)
            return None
        finally:
            live.wipe()

    def wipe(self) -> None:
        self._fusion.wipe()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


async def watch_face(
    tx: Transaction,
    desk: FaceDesk,
    frames: FrameSource,
    settings: EgateSettings,
    camera_trouble: Callable[[], bool],
    show: Callable[[Frame], None],
    stopped: Callable[[], bool],
) -> Capture:
    """Watch until enough pictures are usable, the time is over, or nobody wants to know; compare once.

    `camera_trouble` tells whether the camera failed since the watch began: what a failing camera showed
    is no evidence, for or against.
    """
    deadline = time.monotonic() + settings.capture_budget_s
    portrait = await tx.portrait if tx.portrait is not None else "PORTRAIT_UNREADABLE"
    if isinstance(portrait, str):
        return Capture(0, None, problem=portrait)
    watch = FaceWatch(desk.chain, settings)
    problem, last, age_ms = "CAMERA_FROZEN", -1, 0.0
    try:
        while not watch.complete and (left := deadline - time.monotonic()) > 0:
            frame = await frames.next(last, min(left, STALE_FRAME_S))
            if stopped():
                return Capture(watch.usable, None, problem="CAPTURE_TIMEOUT")
            if camera_trouble():
                return Capture(watch.usable, None, problem="CAMERA_FROZEN")
            if frame is None:
                continue
            last = frame.sequence
            age_ms = round((time.monotonic() - frame.at) * 1000, 1)
            show(frame)
            found, seconds = await desk.ask(lambda frame=frame: watch.look(frame.pixels))
            tx.computed(seconds)
            problem = found or problem
        comparison, seconds = await desk.ask(lambda: watch.compare(portrait))
        tx.computed(seconds)
        if comparison is None:
            return Capture(watch.usable, None, problem=problem)
        return Capture(watch.usable, comparison, age_ms, watch.quality)
    finally:
        await asyncio.shield(desk.ask(watch.wipe))


def jpeg(pixels: Pixels, longest_side: int = 640) -> bytes:
    """A small JPEG of an RGB picture for the officer's screen."""
    height, width = pixels.shape[:2]
    scale = min(1.0, longest_side / max(height, width))
    if scale < 1.0:
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(
            pixels.dtype
        )
    done, encoded = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    return encoded.tobytes() if done else b""


def portrait_jpeg(portrait: Portrait) -> bytes:
    """The chip's portrait for the officer's screen; empty when it cannot be decoded."""
    try:
        return jpeg(decode_portrait(portrait.image))
    except PictureError:
        return b""
