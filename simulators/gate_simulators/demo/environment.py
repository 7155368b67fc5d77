"""What stands around one agent of any kind: broker, hub, simulated devices, and the agent's process.

A stage (:mod:`gate_simulators.egate.environment`, :mod:`gate_simulators.nii.environment`) adds what its
station needs. ``with`` leaves a running, ready station and takes all of it down again, whatever happens in
between. The agent is the real program in its own process, configured by the real file; only addresses and
lists are replaced, by the same ``--set`` that an integrator can use.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import httpx

from gate_agent.app import config as station_config
from gate_agent.app.config import StationConfig
from gate_agent.errors import GateError
from gate_simulators.device.control import ControlServer
from gate_simulators.device.site import Site, start_control
from gate_simulators.hub.broker import Broker, BrokerError
from gate_simulators.hub.hub import Hub


class StageError(GateError):
    """The simulated surroundings, or the agent in them, do not come up."""


SiteT = TypeVar("SiteT", bound=Site)


def _ends_with_us() -> list[str]:
    """A prefix with which a program gets SIGTERM when this process dies (PR_SET_PDEATHSIG, prctl(2))."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


@dataclass
class Surroundings(ABC, Generic[SiteT]):
    """`private_ports` takes free ports, so that several stages can stand on one machine; otherwise the
    configuration's own are used. `settings` are further overrides for the agent."""

    config: Path
    state: Path
    pace: float = 1.0
    seed: int = 0
    private_ports: bool = False
    settings: dict[str, object] = field(default_factory=dict[str, object])
    broker_kind: str = "auto"
    say: Callable[[str], None] = lambda _text: None

    hub: Hub = field(init=False)
    broker: Broker = field(init=False)
    control: ControlServer = field(init=False)
    site: SiteT = field(init=False)
    _agent: subprocess.Popen[bytes] | None = field(init=False, default=None)
    _overrides: dict[str, object] = field(init=False, default_factory=dict[str, object])
    _stack: ExitStack = field(init=False, default_factory=ExitStack)

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
        self.state = self.state.absolute()
        self.state.mkdir(parents=True, exist_ok=True)
        self._overrides = {"station.state_dir": str(self.state)} | self.prepare() | self.settings
        loaded = station_config.load(self.config, self._overrides)
        self.say("starting broker and hub")
        self._start_broker(loaded)
        self.start_hub()
        self._stack.callback(self.stop_hub)
        self.say("starting the simulated devices")
        self.site = self.build_site(loaded)
        self.site.start()
        self._stack.callback(self.site.stop)
        self.control = ControlServer(self.site.devices, port=0 if self.private_ports else 8090)
        start_control(self.control)
        self._stack.callback(self.control.stop)
        self.say("starting the agent")
        self._stack.callback(self.stop_agent)
        self.start_agent()

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
            raise StageError(str(error), field="hub.port") from error
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
        """A command of ``gate-agent`` for this stage's station, such as ``run`` or ``doctor``."""
        words = [str(Path(sys.executable).with_name("gate-agent")), command, "--config", str(self.config)]
        for path, value in self._overrides.items():
            words += ["--set", f"{path}={value}"]
        if not self.broker.version5:
            words += ["--set", "hub.protocol=3.1.1"]
        return words

    def start_agent(self, timeout_s: float = 60.0) -> None:
        """Start the agent's process and wait until its station serves.

        Call it on the main thread: when that ends, however it does, the kernel asks the agent to end too.
        """
        command = [*_ends_with_us(), *self.agent_command()]
        log = (self.state / "agent.log").open("ab")
        with log:
            self._agent = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
            )
        deadline = time.monotonic() + timeout_s
        while self.snapshot().get("phase", "starting") in ("starting", "out_of_service"):
            if self._agent.poll() is not None:
                raise StageError("the agent ended at once", advice=f"see {self.state / 'agent.log'}")
            if time.monotonic() > deadline:
                raise StageError(
                    "the station does not come into service", advice=f"see {self.state / 'agent.log'}"
                )
            time.sleep(0.1)

    @property
    def agent_pid(self) -> int:
        if self._agent is None:
            raise StageError("the agent is not running")
        return self._agent.pid

    @property
    def agent_running(self) -> bool:
        return self._agent is not None and self._agent.poll() is None

    def kill_agent(self) -> None:
        """Kill -9, as a power cut would."""
        if self._agent is not None:
            os.kill(self._agent.pid, signal.SIGKILL)
            self._agent.wait(10)

    def stop_agent(self, timeout_s: float = 20.0, by: signal.Signals = signal.SIGTERM) -> int | None:
        """Ask the agent to end, and SIGKILL when it does not in time. Its exit status."""
        agent = self._agent
        if agent is None:
            return None
        if agent.poll() is None:
            agent.send_signal(by)
            try:
                agent.wait(timeout_s)
            except subprocess.TimeoutExpired:
                agent.kill()
                agent.wait(10)
        return agent.returncode

    # ------------------------------------------------------------ the officer's way in

    @property
    def console_url(self) -> str:
        with self.config.open("rb") as file:
            configured = tomllib.load(file).get("console", {}).get("port", 8080)
        return f"http://127.0.0.1:{self._overrides.get('console.port', configured)}"

    @property
    def console_token(self) -> str:
        return (self.state / "console.token").read_text().strip()

    def snapshot(self) -> dict[str, Any]:
        """What the console shows; empty while it cannot be reached."""
        try:
            answer = httpx.get(f"{self.console_url}/api/snapshot", timeout=2.0)
            return dict(answer.raise_for_status().json())
        except httpx.HTTPError:
            return {}

    def wait_until(
        self, condition: Callable[[dict[str, Any]], bool], what: str, timeout_s: float = 15.0
    ) -> dict[str, Any]:
        """Look at the console until `condition` holds; what it showed then. Raises StageError."""
        deadline = time.monotonic() + timeout_s
        while not ((snapshot := self.snapshot()) and condition(snapshot)):
            if time.monotonic() > deadline:
                shown = f"the station is {snapshot.get('phase', 'not to be seen')}"
                raise StageError(f"waited in vain for {what}; {shown}", advice=f"see {self.state}/agent.log")
            time.sleep(0.05)
        return snapshot

    def wait_for_phase(self, *phases: str, timeout_s: float = 15.0) -> dict[str, Any]:
        """Look at the console until the station is in one of `phases`."""
        return self.wait_until(lambda s: s["phase"] in phases, " or ".join(phases), timeout_s)

    def order(self, action: str, officer: str, reason: str, transaction: str | None = None) -> str:
        """Order something as an officer; empty when it was done, else why not."""
        order = {"action": action, "officer": officer, "reason": reason}
        if transaction is not None:
            order["transaction"] = transaction
        try:
            answer = httpx.post(
                f"{self.console_url}/api/actions",
                json=order,
                headers={"authorization": f"Bearer {self.console_token}"},
                timeout=5.0,
            )
        except httpx.HTTPError as error:
            return f"the console does not answer: {type(error).__name__}"
        return "" if answer.is_success else answer.text
