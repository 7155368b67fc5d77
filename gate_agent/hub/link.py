"""The link to the hub: sessions one after another, for as long as the station lives.

``run`` belongs in the agent's task group. It never gives up and never raises for anything that the
network, the broker or the hub does: between sessions it waits with exponential back-off and full
jitter, and everything committed meanwhile waits in the outbox.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from gate_agent.backoff import Backoff
from gate_agent.errors import GateError
from gate_agent.hub.commands import Command, CommandDesk, CommandOutcome, CommandReason, RejectedCommand
from gate_agent.hub.errors import HubError
from gate_agent.hub.session import Session
from gate_agent.hub.settings import HubSettings
from gate_agent.journal import Journal
from gate_agent.readmodel import HubView

OnCommand = Callable[[Command], Awaitable[CommandOutcome]]
OnRejected = Callable[[RejectedCommand], Awaitable[None]]

_COMMAND_TIME_S = 10.0


class HubLink:
    """Drains the journal's outbox to the hub and brings commands from it.

    `on_command` performs a valid command and journals it; `on_rejected` journals one that was not
    obeyed. `clock` gives UTC seconds.
    """

    def __init__(
        self,
        settings: HubSettings,
        journal: Journal,
        *,
        on_command: OnCommand,
        on_rejected: OnRejected | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._on_command = on_command
        self._on_rejected = on_rejected
        self._clock = clock
        self._desk = CommandDesk(settings.max_message_bytes, clock)
        self._session: Session | None = None
        self._error = "not connected yet"
        self._older_protocol = settings.protocol == "3.1.1"
        self._failures = 0

    @property
    def view(self) -> HubView:
        """The state of the link for the read model. No disk access."""
        session = self._session
        head, depth = self._journal.head, self._journal.depth()
        return HubView(
            connected=session is not None and session.connected,
            outbox=depth,
            acknowledged=head.seq - depth,
            oldest_s=self._journal.oldest_age(),
            error=session.trouble if session is not None and session.accepted else self._error,
        )

    def wake(self) -> None:
        """Something was committed: send it now. From any thread."""
        session = self._session
        if session is not None:
            session.wake()

    async def run(self) -> None:
        """Keep the link up until cancelled; then say goodbye and leave nothing behind."""
        while True:
            try:
                await self._one_session()
            except* HubError as group:
                self._error = str(group.exceptions[0])
            finally:
                self._session = None
            await asyncio.sleep(self._pause())

    async def _one_session(self) -> None:
        session = Session(
            self._settings,
            self._journal,
            self._desk,
            version5=not self._older_protocol,
            clock=self._clock,
        )
        self._session = session
        try:
            async with asyncio.TaskGroup() as group:
                obeying = group.create_task(self._obey(session), name="hub-commands")
                try:
                    await session.run()
                finally:
                    obeying.cancel()
        finally:
            if session.progressed:
                self._failures = 0
            self._choose_protocol(established=session.established)

    def _choose_protocol(self, *, established: bool) -> None:
        """A broker that never says CONNACK may not know MQTT 5: try the other version next time."""
        if self._settings.protocol == "auto":
            self._older_protocol = False if established else not self._older_protocol

    def _pause(self) -> float:
        backoff = Backoff(self._settings.backoff_min_s, self._settings.backoff_max_s)
        self._failures += 1
        return backoff.pause(self._failures - 1, random.random())

    # ------------------------------------------------------------ commands

    async def _obey(self, session: Session) -> None:
        """One command after the other, each answered."""
        while True:
            order = await session.orders.get()
            if isinstance(order, Command):
                order = self._desk.stale(order) or order
            if isinstance(order, RejectedCommand):
                if self._on_rejected is not None:
                    await self._on_rejected(order)
                answer = order.answer()
            else:
                answer = (await self._perform(order)).answer(order.correlation)
            session.answer(answer)

    async def _perform(self, command: Command) -> CommandOutcome:
        try:
            async with asyncio.timeout(_COMMAND_TIME_S):
                return await self._on_command(command)
        except TimeoutError:
            detail = f"not done within {_COMMAND_TIME_S:.0f} s"
            return CommandOutcome(done=False, reason=CommandReason.FAILED, detail=detail)
        except GateError as error:
            return CommandOutcome(done=False, reason=CommandReason.FAILED, detail=str(error))
