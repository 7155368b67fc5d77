"""The e-gate process composed with its world, for exhaustive exploration.

A :class:`World` is the process's :class:`Lane` together with what is physically true: door leaves moved
by a controller that holds the interlock, people and things in the lane, alarms, work in progress, and
ghosts (facts that only the rules need). :meth:`Model.moves` lists everything that can happen next, helpful
or hostile, in any order and at any time: timers may fire at once, doors may never move, answers may come
late, sensors may lie. :func:`gate_simulators.proof.exploration.explore` visits every reachable world.

`delayed`: readings reach the process only by an explicit poll, so it acts on what was true some time ago.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from gate_agent.decision import Verdict
from gate_agent.devices import DoorPosition
from gate_agent.egate import process
from gate_agent.egate import vocabulary as v
from gate_agent.egate.table import ENTERING, UNTIMED
from gate_agent.egate.vocabulary import Effect, Event, Lane, Phase, Seen, SetDoors

CLOSED, MOVING, OPEN = DoorPosition.CLOSED, DoorPosition.MOVING, DoorPosition.OPEN
BOTH_CLOSED = SetDoors(entry_open=False, exit_open=False)

Alarm = Literal["emergency", "forced", "disagree", "broken"]
Step = Callable[[Lane, Event], tuple[Lane, tuple[Effect, ...]]]


class World(NamedTuple):
    """`approach`: the sensor at the reader sees somebody, which makes a difference to an idle lane alone;
    `jobs` are answers still to come. Ghosts: an admit of this ticket is in the journal (`committed`);
    the one inside is whom this transaction let in (`same_person`); the lights are the agent's (`lit`)."""

    lane: Lane
    entry: DoorPosition = CLOSED
    exit: DoorPosition = CLOSED
    targets: SetDoors = BOTH_CLOSED
    approach: bool = False
    inside: int = 0
    thing: bool = False
    emergency: bool = False
    forced: bool = False
    disagree: bool = False
    broken: bool = False
    jobs: frozenset[str] = frozenset()
    committed: bool = False
    same_person: bool = False
    lit: bool = False

    @property
    def linked(self) -> bool:
        return "lane" not in self.lane.faults

    def seen(self) -> Seen:
        return Seen(
            entry=self.entry,
            exit=self.exit,
            approach=self.approach,
            inside=self.inside,
            object_inside=self.thing,
            emergency=self.emergency,
            forced=self.forced,
            sensors_disagree=self.disagree,
            interlock_ok=not self.broken,
        )


@dataclass(frozen=True, slots=True)
class Model:
    """The process under test in its world. `faults`: which sources of fault may fail and recover;
    `alarms`: which inputs of the controller may change at any time; `known`: every step asked so far."""

    step: Step = process.step
    delayed: bool = False
    faults: tuple[str, ...] = ("lane", "journal")
    alarms: tuple[Alarm, ...] = ("emergency", "forced", "disagree", "broken")
    known: dict[tuple[Lane, Event], tuple[Lane, tuple[Effect, ...]]] = field(
        default_factory=dict[tuple[Lane, Event], tuple[Lane, tuple[Effect, ...]]], compare=False, repr=False
    )

    def phase(self, world: World) -> Phase:
        return world.lane.phase

    def state(self, world: World) -> Lane:
        return world.lane

    def stepped(self, lane: Lane, event: Event) -> tuple[Lane, tuple[Effect, ...]]:
        """One step; asked once for many worlds. Only equality with the newest ticket ever matters, so one
        number stands for all of them; who stands at the reader matters to an idle lane alone."""
        known = self.known.get((lane, event))
        if known is None:
            after, effects = self.step(lane, event)
            if after.seen.approach and after.phase is not Phase.IDLE:
                after = after._replace(seen=after.seen._replace(approach=False))
            known = self.known[lane, event] = (after._replace(ticket=1), effects)
        return known

    def initial(self) -> World:
        """A lane just switched on; its controller is up already unless it may fail."""
        lane, _ = process.start(frozenset())
        world = World(lane=lane._replace(ticket=1))
        if "lane" in self.faults:
            return world
        world, _ = self.tell(world, v.Recovered("lane"))
        world, _ = self.tell(world, v.LaneChanged(world.seen()))
        return world

    # ------------------------------------------------------------ what happens to the process

    def tell(self, world: World, event: Event) -> tuple[World, tuple[Effect, ...]]:
        """Give the process one event and perform its effects on the world."""
        lane, effects = self.stepped(world.lane, event)
        jobs, targets, committed, same = world.jobs, world.targets, world.committed, world.same_person
        lit = world.lit and "lane" not in lane.faults
        if isinstance(event, v.DecisionCommitted) and event.ticket == world.lane.ticket:
            committed = committed or event.verdict is Verdict.ADMIT
        for effect in effects:
            match effect:
                case v.Begin():
                    jobs, committed, same = frozenset(), False, False
                case v.ReadDocument():
                    jobs |= {"read"}
                case v.Capture():
                    jobs |= {"capture"}
                    same = True
                case v.Decide():
                    jobs |= {"decide"}
                case v.Refer():
                    jobs |= {"refer"}
                case v.CommitOfficer(verdict=verdict):
                    jobs, committed = frozenset({f"officer {verdict.value}"}), False
                case v.Finish():
                    jobs, committed = frozenset(), False
                case SetDoors():
                    targets = effect
                case v.Show():
                    lit = "lane" not in lane.faults
                case _:
                    pass
        return (
            world._replace(
                lane=lane,
                jobs=jobs,
                targets=targets,
                approach=world.approach and lane.phase is Phase.IDLE,
                committed=committed,
                same_person=same and lane.open,
                lit=lit,
            ),
            effects,
        )

    def changed(self, world: World) -> tuple[World, tuple[Effect, ...]]:
        """The plant changed: report it at once, unless reports are delayed or the controller is away."""
        if self.delayed or not world.linked:
            return world, ()
        return self.tell(world, v.LaneChanged(world.seen()))

    # ------------------------------------------------------------ what can happen next

    def moves(self, world: World) -> Iterator[tuple[str, World, tuple[Effect, ...]]]:
        for name, event in self.events(world):
            after, effects = self.tell(self.answered(world, event), event)
            yield name, after, effects
        for name, plant in self.plant_moves(world):
            after, effects = self.changed(plant)
            yield name, after, effects
        if world.linked and not world.lane.confirmed and world.lane.targets is not None:
            after, effects = self.tell(world._replace(targets=BOTH_CLOSED), v.DoorsRefused())
            yield "the controller refuses the request", after, effects

    def answered(self, world: World, event: Event) -> World:
        job = {v.DocumentVetted: "read", v.CardLost: "read", v.FaceCaptured: "capture"}.get(type(event))
        if isinstance(event, v.DecisionCommitted | v.CommitFailed) and event.ticket == world.lane.ticket:
            return world._replace(jobs=world.jobs - {"decide", "refer", "officer admit", "officer refuse"})
        return world._replace(jobs=world.jobs - {job}) if job else world

    def events(self, world: World) -> Iterator[tuple[str, Event]]:
        lane, ticket = world.lane, world.lane.ticket
        if lane.phase in (Phase.IDLE, Phase.PRESENTED, Phase.READING):
            yield "the document is presented", v.DocumentPresented()
            yield "a zone that does not read arrives", v.DocumentPresented(readable=False)
            yield "another document is presented", v.DocumentPresented(same=False)
            yield "the document is removed", v.DocumentRemoved()
            yield "the chip comes or goes", v.ChipPresent(not lane.chip)
        yield from self.answers(world)
        yield "a late admit of an earlier traveller arrives", v.DecisionCommitted(ticket - 1, Verdict.ADMIT)
        yield "the hub holds the transaction", v.HubVerdict(ticket)
        if lane.phase not in UNTIMED:
            yield "the phase's bound passes", v.Timeout(lane.phase)
        for source in self.faults:
            if source in lane.faults:
                yield f"{source} recovers", v.Recovered(source)
            else:
                yield f"{source} fails", v.Fault(source)
        for order in ("admit", "refuse", "reset", "out_of_service"):
            yield f"the officer orders {order}", v.OfficerRequest(order)
        if world.linked and (world.seen() != lane.seen or not lane.confirmed):
            yield "the controller reports", v.LaneChanged(world.seen())

    def answers(self, world: World) -> Iterator[tuple[str, Event]]:
        """What the work in progress may come to."""
        ticket = world.lane.ticket
        if "read" in world.jobs:
            yield "the document is vetted: enter", v.DocumentVetted(ticket, enter=True)
            yield "the document is vetted: do not enter", v.DocumentVetted(ticket, enter=False)
            yield "the card is lost", v.CardLost(ticket)
        if "capture" in world.jobs:
            yield "the face is captured", v.FaceCaptured(ticket)
        if "decide" in world.jobs:
            yield "an admit is committed", v.DecisionCommitted(ticket, Verdict.ADMIT)
        if world.jobs & {"decide", "refer"}:
            yield "a referral is committed", v.DecisionCommitted(ticket, Verdict.REFER)
        for verdict in (Verdict.ADMIT, Verdict.REFUSE):
            if f"officer {verdict.value}" in world.jobs:
                yield f"the officer's {verdict.value} is committed", v.DecisionCommitted(ticket, verdict)
        if world.jobs & {"decide", "refer", "officer admit", "officer refuse"}:
            yield "the journal fails", v.CommitFailed(ticket)

    def plant_moves(self, world: World) -> Iterator[tuple[str, World]]:
        yield from self.door_moves(world)
        if world.lane.phase is Phase.IDLE:
            yield "somebody comes to the reader, or goes", world._replace(approach=not world.approach)
        if world.entry is not CLOSED:
            if world.inside < 2:
                yield "a person enters", self._one_more(world)
            if world.inside > 0:
                yield "a person leaves by the entry", self._one_less(world)
        if world.exit is not CLOSED:
            if world.inside > 0:
                yield "a person leaves by the exit", self._one_less(world)
            if world.inside < 2:
                yield "a person comes in by the exit", self._one_more(world)
        if world.inside == 0 and world.entry is CLOSED and world.exit is CLOSED:
            yield "somebody who hid is noticed", self._one_more(world)
        if world.inside and not world.thing:
            yield "a thing is left", world._replace(thing=True)
        if world.thing:
            yield "the thing is taken away", world._replace(thing=False)
        for alarm in self.alarms:
            # The controller latches an emergency until it was heard.
            if alarm != "emergency" or not world.emergency or world.lane.seen.emergency:
                yield f"the input '{alarm}' changes", world._replace(**{alarm: not getattr(world, alarm)})

    def door_moves(self, world: World) -> Iterator[tuple[str, World]]:
        """The controller: moves a leaf one position toward its target, and never both from closed."""
        targets = self.controller_targets(world)
        entry = _next_position(world.entry, targets.entry_open, free=world.exit is CLOSED)
        if entry is not world.entry:
            yield f"the entry moves to {entry.value}", world._replace(entry=entry)
        leaf = _next_position(world.exit, targets.exit_open, free=world.entry is CLOSED)
        if leaf is not world.exit:
            yield f"the exit moves to {leaf.value}", world._replace(exit=leaf)

    @staticmethod
    def controller_targets(world: World) -> SetDoors:
        """An emergency, or an agent that is away, leaves the controller on its own."""
        if world.emergency:
            return SetDoors(entry_open=True, exit_open=False)
        if not world.linked:
            return SetDoors(entry_open=world.inside > 0, exit_open=False)
        return world.targets

    @staticmethod
    def _one_more(world: World) -> World:
        """Whoever comes into the empty lane while it lets somebody in is the traveller, for all it knows."""
        let_in = world.inside == 0 and world.lane.open and world.lane.phase in ENTERING
        return world._replace(inside=world.inside + 1, same_person=world.same_person or let_in)

    @staticmethod
    def _one_less(world: World) -> World:
        inside = world.inside - 1
        return world._replace(inside=inside, same_person=world.same_person and inside > 0)


def _next_position(now: DoorPosition, wanted_open: bool, *, free: bool) -> DoorPosition:
    if wanted_open:
        if now is CLOSED:
            return MOVING if free else CLOSED
        return OPEN
    return {OPEN: MOVING, MOVING: CLOSED}.get(now, CLOSED)
