"""The rules of safety of an e-gate lane, asked of every transition that the model can make."""

from __future__ import annotations

from gate_agent.devices import DoorPosition
from gate_agent.egate import vocabulary as v
from gate_agent.egate.process import PROCESS
from gate_agent.egate.table import EXITING, UNTIMED
from gate_agent.egate.vocabulary import Effect, Phase, SetDoors
from gate_simulators.proof import exploration
from gate_simulators.proof.alarm_rules import alarm_rules
from gate_simulators.proof.lane_model import Model, World

CLOSED, OPEN = DoorPosition.CLOSED, DoorPosition.OPEN

PATIENCE = 12
"""How many bounds may pass, one after the other, before everybody's wait has ended."""


def never_both_doors_open(_model: Model, _before: World, after: World, _effects: tuple[Effect, ...]) -> bool:
    return after.entry is CLOSED or after.exit is CLOSED


def never_both_doors_requested(_m: Model, _before: World, _after: World, effects: tuple[Effect, ...]) -> bool:
    return not any(isinstance(e, SetDoors) and e.entry_open and e.exit_open for e in effects)


def exit_only_on_committed_admit(
    _m: Model, _before: World, after: World, effects: tuple[Effect, ...]
) -> bool:
    """An open exit is requested only in an exiting phase with an admit of this ticket committed."""
    if not any(isinstance(e, SetDoors) and e.exit_open for e in effects):
        return True
    return after.committed and after.lane.phase in EXITING


def exit_only_for_the_one_person(
    model: Model, before: World, after: World, effects: tuple[Effect, ...]
) -> bool:
    """When the exit is first requested open, the lane holds exactly the person with the evidence.

    With delayed reports two people could change places between two polls unseen by any sensor; that
    it is still *one* person between closed doors must hold even then.
    """
    if not any(isinstance(e, SetDoors) and e.exit_open for e in effects):
        return True
    if before.lane.phase in EXITING or after.emergency:  # in an emergency the controller obeys only itself
        return True
    alone = after.inside == 1 and after.entry is CLOSED and after.exit is CLOSED
    return alone and (after.same_person or model.delayed)


def exit_request_ends_with_the_phase(
    _m: Model, _b: World, after: World, _effects: tuple[Effect, ...]
) -> bool:
    """No later phase, and no other traveller, inherits an open exit."""
    if "lane" in after.lane.faults or not after.lane.seen.known:
        return True
    return not after.targets.exit_open or after.lane.phase in EXITING


def emergency_wins(_model: Model, _before: World, after: World, _effects: tuple[Effect, ...]) -> bool:
    seen = after.lane.seen
    return not (seen.known and seen.emergency) or after.lane.phase is Phase.EMERGENCY


def noise_begins_nothing(model: Model, before: World, after: World, effects: tuple[Effect, ...]) -> bool:
    """A zone that does not read begins a case, and ends it, only for somebody at the reader."""
    begun = any(isinstance(e, v.Begin) for e in effects)
    if not begun or after.lane.phase is not Phase.TURNED_AWAY:
        return True
    return before.lane.chip or (before.lane.seen.approach if model.delayed else before.approach)


def the_lights_are_the_agents(
    _model: Model, _before: World, after: World, _effects: tuple[Effect, ...]
) -> bool:
    """A controller that was without the agent shows its own lights until it is told again."""
    return after.lit or not after.linked


def every_wait_is_bounded(_model: Model, before: World, after: World, effects: tuple[Effect, ...]) -> bool:
    """Entering a phase arms its bound, and staying in it does not rearm it."""
    armed = [e.phase for e in effects if isinstance(e, v.StartTimer)]
    if before.lane.phase is after.lane.phase:
        return not armed or armed == [after.lane.phase]
    return armed[-1:] == [after.lane.phase]


def the_wait_ends(model: Model, _before: World, after: World, _effects: tuple[Effect, ...]) -> bool:
    """If nobody does anything and only time passes, the lane comes to rest."""
    world = after
    for _ in range(PATIENCE):
        world = _doors_settle(model, world)
        if world.lane.phase in UNTIMED:
            return True
        world, _effects = model.tell(world, v.Timeout(world.lane.phase))
    return False


def nobody_is_shut_in(model: Model, _before: World, after: World, _effects: tuple[Effect, ...]) -> bool:
    """Once the lane rests or an officer has it, a person inside finds the way back open."""
    if after.inside == 0 or after.lane.phase not in (Phase.REFERRED, Phase.OUT_OF_SERVICE, Phase.EMERGENCY):
        return True
    return _can_leave(_doors_settle(model, after))


def _doors_settle(model: Model, world: World) -> World:
    """Let the doors reach their targets, and the process hear of it, with nothing else happening."""
    for _ in range(10):
        if world.linked and (world.lane.seen != world.seen() or not world.lane.confirmed):
            world, _ = model.tell(world, v.LaneChanged(world.seen()))
        move = next(iter(model.door_moves(world)), None)
        if move is None:
            break
        world = move[1]
    return world


def _can_leave(world: World) -> bool:
    return world.entry is OPEN or (world.exit is OPEN and world.committed)


TRANSITION_RULES: dict[str, exploration.Rule[Model, World]] = {
    "never both doors open": never_both_doors_open,
    "never both doors requested open": never_both_doors_requested,
    "the exit opens only on a committed admit": exit_only_on_committed_admit,
    "the exit opens only for the one person inside": exit_only_for_the_one_person,
    "no later phase inherits an open exit": exit_request_ends_with_the_phase,
    "an emergency always wins": emergency_wins,
    "noise on the reader's line begins nothing": noise_begins_nothing,
    "the lights follow the process": the_lights_are_the_agents,
    "every wait is bounded": every_wait_is_bounded,
}

WORLD_RULES: dict[str, exploration.Rule[Model, World]] = {
    "nobody waits without end": the_wait_ends,
    "a person can always leave": nobody_is_shut_in,
}

STEP_RULES = alarm_rules(PROCESS)


class Rulebook(exploration.Rulebook[Model, World]):
    """All rules of the e-gate."""

    def __init__(self) -> None:
        super().__init__(TRANSITION_RULES, WORLD_RULES, STEP_RULES)
