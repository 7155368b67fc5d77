"""The kiosk's process composed with its world, for exhaustive exploration: what may happen, may happen at any
time.

Rules of safety, kept in every reachable world: nobody is told to go on but for a decision of this case that
is on disk; a case that began has an end; a closed kiosk asks nobody for a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gate_agent.decision import Verdict
from gate_agent.station import vocabulary as v
from gate_kiosk.process import PROCESS, Effect, Event, Kiosk, Phase, Presented, Show


@dataclass(frozen=True, slots=True)
class World:
    """`committed`: the verdict that the journal holds for the running case."""

    kiosk: Kiosk
    committed: Verdict | None = None


class Model:
    """Every order of everything that can happen to a kiosk; tickets are counted from nought in each world."""

    def initial(self) -> World:
        return World(PROCESS.start(frozenset({"reader", "policy"}))[0])

    def moves(self, world: World) -> Iterator[tuple[str, World, tuple[Effect, ...]]]:
        kiosk = world.kiosk
        yield self._step("a zone is read", world, Presented())
        yield self._step("a zone is unreadable", world, Presented(readable=False))
        for source in ("reader", "policy", "journal"):
            known = source in kiosk.faults
            event = v.Recovered(source) if known else v.Fault(source)
            yield self._step(f"{source} {'recovers' if known else 'fails'}", world, event)
        for order in ("reset", "out_of_service", "in_service"):
            yield self._step(f"an officer orders {order}", world, v.OfficerRequest(order))
        yield self._step("the bound passes", world, v.Timeout(kiosk.phase))
        if kiosk.open and kiosk.phase is Phase.DECIDING:
            for verdict in (Verdict.ADMIT, Verdict.REFER):
                kept = replace(world, committed=verdict)
                yield self._step(
                    f"{verdict.value} is committed", kept, v.DecisionCommitted(kiosk.ticket, verdict)
                )
            yield self._step("the commit fails", world, v.CommitFailed(kiosk.ticket))

    def _step(self, name: str, world: World, event: Event) -> tuple[str, World, tuple[Effect, ...]]:
        kiosk, effects = PROCESS.step(world.kiosk, event)
        begun = any(isinstance(effect, v.Begin) for effect in effects)
        committed = None if begun or not kiosk.open else world.committed
        return name, World(kiosk._replace(ticket=1 if kiosk.open else 0), committed), effects

    def phase(self, world: World) -> Phase:
        return world.kiosk.phase

    def state(self, world: World) -> Kiosk:
        return world.kiosk


def broken_rule(_model: Model, before: World, after: World, effects: tuple[Effect, ...]) -> str | None:
    """The rule that this transition breaks; None when it is safe."""
    if Show("GO_TO_GATE") in effects and after.committed is not Verdict.ADMIT:
        return "told to go on without a committed decision"
    if before.kiosk.open and not after.kiosk.open and v.Finish() not in effects:
        return "a case ended without being finished"
    if Show("PRESENT_DOCUMENT") in effects and (after.kiosk.faults or after.kiosk.latched):
        return "asked for a document that it cannot judge"
    return None
