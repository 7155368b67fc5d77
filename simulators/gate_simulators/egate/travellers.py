"""Scripted travellers: they see doors and lights, carry a passport, and walk. They know nothing of the agent.

Every scenario says what a gate must make of it: the verdict of the first decision, reason codes that must be
among its reasons, and lane events that must follow.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gate_agent.devices import Light
from gate_simulators.demo.scenario import Expected, WaitedInVain
from gate_simulators.device.faults import FaultKind
from gate_simulators.egate.people import People
from gate_simulators.egate.plant import Person, Zone
from gate_simulators.egate.site import LaneSite


def _refer(*reasons: str, events: tuple[str, ...] = ()) -> Expected:
    return Expected("refer", frozenset(reasons), frozenset(events))


_ADMIT = Expected("admit", frozenset({"ALL_CHECKS_PASSED"}))

SCENARIOS: Mapping[str, Expected] = {
    "genuine": _ADMIT,
    "impostor": _refer("FACE_MISMATCH"),
    "tampered_dg2": _refer("DG_HASH_MISMATCH"),
    "unknown_issuer": _refer("CSCA_UNKNOWN"),
    "expired": _refer("DOCUMENT_EXPIRED"),
    "watchlist": _refer("WATCHLIST_HIT"),
    "minor": _refer("MINOR"),
    "dead_chip": _refer("CHIP_UNREADABLE"),
    "card_pulled": _ADMIT,
    "tailgater": _refer("TAILGATING", events=("TAILGATING",)),
    "left_object": Expected("admit", frozenset({"ALL_CHECKS_PASSED"}), frozenset({"LEFT_OBJECT"})),
    "camera_frozen": _refer("CAMERA_FROZEN"),
}
"""Scenario -> what a gate must make of it."""


@dataclass(slots=True)
class ScriptedTraveller:
    """How a traveller moves. `pace` > 1 is faster than life; `patience_s` is before they give up.

    `say` hears what the traveller does, for people who watch.
    """

    site: LaneSite
    people: People
    pace: float = 1.0
    patience_s: float = 30.0
    say: Callable[[str], None] = lambda _text: None
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, scenario: str, follow: Callable[[Person], None] = lambda _person: None) -> str:
        """Play one scenario to its end: admitted and gone, or turned back; what went wrong in the lane.
        Raises WaitedInVain.

        `follow` gets the person before the first step, for those who want to see where they end.
        """
        come = _UNUSUAL.get(scenario, _come_ordinary)
        person = Person(scenario, self.people.appearance(scenario))
        follow(person)
        plant = self.site.plant
        with plant.lock:
            plant.persons.append(person)
        try:
            come(self, person)
        finally:
            self.take_document()
            with plant.lock:
                plant.persons[:] = [p for p in plant.persons if p is not person]
        return "both doors were open together" if plant.ever_both_open else ""

    # ------------------------------------------------------------ what a person can do

    def pause(self, seconds: float) -> None:
        if self.stop.wait(seconds / self.pace):
            raise WaitedInVain("the end of the demonstration")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self.patience_s
        while not condition():
            if time.monotonic() > deadline:
                raise WaitedInVain(what)
            if self.stop.wait(0.03):
                raise WaitedInVain("the end of the demonstration")

    def come(self, person: Person) -> None:
        self.say("walks up to the lane")
        self.until(lambda: self.light_outside() is Light.READY, "the green arrow")
        person.zone = Zone.APPROACH
        self.pause(0.8)

    def show_document(self, scenario: str) -> None:
        self.say("lays the passport on the reader")
        passport = self.people.passport(scenario)
        self.site.scanner.present(passport.lines)
        self.site.slot.present(passport.chip())

    def take_document(self) -> None:
        self.site.scanner.remove()
        self.site.slot.remove()

    def let_in(self) -> bool:
        """Wait for the entry to open; False when sent to an officer instead."""
        plant = self.site.plant
        sent_away = (Light.OFFICER, Light.STOP)
        self.until(lambda: plant.entry.passable or self.light_outside() in sent_away, "the entry to open")
        return plant.entry.passable

    def enter(self, person: Person) -> None:
        self.say("takes the passport and enters")
        self.take_document()
        self.pause(0.6)
        person.zone = Zone.INSIDE
        person.nearness = 0.35
        self.pause(0.8)
        person.nearness = 0.95
        person.facing = True
        self.say("looks at the camera")

    def leave(self, person: Person) -> None:
        """Go out by whichever door opens: on by the exit, or back by the entry with an officer."""
        plant = self.site.plant
        self.until(lambda: not plant.entry.passable or self.told_to_wait(), "the entry to close")
        self.until(lambda: plant.exit.passable or plant.entry.passable, "a door to open")
        person.facing = False
        self.pause(0.5)
        if plant.exit.passable:
            self.say("walks out by the exit")
            person.zone = Zone.EXIT_ZONE
            self.pause(0.6)
            person.zone = Zone.GONE
        else:
            self.go_back(person)

    def go_back(self, person: Person) -> None:
        self.until(lambda: self.site.plant.entry.passable, "the way back to open")
        self.say("goes back with the officer")
        self.pause(1.0)
        person.zone = Zone.AWAY

    def told_to_wait(self) -> bool:
        """Whether the light inside says that an officer comes: then an open entry is the way back."""
        with self.site.plant.lock:
            return Light(self.site.plant.lights.inside) in (Light.OFFICER, Light.STOP)

    def light_outside(self) -> Light:
        with self.site.plant.lock:
            return Light(self.site.plant.lights.outside)


# ---------------------------------------------------------------- what they come to do


def _come_ordinary(traveller: ScriptedTraveller, person: Person) -> None:
    traveller.come(person)
    traveller.show_document(person.name)
    if not traveller.let_in():
        traveller.say("is sent to the officer's desk")
        traveller.pause(0.8)
        return
    traveller.enter(person)
    traveller.leave(person)


def _come_dead_chip(traveller: ScriptedTraveller, person: Person) -> None:
    traveller.site.slot.faults.inject(FaultKind.DEAD_CHIP, parameters={"answer": "none"})
    try:
        _come_ordinary(traveller, person)
    finally:
        traveller.site.slot.faults.clear(FaultKind.DEAD_CHIP)


def _come_card_pulled(traveller: ScriptedTraveller, person: Person) -> None:
    traveller.come(person)
    # Few enough commands that an inspection with extended lengths is still in the middle of its work.
    traveller.site.slot.faults.inject(FaultKind.CARD_LOST, parameters={"after": 8})
    try:
        traveller.show_document(person.name)
        traveller.until(lambda: not traveller.site.slot.occupied, "the chip to be lost")
    finally:
        traveller.site.slot.faults.clear(FaultKind.CARD_LOST)
    traveller.say("has pulled the passport away too early, lays it down again")
    traveller.take_document()
    traveller.pause(1.2)
    traveller.show_document(person.name)
    if traveller.let_in():
        traveller.enter(person)
        traveller.leave(person)


def _come_tailgater(traveller: ScriptedTraveller, person: Person) -> None:
    follower = Person("follower", traveller.people.standing(("president_b", 0)))
    plant = traveller.site.plant
    traveller.come(person)
    traveller.show_document(person.name)
    if not traveller.let_in():
        return
    traveller.take_document()
    with plant.lock:
        plant.persons.append(follower)
    try:
        traveller.pause(0.6)
        person.zone = follower.zone = Zone.INSIDE
        person.nearness, follower.nearness = 0.9, 0.6
        traveller.say("is followed into the lane by somebody else")
        traveller.pause(2.5)
        traveller.until(lambda: plant.entry.passable, "the way back to open")
        follower.zone = Zone.AWAY
        traveller.go_back(person)
    finally:
        with plant.lock:
            plant.persons.remove(follower)


def _come_left_object(traveller: ScriptedTraveller, person: Person) -> None:
    traveller.come(person)
    traveller.show_document(person.name)
    if not traveller.let_in():
        return
    traveller.enter(person)
    traveller.site.plant.object_inside = True
    traveller.say("puts a bag down, and forgets it")
    traveller.leave(person)


def _come_camera_frozen(traveller: ScriptedTraveller, person: Person) -> None:
    traveller.come(person)
    traveller.show_document(person.name)
    if not traveller.let_in():
        return
    traveller.site.camera.faults.inject(FaultKind.FREEZE)
    try:
        traveller.enter(person)
        traveller.leave(person)
    finally:
        traveller.site.camera.faults.clear(FaultKind.FREEZE)


_UNUSUAL: Mapping[str, Callable[[ScriptedTraveller, Person], None]] = {
    "dead_chip": _come_dead_chip,
    "card_pulled": _come_card_pulled,
    "tailgater": _come_tailgater,
    "left_object": _come_left_object,
    "camera_frozen": _come_camera_frozen,
}
"""Scenarios in which somebody does something out of the ordinary."""
