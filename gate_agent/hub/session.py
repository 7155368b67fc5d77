"""One stay at the broker: subscribe, say that we are here, and drain the outbox until it ends.

Records go out only while the primary hub says that it is there and keeps answering, at most a
window of them ahead of its cumulative acknowledgement. The heartbeat travels station → broker →
station and station → hub → station: no echo means a dead network thread or broker (the
connection is given up); no answer means a silent hub (sending pauses, the connection stays).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import deque
from collections.abc import Callable

from gate_agent.hub.commands import Command, CommandDesk, CommandReason, RejectedCommand
from gate_agent.hub.connection import (
    Connected,
    Connection,
    Disconnected,
    Happening,
    Published,
    Received,
    Subscribed,
    Will,
    refuse,
)
from gate_agent.hub.errors import BadMessage, HubError, HubSilent, HubUnreachable
from gate_agent.hub.messages import (
    AckData,
    AckEvent,
    AnswerData,
    AnswerEvent,
    HeartbeatData,
    HeartbeatEvent,
    HubStateEvent,
    PresenceData,
    PresenceEvent,
    RecordEvent,
    event,
)
from gate_agent.hub.settings import HubSettings
from gate_agent.hub.topics import ACKNOWLEDGEMENTS, ANSWERS, COMMANDS, HEARTBEAT, HUB_STATE, PRESENCE, RECORDS
from gate_agent.hub.window import SendWindow
from gate_agent.journal import Journal, JournalError

_MISSES = 3
_MAX_WAITING = 1024
_MAX_COMMANDS = 16


class Session:
    """One connection's life. ``run`` returns only by raising HubError or being cancelled."""

    def __init__(
        self,
        settings: HubSettings,
        journal: Journal,
        desk: CommandDesk,
        *,
        version5: bool,
        clock: Callable[[], float],
    ) -> None:
        self.settings = settings
        self.journal = journal
        self.desk = desk
        self.orders: asyncio.Queue[Command | RejectedCommand] = asyncio.Queue(_MAX_COMMANDS)
        self.established = False
        self.accepted = False
        self.progressed = False
        self.trouble = ""
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._signal = asyncio.Event()
        self._waiting: deque[Happening] = deque()
        self._id = secrets.token_hex(8)
        self._hub_session = ""
        self._refusal = ""
        self._hub_online = False
        self._beat = 0
        now = time.monotonic()
        self._echoed_at = self._answered_at = now
        self._next_beat = now
        self._window = SendWindow(settings.window, settings.rewind_s)
        client_id = settings.client_id or f"gate-agent-{journal.station}"
        will = Will(PRESENCE.of(journal.station), self._presence("offline"))
        self._connection = Connection(settings, client_id, will, self._happened, version5=version5)

    # ------------------------------------------------------------ what the link asks

    @property
    def connected(self) -> bool:
        """Station, broker and hub reach each other."""
        return self.accepted and self._hub_online and not self._hub_is_silent(time.monotonic())

    @property
    def rewinds(self) -> int:
        return self._window.rewinds

    def wake(self) -> None:
        """Something was committed, or a connection event is waiting. From any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody is there to wake
            self._loop.call_soon_threadsafe(self._signal.set)

    def answer(self, data: AnswerData) -> None:
        """Tell the hub what became of a command."""
        self.desk.remember(data)
        message = event(AnswerEvent, self._source, secrets.token_hex(8), self._clock(), data)
        self._connection.publish(
            ANSWERS, self.journal.station, message.encode(), correlation=data.correlation
        )

    # ------------------------------------------------------------ life

    async def run(self) -> None:
        try:
            await asyncio.to_thread(self._connection.open)
            async with asyncio.timeout(self.settings.connect_timeout_s):
                await self._arrive()
            await self._drive()
        except TimeoutError:
            raise HubUnreachable("the broker does not answer", field="hub.host") from None
        except JournalError as error:
            raise HubError(error.what, field=error.field, advice=error.advice) from error
        finally:
            self._leave()
            await asyncio.shield(asyncio.to_thread(self._connection.close))

    async def _arrive(self) -> None:
        """CONNACK, subscriptions, birth."""
        station = self.journal.station
        await self._await(Connected)
        self.accepted = self.established = True
        wanted = (ACKNOWLEDGEMENTS, HEARTBEAT, HUB_STATE, COMMANDS)
        self._connection.subscribe([(topic.of(station), topic.qos) for topic in wanted])
        await self._await(Subscribed)
        self._connection.publish(PRESENCE, station, self._presence("online"))
        self._echoed_at = self._answered_at = self._next_beat = time.monotonic()

    async def _await(self, kind: type[Connected | Subscribed]) -> None:
        """Wait for one answer of the broker; messages that come before it stay in line."""
        while True:
            self._signal.clear()
            for happening in list(self._waiting):
                if isinstance(happening, Disconnected):
                    raise HubUnreachable(f"the broker hung up: {happening.reason}", field="hub.host")
                if isinstance(happening, kind):
                    self._waiting.remove(happening)
                    refuse(happening, self.journal.station)
                    return
            await self._signal.wait()

    async def _drive(self) -> None:
        """Handle what happened, keep the heart beating, keep the window full; forever."""
        while True:
            self._signal.clear()
            await self._handle_waiting()
            now = time.monotonic()
            if now - self._echoed_at > _MISSES * self.settings.heartbeat_s:
                raise HubSilent("heartbeats do not come back from the broker", field="hub")
            if now >= self._next_beat:
                self._send_heartbeat(now)
            if self.connected:
                await self._fill_window(now)
            self._update_trouble(now)
            pause = min(self._next_beat - now, self._window.due(now))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(pause, 0.001)):
                    await self._signal.wait()

    def _leave(self) -> None:
        """Say that we go; a broken connection says it by its will."""
        if self.accepted:
            with contextlib.suppress(HubError):
                self._connection.publish(PRESENCE, self.journal.station, self._presence("offline"))
        self.accepted = False

    # ------------------------------------------------------------ sending

    async def _fill_window(self, now: float) -> None:
        window, station = self._window, self.journal.station
        if window.stalled(now):
            window.rewind(now)
        if window.room <= 0 or self.journal.head.seq <= window.sent:
            return
        for row in await asyncio.to_thread(self.journal.pending, window.room, window.sent):
            late = self._clock() - row.at_ms / 1000 > self.settings.historical_after_s
            message = RecordEvent.of(row, station, historical=late)
            self._connection.publish(RECORDS, station, message.encode())
            window.sending(row.seq, time.monotonic())

    def _send_heartbeat(self, now: float) -> None:
        self._beat += 1
        self._next_beat = now + self.settings.heartbeat_s
        head = self.journal.head
        data = HeartbeatData(
            beat=self._beat, epoch=head.epoch, connection=self._id, newest=head.seq, oldest=head.first_pending
        )
        message = event(HeartbeatEvent, self._source, f"{self._id}/{self._beat}", self._clock(), data)
        self._connection.publish(HEARTBEAT, self.journal.station, message.encode())

    def _presence(self, state: str) -> bytes:
        head = self.journal.head
        data = PresenceData.model_validate(
            {
                "state": state,
                "epoch": head.epoch,
                "connection": self._id,
                "newest": head.seq,
                "oldest": head.first_pending,
            }
        )
        return event(PresenceEvent, self._source, f"{self._id}/{state}", self._clock(), data).encode()

    # ------------------------------------------------------------ receiving

    def _happened(self, happening: Happening) -> None:
        # On the network thread. A flood of messages is cut here; acknowledgements are cumulative.
        if len(self._waiting) < _MAX_WAITING or not isinstance(happening, Received):
            self._waiting.append(happening)
        self.wake()

    async def _handle_waiting(self) -> None:
        newest_ack: AckData | None = None
        while self._waiting:
            happening = self._waiting.popleft()
            if isinstance(happening, Disconnected):
                raise HubUnreachable(f"the connection was lost: {happening.reason}", field="hub.host")
            if isinstance(happening, Published):
                refuse(happening, self.journal.station)
            elif isinstance(happening, Received):
                newest_ack = self._receive(happening) or newest_ack
        if newest_ack is not None:
            await self._take_ack(newest_ack)

    def _receive(self, message: Received) -> AckData | None:
        """Sort one message; an acknowledgement is returned, since only the newest one counts."""
        station = self.journal.station
        if message.topic == COMMANDS.of(station):
            self._receive_command(message.payload)
            return None
        limit = self.settings.max_message_bytes
        payload = message.payload if message.payload is not None else b"\0" * (limit + 1)
        try:
            if message.topic == ACKNOWLEDGEMENTS.of(station):
                return AckEvent.parse(payload, limit).data
            if message.topic == HEARTBEAT.of(station):
                heartbeat = HeartbeatEvent.parse(payload, limit).data
                if heartbeat.connection == self._id:
                    self._echoed_at = time.monotonic()
            elif message.topic == HUB_STATE.of(station):
                self._hub_changed(HubStateEvent.parse(payload, limit))
        except BadMessage as error:
            self.trouble = f"bad message on {message.topic}: {error}"
        return None

    def _hub_changed(self, state: HubStateEvent) -> None:
        now = time.monotonic()
        self._hub_online = state.data.state == "online"
        if self._hub_online and state.data.session != self._hub_session:
            # Another life of the hub: what was on its way to the last one may be lost.
            self._hub_session = state.data.session
            self._window.rewind(now)
            self._next_beat = self._answered_at = now

    async def _take_ack(self, ack: AckData) -> None:
        now = time.monotonic()
        self._answered_at = now
        root = bytes.fromhex(ack.root) if ack.root else None
        if ack.epoch != self.journal.epoch:
            return
        if ack.upto > self._window.acknowledged:
            await asyncio.to_thread(self.journal.acknowledge, ack.epoch, ack.upto, root)
            self._window.acknowledge(ack.upto, now)
            self.progressed = True
        if ack.gap:
            self._window.gap(now)
        self._refusal = ack.problem

    def _receive_command(self, payload: bytes | None) -> None:
        reading = self.desk.read(payload)
        if isinstance(reading, AnswerData):
            self.answer(reading)
            return
        try:
            self.orders.put_nowait(reading)
        except asyncio.QueueFull:
            detail = f"{_MAX_COMMANDS} commands are waiting"
            self.answer(RejectedCommand(reading.correlation, CommandReason.TOO_MANY, detail).answer())

    # ------------------------------------------------------------ judging

    @property
    def _source(self) -> str:
        return f"/stations/{self.journal.station}"

    def _hub_is_silent(self, now: float) -> bool:
        return now - self._answered_at > _MISSES * self.settings.heartbeat_s

    def _update_trouble(self, now: float) -> None:
        if not self._hub_online:
            self.trouble = "the hub is offline"
        elif self._hub_is_silent(now):
            self.trouble = f"the hub has not answered for {now - self._answered_at:.0f} s"
        elif self._refusal:
            self.trouble = f"the hub refuses a record: {self._refusal}"
        elif self.trouble.startswith("the hub"):
            self.trouble = ""
