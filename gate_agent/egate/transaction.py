"""One traveller's transaction while it runs: what was read, what the checks said, where the time went.

The only place where names, numbers, pictures and templates of a traveller live; :meth:`Transaction.forget`
overwrites what can be overwritten and drops the rest when the transaction ends.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from gate_agent.decision import Decision
from gate_agent.egate.vocabulary import Phase
from gate_agent.emrtd.mrz import Mrz
from gate_agent.emrtd.reading import Reading
from gate_agent.evidence import CheckResult, Evidence
from gate_agent.face.compare import Template
from gate_agent.readmodel import StepTime, TransactionView


def utc_now() -> datetime:
    return datetime.now(UTC)


def rfc3339(at: datetime) -> str:
    """UTC, RFC 3339 with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Transaction:
    """`ticket` is the process's number for it, `id` its random name in journal, hub and log."""

    ticket: int
    mrz: Mrz | None
    id: str = field(default_factory=lambda: f"tx-{secrets.token_hex(8)}")
    started_at: datetime = field(default_factory=utc_now)
    checks: list[CheckResult] = field(default_factory=list[CheckResult])
    steps: list[StepTime] = field(default_factory=list[StepTime])
    reading: Reading = field(default_factory=Reading)
    portrait: asyncio.Task[Template | str] | None = None
    decision: Decision | None = None
    software_s: float = 0.0
    has_portrait: bool = False
    has_live: bool = False
    finished: bool = False
    _start: float = field(default_factory=time.monotonic)
    _stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._start

    def add(self, *results: CheckResult) -> None:
        """Take up results; the latest of one check stands, in the order of first asking."""
        for result in results:
            place = next((i for i, c in enumerate(self.checks) if c.check == result.check), None)
            if place is None:
                self.checks.append(result)
            else:
                self.checks[place] = result

    def begin_work(self) -> threading.Event:
        """The flag of a new examination; the one before it is abandoned."""
        self.stop_work()
        self._stopped = threading.Event()
        return self._stopped

    def stop_work(self) -> None:
        """Abandon the running examination: its flag is set, and heard in every thread."""
        self._stopped.set()

    def evidence(self) -> Evidence:
        return Evidence(self.id, tuple(self.checks))

    def enter(self, phase: Phase) -> None:
        """The lane went into `phase`: the step before ends, this one begins."""
        now = round(self.elapsed_s, 3)
        self._end_step(now)
        if not self.finished:
            self.steps.append(StepTime(phase.value, now))

    def finish(self) -> None:
        self._end_step(round(self.elapsed_s, 3))
        self.finished = True

    def _end_step(self, now: float) -> None:
        if self.steps and self.steps[-1].end is None:
            self.steps[-1] = replace(self.steps[-1], end=now)

    def computed(self, seconds: float) -> None:
        """Software was busy for so long in the running step."""
        self.software_s += seconds
        if self.steps:
            last = self.steps[-1]
            self.steps[-1] = replace(last, software=round(last.software + seconds, 4))

    @contextmanager
    def computing(self) -> Generator[None]:
        before = time.perf_counter()
        try:
            yield
        finally:
            self.computed(time.perf_counter() - before)

    def forget(self) -> None:
        """Overwrite the template and drop everything personal; numbers for the report stay."""
        self.stop_work()
        self.mrz = None
        self.reading = Reading()
        self.keep_portrait(None)

    def keep_portrait(self, learning: asyncio.Task[Template | str] | None) -> None:
        """The template that the live face is compared with; one of an earlier reading is overwritten."""
        task, self.portrait = self.portrait, learning
        if task is None:
            return
        if not task.done():
            task.cancel()  # whoever learns the portrait wipes what comes of it
        elif not task.cancelled() and task.exception() is None:
            learned = task.result()
            if isinstance(learned, Template):
                learned.wipe()

    def timings(self) -> dict[str, object]:
        """Where the time went, for the journal: seconds."""
        return {
            "total_s": round(self.elapsed_s, 3),
            "software_s": round(self.software_s, 3),
            "steps": [
                {"step": s.name, "start_s": s.start, "end_s": s.end, "software_s": s.software}
                for s in self.steps
            ],
        }

    def view(self) -> TransactionView:
        decision = self.decision
        return TransactionView(
            id=self.id,
            started_at=rfc3339(self.started_at),
            checks=tuple(self.checks),
            steps=tuple(self.steps),
            verdict=decision.verdict.value if decision else "",
            reasons=decision.reasons if decision else (),
            rules=tuple(r.rule for r in decision.rules) if decision else (),
            has_portrait=self.has_portrait,
            has_live=self.has_live,
            finished=self.finished,
        )
