"""Everything around an e-gate fails, one thing at a time: the lane says so and serves nobody in doubt.

Each test begins with an idle lane. What is expected afterwards is what an officer would see and order.
"""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_agent.policy.signature import public_pem
from gate_agent.policy.watchlist import build_watchlist
from gate_simulators.device.faults import FaultKind, SimulatedDevice
from gate_simulators.egate.environment import EgateEnvironment
from gate_simulators.egate.officers import Officer
from gate_simulators.egate.plant import Person, Zone
from gate_simulators.egate.travellers import ScriptedTraveller

STATION = "egate-1"
PACE = 3.0


class Records:
    """What the hub got since this was made."""

    def __init__(self, environment: EgateEnvironment) -> None:
        self._stage = environment
        self._before = len(environment.hub.received(STATION))

    def new(self) -> list[Any]:
        return self._stage.hub.received(STATION)[self._before :]

    def decisions(self) -> list[dict[str, Any]]:
        return [r.entry["body"]["decision"] for r in self.new() if r.kind == "decision"]

    def events(self) -> list[str]:
        return [r.entry["body"]["reason"] for r in self.new() if r.kind == "lane_event"]

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        self._stage.wait_until(lambda _: condition(), what)

    def wait_for_decision(self) -> dict[str, Any]:
        self.wait(lambda: bool(self.decisions()), "a decision at the hub")
        return self.decisions()[0]

    def wait_for_event(self, reason: str) -> None:
        self.wait(lambda: reason in self.events(), f"the lane event {reason} at the hub")

    def wait_for_end(self) -> None:
        """Until the transaction is over and told."""

        def over() -> bool:
            return any(r.entry["body"].get("event") == "transaction_finished" for r in self.new())

        self.wait(over, "the end of the transaction at the hub")


@pytest.fixture
def records(station: EgateEnvironment) -> Records:
    return Records(station)


@contextmanager
def walking(environment: EgateEnvironment, scenario: str = "genuine") -> Iterator[ScriptedTraveller]:
    """A traveller on the way while the test does something else; sent home at the end."""
    walk = ScriptedTraveller(environment.site, environment.people, pace=PACE)

    def go() -> None:
        try:
            walk.run(scenario)
        except Exception:  # lost, as the test means it
            return

    person = threading.Thread(target=go, name="traveller")
    person.start()
    try:
        yield walk
    finally:
        walk.stop.set()
        person.join(10)


def alerts(snapshot: dict[str, Any]) -> set[str]:
    return {alert["code"] for alert in snapshot["alerts"]}


def device(environment: EgateEnvironment, name: str) -> SimulatedDevice:
    return next(d for d in environment.site.devices if d.name == name)


def seen(snapshot: dict[str, Any], name: str) -> dict[str, Any]:
    return next(d for d in snapshot["devices"] if d["device"] == name)


# ---------------------------------------------------------------- devices


@pytest.mark.parametrize("name", ["mrz", "camera", "lane"])
def test_an_unplugged_device_closes_the_lane_and_a_replugged_one_opens_it(
    station: EgateEnvironment, records: Records, name: str
) -> None:
    device(station, name).faults.inject(FaultKind.UNPLUG)
    snapshot = station.wait_until(
        lambda s: s["phase"] == "out_of_service" and seen(s, name)["state"] != "up", f"{name} to be missed"
    )
    assert f"DEVICE_FAULT:{name}" in alerts(snapshot)
    assert seen(snapshot, name)["error"], "health says why"
    assert seen(snapshot, name)["advice"], "and what to do"
    records.wait_for_event(f"DEVICE_FAULT:{name}")

    device(station, name).faults.clear()
    snapshot = station.wait_for_phase("idle", patience_s=25)
    assert seen(snapshot, name)["state"] == "up"
    assert seen(snapshot, name)["error"] == ""


def test_a_chip_reader_that_is_unplugged_while_it_reads_refers(
    station: EgateEnvironment, records: Records
) -> None:
    """The simulated reader is the card's side of the line: without it no chip is in the field."""
    with walking(station):
        station.wait_for_phase("reading")
        station.site.slot.faults.inject(FaultKind.UNPLUG)
        decision = records.wait_for_decision()
        assert decision["verdict"] == "refer"
        assert "CARD_LOST" in decision["reasons"]
        assert not station.site.plant.entry.passable


def test_a_silent_door_controller_closes_the_lane(station: EgateEnvironment) -> None:
    device(station, "lane").faults.inject(FaultKind.SILENT)
    station.wait_for_phase("out_of_service")
    device(station, "lane").faults.clear()
    station.wait_for_phase("idle", patience_s=25)


def test_a_frozen_controller_image_closes_the_lane(station: EgateEnvironment) -> None:
    """A controller that answers but stands still says nothing about the doors."""
    device(station, "lane").faults.inject(FaultKind.FREEZE)
    station.wait_for_phase("out_of_service")
    device(station, "lane").faults.clear()
    station.wait_for_phase("idle", patience_s=25)


def test_a_zone_garbled_twice_is_for_an_officer(station: EgateEnvironment, records: Records) -> None:
    passport, plant = station.people.passport("genuine"), station.site.plant
    scanner = station.site.scanner
    # Characters go wrong, and the frame around them stays.
    scanner.faults.inject(FaultKind.GARBLE, parameters={"ratio": 0.04})
    person = Person("genuine", station.people.appearance("genuine"), zone=Zone.APPROACH)
    with plant.lock:
        plant.persons.append(person)
    try:
        station.wait_until(lambda s: s["seen"]["approach"]["value"], "somebody before the reader")
        scanner.present(passport.lines)
        station.wait_until(lambda s: s["instruction"] == "PRESENT_AGAIN", "the wish to see it again")
        assert not records.decisions(), "one misread alone is no case"
        scanner.remove()
        scanner.present(passport.lines)
        decision = records.wait_for_decision()
    finally:
        with plant.lock:
            plant.persons.remove(person)
    assert decision["verdict"] == "refer"
    assert "MRZ_UNREADABLE" in decision["reasons"]


# ---------------------------------------------------------------- doors and sensors


def test_a_stuck_entry_takes_the_lane_out_of_service(station: EgateEnvironment, records: Records) -> None:
    station.site.controller.faults.inject(FaultKind.STUCK_DOOR, parameters={"door": "entry"})
    with walking(station):
        snapshot = station.wait_for_phase("out_of_service", patience_s=30)
        assert alerts(snapshot) & {"DOOR_STUCK", "DOOR_FAULT"}
        decision = records.wait_for_decision()
        assert decision["verdict"] == "refer"


def test_an_exit_that_does_not_open_sends_an_officer_to_the_admitted(
    station: EgateEnvironment, records: Records
) -> None:
    """Admitted, and still inside: the case is the officer's, and the entry opens as the way back."""
    with walking(station):
        station.wait_for_phase("capturing", "deciding")
        station.site.controller.faults.inject(FaultKind.STUCK_DOOR, parameters={"door": "exit"})
        station.wait_for_phase("referred", "out_of_service", patience_s=30)
        station.wait_until(lambda _: station.site.plant.entry.passable, "the way back to open")
        assert records.wait_for_decision()["verdict"] == "admit"
        station.wait_until(lambda _: len(records.decisions()) == 2, "the referral at the hub")
        assert records.decisions()[1]["verdict"] == "refer"
        assert not station.site.plant.exit.passable


@pytest.mark.parametrize("door", ["entry", "exit"])
def test_a_forced_door_needs_an_officer_to_reopen_the_lane(
    station: EgateEnvironment, records: Records, door: str
) -> None:
    faults = station.site.controller.faults
    faults.inject(FaultKind.FORCED_DOOR, parameters={"door": door})
    snapshot = station.wait_for_phase("out_of_service")
    assert "DOOR_FORCED" in alerts(snapshot)
    records.wait_for_event("DOOR_FORCED")
    faults.clear()
    station.wait_until(lambda s: s["seen"][door]["value"] == "closed", "the door to close again")
    assert station.snapshot()["phase"] == "out_of_service", "not by itself"
    station.wait_until(lambda _: station.order("reset", "tests", "looked at the door") == "", "the reset")
    station.wait_for_phase("idle")


def test_a_held_entry_is_told_and_the_traveller_may_go_back(
    station: EgateEnvironment, records: Records
) -> None:
    with walking(station):
        station.wait_for_phase("entry_occupied", "entry_closing")
        station.site.controller.faults.inject(FaultKind.HELD_DOOR, parameters={"door": "entry"})
        station.wait_for_phase("referred", patience_s=30)
        records.wait_for_event("DOOR_HELD")
        assert "DOOR_HELD" in records.wait_for_decision()["reasons"]
        assert station.site.plant.entry.passable


def test_sensors_that_disagree_close_an_idle_lane_until_they_agree(
    station: EgateEnvironment, records: Records
) -> None:
    station.site.controller.faults.inject(FaultKind.SENSORS_DISAGREE)
    station.wait_for_phase("out_of_service")
    records.wait_for_event("SENSORS_DISAGREE")
    station.site.controller.faults.clear()
    station.wait_for_phase("idle")


def test_sensors_that_disagree_with_somebody_inside_refer(
    station: EgateEnvironment, records: Records
) -> None:
    with walking(station):
        station.wait_for_phase("capturing")
        station.site.controller.faults.inject(FaultKind.SENSORS_DISAGREE)
        station.wait_for_phase("referred")
        decision = records.wait_for_decision()
        assert (decision["verdict"], "SENSORS_DISAGREE" in decision["reasons"]) == ("refer", True)
        station.wait_until(lambda _: station.site.plant.entry.passable, "the way back to open")


def test_an_object_in_an_empty_lane_is_for_an_officer(station: EgateEnvironment, records: Records) -> None:
    station.site.plant.object_inside = True
    station.wait_for_phase("referred")
    records.wait_for_event("LEFT_OBJECT")
    station.site.plant.object_inside = False
    station.wait_until(lambda _: station.order("reset", "tests", "took it away") == "", "the reset")
    station.wait_for_phase("idle")


def test_an_emergency_in_mid_transaction_opens_the_way_back(
    station: EgateEnvironment, records: Records
) -> None:
    faults = station.site.controller.faults
    with walking(station):
        station.wait_for_phase("capturing")
        faults.inject(FaultKind.EMERGENCY)
        snapshot = station.wait_for_phase("emergency")
        assert snapshot["instruction"] == "LEAVE_THE_LANE"
        station.wait_until(lambda _: station.site.plant.entry.passable, "the entry to open")
        assert station.order("reset", "tests", "too early"), "no order ends an emergency that lasts"
        decision = records.wait_for_decision()
        assert (decision["verdict"], "EMERGENCY" in decision["reasons"]) == ("refer", True)
    faults.clear()
    station.wait_for_phase("out_of_service")
    station.wait_until(lambda _: station.order("reset", "tests", "all clear") == "", "the reset")
    station.wait_for_phase("idle")


def test_somebody_who_slips_in_while_idle_is_an_intrusion(
    station: EgateEnvironment, records: Records
) -> None:
    intruder = Person("intruder", station.people.standing(("president_b", 0)), zone=Zone.INSIDE)
    with station.site.plant.lock:
        station.site.plant.persons.append(intruder)
    station.wait_for_phase("referred")
    records.wait_for_event("INTRUSION")
    station.wait_until(lambda _: station.site.plant.entry.passable, "the way back to open")
    assert not station.site.plant.exit.passable


# ---------------------------------------------------------------- journal


@contextmanager
def full_disk(environment: EgateEnvironment) -> Iterator[None]:
    """No byte more can be written to any file by the agent (RLIMIT_FSIZE of 0, setrlimit(2))."""
    before = resource.prlimit(environment.agent_pid, resource.RLIMIT_FSIZE)
    resource.prlimit(environment.agent_pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # the agent may have ended
            resource.prlimit(environment.agent_pid, resource.RLIMIT_FSIZE, before)


def test_nobody_is_admitted_that_the_journal_cannot_remember(
    station: EgateEnvironment, records: Records
) -> None:
    """After an I/O error nobody knows what is on the disk: the agent opens the way back and ends."""
    with walking(station):
        station.wait_for_phase("capturing")
        with full_disk(station):
            deadline = time.monotonic() + 60
            while station.agent_running and time.monotonic() < deadline:
                assert not station.site.plant.exit.passable
                time.sleep(0.05)
        assert not station.agent_running
        assert station.site.plant.entry.passable, "the person inside can leave"
    assert station.stop_agent() == 1, "a service manager starts it again"
    station.start_agent()
    assert "admit" not in {d["verdict"] for d in records.decisions()}
    assert not station.hub.problems()


# ---------------------------------------------------------------- signed data


@pytest.fixture
def restored(station: EgateEnvironment) -> Iterator[Path]:
    """The station's folder; policy and watchlist are put back at the end, as they were."""
    names = (
        "policy/egate.toml",
        "policy/egate.toml.sig",
        "watchlist.json",
        "watchlist.json.sig",
        "watchlist.pub.pem",
    )
    kept = {name: (station.state / name).read_bytes() for name in names}
    yield station.state
    for name, content in kept.items():
        (station.state / name).write_bytes(content)


def test_a_policy_with_a_bad_signature_never_replaces_a_good_one(
    station: EgateEnvironment, records: Records, restored: Path, officer: Officer
) -> None:
    before = (station.state / "agent.log").stat().st_size
    with (restored / "policy/egate.toml").open("ab") as file:
        file.write(b"\n# everybody may pass\n")
    station.wait_until(lambda _: b"signed data refused" in _log_since(station, before), "the refusal")
    assert station.snapshot()["phase"] == "idle", "the policy that verified still serves"
    ScriptedTraveller(station.site, station.people, pace=PACE).run("genuine")
    decision = records.wait_for_decision()
    assert decision["verdict"] == "admit"
    records.wait_for_end()


def _log_since(environment: EgateEnvironment, offset: int) -> bytes:
    return (environment.state / "agent.log").read_bytes()[offset:]


def test_a_watchlist_that_is_too_old_closes_the_lane(station: EgateEnvironment, restored: Path) -> None:
    key = Ed25519PrivateKey.generate()
    (restored / "watchlist.pub.pem").write_bytes(public_pem(key))
    long_ago = datetime.now(UTC) - timedelta(days=4000)
    build_watchlist(restored / "watchlist.json", [], key, id="simulation", version="0", issued_at=long_ago)
    snapshot = station.wait_for_phase("out_of_service")
    station.wait_until(lambda s: "WATCHLIST_UNAVAILABLE" in alerts(s), "the alert")
    assert "DEVICE_FAULT:watchlist" in alerts(snapshot)


def test_the_lane_opens_again_when_the_watchlist_is_replaced(station: EgateEnvironment) -> None:
    """`station` waits for an idle lane; the list of the test before was put back."""
    assert station.snapshot()["phase"] == "idle"


# ---------------------------------------------------------------- hub and broker


def test_the_hub_can_hold_a_traveller_but_only_the_one_it_means(
    station: EgateEnvironment, records: Records
) -> None:
    with walking(station):
        snapshot = station.wait_for_phase("entry_occupied", "entry_closing", "capturing")
        transaction = snapshot["transaction"]["id"]
        other = station.hub.command(
            STATION,
            "hold",
            officer="hub-officer",
            reason="a hit elsewhere",
            transaction="tx-0000000000000000",
        )
        assert other is not None
        assert (other.outcome, other.reason) == ("rejected", "TRANSACTION_UNKNOWN")
        held = station.hub.command(
            STATION, "hold", officer="hub-officer", reason="a hit elsewhere", transaction=transaction
        )
        assert held is not None
        assert held.outcome == "done", held
        station.wait_for_phase("referred")
        decision = records.wait_for_decision()
        assert (decision["verdict"], "HUB_HOLD" in decision["reasons"]) == ("refer", True)
        assert not station.site.plant.exit.passable


def test_the_hub_can_close_and_open_the_lane_under_an_officers_name(
    station: EgateEnvironment, records: Records
) -> None:
    closed = station.hub.command(STATION, "out_of_service", officer="hub-officer", reason="a search")
    assert closed is not None
    assert closed.outcome == "done"
    station.wait_for_phase("out_of_service")
    opened = station.hub.command(STATION, "in_service", officer="hub-officer", reason="search is over")
    assert opened is not None
    assert opened.outcome == "done"
    station.wait_for_phase("idle")
    actions = [r.entry["body"] for r in records.new() if r.kind == "officer_action"]
    assert [(a["action"], a["officer"]) for a in actions] == [
        ("out_of_service", "hub-officer"),
        ("in_service", "hub-officer"),
    ]


def test_a_traveller_passes_while_the_broker_is_down_and_is_told_later(
    station: EgateEnvironment, records: Records, officer: Officer
) -> None:
    station.broker.kill()
    ScriptedTraveller(station.site, station.people, pace=PACE).run("genuine")
    snapshot = station.wait_for_phase("idle")
    assert snapshot["transaction"]["verdict"] == "admit"
    assert not records.decisions(), "nobody could tell the hub"
    station.wait_until(
        lambda s: not s["hub"]["connected"] and s["hub"]["oldest_s"] > 2.5, "an outbox that grows old"
    )
    station.broker.start()
    decision = records.wait_for_decision()
    assert decision["verdict"] == "admit"
    records.wait_for_end()
    late = [r.historical for r in records.new() if r.kind == "decision"]
    assert late == [True], "later than hub.historical_after_s, and marked so"
    assert not station.hub.problems()
    station.wait_until(lambda s: s["hub"]["outbox"] == 0, "an empty outbox")
