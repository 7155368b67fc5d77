"""What stands around one agent of any kind: broker, hub, simulated devices, and the agent's process.

The environment of a kind (:mod:`gate_simulators.egate.environment`, :mod:`gate_simulators.nii.environment`)
adds what its station needs. ``with`` leaves a running, ready station and takes all of it down again, whatever
happens in between. The agent is the real program in its own process, configured by the real file; only
addresses and lists are replaced, by the same ``--set`` that an integrator can use.
"""

from __future__ import annotations

import os
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any, ClassVar, Final, Generic, Self, TypeVar
from urllib.parse import urlsplit

from fastapi import APIRouter

from gate_agent.app import config as station_config
from gate_agent.app.config import StationConfig
from gate_agent.errors import GateError
from gate_simulators.demo.agent_process import AgentProcess
from gate_simulators.demo.console_client import ConsoleClient
from gate_simulators.demo.run_folder import RunFolder, Simulation
from gate_simulators.device.control import CONTROL_PORT, ControlServer
from gate_simulators.device.ports import PortClaims
from gate_simulators.device.site import Site, start_control
from gate_simulators.hub.broker import Broker, BrokerError
from gate_simulators.hub.hub import Hub
from gate_simulators.progress import Stalled, size_of, wait_for, work_of

_AGENTS_PORTS: Final = ("hub.port", "console.port")


class SetUpError(GateError):
    """The simulated environment, or the agent in it, does not come up or does not get on."""


SiteT = TypeVar("SiteT", bound=Site)


@dataclass
class Environment(ABC, Generic[SiteT]):
    """`private_ports` takes any free ports; otherwise the configuration's own, or where others have them the
    next free ones. With `another_folder` a state directory that is in use gives way to one beside it.
    `settings` are further overrides for the agent, `routers` further routes of the control interface."""

    config: Path
    state: Path
    pace: float = 1.0
    seed: int = 0
    private_ports: bool = False
    another_folder: bool = False
    settings: dict[str, object] = field(default_factory=dict[str, object])
    broker_kind: str = "auto"
    routers: Sequence[APIRouter] = ()
    say: Callable[[str], None] = lambda _text: None

    hub: Hub = field(init=False)
    broker: Broker = field(init=False)
    control: ControlServer = field(init=False)
    site: SiteT = field(init=False)
    console: ConsoleClient = field(init=False)
    agent: AgentProcess = field(init=False)
    station: str = field(init=False, default="")
    _control_port: int = field(init=False, default=0)
    _overrides: dict[str, object] = field(init=False, default_factory=dict[str, object])
    _stack: ExitStack = field(init=False, default_factory=ExitStack)

    ports: ClassVar[Sequence[str]] = ()
    """Settings of the kind's devices that hold a port on this machine, or the URL of one."""

    # ------------------------------------------------------------ what a kind of station adds

    @abstractmethod
    def prepare(self) -> dict[str, object]:
        """Write the files that the station needs; what differs from its configuration."""

    @abstractmethod
    def build_site(self, loaded: StationConfig) -> SiteT:
        """The simulated devices, not yet started."""

    # ------------------------------------------------------------ setting up

    def __enter__(self) -> Self:
        try:
            self._set_up()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _set_up(self) -> None:
        folder = RunFolder.claim(self.state, others=self.another_folder)
        self._stack.callback(folder.release)
        self.state = folder.path
        self.agent = AgentProcess(self.state / "agent.log")
        loaded = self._configure()
        self.say("starting broker and hub ...")
        self._start_broker(loaded)
        self.start_hub()
        self._stack.callback(self.stop_hub)
        self.say("starting the simulated devices ...")
        self.site = self.build_site(loaded)
        self.site.start()
        self._stack.callback(self.site.stop)
        self.control = ControlServer(self.site.devices, port=self._control_port, routers=self.routers)
        start_control(self.control)
        self._stack.callback(self.control.stop)
        self.say("starting the agent ...")
        self._stack.callback(self.stop_agent)
        self.start_agent()
        kind = loaded.station.kind
        folder.tell(Simulation(self.station, kind, os.getpid(), self.control.url, self.console_url))

    def _configure(self) -> StationConfig:
        """Everything that differs from the file is in ``_overrides`` then, ports included."""
        self._overrides = {"station.state_dir": str(self.state)} | self.prepare() | self.settings
        loaded = station_config.load(self.config, self._overrides)
        claims = PortClaims()
        self._stack.callback(claims.release)
        for setting in (*_AGENTS_PORTS, *self.ports):
            value = _setting_of(loaded, setting)
            if value is not None and setting not in self.settings:
                self._overrides[setting] = self._with_own_port(setting, value, claims)
        loaded = station_config.load(self.config, self._overrides)
        self.station = loaded.station.id
        self.console = ConsoleClient(loaded.console.port, self.state / "console.token")
        self._control_port = claims.claim(0 if self.private_ports else CONTROL_PORT)
        if self._control_port != CONTROL_PORT and not self.private_ports:
            self.say(f"port {CONTROL_PORT} is taken: the control interface takes {self._control_port}")
        return loaded

    def _with_own_port(self, setting: str, value: object, claims: PortClaims) -> object:
        """The port, or the URL with the port, that the station is to use instead."""
        url = None if isinstance(value, int) else urlsplit(str(value))
        wanted = value if isinstance(value, int) else (urlsplit(str(value)).port or 80)
        port = claims.claim(0 if self.private_ports else wanted)
        if port != wanted and not self.private_ports:
            self.say(f"port {wanted} is taken: {setting} takes {port}")
        return port if url is None else url._replace(netloc=f"{url.hostname}:{port}").geturl()

    def _start_broker(self, loaded: StationConfig) -> None:
        self.broker = Broker(
            self.state / "broker",
            port=loaded.hub.port,
            kind=self.broker_kind,  # pyright: ignore[reportArgumentType]
            cache=Path(".cache/mosquitto"),
        )
        try:
            self.broker.start()
        except BrokerError as error:
            raise SetUpError(str(error), field="hub.port") from error
        self._stack.callback(self.broker.stop)

    # ------------------------------------------------------------ the agent and the hub

    def start_hub(self) -> None:
        self.hub = Hub(
            self.state / "hub.sqlite",
            host="127.0.0.1",
            port=self.broker.port,
            hub_id="hub-1",
            version5=self.broker.version5,
        )
        self.hub.start()

    def stop_hub(self) -> None:
        self.hub.stop()

    def agent_command(self, command: str = "run") -> list[str]:
        """A command of ``gate-agent`` for this station, such as ``run`` or ``doctor``."""
        words = [str(Path(sys.executable).with_name("gate-agent")), command, "--config", str(self.config)]
        for path, value in self._overrides.items():
            words += ["--set", f"{path}={value}"]
        if not self.broker.version5:
            words += ["--set", "hub.protocol=3.1.1"]
        return words

    def start_agent(self) -> None:
        """Start the agent's process and wait until its station serves. Call it on the main thread."""
        self.agent.start(self.agent_command())

        def serves() -> bool:
            if not self.agent.running:
                raise self.agent_ended("the agent ended at once")
            return self.snapshot().get("phase", "starting") not in ("starting", "out_of_service")

        self._wait(serves, "the station to come into service")

    def agent_ended(self, how: str) -> SetUpError:
        """What to raise when it did, with its own last words."""
        words = self.agent.last_words() or "it said nothing"
        return SetUpError(f"{how}: {words}", advice=f"all of it: {self.agent.log}")

    @property
    def agent_pid(self) -> int:
        if not self.agent.pid:
            raise SetUpError("the agent is not running")
        return self.agent.pid

    @property
    def agent_running(self) -> bool:
        return self.agent.running

    def kill_agent(self) -> None:
        """Kill -9, as a power cut would."""
        self.agent.kill()

    def stop_agent(self, timeout_s: float = 20.0, by: signal.Signals = signal.SIGTERM) -> int | None:
        """Ask the agent to end, and SIGKILL when it does not in time. Its exit status."""
        return self.agent.stop(timeout_s, by)

    # ------------------------------------------------------------ the officer's way in

    @property
    def console_url(self) -> str:
        return self.console.url

    @property
    def console_token(self) -> str:
        return self.console.token

    def snapshot(self) -> dict[str, Any]:
        """What the console shows; empty while it cannot be reached."""
        return self.console.snapshot()

    def order(self, action: str, officer: str, reason: str, transaction: str | None = None) -> str:
        """Order something as an officer; empty when it was done, else why not."""
        return self.console.order(action, officer, reason, transaction)

    def wait_until(
        self, condition: Callable[[dict[str, Any]], bool], what: str, patience_s: float = 30.0
    ) -> dict[str, Any]:
        """Look at the console until `condition` holds; what it showed then.

        Raises SetUpError when the station has not moved for `patience_s`.
        """

        def look() -> dict[str, Any]:
            snapshot = self.snapshot()
            return snapshot if snapshot and condition(snapshot) else {}

        return self._wait(look, what, patience_s)

    def wait_for_phase(self, *phases: str, patience_s: float = 30.0) -> dict[str, Any]:
        """Look at the console until the station is in one of `phases`."""
        return self.wait_until(lambda s: s["phase"] in phases, " or ".join(phases), patience_s)

    def _wait(self, condition: Callable[[], Any], what: str, patience_s: float = 30.0) -> Any:
        signs = (self._phase, size_of(self.agent.log), work_of(self.agent.pid), self._received)
        try:
            return wait_for(condition, what, *signs, patience_s=patience_s)
        except Stalled as stalled:
            raise SetUpError(str(stalled), advice=f"see {self.agent.log}") from stalled

    def _phase(self) -> object:
        return self.snapshot().get("phase", "not to be seen")

    def _received(self) -> object:
        return len(self.hub.received(self.station))


def _setting_of(loaded: StationConfig, path: str) -> object:
    """The value at a dotted path, as ``devices.camera.source.url``; None where another device is bound."""

    def inner(outer: Any, name: str) -> Any:
        if isinstance(outer, Mapping):
            return outer[name].config
        return getattr(outer, name, None)

    return reduce(inner, path.split("."), loaded)
