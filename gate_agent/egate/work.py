"""The long work of a transaction: inspect the chip, learn the portrait, watch for the face.

Each piece runs beside the process and ends in evidence, whatever happens; only a lost card ends in
:class:`CardLost`, because the traveller may present it again. Blocking parts run in the chip driver's
thread or in the inference executor, never on the event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TypeVar

import cv2

from gate_agent.devices import CardLost, ChipReader, DeviceError, Frame
from gate_agent.egate import checks
from gate_agent.egate.checks import Capture
from gate_agent.egate.settings import EgateSettings
from gate_agent.egate.transaction import Transaction
from gate_agent.emrtd.exchange import run
from gate_agent.emrtd.inspection import Inspection, inspect, interrupted
from gate_agent.emrtd.lds import Portrait
from gate_agent.emrtd.mrz import Mrz
from gate_agent.emrtd.trust import TrustStore
from gate_agent.errors import GateError
from gate_agent.face.chain import FaceChain, wipe
from gate_agent.face.compare import Comparison, Template
from gate_agent.face.errors import FaceError, ModelError, PictureError
from gate_agent.face.pixels import Pixels
from gate_agent.face.portrait import decode_portrait
from gate_agent.logs import get_logger
from gate_agent.policy.watchlist import Watchlist
from gate_agent.supervision import Supervisor

T = TypeVar("T")

log = get_logger(__name__)

STALE_FRAME_S = 1.0
"""A frame older than this is not what stands before the camera now."""


# ---------------------------------------------------------------- the chip


@dataclass(slots=True)
class TimedInspection:
    """An inspection and how much of its time was ours rather than the chip's."""

    inspection: Inspection
    software_s: float


def inspect_chip(
    reader: ChipReader,
    mrz: Mrz,
    trust: TrustStore,
    at: datetime,
    settings: EgateSettings,
    cancelled: Callable[[], bool],
) -> TimedInspection:
    """Inspect the chip in the driver's thread. Raises CardLost; every other error is evidence."""
    waited = 0.0

    def transmit(apdu: bytes, timeout_s: float) -> bytes:
        nonlocal waited
        before = time.perf_counter()
        try:
            return reader.transmit(apdu, timeout_s)
        finally:
            waited += time.perf_counter() - before

    started = time.perf_counter()
    try:
        inspection = run(
            inspect(mrz.key(), mrz, trust, at),
            transmit,
            step_timeout_s=settings.apdu_timeout_s,
            budget_s=settings.chip_budget_s,
            cancelled=cancelled,
        )
    except CardLost:
        raise
    except GateError as error:
        inspection = interrupted(error)
    return TimedInspection(inspection, time.perf_counter() - started - waited)


async def read_document(
    tx: Transaction,
    chip: Supervisor,
    trust: TrustStore | None,
    at: datetime,
    settings: EgateSettings,
    stopped: Callable[[], bool],
) -> Inspection:
    """All checks of the chip. Raises CardLost."""
    mrz = tx.mrz
    if mrz is None or trust is None:
        inspection = interrupted(
            GateError("nothing to inspect with", field="mrz" if mrz is None else "trust")
        )
    else:
        try:
            timed = await chip.call(
                lambda reader: inspect_chip(reader, mrz, trust, at, settings, stopped),
                limit_s=settings.chip_budget_s + settings.apdu_timeout_s + 1,
            )
        except CardLost:
            raise
        except DeviceError as error:
            inspection = interrupted(error)
        else:
            inspection = timed.inspection
            tx.computed(timed.software_s)
    return inspection


# ---------------------------------------------------------------- the face


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


@dataclass(slots=True)
class Glance:
    """What one frame showed."""

    comparison: Comparison | None = None
    quality: dict[str, float] = field(default_factory=dict[str, float])
    problem: str = ""


def look(desk: FaceDesk, pixels: Pixels, portrait: Template, smallest_eyes_px: float) -> Glance:
    """Compare the one face in `pixels` with the portrait, if it can be compared."""
    try:
        faces = desk.chain.find(pixels)
        if not faces:
            return Glance(problem="FACE_NOT_FOUND")
        if len(faces) > 1:
            return Glance(problem="FACE_SEVERAL")
        face = desk.chain.single(faces)
        quality = desk.chain.quality(pixels, face, len(faces))
        measured = {k: round(float(v), 4) for k, v in asdict(quality).items() if not isinstance(v, bool)}
        if quality.inter_eye_distance_px < smallest_eyes_px:
            return Glance(quality=measured, problem="FACE_QUALITY_LOW")
        live = desk.chain.template(pixels, face)
        try:
            return Glance(desk.chain.compare(live, portrait), measured)
        finally:
            live.wipe()
    except ModelError:
        return Glance(problem="FACE_MODEL_UNAVAILABLE")
    except (FaceError, PictureError):
        return Glance(problem="FACE_QUALITY_LOW")


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


async def watch_face(
    tx: Transaction,
    desk: FaceDesk,
    frames: FrameSource,
    settings: EgateSettings,
    camera_trouble: Callable[[], bool],
    show: Callable[[Frame], None],
    stopped: Callable[[], bool],
) -> Capture:
    """Watch until a face matches, enough faces did not, the time is over, or nobody wants to know.

    `camera_trouble` tells whether the camera failed since the watch began: what a failing camera showed
    is no evidence, for or against.
    """
    deadline = time.monotonic() + settings.capture_budget_s
    portrait = await tx.portrait if tx.portrait is not None else "PORTRAIT_UNREADABLE"
    if isinstance(portrait, str):
        return Capture(0, None, problem=portrait)
    best: Glance | None = None
    problem, compared, last, age_ms = "CAMERA_FROZEN", 0, -1, 0.0
    while compared < settings.capture_frames and (left := deadline - time.monotonic()) > 0:
        frame = await frames.next(last, min(left, STALE_FRAME_S))
        if stopped():
            break
        if camera_trouble():
            return Capture(compared, None, problem="CAMERA_FROZEN")
        if frame is None:
            continue
        last = frame.sequence
        age_ms = round((time.monotonic() - frame.at) * 1000, 1)
        show(frame)
        glance, seconds = await desk.ask(
            lambda frame=frame: look(desk, frame.pixels, portrait, settings.smallest_eyes_px)
        )
        tx.computed(seconds)
        if glance.comparison is None:
            problem = glance.problem
            continue
        compared += 1
        if best is None or best.comparison is None or glance.comparison.distance < best.comparison.distance:
            best = glance
        if glance.comparison.matched:
            break
    if best is None:
        return Capture(compared, None, problem=problem)
    return Capture(compared, best.comparison, age_ms, best.quality)


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


def document_checks(
    tx: Transaction, watchlist: Watchlist | None, settings: EgateSettings, at: datetime
) -> None:
    """Expiry, age and watchlist by the printed zone, added to the transaction."""
    if tx.mrz is None:
        return
    today = at.date()
    tx.add(checks.document_expiry(tx.mrz, today), checks.age(tx.mrz, today, settings.adult_age_years))
    if watchlist is not None:
        tx.add(checks.watchlist(watchlist, tx.mrz))
