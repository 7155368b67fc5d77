"""A genuine passage through an e-gate built with the library `transitions`: the peer of `bench_process.py`.

The rows are those of a passage in which nothing goes wrong, with the same guards, and the same things are
asked for on entering a phase: what to show, the phase's timer, and where the doors should be.
"""

from __future__ import annotations

from transitions import Machine

from gate_agent.decision import Verdict
from gate_agent.devices import DoorPosition
from gate_agent.egate import vocabulary as v
from gate_agent.egate.table import SHOWN
from gate_agent.egate.vocabulary import Effect, Event, Phase, Seen, SetDoors, StartTimer

CLOSED, OPEN = DoorPosition.CLOSED, DoorPosition.OPEN

_STATES = [
    "idle",
    "document_presented",
    "reading",
    "entry_opening",
    "entry_occupied",
    "entry_closing",
    "capturing",
    "deciding",
    "exit_opening",
    "leaving",
    "exit_closing",
]

# trigger, from, to, guards, what is done
_ROWS = [
    ("lane_changed", "entry_opening", "entry_occupied", "one_inside", None),
    ("lane_changed", "entry_closing", "capturing", "entry_closed_one_inside", "capture"),
    ("lane_changed", "deciding", "exit_opening", "admitted_and_may_exit", None),
    ("lane_changed", "exit_opening", "exit_closing", "nobody_inside", "finish"),
    ("lane_changed", "exit_opening", "leaving", "exit_open_one_inside", None),
    ("lane_changed", "leaving", "exit_closing", "nobody_inside", "finish"),
    ("lane_changed", "exit_closing", "idle", "exit_closed", None),
    ("chip_present", "document_presented", "reading", "chip_arrived", "read"),
    ("document_presented", "idle", "reading", "readable_with_chip", "begin_and_read"),
    ("document_presented", "idle", "document_presented", "readable", "begin"),
    ("document_vetted", "reading", "entry_opening", "enter", None),
    ("face_captured", "capturing", "deciding", None, "decide"),
    ("decision_committed", "deciding", "exit_opening", "admit_and_may_exit", "mark_admitted"),
    ("timeout", "entry_occupied", "entry_closing", None, None),
]


_TRIGGERS: dict[type[Event], str] = {
    v.LaneChanged: "lane_changed",
    v.ChipPresent: "chip_present",
    v.DocumentPresented: "document_presented",
    v.DocumentRemoved: "document_removed",
    v.DocumentVetted: "document_vetted",
    v.FaceCaptured: "face_captured",
    v.DecisionCommitted: "decision_committed",
    v.Timeout: "timeout",
}


class Passage:
    """The lane in `phase`. `tell` it what happened; what it asks for gathers in `effects`."""

    phase: str

    def __init__(self) -> None:
        self.seen = Seen()
        self.doors = SetDoors(entry_open=False, exit_open=False)
        self.chip = self.admitted = False
        self.ticket = 0
        self.effects: list[Effect] = []
        machine = Machine(
            self,
            states=[{"name": name, "on_enter": "entered"} for name in _STATES],
            initial="idle",
            model_attribute="phase",
            auto_transitions=False,
            ignore_invalid_triggers=True,
        )
        for trigger in ("document_removed", "lane_changed"):
            machine.add_transition(trigger, "idle", None, conditions="never")
        for trigger, source, target, guard, action in _ROWS:
            machine.add_transition(trigger, source, target, conditions=guard, before=action)
        self._triggers = {kind: getattr(self, name) for kind, name in _TRIGGERS.items()}

    def tell(self, event: Event) -> list[Effect]:
        self.effects = []
        if isinstance(event, v.LaneChanged):
            self.seen = event.seen
        elif isinstance(event, v.ChipPresent):
            self.chip = event.present
        self._triggers[type(event)](event)
        return self.effects

    # ------------------------------------------------------------ guards

    def never(self, _event: Event) -> bool:
        return False

    def one_inside(self, _event: Event) -> bool:
        return self.seen.inside == 1

    def nobody_inside(self, _event: Event) -> bool:
        return self.seen.inside == 0

    def entry_closed_one_inside(self, _event: Event) -> bool:
        return self.seen.entry is CLOSED and self.seen.inside == 1

    def may_exit(self) -> bool:
        return self.seen.inside == 1 and self.seen.entry is CLOSED and self.seen.exit is CLOSED

    def admitted_and_may_exit(self, _event: Event) -> bool:
        return self.admitted and self.may_exit()

    def admit_and_may_exit(self, event: v.DecisionCommitted) -> bool:
        return event.ticket == self.ticket and event.verdict is Verdict.ADMIT and self.may_exit()

    def exit_open_one_inside(self, _event: Event) -> bool:
        return self.seen.exit is OPEN and self.seen.inside == 1

    def exit_closed(self, _event: Event) -> bool:
        return self.seen.exit is CLOSED

    def chip_arrived(self, event: v.ChipPresent) -> bool:
        return event.present

    def readable(self, event: v.DocumentPresented) -> bool:
        return event.readable

    def readable_with_chip(self, event: v.DocumentPresented) -> bool:
        return event.readable and self.chip

    def enter(self, event: v.DocumentVetted) -> bool:
        return event.ticket == self.ticket and event.enter

    # ------------------------------------------------------------ actions

    def begin(self, _event: Event) -> None:
        self.ticket += 1
        self.admitted = False
        self.effects.append(v.Begin(self.ticket))

    def read(self, _event: Event) -> None:
        self.ticket += 1
        self.effects.append(v.ReadDocument(self.ticket))

    def begin_and_read(self, event: Event) -> None:
        self.begin(event)
        self.read(event)

    def capture(self, _event: Event) -> None:
        self.effects.append(v.Capture(self.ticket))

    def decide(self, _event: Event) -> None:
        self.effects.append(v.Decide(self.ticket))

    def mark_admitted(self, _event: Event) -> None:
        self.admitted = True

    def finish(self, _event: Event) -> None:
        self.effects.append(v.Finish())

    def entered(self, _event: Event) -> None:
        phase = Phase(self.phase)
        self.effects += (SHOWN[phase], StartTimer(phase))
        doors = SetDoors(
            entry_open=self.phase in ("entry_opening", "entry_occupied"),
            exit_open=self.phase in ("exit_opening", "leaving"),
        )
        if doors != self.doors:
            self.doors = doors
            self.effects.append(doors)
