"""The link against a real broker and the simulated hub: acknowledgement, order, faults, commands."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gate_agent.hub import Command, CommandOutcome, HubLink, HubSettings, RejectedCommand
from gate_agent.hub.messages import CommandData, CommandEvent, event, moment
from gate_agent.journal import Journal, JournalSettings, Record, RecordKind
from gate_simulators.device.faults import FaultKind
from gate_simulators.hub.broker import Broker, find_mosquitto
from gate_simulators.hub.hub import Hub

STATION = "egate-1"
KINDS = [
    pytest.param(
        "mosquitto",
        marks=pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed"),
    ),
    "embedded",
]


@pytest.fixture(params=KINDS)
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    before = set(threading.enumerate())
    broker = Broker(tmp_path / "broker", kind=request.param)
    broker.start()
    yield broker
    broker.stop()
    assert set(threading.enumerate()) <= before | _executor_threads(), "a thread was left behind"


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Broker]:
    if find_mosquitto() is None:
        pytest.skip("mosquitto is not installed")
    broker = Broker(tmp_path / "broker", kind="mosquitto")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.sqlite", STATION, JournalSettings(ballast_bytes=0)) as journal:
        yield journal


def _executor_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("asyncio_")}


@dataclass
class Station:
    """A journal with its link, as the agent would wire them."""

    journal: Journal
    link: HubLink
    commands: list[Command] = field(default_factory=list)
    rejected: list[RejectedCommand] = field(default_factory=list)

    async def commit(self, count: int, kind: RecordKind = RecordKind.DECISION, at: str = "") -> None:
        for _ in range(count):
            number = self.journal.head.seq + 1
            said_at = at or moment(time.time())
            record = Record(kind, f"t-{number}", said_at, {"decision": {"verdict": "admit"}, "score": 0.25})
            await asyncio.to_thread(self.journal.commit, record)
            self.link.wake()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition; pytest's own limit ends it when it never comes true."""
        while not condition():  # noqa: ASYNC110 (what is waited for is not ours to signal)
            await asyncio.sleep(0.01)

    async def drained(self) -> None:
        await self.until(lambda: self.journal.depth() == 0)


def quick(broker: Broker, **more: Any) -> HubSettings:
    values: dict[str, Any] = {
        "port": broker.port,
        "protocol": "auto" if broker.version5 else "3.1.1",
        "window": 8,
        "rewind_s": 0.4,
        "heartbeat_s": 0.4,
        "backoff_min_s": 0.02,
        "backoff_max_s": 0.1,
    }
    return HubSettings(**{**values, **more})


@asynccontextmanager
async def station(
    settings: HubSettings,
    journal: Journal,
    answer: Callable[[Command], Awaitable[CommandOutcome]] | None = None,
) -> AsyncIterator[Station]:
    async def on_command(command: Command) -> CommandOutcome:
        made.commands.append(command)
        return await answer(command) if answer else CommandOutcome(done=True)

    async def on_rejected(command: RejectedCommand) -> None:
        made.rejected.append(command)

    link = HubLink(settings, journal, on_command=on_command, on_rejected=on_rejected)
    made = Station(journal, link)
    running = asyncio.create_task(link.run())
    try:
        yield made
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@pytest.fixture
def hub(broker: Broker, tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(tmp_path / "hub.sqlite", port=broker.port, version5=broker.version5)
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture
def hub5(mosquitto: Broker, tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(tmp_path / "hub.sqlite", port=mosquitto.port)
    hub.start()
    yield hub
    hub.stop()


# ---------------------------------------------------------------- records


def test_records_reach_the_hub_in_order_and_leave_the_outbox(
    broker: Broker, hub: Hub, journal: Journal
) -> None:
    async def run() -> None:
        async with station(quick(broker), journal) as gate:
            await gate.commit(30)
            await gate.commit(1, RecordKind.OFFICER_ACTION)
            await gate.drained()
            await gate.until(lambda: gate.link.view.connected)
            assert (gate.link.view.outbox, gate.link.view.acknowledged, gate.link.view.error) == (0, 31, "")

    asyncio.run(run())
    received = hub.received(STATION)
    assert [r.seq for r in received] == list(range(1, 32))
    assert len({r.receipt for r in received}) == 31
    assert hub.receipt("t-30") == received[29].receipt
    assert hub.receipt("t-31") is None, "an officer's action is no decision"
    head = hub.head(STATION, journal.epoch)
    assert head is not None and head.root == journal.head.root, "the witness agrees"
    assert hub.problems() == []


def test_what_was_committed_offline_arrives_later_and_is_marked_historical(
    mosquitto: Broker, hub5: Hub, journal: Journal
) -> None:
    async def run() -> None:
        mosquitto.kill()
        async with station(quick(mosquitto, historical_after_s=60), journal) as gate:
            await gate.commit(3, at="2026-01-01T00:00:00.000Z")
            await gate.commit(2)
            await gate.until(lambda: "no connection" in gate.link.view.error)
            assert not gate.link.view.connected and gate.link.view.oldest_s > 60
            mosquitto.start()
            await gate.drained()

    asyncio.run(run())
    assert [r.historical for r in hub5.received(STATION)] == [True] * 3 + [False] * 2


def test_nothing_is_sent_while_the_primary_hub_is_away(
    mosquitto: Broker, hub5: Hub, journal: Journal
) -> None:
    async def run() -> None:
        async with station(quick(mosquitto), journal) as gate:
            await gate.commit(1)
            await gate.drained()
            hub5.faults.inject(FaultKind.UNPLUG)
            await gate.until(lambda: gate.link.view.error == "the hub is offline")
            await gate.commit(5)
            await asyncio.sleep(0.1)
            assert gate.journal.depth() == 5
            hub5.faults.clear()
            await gate.drained()

    asyncio.run(run())
    assert [r.seq for r in hub5.received(STATION)] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "fault",
    [
        (FaultKind.DROP, {"ratio": 0.3}),
        (FaultKind.DELAY, {"seconds": 0.6}),
        (FaultKind.SILENT, {}),
    ],
)
def test_a_hub_that_loses_delays_or_stays_silent_gets_everything_once(
    mosquitto: Broker, hub5: Hub, journal: Journal, fault: tuple[FaultKind, dict[str, float | str]]
) -> None:
    async def run() -> None:
        async with station(quick(mosquitto), journal) as gate:
            await gate.until(lambda: gate.link.view.connected)
            hub5.faults.inject(fault[0], seconds=1.5, parameters=fault[1])
            await gate.commit(40)
            await gate.drained()

    asyncio.run(run())
    assert [r.seq for r in hub5.received(STATION)] == list(range(1, 41))
    assert hub5.problems() == []


def test_a_broker_that_dies_under_way_costs_nothing(mosquitto: Broker, hub5: Hub, journal: Journal) -> None:
    async def run() -> None:
        async with station(quick(mosquitto), journal) as gate:
            for _ in range(3):
                await gate.commit(20)
                mosquitto.kill()
                await gate.commit(5)
                mosquitto.start()
            await gate.drained()

    asyncio.run(run())
    assert [r.seq for r in hub5.received(STATION)] == list(range(1, 76))


def test_a_hub_with_a_new_database_notes_the_gap_and_goes_on(
    mosquitto: Broker, journal: Journal, tmp_path: Path
) -> None:
    async def fill(count: int) -> None:
        async with station(quick(mosquitto), journal) as gate:
            await gate.commit(count)
            await gate.drained()

    for name, count in (("first", 5), ("second", 3)):
        hub = Hub(tmp_path / f"{name}.sqlite", port=mosquitto.port)
        hub.start()
        asyncio.run(fill(count))
        received, problems = hub.received(STATION), hub.problems()
        hub.stop()
    assert [r.seq for r in received] == [6, 7, 8]
    assert [p.what for p in problems] == ["records 1 to 5 are lost to this hub"]


def test_a_frozen_network_thread_is_noticed_by_the_missing_echo(
    mosquitto: Broker, hub5: Hub, journal: Journal
) -> None:
    async def run() -> None:
        async with station(quick(mosquitto), journal) as gate:
            await gate.until(lambda: gate.link.view.connected)
            session = gate.link._session
            assert session is not None
            session._connection._client.loop_stop()  # as an exception in a callback would end it
            await gate.until(lambda: gate.link._session not in {session, None})
            assert "heartbeats do not come back" in gate.link._error
            await gate.commit(1)
            await gate.drained()

    asyncio.run(run())


def test_a_journal_restored_from_an_old_copy_is_noticed(mosquitto: Broker, hub5: Hub, tmp_path: Path) -> None:
    path, copy = tmp_path / "old" / "journal.sqlite", tmp_path / "copy.sqlite"
    path.parent.mkdir()
    none = JournalSettings(ballast_bytes=0)

    async def run(journal: Journal, count: int, done: Callable[[Station], bool]) -> None:
        async with station(quick(mosquitto), journal) as gate:
            await gate.commit(count)
            await gate.until(lambda: done(gate))

    with Journal.open(path, STATION, none) as journal:
        asyncio.run(run(journal, 2, lambda gate: journal.depth() == 0))
    copy.write_bytes(path.read_bytes())
    with Journal.open(path, STATION, none) as journal:
        asyncio.run(run(journal, 3, lambda gate: journal.depth() == 0))
    path.write_bytes(copy.read_bytes())
    with Journal.open(path, STATION, none) as journal:
        asyncio.run(run(journal, 1, lambda gate: "restored from an old copy" in gate.link.view.error))
        assert journal.depth() == 1, "nothing is deleted on the word of a hub that knows another log"


# ---------------------------------------------------------------- what the broker may refuse

ACL = """
pattern readwrite gate/v1/%u/heartbeat
pattern readwrite gate/v1/%u/presence
pattern read gate/v1/%u/ack
pattern read gate/v1/%u/commands
pattern read gate/v1/hub/state
user hub-1
topic readwrite gate/v1/#
"""


def test_a_denied_publish_is_seen_by_its_reason_code(tmp_path: Path, journal: Journal) -> None:
    if find_mosquitto() is None:
        pytest.skip("mosquitto is not installed")
    (tmp_path / "acl").write_text(ACL)
    broker = Broker(tmp_path / "broker", kind="mosquitto", extra=[f"acl_file {tmp_path / 'acl'}"])
    broker.start()
    state = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="hub")
    state.username_pw_set("hub-1")
    state.connect(broker.host, broker.port)
    state.loop_start()
    online = {"state": "online", "hub": "hub-1", "session": "s-1"}
    from gate_agent.hub.messages import HubStateData, HubStateEvent

    message = event(HubStateEvent, "/hubs/hub-1", "1", time.time(), HubStateData.model_validate(online))
    state.publish("gate/v1/hub/state", message.encode(), qos=1, retain=True).wait_for_publish(5)

    async def run() -> None:
        async with station(
            quick(broker, username=STATION, backoff_min_s=5, backoff_max_s=5), journal
        ) as gate:
            await gate.commit(1)
            await gate.until(lambda: "refused a message" in gate.link.view.error)
            assert gate.journal.depth() == 1

    try:
        asyncio.run(run())
    finally:
        state.disconnect()
        state.loop_stop()
        broker.stop()


def test_a_refused_connection_is_an_error_with_advice(tmp_path: Path, journal: Journal) -> None:
    if find_mosquitto() is None:
        pytest.skip("mosquitto is not installed")
    (tmp_path / "passwords").write_text("")
    broker = Broker(
        tmp_path / "broker",
        kind="mosquitto",
        anonymous=False,
        extra=[f"password_file {tmp_path / 'passwords'}"],
    )
    broker.start()

    async def run() -> None:
        async with station(quick(broker), journal) as gate:
            await gate.until(lambda: "refused the connection" in gate.link.view.error)
            assert not gate.link.view.connected

    try:
        asyncio.run(run())
    finally:
        broker.stop()


# ---------------------------------------------------------------- commands


def test_a_command_is_obeyed_and_answered(broker: Broker, hub: Hub, journal: Journal) -> None:
    async def run() -> None:
        async with station(quick(broker), journal) as gate:
            await gate.until(lambda: gate.link.view.connected)
            answer = await asyncio.to_thread(
                lambda: hub.command(STATION, "hold", officer="o-7", reason="tip-off", transaction="t-1")
            )
            assert answer is not None and (answer.outcome, answer.reason) == ("done", "")
            [command] = gate.commands
            assert (command.action, command.officer, command.transaction) == ("hold", "o-7", "t-1")
            assert command.hub == "/hubs/hub-1"

    asyncio.run(run())


def test_bad_commands_are_rejected_with_a_reason_answered_and_reported(
    mosquitto: Broker, hub5: Hub, journal: Journal
) -> None:
    now = time.time()

    def command(correlation: str, action: str = "ping", expiry: float = now + 9) -> dict[str, Any]:
        data = CommandData(correlation=correlation, action="ping", officer="o-1", reason="test")
        made = event(CommandEvent, "/hubs/hub-1", "1", now, data, expirytime=moment(expiry))
        loaded = json.loads(made.encode())
        loaded["data"]["action"] = action
        return loaded

    sent = {
        "a": (json.dumps(command("a", expiry=now - 1)), "COMMAND_EXPIRED"),
        "b": (json.dumps(command("b", action="open_exit")), "COMMAND_UNKNOWN"),
        "c": (json.dumps({**command("c"), "more": 1}), "COMMAND_MALFORMED"),
        "d": (json.dumps(command("d", expiry=now + 86400)), "COMMAND_BAD_LIFETIME"),
        "": ("x" * 20_000, "COMMAND_TOO_LARGE"),
    }

    async def run() -> None:
        async with station(quick(mosquitto), journal) as gate:
            await gate.until(lambda: gate.link.view.connected)
            for correlation, (payload, reason) in sent.items():
                hub5.send_raw(STATION, payload.encode())
                answer = await asyncio.to_thread(hub5.answer, correlation, 5.0)
                assert answer is not None and (answer.outcome, answer.reason) == ("rejected", reason)
            assert [r.reason for r in gate.rejected] == [reason for _, reason in sent.values()]
            assert gate.commands == []

    asyncio.run(run())


def test_a_repeated_command_is_obeyed_once_and_answered_twice(
    mosquitto: Broker, hub5: Hub, journal: Journal
) -> None:
    data = CommandData(correlation="twice", action="out_of_service", officer="o-1", reason="test")
    expiry = moment(time.time() + 9)
    payload = event(CommandEvent, "/hubs/hub-1", "1", time.time(), data, expirytime=expiry).encode()

    async def run() -> None:
        async with station(quick(mosquitto), journal) as gate:
            await gate.until(lambda: gate.link.view.connected)
            for _ in range(2):
                hub5.send_raw(STATION, payload)
                answer = await asyncio.to_thread(hub5.answer, "twice", 5.0)
                assert answer is not None and answer.outcome == "done"
            assert len(gate.commands) == 1

    asyncio.run(run())


def test_a_slow_command_does_not_hold_up_the_records(mosquitto: Broker, hub5: Hub, journal: Journal) -> None:
    async def run() -> None:
        release = asyncio.Event()

        async def slow(_: Command) -> CommandOutcome:
            await release.wait()
            return CommandOutcome(done=False, reason="LANE_BUSY")

        async with station(quick(mosquitto), journal, slow) as gate:
            await gate.until(lambda: gate.link.view.connected)
            asking = asyncio.create_task(
                asyncio.to_thread(lambda: hub5.command(STATION, "ping", officer="o-1", reason="test"))
            )
            await gate.until(lambda: bool(gate.commands))
            await gate.commit(10)
            await gate.drained()
            release.set()
            answer = await asking
            assert answer is not None and answer.reason == "LANE_BUSY"

    asyncio.run(run())
