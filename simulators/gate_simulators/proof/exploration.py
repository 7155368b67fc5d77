"""Exhaustive exploration of a station's process composed with its world, for any kind of station.

:func:`explore` visits every reachable world breadth first, asks the rules of safety of each transition, and
returns the shortest way to a broken rule, if there is one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

W = TypeVar("W")
"""A world: the process's state together with what is physically true."""
M = TypeVar("M", bound="ModelOf[Any]")

Effects: TypeAlias = tuple[Any, ...]
StepRule: TypeAlias = Callable[[Any, Any, Effects], bool]
"""Whether a step of the process is right: asked with its state before and after, and the effects."""
Rule: TypeAlias = Callable[[M, W, W, Effects], bool]
"""Whether a transition is safe: asked with the model, the world before and after, and the effects."""


class ModelOf(Protocol[W]):
    """What can be explored."""

    def initial(self) -> W: ...

    def moves(self, world: W, /) -> Iterator[tuple[str, W, Effects]]:
        """Everything that can happen next: its name, the world it leads to, what the process asked for."""
        ...

    def phase(self, world: W, /) -> StrEnum: ...

    def state(self, world: W, /) -> Any:
        """What the process remembers."""
        ...


@dataclass(frozen=True, slots=True)
class BrokenRule(Generic[W]):
    """A rule of safety and what broke it."""

    rule: str
    world: W


@dataclass(frozen=True, slots=True)
class Exploration(Generic[W]):
    """What an exploration saw. `trace` is the shortest way to the broken rule, move by move."""

    worlds: int
    transitions: int
    phases: frozenset[StrEnum]
    broken: BrokenRule[W] | None = None
    trace: tuple[str, ...] = ()

    def report(self) -> str:
        """For people: the counterexample, one move a line, with the phase it led to."""
        if self.broken is None:
            return f"{self.worlds} worlds, {self.transitions} transitions, no rule broken"
        steps = "\n".join(f"  {i:2}. {line}" for i, line in enumerate(self.trace, 1))
        return f"broken: {self.broken.rule}\n{steps}\n  in {self.broken.world}"


class Rulebook(Generic[M, W]):
    """Asks the rules of every transition, those of `steps` once for each step of the process, and the
    costlier ones of `worlds` once for each world."""

    def __init__(
        self,
        transitions: Mapping[str, Rule[M, W]],
        worlds: Mapping[str, Rule[M, W]],
        steps: Mapping[str, StepRule],
    ) -> None:
        self._transitions = transitions
        self._worlds = worlds
        self._steps = steps
        self._asked: set[W] = set()
        self._stepped: set[tuple[Any, Any, Effects]] = set()

    def broken_rule(self, model: M, before: W, after: W, effects: Effects) -> str | None:
        for name, rule in self._transitions.items():
            if not rule(model, before, after, effects):
                return name
        step = (model.state(before), model.state(after), effects)
        if step[0] is not step[1] and step not in self._stepped:
            self._stepped.add(step)
            for name, right in self._steps.items():
                if not right(*step):
                    return name
        if after not in self._asked:
            self._asked.add(after)
            for name, rule in self._worlds.items():
                if not rule(model, before, after, effects):
                    return name
        return None


def explore(
    model: M,
    broken_rule: Callable[[M, W, W, Effects], str | None],
    *,
    limit: int = 5_000_000,
) -> Exploration[W]:
    """Visit every reachable world breadth first, asking `broken_rule` about each transition.

    Raises RuntimeError when more than `limit` worlds are reachable (the model is then unbounded).
    """
    start: W = model.initial()
    parents: dict[W, tuple[W, str] | None] = {start: None}
    queue: deque[W] = deque([start])
    transitions = 0
    while queue:
        world = queue.popleft()
        for name, after, effects in model.moves(world):
            transitions += 1
            if after is world and not effects:
                continue  # nothing happened: this world was asked about already
            rule = broken_rule(model, world, after, effects)
            if rule is not None:
                parents.setdefault(after, (world, name))
                trace = (*_trace(model, parents, world), f"{name}  ->  {model.phase(after).value}")
                return _exploration(model, parents, transitions, BrokenRule(rule, after), trace)
            if after not in parents:
                parents[after] = (world, name)
                queue.append(after)
        if len(parents) > limit:
            raise RuntimeError(f"more than {limit} worlds: the model is not finite")
    return _exploration(model, parents, transitions, None, ())


def _exploration(
    model: ModelOf[W],
    parents: dict[W, tuple[W, str] | None],
    transitions: int,
    broken: BrokenRule[W] | None,
    trace: tuple[str, ...],
) -> Exploration[W]:
    return Exploration(
        worlds=len(parents),
        transitions=transitions,
        phases=frozenset(model.phase(w) for w in parents),
        broken=broken,
        trace=trace,
    )


def _trace(model: ModelOf[W], parents: dict[W, tuple[W, str] | None], world: W) -> tuple[str, ...]:
    steps: list[str] = []
    while (parent := parents[world]) is not None:
        before, name = parent
        steps.append(f"{name}  ->  {model.phase(world).value}")
        world = before
    return tuple(reversed(steps))
