"""The rules of safety of a scanner station, asked of every transition that the model can make."""

from __future__ import annotations

from gate_agent.decision import Verdict
from gate_agent.devices import DoorPosition
from gate_agent.nii import vocabulary as v
from gate_agent.nii.process import PROCESS
from gate_agent.nii.table import INSPECTING, UNTIMED
from gate_agent.nii.vocabulary import Effect, Phase, SetBarriers
from gate_simulators.proof import exploration
from gate_simulators.proof.alarm_rules import alarm_rules
from gate_simulators.proof.yard_model import Model, World

CLOSED, OPEN = DoorPosition.CLOSED, DoorPosition.OPEN

Effects = tuple[Effect, ...]

PATIENCE = 10
"""How many bounds may pass, one after the other, before every wait has ended."""

WATCHED = (Phase.ENTRY_OPENING, *INSPECTING, Phase.RELEASING, Phase.REVIEW)


def opens_release(effects: Effects) -> bool:
    return any(isinstance(e, SetBarriers) and e.release_open for e in effects)


def told(effects: Effects) -> bool:
    return any(isinstance(e, v.Alarm) for e in effects)


# ---------------------------------------------------------------- 1


def never_two_barriers_open(_m: Model, _before: World, after: World, _effects: Effects) -> bool:
    return after.barriers.count(CLOSED) >= 2


def never_two_barriers_requested(_m: Model, _before: World, _after: World, effects: Effects) -> bool:
    requests = [e for e in effects if isinstance(e, SetBarriers)]
    return all(e.entry_open + e.release_open + e.inspection_open <= 1 for e in requests)


# ---------------------------------------------------------------- 2, 8 and 9


def release_only_when_committed(_m: Model, _before: World, after: World, effects: Effects) -> bool:
    """The release road is asked open only in its phase, with a release of this ticket in the journal."""
    return not opens_release(effects) or (after.committed and after.yard.phase is Phase.RELEASING)


def release_only_for_the_one_truck(model: Model, _before: World, after: World, effects: Effects) -> bool:
    """A closed release barrier is asked open only for the truck that was inspected, alone, at the line.

    With delayed reports it may have moved off the line, or changed places, unseen; that it is one vehicle
    between closed barriers must hold even then.
    """
    if not opens_release(effects) or after.release is not CLOSED or after.emergency:
        return True  # in an emergency the controller obeys only itself
    alone = after.vehicles == 1 and after.entry is CLOSED and after.inspection is CLOSED
    if model.delayed:
        return alone and after.yard.seen.at_hold
    return alone and after.at_hold and after.same_truck


def release_request_ends(_m: Model, _before: World, after: World, _effects: Effects) -> bool:
    """No later phase, and no other truck, inherits an open release road."""
    if not after.linked or not after.yard.seen.known:
        return True
    return not after.targets.release_open or after.yard.phase is Phase.RELEASING


def a_second_vehicle_is_told(_m: Model, before: World, after: World, effects: Effects) -> bool:
    """Whoever follows a truck into the lane ends its course, and officers hear of it."""
    if before.yard.phase not in WATCHED or before.yard.seen.vehicles > 1 or after.yard.seen.vehicles < 2:
        return True
    return told(effects) and after.yard.phase not in WATCHED


def a_stranger_is_told(_m: Model, before: World, after: World, effects: Effects) -> bool:
    """A case that begins with a vehicle in the lane already is that of a stranger: alarm, inspection."""
    begun = any(isinstance(e, v.Begin) for e in effects)
    if not begun or after.yard.seen.vehicles == 0:
        return True
    return told(effects) and after.yard.phase is Phase.DIRECTING


# ---------------------------------------------------------------- 3


def radiation_wins(_m: Model, _before: World, after: World, effects: Effects) -> bool:
    """After an alarm of this truck nothing opens the release road, and nobody is asked to commit it."""
    if not after.hot:
        return True
    release = any(isinstance(e, v.CommitOfficer) and e.verdict is Verdict.RELEASE for e in effects)
    inherited = after.linked and after.yard.seen.known and after.targets.release_open
    return not opens_release(effects) and not release and not inherited


def radiation_is_told(_m: Model, before: World, after: World, effects: Effects) -> bool:
    return before.hot or not after.hot or told(effects)


def radiation_withdraws_a_release(_m: Model, before: World, after: World, effects: Effects) -> bool:
    """A release that is in the journal does not stay its last word."""
    if not after.hot or not (before.committed or after.committed):
        return True
    return any(isinstance(e, v.Divert) for e in effects)


def an_alarmed_truck_was_sent(_m: Model, before: World, _after: World, effects: Effects) -> bool:
    """No inspection of an alarmed truck ends without the word that it is to be inspected."""
    if not before.hot or not any(isinstance(e, v.Finish) for e in effects):
        return True
    return before.sent or any(isinstance(e, v.Divert) for e in effects)


# ---------------------------------------------------------------- 5, 6 and 7


def emergency_wins(_m: Model, _before: World, after: World, _effects: Effects) -> bool:
    seen = after.yard.seen
    return not (seen.known and seen.emergency) or after.yard.phase is Phase.EMERGENCY


def the_signals_follow(_m: Model, _before: World, after: World, _effects: Effects) -> bool:
    """A controller that was without the agent shows its own signals until it is told again."""
    return after.lit or not after.linked


def every_wait_is_bounded(_m: Model, before: World, after: World, effects: Effects) -> bool:
    """Entering a phase arms its bound; staying in it without an order does not rearm it."""
    armed = [e.phase for e in effects if isinstance(e, v.StartTimer)]
    if before.yard.phase is after.yard.phase:
        return not armed or armed[-1] == after.yard.phase
    return armed[-1:] == [after.yard.phase]


def the_wait_ends(model: Model, _before: World, after: World, _effects: Effects) -> bool:
    """If nobody does anything and only time passes, the lane comes to rest."""
    world = after
    for _ in range(PATIENCE):
        world = settled(model, world)
        if world.yard.phase in UNTIMED:
            return True
        world, _told = model.tell(world, v.Timeout(world.yard.phase))
    return False


# ---------------------------------------------------------------- 4


def nobody_is_trapped(model: Model, _before: World, after: World, _effects: Effects) -> bool:
    """Where the ordinary course has ended, whoever is in the lane finds the way to the inspection area."""
    world = settled(model, after)
    if world.yard.phase is Phase.REVIEW:
        world, _told = model.tell(world, v.Timeout(Phase.REVIEW))
        world = settled(model, world)
    ended = (Phase.DIRECTING, Phase.OUT_OF_SERVICE, Phase.EMERGENCY)
    return world.vehicles == 0 or world.yard.phase not in ended or world.inspection is OPEN


def settled(model: Model, world: World) -> World:
    """Let the barriers reach their targets, and the process hear of it, with nothing else happening."""
    for _ in range(12):
        if world.linked and (world.yard.seen != world.seen() or not world.yard.confirmed):
            world, _told = model.tell(world, v.YardChanged(world.seen()))
        move = next(iter(model.barrier_moves(world)), None)
        if move is None:
            break
        world = move[1]
    return world


TRANSITION_RULES: dict[str, exploration.Rule[Model, World]] = {
    "never two barriers open": never_two_barriers_open,
    "never two barriers requested open": never_two_barriers_requested,
    "the release road opens only on a committed release": release_only_when_committed,
    "the release road opens only for the one inspected truck at the line": release_only_for_the_one_truck,
    "no later phase inherits an open release road": release_request_ends,
    "a second vehicle ends the course": a_second_vehicle_is_told,
    "a stranger is sent to inspection": a_stranger_is_told,
    "a radiation alarm always wins": radiation_wins,
    "a radiation alarm is told": radiation_is_told,
    "a radiation alarm withdraws a release": radiation_withdraws_a_release,
    "an alarmed truck is sent to inspection": an_alarmed_truck_was_sent,
    "an emergency always wins": emergency_wins,
    "the signals follow the process": the_signals_follow,
    "every wait is bounded": every_wait_is_bounded,
}

WORLD_RULES: dict[str, exploration.Rule[Model, World]] = {
    "nobody waits without end": the_wait_ends,
    "no truck is trapped": nobody_is_trapped,
}

STEP_RULES = alarm_rules(PROCESS)


class Rulebook(exploration.Rulebook[Model, World]):
    """All rules of the scanner station."""

    def __init__(self) -> None:
        super().__init__(TRANSITION_RULES, WORLD_RULES, STEP_RULES)
