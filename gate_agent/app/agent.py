"""The composition root: a configuration in, a running station out.

It opens the journal, has the station of this kind built (:mod:`gate_agent.app.kinds`), and runs conductor,
devices, hub link and console in one task group: if one of them fails, all stop in order, the doors first, and
the process ends with an error, to be started again. Only without a conductor there is nobody to close the
lane; then the controller's watchdog does.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from functools import partial
from importlib.metadata import version
from typing import Any

from gate_agent.app.config import StationConfig
from gate_agent.app.console_page import console_page, console_words
from gate_agent.app.kinds import build
from gate_agent.app.metrics import Metrics
from gate_agent.app.notify import Notifier
from gate_agent.console.app import create_app
from gate_agent.console.server import ConsoleServer
from gate_agent.console.token import load_token
from gate_agent.errors import GateError
from gate_agent.hub.commands import Command, CommandOutcome, RejectedCommand
from gate_agent.hub.link import HubLink
from gate_agent.journal import Journal, RecordKind
from gate_agent.logs import get_logger
from gate_agent.memory import share_arenas
from gate_agent.readmodel import Board, OfficerAction
from gate_agent.station.conductor import Conductor
from gate_agent.station.kind import KINDS, Station

log = get_logger(__name__)

BEAT_S = 0.5
PRUNE_S = 3600.0


class Agent:
    """One station. Build it, then `await run()`; SIGTERM, SIGINT and SIGHUP end it safely."""

    def __init__(self, config: StationConfig) -> None:
        self.config = config
        station = config.station
        self.board = Board(station.id, station.kind)
        self._kind = KINDS.load(station.kind)
        self._stop = asyncio.Event()
        self._failures: list[Exception] = []
        self._conductor: Conductor[Any] | None = None
        self._journal_path = station.state_dir / config.journal.file

    def stop(self) -> None:
        """Close the lane, drain what can be drained, and end `run()`."""
        self._stop.set()

    async def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Run the station until stopped.

        Raises GateError when it cannot start, ExceptionGroup when a part of it failed on the way.
        """
        share_arenas()
        config = self.config
        config.station.state_dir.mkdir(parents=True, exist_ok=True)
        loop = asyncio.get_running_loop()
        ending = [signal.SIGTERM, signal.SIGINT]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup sets it
            # A terminal that goes away must not leave the doors as they are either.
            ending.append(signal.SIGHUP)
        for number in ending:
            loop.add_signal_handler(number, self.stop)
        token = load_token(config.console.token_file)
        journal = Journal.open(self._journal_path, config.station.id, config.journal)
        try:
            await self._run(journal, token, on_ready)
        finally:
            journal.close()
            for number in ending:
                loop.remove_signal_handler(number)

    async def _run(self, journal: Journal, token: str, on_ready: Callable[[], None]) -> None:
        link = HubLink(self.config.hub, journal, on_command=self._obey, on_rejected=self._note_rejected)
        station = await build(self.config, journal, self.board, link.wake)
        self._conductor = station.conductor
        try:
            await self._run_parts(station, journal, link, token, on_ready)
        finally:
            await station.close()

    async def _run_parts(
        self, station: Station, journal: Journal, link: HubLink, token: str, on_ready: Callable[[], None]
    ) -> None:
        config, notifier, conductor = self.config, Notifier.from_environment(), station.conductor
        console = self._console(station, journal, token)
        console.bind()
        parts = {
            **{f"device {s.name}": s.run() for s in conductor.devices},
            "hub link": link.run(),
            "console": console.run(),
            "beat": self._beat(conductor, link, notifier),
            "retention": prune(journal),
            # After an I/O error only a new start knows what is on the disk; systemd makes it.
            "journal": conductor.watch_journal(),
            **station.parts,
        }
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(conductor.run(), name="conductor"),
                *(group.create_task(self._or_stop(part), name=name) for name, part in parts.items()),
            ]
            await conductor.note("started", version=version("gate-agent"), epoch=journal.epoch)
            log.info("station runs", station=config.station.id, kind=config.station.kind, epoch=journal.epoch)
            notifier.ready(f"station {config.station.id}")
            on_ready()
            await self._stop.wait()
            notifier.stopping()
            log.info("stopping", station=config.station.id)
            await conductor.close_lane(station.at_rest_s)
            await conductor.note("stopped")
            await _drained(journal, seconds=2.0)
            for task in tasks:
                task.cancel()
        if self._failures:
            raise ExceptionGroup("a part of the station failed", self._failures)

    async def _or_stop(self, part: Coroutine[Any, Any, None]) -> None:
        """Run one part of the station, which has no end of its own; if it fails, stop in good order."""
        try:
            await part
            raise RuntimeError("a part of the station ended by itself")
        except Exception as error:
            log.error("a part of the station failed", exc_info=error)
            self._failures.append(error)
            self.stop()

    # ------------------------------------------------------------ parts

    def _console(self, station: Station, journal: Journal, token: str) -> ConsoleServer:
        app = create_app(
            self.board,
            station.act,
            settings=self.config.console,
            token=token,
            kind=console_page(self._kind),
            words=console_words(self._kind),
            acknowledge=station.conductor.acknowledge,
            recent=partial(_recent, journal),
            metrics=Metrics(self.board, version("gate-agent"), journal.figures).exposition,
            routers=station.routers,
        )
        return ConsoleServer(app, self.config.console)

    async def _beat(self, conductor: Conductor[Any], link: HubLink, notifier: Notifier) -> None:
        """The station's pulse: ages on the board, and the watchdog fed by a loop that really turns."""
        while True:
            conductor.show_health()
            self.board.update(hub=link.view)
            notifier.watchdog()
            await asyncio.sleep(min(BEAT_S, notifier.watchdog_s or BEAT_S))

    async def _obey(self, command: Command) -> CommandOutcome:
        """A valid command of the hub; the orders among them are an officer's and journalled as such."""
        conductor = self._conductor
        if conductor is None:
            return CommandOutcome(done=False, reason="COMMAND_FAILED", detail="the station is starting")
        match command.action:
            case "ping":
                return CommandOutcome(done=True)
            case "hold":
                held = conductor.hold(command.transaction)
                await conductor.note("hub_hold", done=held, officer=command.officer, reason=command.reason)
                return CommandOutcome(held, "" if held else "TRANSACTION_UNKNOWN")
            case "out_of_service" | "in_service" as action:
                officer = command.officer or command.hub
                done = (await conductor.act(OfficerAction(action, officer, command.reason))).objection
                return CommandOutcome(done is None, "" if done is None else done.code)
            case _:
                return CommandOutcome(done=False, reason="COMMAND_UNKNOWN")

    async def _note_rejected(self, rejected: RejectedCommand) -> None:
        if self._conductor is not None:
            await self._conductor.note("command_rejected", reason=rejected.reason.value)


def _recent(journal: Journal, count: int) -> list[dict[str, Any]]:
    """The newest records that an officer asks for: decisions, orders and alarms, not the agent's own."""
    wanted = {
        RecordKind.DECISION.value,
        RecordKind.OFFICER_ACTION.value,
        RecordKind.OFFICER_OUTCOME.value,
        RecordKind.LANE_EVENT.value,
    }
    rows: list[dict[str, Any]] = []
    for record in journal.recent(4 * count):
        entry: dict[str, Any] = dict(record.entry or {})
        if entry.get("kind") in wanted:
            body: dict[str, Any] = entry.get("body", {})
            rows.append({**entry, "body": body.get("decision", body), "seq": record.seq})
    return rows[:count]


async def prune(journal: Journal, every_s: float = PRUNE_S) -> None:
    """Retention: bodies that are old enough and acknowledged go; their hashes stay.

    A journal that cannot be written is the registrar's to tell; here it only means: later.
    """
    while True:
        try:
            await asyncio.to_thread(journal.prune)
        except GateError as error:
            log.error("retention has to wait", error=error.what, advice=error.advice)
        await asyncio.sleep(every_s)


async def _drained(journal: Journal, seconds: float) -> None:
    """Give the hub link a moment to hand over what is left; the rest goes at the next start."""
    try:
        async with asyncio.timeout(seconds):
            while journal.depth():  # noqa: ASYNC110 - the hub decides
                await asyncio.sleep(0.05)
    except TimeoutError:
        log.info("outbox kept for the next start", outbox=journal.depth())
