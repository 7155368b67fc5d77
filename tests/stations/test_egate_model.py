"""The e-gate's rules of safety, in every reachable state of the lane with its world.

The exploration is exhaustive: persons who enter, leave, tailgate and leave things behind, doors that
move or never do, timers that fire at any time, late answers, failing devices, alarms, officers and the hub.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from gate_agent.decision import Verdict
from gate_agent.egate import process
from gate_agent.egate import vocabulary as v
from gate_agent.egate.vocabulary import Effect, Event, Lane, Phase
from gate_simulators.proof.exploration import Exploration, explore
from gate_simulators.proof.lane_model import Model, Step, World
from gate_simulators.proof.lane_rules import Rulebook


def explored(model: Model) -> Exploration[World]:
    return explore(model, Rulebook().broken_rule)


@pytest.mark.timeout(600)
def test_every_reachable_state_keeps_every_rule() -> None:
    model = Model(faults=("lane", "journal"))
    result = explored(model)
    assert result.broken is None, result.report()
    assert result.phases == frozenset(Phase), "a phase that nobody can reach is dead code"
    assert result.worlds > 50_000
    orders = [
        effects for (_, event), (_, effects) in model.known.items() if isinstance(event, v.OfficerRequest)
    ]
    assert len(orders) > 10_000
    assert all(sum(isinstance(e, v.Answer) for e in effects) == 1 for effects in orders), "an order was lost"
    the_words_of_orders_are_true(model)
    nobody_at_the_reader_matters_to_a_busy_lane(model)


def the_words_of_orders_are_true(model: Model) -> None:
    """u3: an order is said to do something exactly where it is taken, and the exit opens just as it says."""
    told = set[str]()
    for (lane, event), (_, effects) in model.known.items():
        if not isinstance(event, v.OfficerRequest):
            continue
        effect = process.orders(lane)[event.order]
        assert (v.Answer(event.order, True) in effects) == (effect != ""), (lane, event)
        if event.order == "admit" and effect:
            assert the_exit_follows(lane) == (effect == "ADMIT_EXIT_OPENS"), lane
        told.add(effect)
    assert told == process.PROCESS.order_effects() | {""}


def the_exit_follows(lane: Lane) -> bool:
    """Whether the exit is asked open once the officer's admit is committed, if nobody moves but the doors."""
    lane, effects = process.step(lane, v.OfficerRequest("admit"))
    lane, more = process.step(lane, v.DecisionCommitted(lane.ticket, Verdict.ADMIT))
    closed = lane.seen._replace(entry=process.g.CLOSED, exit=process.g.CLOSED)
    lane, most = process.step(lane, v.LaneChanged(closed))
    return any(isinstance(e, v.SetDoors) and e.exit_open for e in (*effects, *more, *most))


def nobody_at_the_reader_matters_to_a_busy_lane(model: Model) -> None:
    """What the model takes for granted, so as not to visit every world twice."""
    for (lane, event), (_, effects) in model.known.items():
        if lane.phase is not Phase.IDLE and not isinstance(event, v.LaneChanged):
            beheld = lane._replace(seen=lane.seen._replace(approach=True))
            assert process.step(beheld, event)[1] == effects, (lane, event)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("faults", "alarms"), [((), ("emergency",)), (("lane",), ())])
def test_the_rules_hold_though_reports_come_late(faults: tuple[str, ...], alarms: tuple[str, ...]) -> None:
    result = explored(Model(delayed=True, faults=faults, alarms=alarms))  # pyright: ignore[reportArgumentType]
    assert result.broken is None, result.report()


def blind_to_tailgating(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    if isinstance(event, v.LaneChanged) and event.seen.inside >= 2:
        event = v.LaneChanged(event.seen._replace(inside=1))
    return process.step(lane, event)


def believes_stale_answers(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    if isinstance(event, v.DecisionCommitted):
        event = replace(event, ticket=lane.ticket)
    return process.step(lane, event)


def forgets_a_bound(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    return (lane, ()) if event == v.Timeout(Phase.CAPTURING) else process.step(lane, event)


def releases_whoever_is_inside(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    after, effects = process.step(lane, event)
    return after._replace(vacated=False), effects


def begins_with_noise(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    if isinstance(event, v.DocumentPresented):
        lane = lane._replace(seen=lane.seen._replace(approach=True))
    return process.step(lane, event)


def keeps_an_alarm_for_ever(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    after, effects = process.step(lane, event)
    return after, tuple(e for e in effects if e != v.AlarmOver("EMERGENCY"))


def cries_wolf(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    after, effects = process.step(lane, event)
    return after, (*effects, v.Alarm("TAILGATING")) if after.phase is Phase.ENTRY_OCCUPIED else effects


def serves_with_the_journal_down(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    after, effects = process.step(lane, event)
    if lane.phase is not Phase.IDLE and after.phase is Phase.IDLE:
        after = after._replace(faults=after.faults | {"journal"})
    return after, tuple(e for e in effects if e != v.AlarmOver("JOURNAL_FAULT"))


def leaves_the_controllers_lights(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    after, effects = process.step(lane, event)
    if event == v.Recovered("lane"):
        effects = tuple(e for e in effects if not isinstance(e, v.Show))
    return after, effects


def opens_the_exit_with_the_entry_open(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    after, effects = process.step(lane, event)
    if after.phase is Phase.ENTRY_OCCUPIED:
        effects = (*effects, v.SetDoors(entry_open=True, exit_open=True))
    return after, effects


def keeps_a_referred_person_shut_in(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    after, effects = process.step(lane, event)
    if after.phase is Phase.REFERRED:
        effects = tuple(v.SetDoors(False, False) if isinstance(e, v.SetDoors) else e for e in effects)
    return after, effects


def ignores_the_fire_alarm_while_leaving(lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
    if lane.phase is Phase.LEAVING and isinstance(event, v.LaneChanged):
        event = v.LaneChanged(event.seen._replace(emergency=False))
    after, effects = process.step(lane, event)
    if isinstance(event, v.LaneChanged) and lane.phase is Phase.LEAVING:
        after = after._replace(seen=after.seen._replace(emergency=True))
    return after, effects


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("bug", "rule"),
    [
        (blind_to_tailgating, "the exit opens only for the one person inside"),
        (releases_whoever_is_inside, "the exit opens only for the one person inside"),
        (believes_stale_answers, "the exit opens only on a committed admit"),
        (forgets_a_bound, "nobody waits without end"),
        (opens_the_exit_with_the_entry_open, "never both doors requested open"),
        (keeps_a_referred_person_shut_in, "a person can always leave"),
        (ignores_the_fire_alarm_while_leaving, "an emergency always wins"),
        (begins_with_noise, "noise on the reader's line begins nothing"),
        (keeps_an_alarm_for_ever, "the end of an alarm is told"),
        (cries_wolf, "an alarm is raised while it is active"),
        (serves_with_the_journal_down, "a station at rest has no alarm left"),
    ],
)
def test_a_seeded_bug_is_found_with_its_shortest_way(bug: Step, rule: str) -> None:
    result = explored(Model(step=bug, faults=(), alarms=("emergency",)))
    assert result.broken is not None
    assert result.broken.rule == rule
    assert rule in result.report()
    # Breadth first: no way of the same length or shorter was found before, and each move is named.
    assert 1 <= len(result.trace) <= 20


def test_dark_lights_after_the_controller_was_away_are_found() -> None:
    result = explored(Model(step=leaves_the_controllers_lights, faults=("lane",), alarms=()))
    assert result.broken is not None
    assert result.broken.rule == "the lights follow the process"
    assert len(result.trace) == 1
