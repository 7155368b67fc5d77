"""Examines the traveller of a transaction: the document outside, the face inside.

Each examination runs beside the process and ends in evidence and one event, whatever happens. One
that was abandoned (the document was pulled away, an officer took over) adds nothing any more.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from threading import Event as Flag
from typing import Any

from gate_agent.biometrics.face.advice import Advice
from gate_agent.devices import Camera, CardLost, ChipReader, DeviceState
from gate_agent.devices.supervision import Supervisor
from gate_agent.egate import checks, document_work, face_work
from gate_agent.egate import vocabulary as v
from gate_agent.egate.display import LaneDisplay
from gate_agent.egate.reference import ReferenceData
from gate_agent.egate.registrar import LaneRegistrar
from gate_agent.egate.settings import EgateSettings
from gate_agent.egate.transaction import Transaction
from gate_agent.egate.vocabulary import Event
from gate_agent.emrtd.lds.lds import Portrait
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.station.tasks import BackgroundTasks
from gate_agent.times import utc_now


class Examiner:
    """Starts examinations in the tasks and posts what they came to."""

    def __init__(
        self,
        settings: EgateSettings,
        reference: ReferenceData,
        face: face_work.FaceDesk,
        registrar: LaneRegistrar,
        display: LaneDisplay,
        tasks: BackgroundTasks,
        post: Callable[[Event], None],
    ) -> None:
        self._settings = settings
        self._reference = reference
        self._face = face
        self._registrar = registrar
        self._display = display
        self._tasks = tasks
        self._post = post
        self.frames = face_work.FrameSource()
        for frames in (1, settings.capture_frames):  # raises what the card does not allow
            face.chain.judged_at(settings.face_attempts, frames)

    def read_document(self, tx: Transaction, ticket: int, chip: Supervisor[ChipReader]) -> None:
        """Inspect the chip and ask the document rules: ends in DocumentVetted or CardLost."""
        stopped = tx.begin_work()
        self._start(
            tx, stopped, self._read_document(tx, ticket, chip, stopped), "chip_read",
            v.DocumentVetted(ticket, enter=False),
        )  # fmt: skip

    def capture(self, tx: Transaction, ticket: int, camera: Supervisor[Camera]) -> None:
        """Watch the camera and compare with the portrait: ends in FaceCaptured."""
        stopped = tx.begin_work()
        self._start(
            tx, stopped, self._capture(tx, ticket, camera, stopped), "face_capture", v.FaceCaptured(ticket)
        )

    async def forget(self) -> None:
        """A transaction is over: overwrite what the networks' memory may still hold of its faces."""
        await self._face.overwrite()

    def _start(
        self, tx: Transaction, stopped: Flag, job: Coroutine[Any, Any, None], check: str, answer: Event
    ) -> None:
        def failed() -> None:
            if not stopped.is_set():
                tx.add(CheckResult(check, Outcome.INCONCLUSIVE, ("INTERNAL_ERROR",)))
                self._post(answer)

        self._tasks.start(job, failed, tx)

    async def _read_document(
        self, tx: Transaction, ticket: int, chip: Supervisor[ChipReader], stopped: Flag
    ) -> None:
        at = utc_now()
        self._document_checks(tx, at)
        try:
            inspection = await document_work.read_document(
                tx, chip, self._reference.trust, at, self._settings, stopped.is_set
            )
        except CardLost:
            if not stopped.is_set():
                self._post(v.CardLost(ticket))
            return
        if stopped.is_set():
            return
        tx.add(*inspection.results)
        if inspection.portrait is not None:
            await self._keep_portrait(tx, inspection.portrait, stopped)
        if not stopped.is_set():
            enter = self._registrar.nothing_against_entering(tx)
            self._post(v.DocumentVetted(ticket, enter=enter))

    def _document_checks(self, tx: Transaction, at: datetime) -> None:
        with tx.computing():
            document_work.document_checks(tx, self._reference.watchlist, self._settings, at)
            tx.add(*self._reference.freshness(at))

    async def _keep_portrait(self, tx: Transaction, picture: Portrait, stopped: Flag) -> None:
        """Show the portrait, and learn it while the traveller walks in."""
        tx.keep_portrait(self._tasks.keep(face_work.learn_portrait(tx, self._face, picture), tx))
        shown, seconds = await self._face.ask(lambda: face_work.portrait_jpeg(picture))
        tx.computed(seconds)
        if shown and not stopped.is_set():
            self._display.picture("portrait", shown, tx)

    async def _capture(self, tx: Transaction, ticket: int, camera: Supervisor[Camera], stopped: Flag) -> None:
        restarts = camera.health.restarts

        def trouble() -> bool:
            health = camera.health
            return health.state is not DeviceState.UP or health.restarts != restarts

        def show(jpeg: bytes) -> None:
            if jpeg and not stopped.is_set():
                self._display.picture("live", jpeg, tx)

        def advise(advice: Advice) -> None:
            if not stopped.is_set():
                self._display.tell(advice.value)

        around = face_work.Surroundings(trouble, stopped.is_set, show, advise)
        with self.frames.watched():
            capture = await face_work.watch_face(tx, self._face, self.frames, self._settings, around)
        if not stopped.is_set():
            tx.add(*checks.face(capture))
            self._post(v.FaceCaptured(ticket))
