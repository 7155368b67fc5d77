"""One traveller's transaction: what it keeps while it runs, and that nothing of a person outlives it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.biometrics.face.compare import Template
from gate_agent.egate import face_work
from gate_agent.egate.transaction import Transaction
from gate_agent.egate.vocabulary import Phase
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.station import case


def template() -> Template:
    return Template("m", np.ones(4, dtype=np.float32))


def wiped(template: Template) -> bool:
    return bool(np.isnan(template.vector).all())


def on_a_loop(test: Callable[[Transaction], Awaitable[None]]) -> None:
    async def main() -> None:
        await test(Transaction(ticket=1, mrz=None))

    asyncio.run(main())


# ---------------------------------------------------------------- forgetting


async def answer(value: Any) -> Any:
    return value


def test_forgetting_wipes_the_template() -> None:
    async def test(tx: Transaction) -> None:
        learned = template()
        tx.portrait = asyncio.create_task(answer(learned))
        await tx.portrait
        tx.forget()
        assert wiped(learned)
        assert tx.portrait is None
        assert tx.mrz is None
        tx.forget()  # twice is once

    on_a_loop(test)


def test_a_portrait_read_again_takes_the_place_of_the_first_which_is_wiped() -> None:
    async def test(tx: Transaction) -> None:
        first, second = template(), template()
        for learned in (first, second):
            task = asyncio.create_task(answer(learned))
            await task
            tx.keep_portrait(task)
        assert wiped(first)
        assert not wiped(second)

    on_a_loop(test)


async def explode() -> Template | str:
    raise RuntimeError("a library's own failure")


@pytest.mark.parametrize("work", [lambda: answer("PORTRAIT_NO_FACE"), explode])
def test_forgetting_never_fails_whatever_became_of_the_portrait(
    work: Callable[[], Coroutine[Any, Any, Template | str]],
) -> None:
    async def test(tx: Transaction) -> None:
        tx.portrait = asyncio.create_task(work())
        await asyncio.wait([tx.portrait])
        tx.forget()

    on_a_loop(test)


def test_a_template_that_comes_after_the_transaction_is_wiped_as_it_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late, may_go_on = template(), Event()

    def learn(*_: object) -> Template:
        may_go_on.wait(5)
        return late

    chain: Any = SimpleNamespace(find=lambda _p: (1,), single=lambda faces: faces[0], template=learn)
    monkeypatch.setattr(face_work, "decode_portrait", lambda _image: np.zeros((4, 4, 3), dtype=np.uint8))

    async def test(tx: Transaction) -> None:
        with ThreadPoolExecutor(1) as executor:
            desk = face_work.FaceDesk(chain, executor)
            picture: Any = SimpleNamespace(image=b"")
            tx.portrait = asyncio.create_task(face_work.learn_portrait(tx, desk, picture))
            await asyncio.sleep(0.05)
            tx.forget()
            may_go_on.set()
            while not wiped(late):  # noqa: ASYNC110 - bounded by the test's own time-out
                await asyncio.sleep(0.01)

    on_a_loop(test)


def test_beginning_new_work_abandons_the_work_before() -> None:
    tx = Transaction(ticket=1, mrz=None)
    first = tx.begin_work()
    second = tx.begin_work()
    assert first.is_set()
    assert not second.is_set()
    tx.forget()
    assert second.is_set()


# ---------------------------------------------------------------- what it knows


def test_the_latest_answer_of_a_check_stands_where_the_first_stood() -> None:
    tx = Transaction(ticket=1, mrz=None)
    tx.add(CheckResult("a", Outcome.FAILED), CheckResult("b", Outcome.PASSED))
    tx.add(CheckResult("a", Outcome.PASSED))
    assert [(c.check, c.outcome) for c in tx.evidence().checks] == [
        ("a", Outcome.PASSED),
        ("b", Outcome.PASSED),
    ]


def test_names_in_the_journal_say_nothing_and_never_repeat() -> None:
    names = {Transaction(ticket=1, mrz=None).id for _ in range(1000)}
    assert len(names) == 1000
    assert all(re.fullmatch(r"tx-[0-9a-f]{16}", name) for name in names)


# ---------------------------------------------------------------- where the time went


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    perf_counter = monotonic


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(case, "time", clock)
    return clock


def test_steps_follow_each_other_without_gaps(clock: Clock) -> None:
    tx = Transaction(ticket=1, mrz=None, _start=clock.now)
    for phase, seconds in ((Phase.READING, 2.0), (Phase.ENTRY_OPENING, 3.0), (Phase.CAPTURING, 1.5)):
        tx.enter(phase)
        clock.now += seconds
    tx.finish()
    clock.now += 50
    tx.enter(Phase.IDLE)  # belongs to nobody any more
    assert [(s.name, s.start, s.end) for s in tx.steps] == [
        ("reading", 0.0, 2.0),
        ("entry_opening", 2.0, 5.0),
        ("capturing", 5.0, 6.5),
    ]


def test_software_time_is_charged_to_the_running_step(clock: Clock) -> None:
    tx = Transaction(ticket=1, mrz=None, _start=clock.now)
    tx.computed(0.25)  # before any step: counted, charged to none
    tx.enter(Phase.READING)
    with tx.computing():
        clock.now += 0.5
    tx.enter(Phase.CAPTURING)
    tx.computed(0.125)
    assert [s.software for s in tx.steps] == [0.5, 0.125]
    assert tx.software_s == 0.875
    assert tx.timings()["software_s"] == 0.875


@given(st.lists(st.tuples(st.sampled_from(list(Phase)), st.floats(0, 100)), max_size=12))
def test_steps_tile_the_whole_time(walk: list[tuple[Phase, float]]) -> None:
    tx, clock = Transaction(ticket=1, mrz=None), Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(case, "time", clock)
        tx._start = clock.now
        for phase, seconds in walk:
            tx.enter(phase)
            clock.now += seconds
        tx.finish()
        assert all(a.end == b.start for a, b in zip(tx.steps, tx.steps[1:], strict=False))
        assert not tx.steps or tx.steps[-1].end == tx.timings()["total_s"]
        assert all(s.end is not None and s.end >= s.start for s in tx.steps)
