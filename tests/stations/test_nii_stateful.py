"""Long random lives of a scanner lane with its world, under the same rules that the exploration asks.

The exploration is exhaustive within its fault model; here every fault, alarm and late report is let loose
at once, in runs much longer than the shortest ways that breadth-first search walks.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gate_agent.nii import process
from gate_agent.nii import vocabulary as v
from gate_agent.nii.table import UNTIMED
from gate_agent.nii.vocabulary import Effect, Event, Phase
from gate_simulators.proof.yard_model import Model, World
from gate_simulators.proof.yard_rules import STEP_RULES, TRANSITION_RULES, WORLD_RULES

SOURCES = ("yard", "journal", "policy", "scanner", "portal", "scale", "camera_left", "seals")
RUNS = settings(
    max_examples=40, stateful_step_count=100, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


class YardLife(RuleBasedStateMachine):
    """Moves of the world, chosen by hypothesis; the rules of safety are asked after each."""

    delayed = False

    def __init__(self) -> None:
        super().__init__()
        self.model = Model(delayed=self.delayed, faults=SOURCES)
        self.before = self.world = self.model.initial()
        self.effects: tuple[Effect, ...] = ()
        self.told = set[str]()

    def become(self, world: World, effects: tuple[Effect, ...]) -> None:
        self.before, self.world, self.effects = self.world, world, effects
        for effect in effects:
            if isinstance(effect, v.Alarm):
                self.told.add(effect.reason)
            elif isinstance(effect, v.AlarmOver):
                self.told.discard(effect.reason)

    def tell(self, event: Event) -> None:
        self.become(*self.model.tell(self.world, event))

    @rule(choice=st.integers(0, 10_000))
    def anything(self, choice: int) -> None:
        """Any one move, helpful or hostile."""
        moves = list(self.model.moves(self.world))
        _, world, effects = moves[choice % len(moves)]
        self.become(world, effects)

    @rule(choice=st.integers(0, 10_000))
    def work_comes_to_an_end(self, choice: int) -> None:
        """An answer, while there is one to come: otherwise few runs would get past the gathering."""
        answers = [event for _, event in self.model.answers(self.world)]
        if answers:
            event = answers[choice % len(answers)]
            self.become(*self.model.tell(self.model.answered(self.world, event), event))

    @rule()
    def the_barriers_arrive(self) -> None:
        """The controller moves its barriers to where they were asked to be, and says so."""
        while (move := next(iter(self.model.barrier_moves(self.world)), None)) is not None:
            self.become(*self.model.changed(move[1]))
            self.the_rules_hold()

    @rule(choice=st.integers(0, 10_000))
    def a_driver_does_something(self, choice: int) -> None:
        moves = list(self.model.vehicle_moves(self.world))
        self.become(*self.model.changed(moves[choice % len(moves)][1]))

    @precondition(lambda self: self.world.linked)
    @rule()
    def the_controller_reports(self) -> None:
        self.tell(v.YardChanged(self.world.seen()))

    @precondition(lambda self: self.world.yard.faults and not self.world.emergency)
    @rule()
    def everything_is_repaired(self) -> None:
        self.world = self.world._replace(forced=False, disagree=False, broken=False)
        for source in sorted(self.world.yard.faults):
            self.tell(v.Recovered(source))
            self.the_rules_hold()

    @precondition(lambda self: self.world.yard.phase not in UNTIMED)
    @rule()
    def time_passes(self) -> None:
        self.tell(v.Timeout(self.world.yard.phase))

    @invariant()
    def the_rules_hold(self) -> None:
        for name, holds in {**TRANSITION_RULES, **WORLD_RULES}.items():
            assert holds(self.model, self.before, self.world, self.effects), name

    @invariant()
    def what_was_told_ends(self) -> None:
        yard = self.world.yard
        for name, right in STEP_RULES.items():
            assert right(self.before.yard, yard, self.effects) or yard is self.before.yard, name
        assert self.told <= process.PROCESS.active(yard) | process.PROCESS.until_acknowledged

    @invariant()
    def the_lane_says_of_itself_what_is_so(self) -> None:
        yard = self.world.yard
        assert yard.open or not (yard.released or yard.alarmed or yard.hub_hold or yard.settled)
        assert not (yard.open and (yard.phase in UNTIMED or yard.phase is Phase.CLEARING))
        assert yard.phase is not Phase.IDLE or process.g.serviceable(yard)
        assert yard.truck <= yard.ticket


class LateYardLife(YardLife):
    """The same, with reports that come only when somebody asks for them."""

    delayed = True


TestYardLife = YardLife.TestCase
TestYardLife.settings = RUNS
TestLateYardLife = LateYardLife.TestCase
TestLateYardLife.settings = RUNS
