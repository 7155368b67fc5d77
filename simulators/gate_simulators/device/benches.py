"""A bench for every driver: its simulated device on a free address, and how to make it speak.

The conformance suite (tests/wire/test_driver_conformance.py) knows a driver only through its bench
(docs/drivers.md). A bench gives the driver's settings as a plain table, as the station's configuration
would, and so needs no import of the driver.
"""

from __future__ import annotations

import importlib
import shutil
import socket
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from gate_agent.devices import ChipPresence, Light, Signal
from gate_simulators.chip.card import Chip
from gate_simulators.chip.vpcd_card import ChipSlot
from gate_simulators.device.faults import FaultKind, SimulatedDevice
from gate_simulators.device.mrz_scanner import MrzScanner
from gate_simulators.device.ports import free_port
from gate_simulators.egate.camera import CameraServer
from gate_simulators.egate.lane_controller import LaneController
from gate_simulators.egate.plant import Person, Plant, Zone
from gate_simulators.nii.plant import YardPlant
from gate_simulators.nii.yard_controller import YardController

SPECIMEN = (
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
)
"""The specimen passport of Doc 9303-4 Appendix B."""

SELECT_MASTER_FILE = bytes.fromhex("00A4000C023F00")


class BenchMissing(Exception):
    """This computer lacks something that the bench needs; says what."""


class Bench(ABC):
    """One simulated device and what the conformance suite does with it.

    `rounds` is how often the suite provokes it where once is not enough.
    """

    device: SimulatedDevice
    rounds: int = 5

    def start(self) -> None:
        self.device.start()

    def stop(self) -> None:
        """Leaves no thread, socket, pseudo-terminal or file behind. May be called twice."""
        self.device.stop()

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """The driver's table in the configuration; valid once the bench has started."""

    @abstractmethod
    def settings_of_nothing(self) -> dict[str, Any]:
        """Settings with which open() must fail: nobody is there."""

    def provoke(self) -> None:  # noqa: B027 - a device that speaks by itself needs nothing
        """Make the device give another reading."""

    def silence(self) -> None:
        """Keep the device from saying anything, where it can be kept from it."""
        if FaultKind.SILENT in self.device.faults.supported:
            self.device.faults.inject(FaultKind.SILENT)

    def is_loss(self, reading: object) -> bool:
        """Whether this reading is the driver's way to say that the device was unplugged."""
        return False

    def command(self, driver: Any) -> bool:
        """Give every command of the capability once; False when it has none."""
        return False


class CameraBench(Bench):
    """The MJPEG lane camera with somebody in the lane."""

    def __init__(self) -> None:
        portrait = np.full((128, 96, 3), (190, 150, 120), np.uint8)
        person = Person("traveller", portrait, Zone.INSIDE, facing=True, nearness=0.7)
        self._camera = CameraServer("bench-camera", Plant(persons=[person]), fps=25, size=(320, 180))
        self.device = self._camera

    def settings(self) -> dict[str, Any]:
        source = {"kind": "mjpeg", "url": self._camera.url}
        return {"source": source, "read_timeout_ms": 400, "open_timeout_ms": 2000}

    def settings_of_nothing(self) -> dict[str, Any]:
        return {"source": {"kind": "mjpeg", "url": f"http://127.0.0.1:{free_port()}/lane.mjpg"}}


class MrzBench(Bench):
    """A serial MRZ reader; the specimen passport is swiped and taken away by turns."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="bench-mrz-"))
        self._scanner = MrzScanner("bench-mrz", self._folder / "mrz.tty")
        self.device = self._scanner

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def settings(self) -> dict[str, Any]:
        return {"device": str(self._folder / "mrz.tty")}

    def settings_of_nothing(self) -> dict[str, Any]:
        return {"device": str(self._folder / "absent.tty")}

    def provoke(self) -> None:
        self._scanner.remove()
        self._scanner.present(SPECIMEN)


class LaneBench(Bench):
    """The door controller on Modbus TCP."""

    def __init__(self) -> None:
        self._controller = LaneController("bench-lane", Plant(), tcp=("127.0.0.1", 0), pace=10.0)
        self.device = self._controller

    def settings(self) -> dict[str, Any]:
        host, port = self._controller.address
        return {"transport": "tcp", "host": host, "port": port}

    def settings_of_nothing(self) -> dict[str, Any]:
        return {"transport": "tcp", "host": "127.0.0.1", "port": free_port()}

    def command(self, driver: Any) -> bool:
        driver.show(Light.READY, Light.WAIT)
        driver.command_doors(entry_open=False, exit_open=False)
        return True


class YardBench(Bench):
    """The barrier controller on Modbus TCP."""

    def __init__(self) -> None:
        self._controller = YardController("bench-yard", YardPlant(), tcp=("127.0.0.1", 0), pace=10.0)
        self.device = self._controller

    def settings(self) -> dict[str, Any]:
        host, port = self._controller.address
        return {"transport": "tcp", "host": host, "port": port}

    def settings_of_nothing(self) -> dict[str, Any]:
        return {"transport": "tcp", "host": "127.0.0.1", "port": free_port()}

    def command(self, driver: Any) -> bool:
        driver.show(Signal.STOP, Signal.WAIT)
        driver.command_barriers(entry_open=False, release_open=False, inspection_open=False)
        return True


class ChipBench(Bench):
    """A chip on the virtual contactless reader. Here the driver listens and the card connects."""

    def __init__(self, port: int | None = None) -> None:
        self._port = free_port() if port is None else port
        self._slot = ChipSlot("bench-chip", "127.0.0.1", self._port)
        self.device = self._slot
        self._taken: socket.socket | None = None

    def stop(self) -> None:
        super().stop()
        if self._taken is not None:
            self._taken.close()

    def settings(self) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": self._port}

    def settings_of_nothing(self) -> dict[str, Any]:
        # The reader's side listens, so it fails when it cannot: another program has the port.
        if self._taken is None:
            self._taken = socket.create_server(("127.0.0.1", 0))
        return {"host": "127.0.0.1", "port": self._taken.getsockname()[1]}

    def provoke(self) -> None:
        self._slot.present(Chip({}, None))

    def silence(self) -> None:
        self._slot.remove()

    def is_loss(self, reading: object) -> bool:
        return isinstance(reading, ChipPresence) and not reading.present

    def command(self, driver: Any) -> bool:
        answer = driver.transmit(SELECT_MASTER_FILE, timeout_s=2.0)
        if len(answer) < 2:
            raise AssertionError(f"a response APDU has at least its status word, not {answer.hex()!r}")
        return True


class PcscBench(ChipBench):
    """The same chip behind the computer's own pcscd, in the virtual reader of vsmartcard-vpcd.

    A computer has one pcscd, so this bench uses a running one and never starts or ends it.
    """

    rounds = 2  # a provocation takes a second here
    _READER = "Virtual PCD 00 00"
    _PORT = 35963  # where vsmartcard-vpcd listens unless told otherwise
    _UNNOTICED_S = 1.0  # pcscd looks at a reader every 0.4 s: a swap in between is no event

    def __init__(self) -> None:
        if self._READER not in _pcsc_readers():
            raise BenchMissing("no pcscd with vsmartcard's virtual reader is running")
        super().__init__(self._PORT)

    def settings(self) -> dict[str, Any]:
        return {"reader": self._READER}

    def settings_of_nothing(self) -> dict[str, Any]:
        return {"reader": "a reader that nobody has"}

    def provoke(self) -> None:
        self._slot.remove()
        time.sleep(self._UNNOTICED_S)
        super().provoke()


def _pcsc_readers() -> list[str]:
    try:
        scard: Any = importlib.import_module("smartcard.scard")
    except ImportError:
        raise BenchMissing("pyscard is not installed (extra `pcsc`)") from None
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    if result != scard.SCARD_S_SUCCESS:
        return []
    try:
        return list(scard.SCardListReaders(context, [])[1])
    finally:
        scard.SCardReleaseContext(context)


def _elsewhere(module: str, name: str) -> Callable[[], Bench]:
    """A bench that lives with its devices; its module is imported when it is used."""

    def build() -> Bench:
        return getattr(importlib.import_module(module), name)()

    return build


BENCHES: Mapping[str, Callable[[], Bench]] = MappingProxyType(
    {
        "dicos-scp": _elsewhere("gate_simulators.scanner.bench", "DicosBench"),
        "eseal-lines": _elsewhere("gate_simulators.vehicle.bench", "SealBench"),
        "modbus-lane": LaneBench,
        "modbus-portal": _elsewhere("gate_simulators.vehicle.bench", "ModbusPortalBench"),
        "modbus-yard": YardBench,
        "mrz-serial": MrzBench,
        "number-camera": _elsewhere("gate_simulators.vehicle.bench", "NumberCameraBench"),
        "opencv": CameraBench,
        "pcsc": PcscBench,
        "portal-lines": _elsewhere("gate_simulators.vehicle.bench", "PortalBench"),
        "scale-serial": _elsewhere("gate_simulators.vehicle.bench", "ScaleBench"),
        "scan-folder": _elsewhere("gate_simulators.scanner.bench", "FolderBench"),
        "vpcd": ChipBench,
    }
)
"""By driver name, as registered in the entry point group ``gate_agent.drivers``."""


def benches() -> Mapping[str, Callable[[], Bench]]:
    """These, and those that wheels register under their driver's name (group ``gate_simulators.benches``)."""
    found = entry_points(group="gate_simulators.benches")
    return MappingProxyType(
        {**BENCHES, **{point.name: _elsewhere(point.module, point.attr) for point in found}}
    )
