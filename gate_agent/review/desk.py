"""The officers' desk: what the console asks of the scanner station, out of shelf, queue and training.

Orders go through here, so that the rule of the second person holds for every page and every script; the
station gets them through `adjudicate`, and journals each: the proposal, its confirmation, the inspection.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from gate_agent.errors import BadInput, GateError
from gate_agent.logs import get_logger
from gate_agent.readmodel import Board, Objection, OfficerAction, OrderResult
from gate_agent.review.adjudication import Judged, Queue, Step
from gate_agent.review.annotations import annotate
from gate_agent.review.errors import NotAllowed, NotThere
from gate_agent.review.planes import Pixels
from gate_agent.review.record import Finding, Mark, PlaneName, Region, Settled, StoredCase, check_case_id
from gate_agent.review.serving import served
from gate_agent.review.settings import DeskSettings
from gate_agent.review.shelf import Shelf
from gate_agent.review.statistics import Statistics, StatisticsError
from gate_agent.review.training import CleanPicture, Training, can_train
from gate_agent.review.views import (
    MarksKept,
    OperatorFigures,
    Plane,
    QueueEntry,
    ScanCard,
    ScanView,
    TrainingResult,
    TrainingView,
)
from gate_agent.times import rfc3339, utc_now

log = get_logger(__name__)

Adjudicate = Callable[[OfficerAction], Awaitable[OrderResult]]
"""Carries out an order at the station. None: done (or under way); a text: why the station does not do it."""

_LOOK_S: Final = 1.0


class Desk:
    """Implements ``gate_agent.review.views.ScanDesk`` for one station."""

    def __init__(
        self,
        shelf: Shelf,
        statistics: Statistics,
        adjudicate: Adjudicate,
        board: Board,
        settings: DeskSettings,
        *,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
        seed: int | None = None,
    ) -> None:
        self._shelf = shelf
        self._statistics = statistics
        self._adjudicate = adjudicate
        self._board = board
        self._now = now
        self._queue = Queue(settings.decision_clock_s, clock)
        self._training = Training(
            self._clean_picture,
            statistics,
            threat_share=settings.training_threat_share,
            now=self._stamp,
            clock=clock,
            seed=seed,
        )
        self._ordering = asyncio.Lock()
        for case in reversed(shelf.cases()):
            self._queue.restore(case)
        shelf.listen(self._queue.arrived)

    async def watch(self, escalate: Callable[[str], Awaitable[None]]) -> None:
        """Until cancelled: keep the queue to the truck at the hold line; tell `escalate` of each case whose
        clock has run out, once."""
        while True:
            self._queue.at_hold(self._transaction())
            for case in self._queue.newly_overdue():
                await escalate(case)
            await asyncio.sleep(_LOOK_S)

    # ------------------------------------------------------------ scans

    def scans(self, container: str, limit: int) -> Sequence[ScanCard]:
        cases = [case for case in self._shelf.cases() if container in ("", case.container)]
        return [
            ScanCard(case.id, case.container, case.at, case.outcome, case.picture is not None)
            for case in cases[:limit]
        ]

    def scan(self, scan: str) -> ScanView:
        case = self._shelf.case(scan)
        last = self._shelf.last_of(case.container, before=case.id)
        return ScanView(
            id=case.id,
            container=case.container,
            at=case.at,
            verdict=case.outcome,
            reasons=case.reasons,
            checks=case.checks,
            picture=case.picture,
            findings=(*case.findings, *_marked(case)),
            figures=case.figures,
            previous=last.id if last is not None else "",
            reports=len(case.reports),
        )

    def plane(self, scan: str, number: int, most: int) -> Plane:
        pixels, case = self._shelf.pixels(scan, number), self._shelf.case(scan)
        assert case.picture is not None
        return served(pixels, case.picture.planes[number], most)

    def annotate(self, scan: str, officer: str, marks: Sequence[Mark]) -> MarksKept:
        done = annotate(self._shelf, scan, officer, marks, self._now())
        self._queue.marked(self._shelf.case(scan))
        return done

    def report(self, scan: str, number: int) -> bytes:
        return self._shelf.report(scan, number)

    # ------------------------------------------------------------ queue and adjudication

    def queue(self) -> Sequence[QueueEntry]:
        self._queue.at_hold(self._transaction())
        return self._queue.entries()

    def claim(self, case: str, officer: str) -> None:
        self._queue.claim(case, officer)

    def hand_back(self, case: str, officer: str) -> None:
        self._queue.hand_back(case, officer)

    def file_away(self, case: str, officer: str) -> None:
        wants = {entry.id: entry.want for entry in self._queue.entries()}
        if wants.get(case) == "decision":
            raise NotAllowed("still wants a decision", code="CASE_UNDECIDED", field="case")
        self._queue.claim(case, officer)
        self._shelf.file_away(case, officer)
        self._queue.done(case)

    async def order(self, order: OfficerAction) -> OrderResult:
        """Release or inspect, by the rule of the second person. One order at a time: two confirmations that
        arrive together are judged one after the other."""
        async with self._ordering:
            try:
                order = self._about_the_truck(order)
                judged = self._queue.judge(order)
            except NotAllowed as error:
                return OrderResult(Objection(error.code, error.fills))
            except BadInput:
                return OrderResult(Objection("TRUCK_NOT_AT_HOLD"))
            answer = await self._adjudicate(judged.action)
            if answer.objection is not None:
                return answer
            self._queue.carried_out(judged)
        await asyncio.to_thread(self._remember, judged)
        if judged.step is Step.PROPOSE:
            return OrderResult(note="SECOND_OFFICER_NEEDED")
        return OrderResult()

    def _about_the_truck(self, order: OfficerAction) -> OfficerAction:
        """Orders are about the truck at the hold line and nothing else: never about an older or a training
        scan."""
        transaction = self._transaction()
        if order.transaction:
            check_case_id(order.transaction)
        elif order.action != "inspect":  # the safe direction needs no name
            raise NotAllowed(
                "a release must name its transaction", code="TRANSACTION_UNNAMED", field="transaction"
            )
        if not transaction or order.transaction not in ("", transaction):
            raise NotAllowed(
                "this is not the truck at the hold line",
                code="TRUCK_NOT_AT_HOLD",
                field="transaction",
                advice="look at the lane again",
            )
        self._queue.at_hold(transaction)
        return replace(order, transaction=transaction)

    def _remember(self, judged: Judged) -> None:
        """The order is in the journal; that the desk's own memory fails must not look like a refusal."""
        action = judged.action
        try:
            self._statistics.reviewed(
                action.officer, self._stamp(), judged.step.value, judged.seconds, judged.overrules
            )
            if judged.step is not Step.PROPOSE:
                settled = Settled(action.action, action.officer, self._stamp(), action.confirms)
                self._shelf.settle(action.transaction, settled)
        except (StatisticsError, NotThere) as error:
            log.warning("the order is done, but not in the desk's figures", error=error.what)
        except GateError as error:
            log.error("the order is done, but the shelf could not note it", error=error.what)

    def _transaction(self) -> str:
        running = self._board.snapshot.transaction
        return running.id if running is not None and not running.finished else ""

    # ------------------------------------------------------------ statistics and training

    def statistics(self) -> Sequence[OperatorFigures]:
        return self._statistics.figures()

    def start_training(self, officer: str) -> TrainingView:
        return self._training.start(officer)

    def training_plane(self, training: str, number: int, most: int) -> Plane:
        return self._training.plane(training, number, most)

    def answer_training(self, training: str, officer: str, regions: Sequence[Region]) -> TrainingResult:
        return self._training.answer(training, officer, regions)

    def _clean_picture(self, number: int) -> CleanPicture | None:
        """A copy of the pixels of one of the clean scans; damaged ones are passed over."""
        clean = [
            case
            for case in self._shelf.cases()
            if case.clean and case.picture is not None and case.loading_space and can_train(case.picture)
        ]
        for step in range(len(clean)):
            case = clean[(number + step) % len(clean)]
            assert case.picture is not None and case.loading_space is not None
            try:
                pixels: dict[PlaneName, Pixels] = {
                    info.name: self._shelf.pixels(case.id, index)
                    for index, info in enumerate(case.picture.planes)
                }
            except GateError as error:
                log.warning("a clean scan cannot be used for training", error=error.what)
                continue
            return CleanPicture(case.picture, pixels, case.energies_kev, case.loading_space)
        return None

    def _stamp(self) -> str:
        return rfc3339(self._now())


def _marked(case: StoredCase) -> list[Finding]:
    """Officers' marks among the findings: of each officer the last word counts."""
    last = {annotation.officer: annotation for annotation in case.annotations}
    return [
        Finding(mark.region, mark.note or mark.category.lower(), mark.flag, annotation.officer)
        for annotation in last.values()
        for mark in annotation.marks
    ]
