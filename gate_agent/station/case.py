"""One case while it runs: what its checks said, what was decided, where the time went.

A station's own case (a traveller's transaction, a truck's inspection) adds what it must hold in memory, and
forgets it in :meth:`Case.forget`.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from gate_agent.decision import Decision
from gate_agent.evidence import CheckResult, Evidence
from gate_agent.readmodel import StepTime, TransactionView
from gate_agent.times import rfc3339, utc_now


@dataclass(frozen=True, slots=True)
class Settled:
    """An officer's order that decided a case. `at` is RFC 3339."""

    order: str
    officer: str
    at: str


@dataclass(slots=True, kw_only=True)
class Case:
    """`ticket` is the process's number for it, `id` its random name in journal, hub and log."""

    ticket: int
    id: str = field(default_factory=lambda: f"tx-{secrets.token_hex(8)}")
    started_at: datetime = field(default_factory=utc_now)
    checks: list[CheckResult] = field(default_factory=list[CheckResult])
    steps: list[StepTime] = field(default_factory=list[StepTime])
    decision: Decision | None = None
    settled: Settled | None = None
    software_s: float = 0.0
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

    def enter(self, phase: str) -> None:
        """The station went into `phase`: the step before ends, this one begins."""
        now = round(self.elapsed_s, 3)
        self._end_step(now)
        if not self.finished:
            self.steps.append(StepTime(str(phase), now))

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
        """Drop what the case holds in memory; numbers for the report stay."""
        self.stop_work()

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
            finished=self.finished,
        )
