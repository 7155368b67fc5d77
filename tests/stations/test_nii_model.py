"""The scanner station's rules of safety, in every reachable state of the lane with its world.

The exploration is exhaustive: trucks that enter, turn round, follow each other, slip in and leave by any
open barrier, barriers that move or never do, timers that fire at any time, late answers and alarms, failing
devices, officers and the hub. Each rule is also asked of a process with a bug that it must find.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gate_agent.decision import Verdict
from gate_agent.nii import process
from gate_agent.nii import vocabulary as v
from gate_agent.nii.vocabulary import Effect, Event, Phase, Yard
from gate_simulators.proof.exploration import Exploration, explore
from gate_simulators.proof.yard_model import Model, Step, World
from gate_simulators.proof.yard_rules import STEP_RULES, TRANSITION_RULES, WORLD_RULES, Rulebook

Stepped = tuple[Yard, tuple[Effect, ...]]


def explored(model: Model) -> Exploration[World]:
    return explore(model, Rulebook().broken_rule)


@pytest.mark.timeout(600)
def test_every_reachable_state_keeps_every_rule() -> None:
    model = Model(faults=("yard", "journal"), alarms=("emergency",))
    result = explored(model)
    assert result.broken is None, result.report()
    assert result.phases == frozenset(Phase), "a phase that nobody can reach is dead code"
    assert result.worlds > 15_000
    orders = [
        effects for (_, event), (_, effects) in model.known.items() if isinstance(event, v.OfficerRequest)
    ]
    assert len(orders) > 10_000
    assert all(sum(isinstance(e, v.Answer) for e in effects) == 1 for effects in orders), "an order was lost"
    the_words_of_orders_are_true(model)


def the_words_of_orders_are_true(model: Model) -> None:
    """u3: an order is said to do something exactly where it is taken, and the road opens just as it says."""
    told = set[str]()
    for (yard, event), (_, effects) in model.known.items():
        if not isinstance(event, v.OfficerRequest):
            continue
        effect = process.orders(yard)[event.order]
        assert (v.Answer(event.order, True) in effects) == (effect != ""), (yard, event)
        if effect == "RELEASE_WAY_OPENS":
            assert opened_by(yard, event, Verdict.RELEASE).release_open, yard
        if effect == "INSPECTION_WAY_OPENS":
            assert opened_by(yard, event, Verdict.INSPECT).inspection_open, yard
        told.add(effect)
    assert told == process.PROCESS.order_effects() | {""}


def opened_by(yard: Yard, order: v.OfficerRequest, verdict: Verdict) -> v.SetBarriers:
    """What is asked open once the officer's decision is committed, if the truck comes to the hold line."""
    yard, _ = process.step(yard, order)
    yard, _ = process.step(yard, v.DecisionCommitted(yard.ticket, verdict))
    yard, _ = process.step(yard, v.YardChanged(v.Seen(vehicles=1, at_hold=True)))
    assert yard.targets is not None
    return yard.targets


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("faults", "alarms"), [((), ("disagree", "forced", "broken")), (("scanner",), ())])
def test_the_rules_hold_whatever_device_fails(faults: tuple[str, ...], alarms: Any) -> None:
    result = explored(Model(faults=faults, alarms=alarms, orders=("release", "inspect"), hub=False))
    assert result.broken is None, result.report()


@pytest.mark.timeout(600)
def test_the_rules_hold_though_reports_come_late() -> None:
    result = explored(Model(delayed=True, faults=(), alarms=(), orders=("release",), hub=False))
    assert result.broken is None, result.report()


# ---------------------------------------------------------------- a bug for every rule


def opens_two_barriers(yard: Yard, event: Event) -> Stepped:
    after, effects = process.step(yard, event)
    if after.phase is Phase.SCANNING:
        effects = (*effects, v.SetBarriers(entry_open=True, release_open=False, inspection_open=True))
    return after, effects


def believes_stale_answers(yard: Yard, event: Event) -> Stepped:
    if isinstance(event, v.DecisionCommitted):
        event = replace(event, ticket=yard.ticket)
    return process.step(yard, event)


def takes_a_failed_commit_for_done(yard: Yard, event: Event) -> Stepped:
    if isinstance(event, v.CommitFailed):
        event = v.DecisionCommitted(event.ticket, Verdict.RELEASE)
    return process.step(yard, event)


def blind_to_tailgating(yard: Yard, event: Event) -> Stepped:
    if isinstance(event, v.YardChanged) and event.seen.vehicles >= 2:
        event = v.YardChanged(event.seen._replace(vehicles=1))
    return process.step(yard, event)


def says_nothing_of_a_second_vehicle(yard: Yard, event: Event) -> Stepped:
    after, effects = process.step(yard, event)
    return after, tuple(e for e in effects if e != v.Alarm("TAILGATING"))


def takes_strangers_for_the_truck(yard: Yard, event: Event) -> Stepped:
    """As if whoever is counted while the entry opens must have come in by it."""
    seen = event.seen if isinstance(event, v.YardChanged) else v.UNKNOWN
    if yard.phase is Phase.ENTRY_OPENING and seen.vehicles == 1 and not seen.emergency:
        after, effects = process.step(yard, v.YardChanged(seen._replace(entry=process.g.OPEN)))
        return after._replace(seen=seen), effects
    return process.step(yard, event)


def releases_a_truck_on_its_way(yard: Yard, event: Event) -> Stepped:
    """As if a truck were at the hold line whenever it was decided."""
    deciding = yard.phase is Phase.DECIDING
    near = yard._replace(seen=yard.seen._replace(at_hold=True)) if deciding else yard
    return process.step(near, event)


def lets_strangers_wait_for_a_decision(yard: Yard, event: Event) -> Stepped:
    after, effects = process.step(yard, event)
    if v.Alarm("INTRUSION") in effects:
        effects = tuple(e for e in effects if e != v.Alarm("INTRUSION"))
    return after, effects


def keeps_the_release_road_open(yard: Yard, event: Event) -> Stepped:
    after, effects = process.step(yard, event)
    if yard.phase is Phase.RELEASING and after.phase is Phase.CLEARING:
        effects = tuple(e for e in effects if not isinstance(e, v.SetBarriers))
    return after, effects


def lets_an_officer_outweigh_radiation(yard: Yard, event: Event) -> Stepped:
    if isinstance(event, v.RadiationAlarm) and yard.phase is Phase.REVIEW:
        return yard, (v.Alarm("RADIATION_ALARM"),)
    return process.step(yard, event)


def drops_an_alarm_that_crossed_an_order(yard: Yard, event: Event) -> Stepped:
    stale = isinstance(event, v.RadiationAlarm) and event.ticket != yard.ticket
    return (yard, ()) if stale else process.step(yard, event)


def hears_of_radiation_in_silence(yard: Yard, event: Event) -> Stepped:
    after, effects = process.step(yard, event)
    return after, tuple(e for e in effects if e != v.Alarm("RADIATION_ALARM"))


def leaves_a_release_as_the_last_word(yard: Yard, event: Event) -> Stepped:
    after, effects = process.step(yard, event)
    if isinstance(event, v.RadiationAlarm) and yard.phase is Phase.RELEASING:
        effects = tuple(e for e in effects if not isinstance(e, v.Divert))
    return after, effects


def forgets_to_send_an_alarmed_truck(yard: Yard, event: Event) -> Stepped:
    after, effects = process.step(yard, event)
    if yard.alarmed:
        effects = tuple(e for e in effects if not isinstance(e, v.Divert))
    return after, effects


def ignores_an_emergency_while_scanning(yard: Yard, event: Event) -> Stepped:
    if yard.phase is not Phase.SCANNING or not isinstance(event, v.YardChanged):
        return process.step(yard, event)
    after, effects = process.step(yard, v.YardChanged(event.seen._replace(emergency=False)))
    return after._replace(seen=event.seen), effects


def leaves_the_arrow_on(yard: Yard, event: Event) -> Stepped:
    after, effects = process.step(yard, event)
    if yard.phase is Phase.RELEASING:
        effects = tuple(e for e in effects if not isinstance(e, v.Show))
    return after, effects


def arms_no_bound_for_the_officer(yard: Yard, event: Event) -> Stepped:
    after, effects = process.step(yard, event)
    return after, tuple(e for e in effects if e != v.StartTimer(Phase.REVIEW))


def forgets_the_officers_bound(yard: Yard, event: Event) -> Stepped:
    return (yard, ()) if event == v.Timeout(Phase.REVIEW) else process.step(yard, event)


def keeps_an_alarm_for_ever(yard: Yard, event: Event) -> Stepped:
    after, effects = process.step(yard, event)
    return after, tuple(e for e in effects if e != v.AlarmOver("EMERGENCY"))


def cries_wolf(yard: Yard, event: Event) -> Stepped:
    after, effects = process.step(yard, event)
    return after, (*effects, v.Alarm("TAILGATING")) if after.phase is Phase.SCANNING else effects


def serves_with_the_journal_down(yard: Yard, event: Event) -> Stepped:
    after, effects = process.step(yard, event)
    if yard.phase is not Phase.IDLE and after.phase is Phase.IDLE:
        after = after._replace(faults=after.faults | {"journal"})
    return after, effects


def shuts_a_truck_in(yard: Yard, event: Event) -> Stepped:
    after, effects = process.step(yard, event)
    if after.phase is Phase.OUT_OF_SERVICE:
        shut = v.SetBarriers(entry_open=False, release_open=False, inspection_open=False)
        effects = tuple(shut if isinstance(e, v.SetBarriers) else e for e in effects)
    return after, effects


ONE_TRUCK = "the release road opens only for the one inspected truck at the line"
COMMITTED = "the release road opens only on a committed release"
BUGS: tuple[tuple[Step, str], ...] = (
    (opens_two_barriers, "never two barriers requested open"),
    (believes_stale_answers, COMMITTED),
    (takes_a_failed_commit_for_done, COMMITTED),
    (takes_strangers_for_the_truck, ONE_TRUCK),
    (releases_a_truck_on_its_way, ONE_TRUCK),
    (blind_to_tailgating, ONE_TRUCK),
    (says_nothing_of_a_second_vehicle, "a second vehicle ends the course"),
    (lets_strangers_wait_for_a_decision, "a stranger is sent to inspection"),
    (keeps_the_release_road_open, "no later phase inherits an open release road"),
    (lets_an_officer_outweigh_radiation, "a radiation alarm always wins"),
    (drops_an_alarm_that_crossed_an_order, "a radiation alarm is told"),
    (hears_of_radiation_in_silence, "a radiation alarm is told"),
    (leaves_a_release_as_the_last_word, "a radiation alarm withdraws a release"),
    (forgets_to_send_an_alarmed_truck, "an alarmed truck is sent to inspection"),
    (ignores_an_emergency_while_scanning, "an emergency always wins"),
    (leaves_the_arrow_on, "the signals follow the process"),
    (arms_no_bound_for_the_officer, "every wait is bounded"),
    (forgets_the_officers_bound, "nobody waits without end"),
    (shuts_a_truck_in, "no truck is trapped"),
    (keeps_an_alarm_for_ever, "the end of an alarm is told"),
    (cries_wolf, "an alarm is raised while it is active"),
    (serves_with_the_journal_down, "a station at rest has no alarm left"),
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("bug", "rule"), BUGS, ids=[bug.__name__ for bug, _ in BUGS])
def test_a_seeded_bug_is_found_with_its_shortest_way(bug: Step, rule: str) -> None:
    result = explored(Model(step=bug, faults=(), alarms=("emergency",)))
    assert result.broken is not None
    assert result.broken.rule == rule
    assert rule in result.report()
    # Breadth first: no way of the same length or shorter was found before, and each move is named.
    assert 1 <= len(result.trace) <= 20


def test_every_rule_has_a_bug_that_it_finds() -> None:
    """But one: that never two barriers are open is the controller's interlock, which the model holds."""
    asked = {rule for _, rule in BUGS} | {"never two barriers open"}
    assert asked == {*TRANSITION_RULES, *WORLD_RULES, *STEP_RULES}
