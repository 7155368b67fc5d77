"""The simulated barrier controller's program, scan by scan: interlock, loops, emergency, absent agent."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gate_simulators.device.interlock import CALM, Disturbance, Position, Refusal
from gate_simulators.nii.barrier_controller import BarrierController, YardInputs
from gate_simulators.nii.plant import Place, Truck, Way, YardPlant

SCAN = 0.02
BOOMS = ("entry", "release", "inspection")
NONE: frozenset[str] = frozenset()


class Rig:
    """A controller with its plant, and an agent that gives signs of life while it is `alive`."""

    def __init__(self) -> None:
        self.plant = YardPlant()
        self.program = BarrierController(self.plant, boom_seconds=1.0, held_after_s=0.5)
        self.alive = True
        self.watchdog = 0
        self.inputs = self.run(SCAN)

    def run(self, seconds: float, disturbance: Disturbance = CALM) -> YardInputs:
        for _ in range(round(seconds / SCAN)):
            if self.alive:
                self.watchdog += 1
                self.program.agent_lives(self.watchdog)
            self.inputs = self.program.step(SCAN, disturbance)
        return self.inputs

    def put(self, front_mm: float, way: Way | None = None) -> Truck:
        truck = Truck("truck", front_mm=front_mm, way=way)
        self.plant.put(truck)
        return truck

    def ask(self, *booms: str) -> Refusal:
        return self.program.request(frozenset(booms))

    def opened(self, boom: str) -> None:
        assert self.ask(boom) is Refusal.NONE
        self.run(1.2)
        assert getattr(self.inputs, boom) is Position.OPEN

    @property
    def positions(self) -> tuple[Position, ...]:
        return self.inputs.entry, self.inputs.release, self.inputs.inspection


@pytest.fixture
def rig() -> Rig:
    return Rig()


# ---------------------------------------------------------------- barriers


@pytest.mark.parametrize("boom", BOOMS)
def test_a_boom_travels_in_its_time(rig: Rig, boom: str) -> None:
    rig.ask(boom)
    assert getattr(rig.run(0.5), boom) is Position.MOVING
    assert getattr(rig.run(0.6), boom) is Position.OPEN
    rig.ask()
    assert getattr(rig.run(0.5), boom) is Position.MOVING
    assert getattr(rig.run(0.6), boom) is Position.CLOSED


@pytest.mark.parametrize("wanted", [BOOMS[:2], BOOMS[1:], ("entry", "inspection"), BOOMS])
def test_two_barriers_are_never_granted(rig: Rig, wanted: tuple[str, ...]) -> None:
    assert rig.ask(*wanted) is Refusal.INTERLOCK
    assert rig.program.held_request == NONE


@pytest.mark.parametrize(("first", "second"), [(a, b) for a in BOOMS for b in BOOMS if a != b])
def test_a_barrier_is_refused_until_all_others_are_closed_and_the_whole_request_with_it(
    rig: Rig, first: str, second: str
) -> None:
    rig.opened(first)
    assert rig.ask(second) is Refusal.INTERLOCK
    assert getattr(rig.run(1.0), first) is Position.OPEN
    rig.ask()
    rig.run(0.5)
    assert rig.ask(second) is Refusal.INTERLOCK  # still closing
    rig.run(0.6)
    assert rig.ask(second) is Refusal.NONE


@pytest.mark.parametrize(
    ("boom", "front_mm", "way"),
    [
        ("entry", 1_000.0, None),
        ("release", 46_000.0, Way.RELEASE),
        ("inspection", 46_000.0, Way.INSPECTION),
    ],
)
def test_a_boom_never_closes_on_a_vehicle_and_says_held_when_that_lasts(
    rig: Rig, boom: str, front_mm: float, way: Way | None
) -> None:
    rig.opened(boom)
    truck = rig.put(front_mm, way)
    rig.ask()
    assert not rig.run(0.3).held
    assert rig.plant.booms[boom].opening == 1.0
    assert rig.run(0.5).held
    truck.front_mm += 20_000.0
    assert not rig.run(0.1).held
    assert getattr(rig.run(1.1), boom) is Position.CLOSED


def test_a_vehicle_that_comes_under_a_closing_boom_stops_it_where_it_is(rig: Rig) -> None:
    rig.opened("entry")
    rig.ask()
    rig.run(0.1)
    rig.put(0.0)
    opening = rig.plant.booms["entry"].opening
    assert rig.run(0.4).entry is Position.MOVING
    assert rig.plant.booms["entry"].opening == opening


def test_a_stuck_boom_becomes_a_fault(rig: Rig) -> None:
    rig.ask("release")
    assert rig.run(3.0, Disturbance(stuck={"release"})).release is Position.FAULT
    rig.ask()
    assert rig.run(SCAN).release is Position.CLOSED


def test_forcing_one_boom_closes_the_open_one_and_the_broken_interlock_is_remembered(rig: Rig) -> None:
    rig.opened("entry")
    assert rig.run(0.3, Disturbance(forced={"release"})).forced
    assert rig.plant.ever_two_open
    rig.run(2.0)
    assert rig.positions == (Position.CLOSED,) * 3  # and the entry does not come back by itself
    assert not rig.inputs.forced
    assert not rig.inputs.interlock_ok


def test_a_boom_that_was_rammed_leaves_its_road_open_and_all_others_closed_until_it_is_mended(
    rig: Rig,
) -> None:
    truck = rig.put(42_000.0, Way.RELEASE)
    rig.plant.ram(truck, 2.0)
    rig.run(SCAN)
    assert rig.inputs.forced
    assert rig.inputs.release is not Position.CLOSED
    for boom in ("entry", "inspection"):
        assert rig.ask(boom) is Refusal.INTERLOCK
    truck.front_mm = 90_000.0
    assert rig.run(3.0).forced
    rig.plant.emergency = True
    assert rig.run(3.0).inspection is Position.CLOSED
    rig.plant.emergency = False
    rig.plant.mend("release")
    assert not rig.run(3.0).forced
    assert rig.inputs.release is Position.CLOSED
    assert rig.inputs.interlock_ok


# ---------------------------------------------------------------- loops


def test_vehicles_are_counted_between_the_barriers_and_saturate_at_two(rig: Rig) -> None:
    rig.put(-2_000.0)
    assert rig.run(SCAN).approach
    assert rig.inputs.vehicles == 0
    for front_mm, count in ((41_000.0, 1), (21_000.0, 2), (1_000.0, 2)):
        rig.put(front_mm)
        assert rig.run(SCAN).vehicles == count
    assert rig.inputs.at_hold


def test_a_truck_is_inside_from_its_bumper_past_the_entry_to_its_rear_past_a_way_out(rig: Rig) -> None:
    truck = rig.put(-10.0)
    assert rig.run(SCAN).vehicles == 0
    truck.front_mm = 10.0
    assert rig.run(SCAN).vehicles == 1
    assert rig.inputs.approach  # it is long
    truck.way, truck.front_mm = Way.INSPECTION, 45_000.0 + truck.length_mm - 10.0
    assert rig.run(SCAN).vehicles == 1
    truck.front_mm += 20.0
    assert rig.run(SCAN).vehicles == 0


def test_flickering_and_disagreeing_sensors_are_seen_as_such(rig: Rig) -> None:
    assert {rig.run(SCAN, Disturbance(flicker_hertz=5.0)).vehicles for _ in range(50)} == {0, 1}
    assert rig.run(SCAN, Disturbance(sensors_disagree=True)).sensors_disagree
    assert not rig.run(SCAN).sensors_disagree


# ---------------------------------------------------------------- emergency


@pytest.mark.parametrize("boom", ["entry", "release"])
def test_an_emergency_closes_the_other_barriers_and_then_opens_the_inspection(rig: Rig, boom: str) -> None:
    rig.opened(boom)
    rig.plant.emergency = True
    assert rig.run(0.5).inspection is Position.CLOSED
    rig.run(2.0)
    assert rig.inputs.emergency
    assert rig.positions == (Position.CLOSED, Position.CLOSED, Position.OPEN)
    assert rig.ask(boom) is Refusal.EMERGENCY
    assert rig.inputs.interlock_ok


def test_a_short_alarm_stays_latched_until_the_lane_is_safe_and_its_end_moves_nothing(rig: Rig) -> None:
    rig.opened("release")
    assert rig.run(0.1, Disturbance(emergency=True)).emergency
    assert rig.run(0.5).emergency
    assert not rig.run(2.0).emergency
    assert rig.inputs.inspection is Position.OPEN
    rig.ask()
    assert rig.run(1.2).inspection is Position.CLOSED


def test_in_an_emergency_nothing_closes_on_a_truck_and_the_road_it_stands_on_stays_open(rig: Rig) -> None:
    rig.opened("release")
    truck = rig.put(46_000.0, Way.RELEASE)
    rig.plant.emergency = True
    assert rig.run(3.0).release is Position.OPEN
    assert rig.inputs.inspection is Position.CLOSED
    truck.front_mm += 30_000.0
    rig.run(3.0)
    assert rig.positions == (Position.CLOSED, Position.CLOSED, Position.OPEN)


# ---------------------------------------------------------------- the agent is away


@pytest.mark.parametrize("boom", ["entry", "release"])
def test_without_an_agent_only_the_inspection_opens_and_only_for_a_vehicle_inside(
    rig: Rig, boom: str
) -> None:
    rig.opened(boom)
    rig.alive = False
    assert rig.run(4.0) is not None
    assert rig.positions == (Position.CLOSED,) * 3
    truck = rig.put(41_000.0)
    assert rig.run(1.2).inspection is Position.OPEN
    truck.way, truck.front_mm = Way.INSPECTION, 70_000.0
    assert rig.run(1.2).inspection is Position.CLOSED


def test_an_agent_that_comes_back_moves_nothing_by_coming_back(rig: Rig) -> None:
    rig.opened("release")
    rig.alive = False
    rig.run(4.0)
    rig.alive = True
    assert rig.run(2.0).release is Position.CLOSED
    rig.opened("release")


def test_a_watchdog_that_repeats_itself_is_no_sign_of_life(rig: Rig) -> None:
    rig.opened("release")
    rig.alive = False
    for _ in range(200):
        rig.program.agent_lives(rig.watchdog)
        rig.run(SCAN)
    assert not rig.program.agent_present
    assert rig.inputs.release is Position.CLOSED


# ---------------------------------------------------------------- whatever happens


class AnySequence(RuleBasedStateMachine):
    """Requests, trucks, alarms, jams, rams and silence in any order."""

    @initialize()
    def power_up(self) -> None:
        self.rig = Rig()
        self.stuck: set[str] = set()
        self.pressed = False
        self.rammed = False

    @rule(wanted=st.frozensets(st.sampled_from(BOOMS)))
    def request(self, wanted: frozenset[str]) -> None:
        refusal = self.rig.program.request(wanted)
        assert len(wanted) <= 1 or refusal is not Refusal.NONE

    @rule(entry=st.sampled_from(["stop", "enter"]), hold=st.sampled_from(["wait", "release", "inspection"]))
    def signal(self, entry: str, hold: str) -> None:
        self.rig.plant.signals.entry, self.rig.plant.signals.hold = entry, hold

    @rule(heeds=st.booleans())
    def a_truck_comes(self, heeds: bool) -> None:
        """The lane has room for two; with a third the entry could not close, and nothing else open."""
        trucks = self.rig.plant.trucks
        if len(trucks) < 2 and all(truck.rear_mm > -3_000.0 for truck in trucks):
            self.rig.plant.put(Truck("truck", front_mm=-3_000.0, heeds_signals=heeds))

    @rule(scans=st.integers(1, 150))
    def time_passes(self, scans: int) -> None:
        plant = self.rig.plant
        for _ in range(scans):
            for truck in plant.trucks:
                plant.drive(truck, SCAN)
            under = {name: boom.opening for name, boom in plant.booms.items() if plant.under_boom(name)}
            self.rig.run(SCAN, Disturbance(stuck=frozenset(self.stuck), emergency=self.pressed))
            assert all(plant.booms[name].opening >= opening for name, opening in under.items())
            for truck in plant.trucks:
                if plant.gone(truck):
                    plant.take(truck)

    @rule(boom=st.sampled_from(BOOMS))
    def jam(self, boom: str) -> None:
        self.stuck ^= {boom}

    @rule()
    def press_or_release_emergency(self) -> None:
        self.pressed = not self.pressed

    @rule()
    def agent_dies_or_returns(self) -> None:
        self.rig.alive = not self.rig.alive

    @rule()
    def the_first_rams_his_way(self) -> None:
        plant = self.rig.plant
        for truck in plant.trucks[:1]:
            plant.ram(truck, 1.0)
        self.rammed = self.rammed or any(boom.broken for boom in plant.booms.values())

    @invariant()
    def never_two_barriers_are_opened(self) -> None:
        assert self.rammed or not self.rig.plant.ever_two_open

    @rule()
    def no_truck_is_trapped(self) -> None:
        """Without an agent and with hands off, every truck comes out, and none that heeds signals by the
        release road unless it had turned there before."""
        plant = self.rig.plant
        for boom in BOOMS:
            plant.mend(boom)
        self.stuck.clear()
        self.rig.alive = self.pressed = False
        on_its_way = {id(truck) for truck in plant.trucks if truck.way is Way.RELEASE}
        for truck in plant.trucks:
            truck.heeds_signals = True
        plant.signals.entry, plant.signals.hold = "stop", "officer"
        for _ in range(40):
            self.time_passes(100)
            if not plant.between_barriers():
                break
        assert not plant.between_barriers()
        for truck in plant.trucks:
            assert truck.way is not Way.RELEASE or id(truck) in on_its_way
        assert not plant.at(Place.HOLD)


TestAnySequence = AnySequence.TestCase
TestAnySequence.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
