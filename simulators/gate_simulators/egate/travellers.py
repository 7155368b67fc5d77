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
from gate_simulators.device.faults import FaultKind
from gate_simulators.device.site import LaneSite
from gate_simulators.egate.people import Cast
from gate_simulators.egate.plant import Person, Zone


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come of a scenario."""

    verdict: str
    reasons: frozenset[str]
    events: frozenset[str] = frozenset()


def _refer(*reasons: str, events: tuple[str, ...] = ()) -> Expected:
    return Expected("refer", frozenset(reasons), frozenset(events))


_ADMIT = Expected("admit", frozenset({"ALL_CHECKS_PASSED"}))

EXPECTED: Mapping[str, Expected] = {
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


class Lost(Exception):
    """The traveller waited for something that did not happen. The text says for what."""


@dataclass(slots=True)
class Walk:
    """How a traveller moves. `pace` > 1 is faster than life; `patience_s` is before they give up.

    `say` hears what the traveller does, for people who watch.
    """

    site: LaneSite
    cast: Cast
    pace: float = 1.0
    patience_s: float = 30.0
    say: Callable[[str], None] = lambda _text: None
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, scenario: str, follow: Callable[[Person], None] = lambda _person: None) -> None:
        """Play one scenario to its end: admitted and gone, or turned back. Raises Lost.

        `follow` gets the person before the first step, for those who want to see where they end.
        """
        part = _PLAYS.get(scenario, _play_ordinary)
        person = Person(scenario, self.cast.appearance(scenario))
        follow(person)
        plant = self.site.plant
        with plant.lock:
            plant.persons.append(person)
        try:
            part(self, person)
        finally:
            self.take_document()
            with plant.lock:
                plant.persons[:] = [p for p in plant.persons if p is not person]

    # ------------------------------------------------------------ what a person can do

    def pause(self, seconds: float) -> None:
        if self.stop.wait(seconds / self.pace):
            raise Lost("the end of the demonstration")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self.patience_s
        while not condition():
            if time.monotonic() > deadline:
                raise Lost(what)
            if self.stop.wait(0.03):
                raise Lost("the end of the demonstration")

    def come(self, person: Person) -> None:
        self.say("walks up to the lane")
        self.until(lambda: self.light_outside() is Light.READY, "the green arrow")
        person.zone = Zone.APPROACH
        self.pause(0.8)

    def show_document(self, scenario: str) -> None:
        self.say("lays the passport on the reader")
        passport = self.cast.passport(scenario)
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


# ---------------------------------------------------------------- the plays


def _play_ordinary(walk: Walk, person: Person) -> None:
    walk.come(person)
    walk.show_document(person.name)
    if not walk.let_in():
        walk.say("is sent to the officer's desk")
        walk.pause(0.8)
        return
    walk.enter(person)
    walk.leave(person)


def _play_dead_chip(walk: Walk, person: Person) -> None:
    walk.site.slot.faults.inject(FaultKind.DEAD_CHIP, parameters={"answer": "none"})
    try:
        _play_ordinary(walk, person)
    finally:
        walk.site.slot.faults.clear(FaultKind.DEAD_CHIP)


def _play_card_pulled(walk: Walk, person: Person) -> None:
    walk.come(person)
    # Few enough commands that an inspection with extended lengths is still in the middle of its work.
    walk.site.slot.faults.inject(FaultKind.CARD_LOST, parameters={"after": 8})
    try:
        walk.show_document(person.name)
        walk.until(lambda: not walk.site.slot.occupied, "the chip to be lost")
    finally:
        walk.site.slot.faults.clear(FaultKind.CARD_LOST)
    walk.say("has pulled the passport away too early, lays it down again")
    walk.take_document()
    walk.pause(1.2)
    walk.show_document(person.name)
    if walk.let_in():
        walk.enter(person)
        walk.leave(person)


def _play_tailgater(walk: Walk, person: Person) -> None:
    follower = Person("follower", walk.cast.standing(("president_b", 0)))
    plant = walk.site.plant
    walk.come(person)
    walk.show_document(person.name)
    if not walk.let_in():
        return
    walk.take_document()
    with plant.lock:
        plant.persons.append(follower)
    try:
        walk.pause(0.6)
        person.zone = follower.zone = Zone.INSIDE
        person.nearness, follower.nearness = 0.9, 0.6
        walk.say("is followed into the lane by somebody else")
        walk.pause(2.5)
        walk.until(lambda: plant.entry.passable, "the way back to open")
        follower.zone = Zone.AWAY
        walk.go_back(person)
    finally:
        with plant.lock:
            plant.persons.remove(follower)


def _play_left_object(walk: Walk, person: Person) -> None:
    walk.come(person)
    walk.show_document(person.name)
    if not walk.let_in():
        return
    walk.enter(person)
    walk.site.plant.object_inside = True
    walk.say("puts a bag down, and forgets it")
    walk.leave(person)


def _play_camera_frozen(walk: Walk, person: Person) -> None:
    walk.come(person)
    walk.show_document(person.name)
    if not walk.let_in():
        return
    walk.site.camera.faults.inject(FaultKind.FREEZE)
    try:
        walk.enter(person)
        walk.leave(person)
    finally:
        walk.site.camera.faults.clear(FaultKind.FREEZE)


_PLAYS: Mapping[str, Callable[[Walk, Person], None]] = {
    "dead_chip": _play_dead_chip,
    "card_pulled": _play_card_pulled,
    "tailgater": _play_tailgater,
    "left_object": _play_left_object,
    "camera_frozen": _play_camera_frozen,
}
"""Scenarios in which somebody does something out of the ordinary."""
