"""The scanner station's process composed with its world, for exhaustive exploration.

A :class:`World` is the process's :class:`Yard` together with what is physically true: barriers moved by a
controller that holds the interlock, vehicles before and in the lane, alarms, work in progress, and ghosts
(facts that only the rules need). :meth:`Model.moves` lists everything that can happen next, helpful or
hostile, in any order and at any time: timers may fire at once, barriers may never move (as over a vehicle,
EN 12453), answers and alarms may come late, trucks may follow each other, turn round or slip in.

`delayed`: readings reach the process only by an explicit poll, so it acts on what was true some time ago.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from gate_agent.decision import Verdict
from gate_agent.devices import DoorPosition
from gate_agent.nii import process
from gate_agent.nii import vocabulary as v
from gate_agent.nii.table import SHOWN, UNTIMED
from gate_agent.nii.vocabulary import Effect, Event, OfficerOrder, Phase, Seen, SetBarriers, Yard

CLOSED, MOVING, OPEN = DoorPosition.CLOSED, DoorPosition.MOVING, DoorPosition.OPEN
ALL_CLOSED = SetBarriers(entry_open=False, release_open=False, inspection_open=False)
TO_INSPECTION = replace(ALL_CLOSED, inspection_open=True)

Alarm = Literal["emergency", "forced", "disagree", "broken"]
Step = Callable[[Yard, Event], tuple[Yard, tuple[Effect, ...]]]

COMMITS = frozenset({"decide", "divert", "officer release", "officer inspect"})


class World(NamedTuple):
    """`jobs` are answers still to come. Ghosts: a release of this ticket is in the journal (`committed`);
    the one in the lane is whom the entry let in (`same_truck`); radiation was found on it (`hot`) after
    which it was sent to inspection (`sent`); the signals are those of the phase (`lit`)."""

    yard: Yard
    entry: DoorPosition = CLOSED
    release: DoorPosition = CLOSED
    inspection: DoorPosition = CLOSED
    targets: SetBarriers = ALL_CLOSED
    approach: bool = False
    vehicles: int = 0
    at_hold: bool = False
    emergency: bool = False
    forced: bool = False
    disagree: bool = False
    broken: bool = False
    jobs: frozenset[str] = frozenset()
    committed: bool = False
    same_truck: bool = False
    hot: bool = False
    sent: bool = False
    lit: bool = False

    @property
    def linked(self) -> bool:
        return "yard" not in self.yard.faults

    @property
    def barriers(self) -> tuple[DoorPosition, DoorPosition, DoorPosition]:
        return (self.entry, self.release, self.inspection)

    def seen(self) -> Seen:
        return Seen(
            entry=self.entry,
            release=self.release,
            inspection=self.inspection,
            approach=self.approach,
            vehicles=self.vehicles,
            at_hold=self.at_hold,
            emergency=self.emergency,
            forced=self.forced,
            sensors_disagree=self.disagree,
            interlock_ok=not self.broken,
        )


@dataclass(frozen=True, slots=True)
class Model:
    """The process under test in its world. `faults`: which sources of fault may fail and recover;
    `alarms`: which inputs of the controller may change at any time; `orders`: what officers order;
    `hub`: whether the hub may hold a truck; `known`: every step asked so far."""

    step: Step = process.step
    delayed: bool = False
    faults: tuple[str, ...] = ("yard", "journal")
    alarms: tuple[Alarm, ...] = ("emergency", "forced", "disagree", "broken")
    orders: tuple[OfficerOrder, ...] = ("release", "inspect", "reset", "out_of_service")
    hub: bool = True
    known: dict[tuple[Yard, Event], tuple[Yard, tuple[Effect, ...]]] = field(
        default_factory=dict[tuple[Yard, Event], tuple[Yard, tuple[Effect, ...]]], compare=False, repr=False
    )

    def phase(self, world: World) -> Phase:
        return world.yard.phase

    def state(self, world: World) -> Yard:
        return world.yard

    def stepped(self, yard: Yard, event: Event) -> tuple[Yard, tuple[Effect, ...]]:
        """One step; asked once for many worlds. Only whether a ticket is the newest, and the truck's own,
        ever matters, so two numbers stand for all of them."""
        known = self.known.get((yard, event))
        if known is None:
            after, effects = self.step(yard, event)
            truck = 2 if not after.open or after.truck == after.ticket else 1
            if (after.ticket, after.truck) != (2, truck):
                after = after._replace(ticket=2, truck=truck)
            known = self.known[yard, event] = (after, effects)
        return known

    def initial(self) -> World:
        """A lane just switched on; its controller is up already unless it may fail."""
        yard, _ = process.start(frozenset())
        world = World(yard=yard._replace(ticket=2, truck=2))
        if "yard" in self.faults:
            return world
        world, _ = self.tell(world, v.Recovered("yard"))
        world, _ = self.tell(world, v.YardChanged(world.seen()))
        return world

    # ------------------------------------------------------------ what happens to the process

    def tell(self, world: World, event: Event) -> tuple[World, tuple[Effect, ...]]:
        """Give the process one event and perform its effects on the world."""
        yard, effects = self.stepped(world.yard, event)
        lit = world.lit and "yard" not in yard.faults and yard.phase is world.yard.phase
        world = self._believed(world, event)
        for effect in effects:
            world = self._performed(world, effect)
            if isinstance(effect, v.Show):
                lit = "yard" not in yard.faults and effect == SHOWN[yard.phase]
        same = world.same_truck and yard.open
        if effects or (yard, lit, same) != (world.yard, world.lit, world.same_truck):
            world = world._replace(yard=yard, lit=lit, same_truck=same)
        return world, effects

    @staticmethod
    def _believed(world: World, event: Event) -> World:
        """The ghosts that an event about this truck sets."""
        yard = world.yard
        match event:
            case v.DecisionCommitted(ticket, verdict) if yard.open and ticket == yard.ticket:
                return world._replace(
                    committed=verdict is Verdict.RELEASE, sent=world.sent or verdict is Verdict.INSPECT
                )
            case v.RadiationAlarm(ticket) if yard.open and ticket >= yard.truck:
                return world._replace(hot=True)
            case _:
                return world

    @staticmethod
    def _performed(world: World, effect: Effect) -> World:
        now: dict[str, Any] = {}
        match effect:
            case v.Begin():
                now = {"jobs": frozenset(), "committed": False, "hot": False, "sent": False}
                now["same_truck"] = world.vehicles == 0 and world.approach
            case v.Gather():
                now = {"jobs": world.jobs | {"gather"}}
            case v.Decide():
                now = {"jobs": world.jobs | {"decide"}}
            case v.Divert():
                now = {"jobs": frozenset({"divert"}), "committed": False, "sent": True}
            case v.CommitOfficer(verdict=verdict):
                now = {"jobs": frozenset({f"officer {verdict.value}"}), "committed": False}
            case v.Stop():
                now = {"jobs": world.jobs - {"gather"}}
            case v.Finish():
                now = {"jobs": frozenset(), "committed": False, "hot": False, "sent": False}
            case SetBarriers():
                now = {"targets": effect}
            case _:
                pass
        return world._replace(**now) if now else world

    def changed(self, world: World) -> tuple[World, tuple[Effect, ...]]:
        """The plant changed: report it at once, unless reports are delayed or the controller is away."""
        if self.delayed or not world.linked:
            return world, ()
        return self.tell(world, v.YardChanged(world.seen()))

    # ------------------------------------------------------------ what can happen next

    def moves(self, world: World) -> Iterator[tuple[str, World, tuple[Effect, ...]]]:
        for name, event in self.events(world):
            after, effects = self.tell(self.answered(world, event), event)
            yield name, after, effects
        for name, plant in self.plant_moves(world):
            after, effects = self.changed(plant)
            yield name, after, effects
        if world.linked and not world.yard.confirmed and world.yard.targets is not None:
            after, effects = self.tell(world._replace(targets=ALL_CLOSED), v.BarriersRefused())
            yield "the controller refuses the request", after, effects

    def answered(self, world: World, event: Event) -> World:
        if isinstance(event, v.Gathered):
            return world._replace(jobs=world.jobs - {"gather"})
        if isinstance(event, v.DecisionCommitted | v.CommitFailed) and event.ticket == world.yard.ticket:
            return world._replace(jobs=world.jobs - COMMITS)
        return world

    def events(self, world: World) -> Iterator[tuple[str, Event]]:
        yard, ticket = world.yard, world.yard.ticket
        yield from self.answers(world)
        yield (
            "a late release of an earlier question arrives",
            v.DecisionCommitted(ticket - 1, Verdict.RELEASE),
        )
        yield "the portal alarms for this truck", v.RadiationAlarm(yard.truck)
        yield "a late alarm of an earlier truck arrives", v.RadiationAlarm(yard.truck - 1)
        if self.hub:
            yield "the hub holds the truck", v.HubVerdict(ticket)
        if yard.phase not in UNTIMED:
            yield "the phase's bound passes", v.Timeout(yard.phase)
        for source in self.faults:
            if source in yard.faults:
                yield f"{source} recovers", v.Recovered(source)
            else:
                yield f"{source} fails", v.Fault(source)
        for order in self.orders:
            yield f"the officer orders {order}", v.OfficerRequest(order)
        if world.linked and (world.seen() != yard.seen or not yard.confirmed):
            yield "the controller reports", v.YardChanged(world.seen())

    def answers(self, world: World) -> Iterator[tuple[str, Event]]:
        """What the work in progress may come to."""
        ticket = world.yard.ticket
        if "gather" in world.jobs:
            yield "the devices' answers are gathered", v.Gathered(ticket)
        if "decide" in world.jobs:
            yield "a release is committed", v.DecisionCommitted(ticket, Verdict.RELEASE)
            yield "a review is committed", v.DecisionCommitted(ticket, Verdict.REVIEW)
        if world.jobs & {"decide", "divert"}:
            yield "an inspection is committed", v.DecisionCommitted(ticket, Verdict.INSPECT)
        for verdict in (Verdict.RELEASE, Verdict.INSPECT):
            if f"officer {verdict.value}" in world.jobs:
                yield f"the officer's {verdict.value} is committed", v.DecisionCommitted(ticket, verdict)
        if world.jobs & COMMITS:
            yield "the journal fails", v.CommitFailed(ticket)

    def plant_moves(self, world: World) -> Iterator[tuple[str, World]]:
        yield from self.barrier_moves(world)
        yield from self.vehicle_moves(world)
        for alarm in self.alarms:
            # The controller latches an emergency until it was heard.
            if alarm != "emergency" or not world.emergency or world.yard.seen.emergency:
                yield f"the input '{alarm}' changes", world._replace(**{alarm: not getattr(world, alarm)})

    def vehicle_moves(self, world: World) -> Iterator[tuple[str, World]]:
        """Drivers, who may do anything that no closed barrier keeps them from."""
        if world.approach:
            yield "the truck before the entry turns round", world._replace(approach=False)
        elif world.yard.phase in (Phase.IDLE, Phase.CLEARING) or world.entry is not CLOSED:
            # Whoever queues before a closed entry meanwhile makes no difference until then.
            yield "a truck comes to the entry", world._replace(approach=True)
        if world.vehicles:
            where = "moves off" if world.at_hold else "stops at"
            yield f"a truck {where} the hold line", world._replace(at_hold=not world.at_hold)
        if world.entry is not CLOSED:
            if world.approach and world.vehicles < 2:
                yield "a truck drives in", self._one_more(world, let_in=True)._replace(approach=False)
            if world.vehicles:
                yield "a truck backs out of the entry", self._one_less(world)
        for road, barrier in (("release", world.release), ("inspection", world.inspection)):
            if barrier is not CLOSED:
                if world.vehicles:
                    yield f"a truck leaves by the {road} road", self._one_less(world)
                if world.vehicles < 2:
                    yield f"a vehicle comes in from the {road} road", self._one_more(world, let_in=False)
        if world.vehicles == 0 and world.barriers == (CLOSED, CLOSED, CLOSED):
            yield "a vehicle that was not counted is noticed", self._one_more(world, let_in=False)

    def barrier_moves(self, world: World) -> Iterator[tuple[str, World]]:
        """The controller: moves a barrier one position toward its target, and never two from closed."""
        wanted = self.controller_targets(world)
        for name, now, open_it in (
            ("entry", world.entry, wanted.entry_open),
            ("release", world.release, wanted.release_open),
            ("inspection", world.inspection, wanted.inspection_open),
        ):
            free = world.barriers.count(CLOSED) == 3
            then = _next_position(now, open_it, free=free)
            if then is not now:
                yield f"the {name} barrier moves to {then.value}", world._replace(**{name: then})

    @staticmethod
    def controller_targets(world: World) -> SetBarriers:
        """An emergency, or an agent that is away, leaves the controller on its own."""
        if world.emergency:
            return TO_INSPECTION
        if not world.linked:
            return TO_INSPECTION if world.vehicles else ALL_CLOSED
        return world.targets

    @staticmethod
    def _one_more(world: World, *, let_in: bool) -> World:
        """The truck that was asked in stays the same only while it is alone."""
        same = world.same_truck and let_in and world.vehicles == 0
        return world._replace(vehicles=world.vehicles + 1, same_truck=same)

    @staticmethod
    def _one_less(world: World) -> World:
        left = world.vehicles - 1
        return world._replace(vehicles=left, at_hold=world.at_hold and left > 0, same_truck=False)


def _next_position(now: DoorPosition, wanted_open: bool, *, free: bool) -> DoorPosition:
    if wanted_open:
        if now is CLOSED:
            return MOVING if free else CLOSED
        return OPEN
    return {OPEN: MOVING, MOVING: CLOSED}.get(now, CLOSED)
