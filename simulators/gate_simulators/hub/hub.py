"""The central hub, simulated: stores each record once, then acknowledges, and never before.

Records come from MQTT with manual acknowledgement. A worker takes whatever has arrived, stores it in one
transaction, then acknowledges to the broker (PUBACK) and to each station (a cumulative
acknowledgement with the Merkle root that the hub computed itself). Killed at any point, it loses
nothing that it acknowledged.

Faults: ``silent`` (stays connected, acknowledges nothing), ``delay`` [seconds], ``drop`` [ratio]
(loses arriving records), ``unplug`` (leaves the broker).
"""

from __future__ import annotations

import contextlib
import queue
import random
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gate_agent.hub.errors import BadMessage
from gate_agent.hub.messages import (
    AckData,
    AckEvent,
    AnswerData,
    AnswerEvent,
    CommandData,
    CommandEvent,
    Event,
    HeartbeatEvent,
    HubStateData,
    HubStateEvent,
    PresenceEvent,
    RecordEvent,
    event,
    moment,
)
from gate_agent.hub.topics import (
    ACKNOWLEDGEMENTS,
    ANSWERS,
    COMMANDS,
    HEARTBEAT,
    HUB_STATE,
    PRESENCE,
    RECORDS,
    Topic,
    station_of,
)
from gate_simulators.device.faults import FaultBoard, FaultKind
from gate_simulators.hub.hub_store import HubStore, LogHead, Problem, ReceivedRecord

_LIMIT = 256 * 1024
_BATCH = 256


@dataclass(frozen=True, slots=True)
class _Arrived:
    client: mqtt.Client
    topic: str
    payload: bytes
    mid: int
    qos: int


@dataclass(slots=True)
class StationStatus:
    """What the hub knows of a station besides its records."""

    station: str
    online: bool = False
    epoch: int = 0
    newest: int = 0
    beat: int = 0
    seen_at: float = 0.0


class Hub:
    """One primary hub. ``start`` needs no broker yet: it connects as soon as there is one."""

    name = "hub"

    def __init__(
        self,
        database: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 1883,
        hub_id: str = "hub-1",
        version5: bool = True,
    ) -> None:
        supported = frozenset({FaultKind.SILENT, FaultKind.DELAY, FaultKind.DROP, FaultKind.UNPLUG})
        self.faults = FaultBoard(supported)
        self.hub_id = hub_id
        self.stations: dict[str, StationStatus] = {}
        self._host, self._port = host, port
        self._version5 = version5
        self._store = HubStore(database, hub_id)
        self._arrived: queue.Queue[_Arrived] = queue.Queue(20_000)
        self._answers: dict[str, AnswerData] = {}
        self._progress = threading.Condition()
        self._stopping = threading.Event()
        self._session = secrets.token_hex(8)
        self._client = self._make_client()
        self._threads = (
            threading.Thread(target=self._keep_connected, name="hub-connection", daemon=True),
            threading.Thread(target=self._work, name="hub-worker", daemon=True),
        )

    # ------------------------------------------------------------ life

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Say that the hub is offline, end the threads, close the database."""
        if self._stopping.is_set():
            return
        self._publish_state("offline")
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._store.close()

    def _make_client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.hub_id,
            clean_session=None if self._version5 else True,
            protocol=MQTTProtocolVersion.MQTTv5 if self._version5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.max_inflight_messages_set(1000)
        client.max_queued_messages_set(10_000)
        client.on_socket_open = _no_delay
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        return client

    def _keep_connected(self) -> None:
        """One client per connection; a new session id tells the stations to send again."""
        while not self._stopping.is_set():
            if not self.faults.active(FaultKind.UNPLUG):
                self._session = secrets.token_hex(8)
                self._client = self._make_client()
                offline = self._state_event("offline").encode()
                self._client.will_set(HUB_STATE.pattern, offline, qos=1, retain=True)
                self._one_connection(self._client)
            self._stopping.wait(0.1)

    def _one_connection(self, client: mqtt.Client) -> None:
        try:
            client.connect(self._host, self._port, keepalive=10)
        except OSError:
            return
        client.loop_start()
        line = cast(socket.socket, client.socket())
        while client.socket() is not None and not self._stopping.is_set():
            if self.faults.active(FaultKind.UNPLUG):
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)
                break
            self._stopping.wait(0.05)
        client.disconnect()
        client.loop_stop()

    # ------------------------------------------------------------ on the network thread

    def _on_connect(self, client: mqtt.Client, _u: Any, _f: Any, code: Any, _p: Any) -> None:
        if code.is_failure:
            return
        client.subscribe([(topic.everywhere, topic.qos) for topic in (RECORDS, PRESENCE, HEARTBEAT, ANSWERS)])
        self._publish_state("online")

    def _on_message(self, client: mqtt.Client, _u: Any, message: mqtt.MQTTMessage) -> None:
        with contextlib.suppress(queue.Full):  # not acknowledged, so it comes again
            self._arrived.put_nowait(
                _Arrived(client, message.topic, bytes(message.payload), message.mid, message.qos)
            )

    # ------------------------------------------------------------ the worker

    def _work(self) -> None:
        while not self._stopping.is_set():
            batch = self._next_batch()
            if not batch:
                continue
            if delay := self.faults.active(FaultKind.DELAY):
                self._stopping.wait(float(delay.parameters.get("seconds", 1.0)))
            if self.faults.active(FaultKind.SILENT):
                continue
            self._store_batch(batch)

    def _next_batch(self) -> list[_Arrived]:
        try:
            batch = [self._arrived.get(timeout=0.1)]
        except queue.Empty:
            return []
        with contextlib.suppress(queue.Empty):
            while len(batch) < _BATCH:
                batch.append(self._arrived.get_nowait())
        return batch

    def _store_batch(self, batch: list[_Arrived]) -> None:
        """Store first, acknowledge afterwards."""
        touched: dict[tuple[str, int], LogHead] = {}
        self._store.begin()
        for message in batch:
            head = self._take(message)
            if head is not None:
                touched[head.station, head.epoch] = head
        self._store.commit()
        for message in batch:
            if message.qos:
                message.client.ack(message.mid, message.qos)
        for head in touched.values():
            self._acknowledge(head)
        with self._progress:
            self._progress.notify_all()

    def _take(self, message: _Arrived) -> LogHead | None:
        """Handle one message; the log that now needs an acknowledgement, if any."""
        station = station_of(message.topic)
        try:
            if message.topic == RECORDS.of(station):
                return self._take_record(message.payload, station)
            if message.topic == HEARTBEAT.of(station):
                return self._take_heartbeat(message.payload, station)
            if message.topic == PRESENCE.of(station):
                self._take_presence(message.payload, station)
            elif message.topic == ANSWERS.of(station):
                answer = AnswerEvent.parse(message.payload, _LIMIT).data
                self._answers[answer.correlation] = answer
        except BadMessage as error:
            sys.stderr.write(f"hub: bad message on {message.topic}: {error}\n")
        return None

    def _take_record(self, payload: bytes, station: str) -> LogHead | None:
        drop = self.faults.active(FaultKind.DROP)
        if drop and random.random() < float(drop.parameters.get("ratio", 0.5)):
            return None
        record = RecordEvent.parse(payload, _LIMIT)
        if record.data.entry.station != station:
            raise BadMessage(f"station {record.data.entry.station} on the topic of {station}", field="source")
        return self._store.take(record)

    def _take_heartbeat(self, payload: bytes, station: str) -> LogHead:
        data = HeartbeatEvent.parse(payload, _LIMIT).data
        self.stations[station] = StationStatus(
            station, True, data.epoch, data.newest, data.beat, time.monotonic()
        )
        head = self._store.head(station, data.epoch)
        oldest = data.oldest or data.newest + 1
        if oldest > head.upto + 1:
            self._store.skip_to(head, oldest)
        return head

    def _take_presence(self, payload: bytes, station: str) -> None:
        if not payload:
            return
        data = PresenceEvent.parse(payload, _LIMIT).data
        beat = self.stations[station].beat if station in self.stations else 0
        online = data.state == "online"
        self.stations[station] = StationStatus(
            station, online, data.epoch, data.newest, beat, time.monotonic()
        )

    def _acknowledge(self, head: LogHead) -> None:
        status = self.stations.get(head.station)
        data = AckData(
            epoch=head.epoch,
            upto=head.upto,
            root=head.root.hex() if head.root and head.upto else None,
            gap=head.gap,
            beat=status.beat if status else 0,
            problem=head.refusal,
            hub=self.hub_id,
        )
        head.gap = False
        self._publish(ACKNOWLEDGEMENTS, head.station, self._event(AckEvent, data))

    # ------------------------------------------------------------ sending

    def _event(self, kind: type[Event], data: Any, **more: str) -> Event:
        return event(kind, f"/hubs/{self.hub_id}", secrets.token_hex(8), time.time(), data, **more)

    def _state_event(self, state: str) -> Event:
        data = {"state": state, "hub": self.hub_id, "session": self._session}
        return self._event(HubStateEvent, HubStateData.model_validate(data))

    def _publish_state(self, state: str) -> None:
        self._publish(HUB_STATE, "", self._state_event(state))

    def _publish(self, topic: Topic, station: str, message: Event, expiry_s: int = 0) -> None:
        client = self._client
        properties = None
        if self._version5 and expiry_s:
            properties = Properties(PacketTypes.PUBLISH)
            properties.MessageExpiryInterval = expiry_s
        if client.is_connected():
            client.publish(topic.of(station), message.encode(), topic.qos, topic.retained, properties)

    def send_raw(self, station: str, payload: bytes) -> None:
        """Put any bytes on a station's command topic."""
        self._client.publish(COMMANDS.of(station), payload, qos=1).wait_for_publish(5.0)

    def command(
        self,
        station: str,
        action: str,
        *,
        officer: str,
        reason: str,
        transaction: str = "",
        lifetime_s: float = 10.0,
        timeout_s: float = 5.0,
    ) -> AnswerData | None:
        """Order something and wait for the station's answer; None when none came in time."""
        correlation = secrets.token_hex(8)
        order = {"correlation": correlation, "action": action, "officer": officer, "reason": reason}
        data = CommandData.model_validate({**order, "transaction": transaction})
        expiry = moment(time.time() + lifetime_s)
        message = self._event(CommandEvent, data, expirytime=expiry)
        self._publish(COMMANDS, station, message, expiry_s=max(1, round(lifetime_s)))
        return self.answer(correlation, timeout_s)

    def answer(self, correlation: str, timeout_s: float) -> AnswerData | None:
        """Wait for the answer to one command."""
        self._wait(lambda: correlation in self._answers, timeout_s)
        return self._answers.pop(correlation, None)

    # ------------------------------------------------------------ what the hub has

    @property
    def connected(self) -> bool:
        return self._client.is_connected()

    def received(self, station: str, transaction: str = "") -> list[ReceivedRecord]:
        """A station's records in the order in which they were stored."""
        return self._store.received(station, transaction)

    def receipt(self, transaction: str) -> str | None:
        """The receipt id of a transaction's decision, once it is stored."""
        return self._store.receipt(transaction)

    def problems(self) -> list[Problem]:
        """Gaps, contradictions and refusals so far."""
        return self._store.problems()

    def head(self, station: str, epoch: int) -> LogHead | None:
        """How far one log has come."""
        return self._store.heads.get((station, epoch))

    def heads(self) -> list[LogHead]:
        return sorted(self._store.heads.values(), key=lambda head: (head.station, head.epoch))

    def wait_for(self, station: str, epoch: int, seq: int, timeout_s: float) -> bool:
        """Wait until everything up to `seq` is stored."""

        def there() -> bool:
            head = self.head(station, epoch)
            return head is not None and head.upto >= seq

        return self._wait(there, timeout_s)

    def wait_for_receipt(self, transaction: str, timeout_s: float) -> str | None:
        """Wait for the receipt of a transaction's decision."""
        self._wait(lambda: self.receipt(transaction) is not None, timeout_s)
        return self.receipt(transaction)

    def _wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        with self._progress:
            return self._progress.wait_for(condition, timeout_s)


def _no_delay(_client: mqtt.Client, _userdata: Any, line: Any) -> None:
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
