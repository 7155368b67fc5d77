"""The simulated door controller's program, scan by scan: interlock, alarms, emergency, absent agent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gate_simulators.device.interlock import CALM, Disturbance, Position, Refusal
from gate_simulators.egate.door_controller import DoorController, Inputs
from gate_simulators.egate.plant import Person, Plant, Zone

SCAN = 0.02
NONE, ENTRY, EXIT, BOTH = frozenset(), frozenset({"entry"}), frozenset({"exit"}), frozenset({"entry", "exit"})
PORTRAIT = np.zeros((1, 1, 3), np.uint8)


class Rig:
    """A controller with its plant, and an agent that gives signs of life while it is `alive`."""

    def __init__(self) -> None:
        self.plant = Plant()
        self.program = DoorController(self.plant, door_seconds=1.0, held_after_s=0.5, watchdog_seconds=2.0)
        self.alive = True
        self.watchdog = 0
        self.inputs = self.run(SCAN)

    def run(self, seconds: float, disturbance: Disturbance = CALM) -> Inputs:
        for _ in range(round(seconds / SCAN)):
            if self.alive:
                self.watchdog += 1
                self.program.agent_lives(self.watchdog)
            self.inputs = self.program.step(SCAN, disturbance)
        return self.inputs

    def put(self, zone: Zone) -> Person:
        person = Person("somebody", PORTRAIT, zone)
        self.plant.persons.append(person)
        return person

    def opened(self, door: str) -> None:
        refusal = self.program.request(frozenset({door}))
        assert refusal is Refusal.NONE
        self.run(1.2)
        assert getattr(self.inputs, door) is Position.OPEN


@pytest.fixture
def rig() -> Rig:
    return Rig()


# ---------------------------------------------------------------- doors


@pytest.mark.parametrize("door", ["entry", "exit"])
def test_a_door_travels_in_its_time(rig: Rig, door: str) -> None:
    rig.program.request(frozenset({door}))
    assert getattr(rig.run(0.5), door) is Position.MOVING
    assert getattr(rig.run(0.6), door) is Position.OPEN
    rig.program.request(NONE)
    assert getattr(rig.run(0.5), door) is Position.MOVING
    assert getattr(rig.run(0.6), door) is Position.CLOSED


def test_both_doors_are_never_granted(rig: Rig) -> None:
    assert rig.program.request(BOTH) is Refusal.INTERLOCK
    assert rig.program.held_request == NONE


@pytest.mark.parametrize(("first", "second"), [("entry", "exit"), ("exit", "entry")])
def test_a_door_is_refused_until_the_other_is_closed_and_the_whole_request_with_it(
    rig: Rig, first: str, second: str
) -> None:
    rig.opened(first)
    assert rig.program.request(frozenset({second})) is Refusal.INTERLOCK
    assert getattr(rig.run(1.0), first) is Position.OPEN
    rig.program.request(NONE)
    rig.run(0.5)
    assert rig.program.request(frozenset({second})) is Refusal.INTERLOCK  # still closing
    rig.run(0.6)
    assert rig.program.request(frozenset({second})) is Refusal.NONE


def test_a_request_not_yet_begun_can_be_changed_for_the_other_door(rig: Rig) -> None:
    rig.program.request(ENTRY)
    assert rig.program.request(EXIT) is Refusal.NONE


def test_a_door_does_not_close_on_somebody_and_says_held_when_that_lasts(rig: Rig) -> None:
    rig.opened("entry")
    rig.plant.entry.blocked = True
    rig.program.request(NONE)
    assert not rig.run(0.3).held
    assert rig.plant.entry.opening == 1.0
    assert rig.run(0.5).held
    rig.plant.entry.blocked = False
    assert not rig.run(0.1).held
    assert rig.run(1.1).entry is Position.CLOSED


def test_a_door_held_by_hand_is_held(rig: Rig) -> None:
    rig.opened("exit")
    rig.program.request(NONE)
    assert rig.run(1.0, Disturbance(held={"exit"})).held
    assert rig.plant.exit.opening == 1.0


def test_a_stuck_door_becomes_a_fault_and_is_whole_again_once_it_stands_where_it_should(rig: Rig) -> None:
    rig.program.request(EXIT)
    jam = Disturbance(stuck={"exit"})
    assert rig.run(1.0, jam).exit is Position.CLOSED
    assert rig.run(2.0, jam).exit is Position.FAULT
    rig.program.request(NONE)
    assert rig.run(SCAN).exit is Position.CLOSED


def test_a_door_pushed_open_is_forced_until_it_is_closed_again(rig: Rig) -> None:
    assert rig.run(0.4, Disturbance(forced={"exit"})).forced
    assert rig.run(SCAN).forced
    assert rig.program.request(ENTRY) is Refusal.INTERLOCK
    assert not rig.run(0.6).forced
    assert rig.inputs.exit is Position.CLOSED
    assert rig.inputs.interlock_ok


def test_forcing_one_door_closes_the_other_and_the_broken_interlock_is_remembered(rig: Rig) -> None:
    rig.opened("entry")
    assert not rig.run(0.3, Disturbance(forced={"exit"})).interlock_ok
    assert rig.plant.ever_both_open
    rig.run(2.0)
    assert rig.inputs.entry is Position.CLOSED  # and it does not come back by itself
    assert rig.inputs.exit is Position.CLOSED
    assert not rig.inputs.interlock_ok


def test_a_late_scan_moves_a_door_no_further_than_a_short_one(rig: Rig) -> None:
    rig.program.request(ENTRY)
    rig.program.step(1.5)
    assert rig.plant.entry.opening == pytest.approx(0.1)


# ---------------------------------------------------------------- sensors


def test_presence_is_counted_per_zone_and_saturates_at_two(rig: Rig) -> None:
    rig.put(Zone.APPROACH)
    assert rig.run(SCAN).approach
    for count in (1, 2, 2):
        rig.put(Zone.INSIDE)
        assert rig.run(SCAN).persons_inside == count
    rig.put(Zone.EXIT_ZONE)
    rig.plant.object_inside = True
    assert rig.run(SCAN).exit_zone
    assert rig.inputs.object_inside


def test_flickering_sensors_show_both_values(rig: Rig) -> None:
    flicker = Disturbance(flicker_hertz=5.0)
    seen = {rig.run(SCAN, flicker).persons_inside for _ in range(50)}
    assert seen == {0, 1}


def test_disagreeing_sensors_are_reported(rig: Rig) -> None:
    assert rig.run(SCAN, Disturbance(sensors_disagree=True)).sensors_disagree
    assert not rig.run(SCAN).sensors_disagree


# ---------------------------------------------------------------- emergency


def test_an_emergency_closes_the_exit_and_then_opens_the_entry(rig: Rig) -> None:
    rig.opened("exit")
    rig.plant.emergency = True
    assert rig.run(0.5).entry is Position.CLOSED
    rig.run(2.0)
    assert rig.inputs.emergency
    assert (rig.inputs.entry, rig.inputs.exit) == (Position.OPEN, Position.CLOSED)
    assert rig.program.request(EXIT) is Refusal.EMERGENCY
    assert not rig.plant.ever_both_open


def test_a_short_alarm_stays_latched_until_the_lane_is_clear_and_its_end_moves_nothing(rig: Rig) -> None:
    rig.opened("exit")
    assert rig.run(0.1, Disturbance(emergency=True)).emergency
    assert rig.run(0.5).emergency
    assert not rig.run(2.0).emergency
    assert rig.inputs.entry is Position.OPEN
    rig.program.request(NONE)
    assert rig.run(1.2).entry is Position.CLOSED


def test_a_request_during_an_emergency_waits_for_its_end(rig: Rig) -> None:
    rig.plant.emergency = True
    rig.run(SCAN)
    assert rig.program.request(NONE) is Refusal.NONE
    assert rig.run(1.5).entry is Position.OPEN
    rig.plant.emergency = False
    assert rig.run(1.5).entry is Position.CLOSED


def test_an_exit_that_cannot_close_keeps_the_entry_closed_even_in_an_emergency(rig: Rig) -> None:
    rig.opened("exit")
    rig.plant.emergency = True
    rig.run(3.0, Disturbance(held={"exit"}))
    assert (rig.inputs.entry, rig.inputs.exit) == (Position.CLOSED, Position.OPEN)  # the way out is open


# ---------------------------------------------------------------- the agent is away


def test_without_an_agent_the_exit_closes_and_the_entry_opens_only_for_somebody_inside(rig: Rig) -> None:
    rig.opened("exit")
    person = rig.put(Zone.INSIDE)
    rig.alive = False
    rig.run(4.5)
    assert (rig.inputs.entry, rig.inputs.exit) == (Position.OPEN, Position.CLOSED)
    person.zone = Zone.APPROACH
    assert rig.run(1.2).entry is Position.CLOSED
    assert not rig.plant.ever_both_open


def test_a_watchdog_that_repeats_itself_is_no_sign_of_life(rig: Rig) -> None:
    rig.opened("exit")
    rig.alive = False
    for _ in range(200):
        rig.program.agent_lives(rig.watchdog)
        rig.run(SCAN)
    assert not rig.program.agent_present
    assert rig.inputs.exit is Position.CLOSED


def test_an_agent_that_comes_back_moves_nothing_by_coming_back(rig: Rig) -> None:
    rig.opened("exit")
    rig.alive = False
    rig.run(4.0)
    rig.alive = True
    assert rig.run(2.0).exit is Position.CLOSED
    rig.opened("exit")


def test_power_up_with_somebody_inside_lets_them_out_the_way_they_came() -> None:
    plant = Plant()
    plant.persons.append(Person("somebody", PORTRAIT, Zone.INSIDE))
    program = DoorController(plant, door_seconds=1.0)
    for _ in range(60):
        program.step(SCAN)
    assert plant.entry.passable
    assert plant.exit.closed


# ---------------------------------------------------------------- whatever happens


class AnySequence(RuleBasedStateMachine):
    """Requests, people, alarms, jams and silence in any order. Only a door forced by hand is left out:
    that breaks the lock itself."""

    @initialize()
    def power_up(self) -> None:
        self.rig = Rig()
        self.stuck: set[str] = set()
        self.held: set[str] = set()
        self.pressed = False

    @rule(wanted=st.frozensets(st.sampled_from(["entry", "exit"])))
    def request(self, wanted: frozenset[str]) -> None:
        refusal = self.rig.program.request(wanted)
        assert wanted != BOTH or refusal is not Refusal.NONE

    @rule(scans=st.integers(1, 120))
    def time_passes(self, scans: int) -> None:
        rig = self.rig
        disturbance = Disturbance(
            stuck=frozenset(self.stuck), held=frozenset(self.held), emergency=self.pressed
        )
        for _ in range(scans):
            doors = {"entry": rig.plant.entry, "exit": rig.plant.exit}
            before = {name: door.opening for name, door in doors.items()}
            rig.run(SCAN, disturbance)
            assert rig.plant.entry.closed or rig.plant.exit.closed
            for name, door in doors.items():
                if door.blocked or name in self.held:
                    assert door.opening >= before[name]

    @rule(seconds=st.floats(0.0, 5.0))
    def a_scan_comes_late(self, seconds: float) -> None:
        self.rig.program.step(seconds)

    @rule(zone=st.sampled_from(Zone))
    def somebody_comes(self, zone: Zone) -> None:
        self.rig.put(zone)

    @rule()
    def everybody_goes(self) -> None:
        self.rig.plant.persons.clear()

    @rule(door=st.sampled_from(["entry", "exit"]))
    def jam(self, door: str) -> None:
        self.stuck ^= {door}

    @rule(door=st.sampled_from(["entry", "exit"]))
    def hold(self, door: str) -> None:
        self.held ^= {door}

    @rule(door=st.sampled_from(["entry", "exit"]))
    def step_into_the_doorway(self, door: str) -> None:
        leaf = self.rig.plant.entry if door == "entry" else self.rig.plant.exit
        leaf.blocked = not leaf.blocked

    @rule()
    def press_or_release_emergency(self) -> None:
        self.pressed = not self.pressed

    @rule()
    def agent_dies_or_returns(self) -> None:
        self.rig.alive = not self.rig.alive

    @invariant()
    def never_both_open(self) -> None:
        assert not self.rig.plant.ever_both_open
        assert self.rig.inputs.interlock_ok

    @rule()
    def nobody_is_trapped(self) -> None:
        """Without an agent and with hands off, somebody inside gets an open entry."""
        plant = self.rig.plant
        self.rig.alive = plant.entry.blocked = plant.exit.blocked = False
        self.rig.run(5.0)
        assert plant.entry.passable or plant.count(Zone.INSIDE) == 0
        assert plant.exit.closed


TestAnySequence = AnySequence.TestCase
TestAnySequence.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
