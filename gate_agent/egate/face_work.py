"""The long work with a face: learn the chip's portrait, watch the traveller, compare.

Everything here ends in evidence, whatever happens. Blocking parts run in the inference executor, never on
the event loop. The portrait is learned while the entry opens, which also warms both networks; the camera is
watched once the traveller is alone between closed doors, because a face seen before proves nothing about
who that is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import cv2

from gate_agent.biometrics.face.advice import Advice
from gate_agent.biometrics.face.chain import FaceChain, wipe
from gate_agent.biometrics.face.compare import Comparison, Template
from gate_agent.biometrics.face.errors import FaceError, ModelError, PictureError, UnclearFace
from gate_agent.biometrics.face.pixels import Pixels
from gate_agent.biometrics.face.portrait import decode_portrait
from gate_agent.biometrics.face.watch import FaceWatch, Look
from gate_agent.devices import Frame
from gate_agent.egate.checks import Capture
from gate_agent.egate.settings import EgateSettings
from gate_agent.egate.transaction import Transaction
from gate_agent.emrtd.lds.lds import Portrait
from gate_agent.logs import get_logger
from gate_agent.memory import release_free

T = TypeVar("T")

log = get_logger(__name__)

STALE_FRAME_S = 1.0
"""A frame older than this is not what stands before the camera now."""


@dataclass(slots=True)
class FaceDesk:
    """The face chain with its executor: one inference at a time, so that sessions do not fight."""

    chain: FaceChain
    executor: Executor
    _shapes: set[tuple[int, ...]] = field(default_factory=set[tuple[int, ...]])

    async def ask(self, work: Callable[[], T]) -> tuple[T, float]:
        """Run `work` in the executor; its result and the seconds it took."""

        def timed() -> tuple[T, float]:
            before = time.perf_counter()
            return work(), time.perf_counter() - before

        return await asyncio.get_running_loop().run_in_executor(self.executor, timed)

    def used(self, pixels: Pixels) -> None:
        """Pictures of this shape went through the networks, whose memory may hold some of it."""
        self._shapes.add(pixels.shape)

    async def overwrite(self) -> None:
        """Overwrite what the networks' memory may still hold of a transaction; for its end."""
        shapes, self._shapes = self._shapes, set()
        for shape in shapes:
            try:
                await self.ask(lambda shape=shape: self.chain.overwrite(shape))
            except Exception as error:  # the transaction ends in good order all the same
                log.error("the networks' memory was not overwritten", exc_info=error)
        await self.ask(release_free)


async def learn_portrait(tx: Transaction, desk: FaceDesk, portrait: Portrait) -> Template | str:
    """The template of the chip's portrait, or the reason code why there is none."""

    def work() -> Template | str:
        try:
            pixels = decode_portrait(portrait.image)
        except PictureError:
            return "PORTRAIT_UNREADABLE"
        desk.used(pixels)
        try:
            return desk.chain.template(pixels, desk.chain.single(desk.chain.find(pixels)))
        except ModelError:
            return "FACE_MODEL_UNAVAILABLE"
        except UnclearFace:
            return "PORTRAIT_UNCLEAR"
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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a watch needs of the lane around it.

    `camera_trouble` tells whether the camera failed since the watch began: what a failing camera showed is no
    evidence, for or against. `stopped` tells that nobody wants the answer any more. `show` gets the JPEG of
    each frame that was looked at.
    """

    camera_trouble: Callable[[], bool]
    stopped: Callable[[], bool]
    show: Callable[[bytes], None]
    advise: Callable[[Advice], None]


async def watch_face(
    tx: Transaction, desk: FaceDesk, frames: FrameSource, settings: EgateSettings, around: Surroundings
) -> Capture:
    """Watch until enough pictures are usable, the time is over, or nobody wants to know; then compare.

    After a mismatch the traveller is asked for another picture while time and `face_attempts` last.
    """
    deadline = time.monotonic() + settings.capture_budget_s
    portrait = await tx.portrait if tx.portrait is not None else "PORTRAIT_UNREADABLE"
    if isinstance(portrait, str):
        return Capture(0, None, problem=portrait)
    watch = FaceWatch(
        desk.chain,
        frames=settings.capture_frames,
        attempts=settings.face_attempts,
        smallest_eyes_px=settings.smallest_eyes_px,
    )
    session = _Watching(tx, desk, frames, watch, around)
    try:
        best: Comparison | None = None
        while watch.attempts_left and time.monotonic() < deadline:
            if (ended := await session.collect(deadline)) is not None:
                return ended
            comparison = await session.compare(portrait)
            if comparison is None:
                break
            if best is None or comparison.matched or comparison.distance < best.distance:
                best = comparison
            if best.matched:
                break
            watch.again()
            session.instruction = Advice.LOOK_AGAIN
        return await session.outcome(best)
    finally:
        await asyncio.shield(desk.ask(watch.wipe))


@dataclass(slots=True)
class _Watching:
    """A watch as it goes on: `problem` is why the last useless frame was useless, `instruction` what the
    traveller is told while nothing is wrong."""

    tx: Transaction
    desk: FaceDesk
    frames: FrameSource
    watch: FaceWatch
    around: Surroundings
    instruction: Advice = Advice.LOOK_AT_CAMERA
    problem: str = "CAMERA_FROZEN"
    last: int = -1
    age_ms: float = 0.0

    async def collect(self, deadline: float) -> Capture | None:
        """Look at frames until there are enough or the time is over; a Capture when the watch must end."""
        said: Advice | None = None
        while not self.watch.complete and (left := deadline - time.monotonic()) > 0:
            frame = await self.frames.next(self.last, min(left, STALE_FRAME_S))
            if self.around.stopped():
                return Capture(self.watch.usable, None, problem="CAPTURE_TIMEOUT")
            if self.around.camera_trouble():
                return Capture(self.watch.usable, None, problem="CAMERA_FROZEN")
            if frame is None:
                continue
            self.last = frame.sequence
            self.age_ms = round((time.monotonic() - frame.at) * 1000, 1)
            (look, shown), seconds = await self.desk.ask(lambda frame=frame: self._look(frame))
            self.tx.computed(seconds)
            self.around.show(shown)
            self.problem = look.problem or self.problem
            if look.advice is said or look.advice is None:  # one bad frame alone says little
                self.around.advise(look.advice or self.instruction)
            said = look.advice
        return None

    def _look(self, frame: Frame) -> tuple[Look, bytes]:
        """What the frame is good for, and its JPEG: it is overwritten here."""
        self.desk.used(frame.pixels)
        try:
            return self.watch.look(frame.pixels), jpeg(frame.pixels)
        finally:
            wipe(frame.pixels)

    async def compare(self, portrait: Template) -> Comparison | None:
        def work() -> Comparison | None:
            try:
                return self.watch.compare(portrait)
            except FaceError as error:
                log.error("faces cannot be compared", exc_info=error, transaction=self.tx.id)
                self.problem = "FACE_MODEL_UNAVAILABLE"
                return None

        comparison, seconds = await self.desk.ask(work)
        self.tx.computed(seconds)
        return comparison

    async def outcome(self, best: Comparison | None) -> Capture:
        if best is None:
            return Capture(self.watch.usable, None, problem=self.problem)
        verdict, seconds = await self.desk.ask(self.watch.liveness)
        self.tx.computed(seconds)
        return Capture(
            self.watch.usable, best, self.age_ms, self.watch.quality, verdict, self.watch.comparisons
        )


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
