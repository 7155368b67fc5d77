"""An MQTT broker for simulated stations: mosquitto where it can be had, an embedded one otherwise.

In this order: mosquitto on the PATH or in /usr/sbin; one unpacked into ``.cache/mosquitto`` without
root (``apt-get download``, ``dpkg -x``); amqtt, an embedded broker that speaks MQTT 3.1.1 only.

The broker listens on loopback alone and is a child of this process in the strict sense: the kernel
kills it when this process dies (PR_SET_PDEATHSIG), however that happens.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gate_agent.errors import GateError
from gate_simulators.device.ports import free_port

Kind = Literal["auto", "mosquitto", "embedded"]

_DEBIAN_PACKAGES = (
    *("mosquitto", "libmosquitto1", "libcjson1", "libdlt2", "libev4", "libuv1"),
    *("libwrap0", "libnsl2", "libtirpc3"),
)
_START_S = 10.0
_EMBEDDED = """
import asyncio, json, sys
from amqtt.broker import Broker

async def serve() -> None:
    broker = Broker(json.loads(sys.argv[1]))
    await broker.start()
    await asyncio.Event().wait()

asyncio.run(serve())
"""


class BrokerError(GateError):
    """No broker could be started."""


@dataclass(frozen=True, slots=True)
class Program:
    """A mosquitto that can be run here, and where its libraries are if it was unpacked."""

    path: Path
    libraries: Path | None = None


def find_mosquitto(cache: Path | None = None) -> Program | None:
    """The mosquitto to use, without fetching anything."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found:
        return Program(Path(found))
    if cache is None:
        return None
    unpacked = cache / "usr/sbin/mosquitto"
    if unpacked.is_file():
        libraries = next((p.parent for p in sorted(cache.glob("usr/lib/**/libmosquitto.so*"))), None)
        program = Program(unpacked, libraries)
        return program if _runs(program) else None
    return None


def unpack_mosquitto(cache: Path) -> Program | None:
    """Fetch and unpack mosquitto into `cache` without root. None where apt cannot do that."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return None
    downloads = cache / "deb"
    downloads.mkdir(parents=True, exist_ok=True)
    for package in _DEBIAN_PACKAGES:
        # Which libraries exist depends on the release; what is missing shows when it is run.
        subprocess.run(
            ["apt-get", "download", package], cwd=downloads, capture_output=True, timeout=60, check=False
        )
    for archive in sorted(downloads.glob("*.deb")):
        subprocess.run(["dpkg", "-x", archive, cache], capture_output=True, timeout=60, check=False)
    return find_mosquitto(cache)


def _runs(program: Program) -> bool:
    """Whether the program can load its libraries (``-h`` prints its usage and exits with 3)."""
    try:
        done = subprocess.run(
            [program.path, "-h"], env=_environment(program), capture_output=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return b"mosquitto" in done.stdout


def _environment(program: Program | None) -> dict[str, str]:
    environment = dict(os.environ)
    if program is not None and program.libraries is not None:
        environment["LD_LIBRARY_PATH"] = str(program.libraries)
    return environment


class Broker:
    """One broker on loopback with its files in `directory`. ``port=0`` picks a free one.

    `extra` are further lines for mosquitto's configuration (access lists, TLS). ``stop`` ends it,
    ``kill`` ends it as a loss of power would; after either, ``start`` brings it back.
    """

    name = "broker"

    def __init__(
        self,
        directory: Path,
        *,
        port: int = 0,
        kind: Kind = "auto",
        extra: Sequence[str] = (),
        anonymous: bool = True,
        cache: Path | None = None,
    ) -> None:
        self.host = "127.0.0.1"
        self.port = port or free_port()
        self._directory = directory
        self._extra = tuple(extra)
        self._anonymous = anonymous
        self._program = find_mosquitto(cache) if kind != "embedded" else None
        if kind == "mosquitto" and self._program is None:
            raise BrokerError("mosquitto is not installed (apt install mosquitto)")
        self._process: subprocess.Popen[bytes] | None = None
        self._reaper: threading.Thread | None = None

    @property
    def kind(self) -> str:
        return "mosquitto" if self._program else "embedded"

    @property
    def version5(self) -> bool:
        """Whether it speaks MQTT 5."""
        return self._program is not None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and return when it takes connections. Raises BrokerError."""
        if self.running:
            return
        if _answers(self.host, self.port):
            raise BrokerError(f"something else listens on {self.host}:{self.port}; stop it or choose a port")
        self._directory.mkdir(parents=True, exist_ok=True)
        started = threading.Event()
        self._reaper = threading.Thread(target=self._live, args=(started,), name="broker", daemon=True)
        self._reaper.start()
        until = time.monotonic() + _START_S
        started.wait(_START_S)
        while not _answers(self.host, self.port):
            if not self.running or time.monotonic() > until:
                self.kill()
                raise BrokerError(f"the broker did not start: {self._last_words()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, without letting it write anything."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, reaper = self._process, self._reaper
        if process is not None and process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(3.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if reaper is not None:
            reaper.join()
        self._process = self._reaper = None

    def _live(self, started: threading.Event) -> None:
        # PR_SET_PDEATHSIG fires when the *thread* that started the child ends (prctl(2)). This one
        # lives exactly as long as the child, so only the end of the whole process can fire it.
        try:
            with (self._directory / "broker.log").open("ab") as log:
                self._process = subprocess.Popen(
                    [*_die_with_parent(), *self._command()],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=_environment(self._program),
                    start_new_session=True,  # Ctrl-C is for us; we end the broker last
                )
        finally:
            started.set()
        self._process.wait()

    def _command(self) -> list[str]:
        if self._program is not None:
            return [str(self._program.path), "-c", str(self._write_configuration())]
        listener = {"type": "tcp", "bind": f"{self.host}:{self.port}", "max_connections": 100}
        plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        configuration = {"listeners": {"default": listener}, "plugins": plugins}
        return [sys.executable, "-c", _EMBEDDED, json.dumps(configuration)]

    def _write_configuration(self) -> Path:
        """Persistence as strict as mosquitto has it: its defaults lose acknowledged messages."""
        path = self._directory / "mosquitto.conf"
        lines = [
            f"listener {self.port} {self.host}",
            f"allow_anonymous {'true' if self._anonymous else 'false'}",
            "set_tcp_nodelay true",
            "max_inflight_messages 1000",
            "max_queued_messages 10000",
            "message_size_limit 1048576",
            "persistence true",
            f"persistence_location {self._directory}/",
            "autosave_on_changes true",
            "autosave_interval 1",
            "log_dest stderr",
            "connection_messages false",
        ]
        if os.geteuid() == 0:
            # Changing the user would clear the parent-death signal, and its files are ours.
            lines.append("user root")
        path.write_text("\n".join([*lines, *self._extra]) + "\n")
        return path

    def _last_words(self) -> str:
        try:
            lines = (self._directory / "broker.log").read_text(errors="replace").splitlines()
        except OSError:
            return "no log"
        return " / ".join(lines[-3:])


def _die_with_parent() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


def main() -> int:
    """For the set-up: find a mosquitto, or unpack one; without either the embedded broker serves."""
    cache = Path(".cache/mosquitto")
    if (find_mosquitto(cache) or unpack_mosquitto(cache)) is None:
        print("mosquitto is not to be had: an embedded broker serves, with MQTT 3.1.1")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
