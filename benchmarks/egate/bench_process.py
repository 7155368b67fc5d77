"""The station process: calls of `step()` per second, and how fast its whole world is explored.

A genuine traveller's passage is recorded once: every event that the lane's devices, checks and clock give
rise to. The record is then replayed through `step()` and, turn by turn in the same run, through the same
passage built with `transitions`, the most used state machine library for Python. Both must be in the
same phase after each event, or the comparison is refused. Ours judges each event by the whole table of
a lane and returns new frozen values; the peer knows only the rows of this one passage and changes in
place. Goal: not slower than the peer (ratio >= 1). All times here are processor time.

The exploration asks every rule of safety of every transition, as `tests/stations/test_egate_model.py` does.
It has no peer; a model check that takes too long is not run.

    python benchmarks/egate/bench_process.py [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections import deque
from collections.abc import Sequence
from importlib.metadata import version
from itertools import islice

from passage_by_transitions import Passage

from gate_agent.decision import Verdict
from gate_agent.devices import DoorPosition
from gate_agent.egate import process
from gate_agent.egate import vocabulary as v
from gate_agent.egate.vocabulary import Effect, Event, Lane, Phase, Seen
from gate_simulators.proof.exploration import explore
from gate_simulators.proof.lane_model import Model, World
from gate_simulators.proof.lane_rules import Rulebook

TRAVELLERS = 20
HOSTILE_PAIRS = 4000
GOAL = 1.0


def idle_lane() -> Lane:
    """A lane in service: its controller has come up and reported closed doors and nobody inside."""
    lane, _ = process.start(frozenset())
    lane, _ = process.step(lane, v.Recovered("lane"))
    lane, _ = process.step(lane, v.LaneChanged(Seen()))
    lane, _ = process.step(lane, v.LaneChanged(Seen()))
    assert lane.phase is Phase.IDLE, lane
    return lane


class Recorder:
    """Plays doors, checks and travellers against the process, and keeps every event and phase."""

    def __init__(self) -> None:
        self.lane = idle_lane()
        self.seen = Seen()
        self.events: list[Event] = []
        self.phases: list[Phase] = []
        self._answers: deque[Event] = deque()

    def happens(self, *events: Event) -> None:
        self._answers.extend(events)
        while self._answers:
            event = self._answers.popleft()
            self.lane, effects = process.step(self.lane, event)
            self.events.append(event)
            self.phases.append(self.lane.phase)
            for effect in effects:
                self._perform(effect)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case v.ReadDocument(ticket):
                self._answers.append(v.DocumentVetted(ticket, enter=True))
            case v.Capture(ticket):
                self._answers.append(v.FaceCaptured(ticket))
            case v.Decide(ticket):
                self._answers.append(v.DecisionCommitted(ticket, Verdict.ADMIT))
            case v.SetDoors(entry_open, exit_open):
                for through_moving in (True, False):
                    self.seen = self.seen._replace(
                        entry=_moved(self.seen.entry, entry_open, through_moving),
                        exit=_moved(self.seen.exit, exit_open, through_moving),
                    )
                    self._answers.append(v.LaneChanged(self.seen))
            case _:
                pass

    def sees(self, inside: int) -> None:
        self.seen = self.seen._replace(inside=inside)
        self.happens(v.LaneChanged(self.seen))


def _moved(now: DoorPosition, wanted_open: bool, through_moving: bool) -> DoorPosition:
    target = DoorPosition.OPEN if wanted_open else DoorPosition.CLOSED
    return DoorPosition.MOVING if now is not target and through_moving else target


def recorded(travellers: int) -> Recorder:
    recorder = Recorder()
    for _ in range(travellers):
        recorder.happens(v.ChipPresent(True), v.DocumentPresented())
        recorder.happens(v.DocumentRemoved(), v.ChipPresent(False))
        recorder.sees(inside=1)
        recorder.happens(v.Timeout(Phase.ENTRY_OCCUPIED))
        recorder.sees(inside=0)
        assert recorder.lane.phase is Phase.IDLE, recorder.lane
    assert recorder.phases.count(Phase.LEAVING) >= travellers
    return recorder


def hostile_pairs(wanted: int, seed: int = 7) -> list[tuple[Lane, Event]]:
    """Lanes with events of every kind, met on a seeded random walk through the model."""
    pairs: list[tuple[Lane, Event]] = []

    def noting(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
        pairs.append((lane, event))
        return process.step(lane, event)

    model, chance = Model(step=noting), random.Random(seed)
    world: World = model.initial()
    while len(pairs) < wanted:
        _, world, _ = chance.choice(list(model.moves(world)))
    return list(islice(pairs, wanted))


# ---------------------------------------------------------------- measuring


def replay_ours(start: Lane, events: Sequence[Event]) -> float:
    lane, step = start, process.step
    before = time.process_time()
    for event in events:
        lane, _ = step(lane, event)
    took = time.process_time() - before
    assert lane.phase is Phase.IDLE
    return len(events) / took


def replay_theirs(passage: Passage, events: Sequence[Event]) -> float:
    tell = passage.tell
    before = time.process_time()
    for event in events:
        tell(event)
    return len(events) / (time.process_time() - before)


def each_alone(pairs: Sequence[tuple[Lane, Event]]) -> float:
    step = process.step
    before = time.process_time()
    for lane, event in pairs:
        step(lane, event)
    return len(pairs) / (time.process_time() - before)


def steps(rounds: int) -> list[dict[str, object]]:
    record, start = recorded(TRAVELLERS), idle_lane()
    checked = Passage()
    for number, (event, phase) in enumerate(zip(record.events, record.phases, strict=True)):
        checked.tell(event)
        if checked.phase != phase.value:
            raise SystemExit(f"event {number}, {event}: the peer is in {checked.phase}, not {phase.value}")
    ours, theirs, hostile, pairs = [], [], [], hostile_pairs(HOSTILE_PAIRS)
    passage = Passage()
    for _ in range(rounds):
        ours.append(replay_ours(start, record.events))
        theirs.append(replay_theirs(passage, record.events))
        hostile.append(each_alone(pairs))
    ratio = statistics.median(o / t for o, t in zip(ours, theirs, strict=True))
    return [
        {
            "claim": "step() on a genuine passage",
            "measured": round(statistics.median(ours)),
            "unit": "calls/s",
            "peer": f"transitions {version('transitions')}",
            "peer_measured": round(statistics.median(theirs)),
            "ratio": round(ratio, 2),
            "goal": f">= {GOAL:g} x",
            "met": ratio >= GOAL,
        },
        {
            "claim": "step() on anything at any time",
            "measured": round(statistics.median(hostile)),
            "unit": "calls/s",
        },
    ]


def model_check() -> list[dict[str, object]]:
    """Explore the lane with every fault and alarm, as the tests do."""
    before = time.process_time()
    found = explore(Model(faults=("lane", "journal")), Rulebook().broken_rule)
    took = time.process_time() - before
    return [
        {
            "claim": f"model check, {found.worlds} worlds, {found.transitions} transitions",
            "measured": round(found.worlds / took),
            "unit": "worlds/s",
            "seconds": round(took, 2),
            "goal": "no rule broken",
            "met": found.broken is None,
        }
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    found = steps(parser.parse_args().rounds) + model_check()
    print(json.dumps({"benchmark": "egate_process", "claims": found}))


if __name__ == "__main__":
    main()
