"""Benches of the cargo yard's drivers for the conformance suite (:mod:`gate_simulators.device.benches`)."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from gate_simulators.device.benches import Bench
from gate_simulators.device.ports import free_port
from gate_simulators.radiation.modbus_monitor import ModbusMonitor
from gate_simulators.radiation.passage import Truck, drive
from gate_simulators.radiation.portal import PortalSimulator
from gate_simulators.vehicle.container_camera import ContainerCamera
from gate_simulators.vehicle.scale import ScaleSimulator
from gate_simulators.vehicle.seals import Seal, SealReaderSimulator

_PACE = 40.0


class PortalBench(Bench):
    """A portal monitor on TCP; a truck drives through whenever it shall speak."""

    def __init__(self) -> None:
        self._portal = PortalSimulator("bench-portal", tcp=("127.0.0.1", 0), pace=_PACE)
        self.device = self._portal

    def settings(self) -> dict[str, Any]:
        host, port = self._portal.address
        return {"line": {"kind": "tcp", "host": host, "port": port}}

    def settings_of_nothing(self) -> dict[str, Any]:
        return {"line": {"kind": "tcp", "host": "127.0.0.1", "port": free_port()}}

    def provoke(self) -> None:
        if self._portal.idle:
            self._portal.pass_vehicle(drive(np.random.default_rng(0), Truck()))


class ModbusPortalBench(Bench):
    """A portal monitor on Modbus TCP."""

    def __init__(self) -> None:
        self._monitor = ModbusMonitor("bench-monitor", ("127.0.0.1", 0), pace=_PACE)
        self.device = self._monitor

    def settings(self) -> dict[str, Any]:
        host, port = self._monitor.address
        return {"host": host, "port": port, "poll_interval_s": 0.01}

    def settings_of_nothing(self) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": free_port()}

    def provoke(self) -> None:
        if self._monitor.idle:
            self._monitor.pass_vehicle(drive(np.random.default_rng(0), Truck()))


class ScaleBench(Bench):
    """A scale on a serial line."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="bench-scale-"))
        self._scale = ScaleSimulator("bench-scale", "toledo", pty=self._folder / "scale.tty")
        self.device = self._scale
        self._kg = 14_000.0

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def settings(self) -> dict[str, Any]:
        line = {"kind": "serial", "device": str(self._folder / "scale.tty")}
        return {"line": line, "protocol": "toledo", "checksum": True}

    def settings_of_nothing(self) -> dict[str, Any]:
        line = {"kind": "serial", "device": str(self._folder / "absent.tty")}
        return {"line": line, "protocol": "toledo"}

    def provoke(self) -> None:
        self._kg += 500.0
        self._scale.load(self._kg)


class SealBench(Bench):
    """A seal reader on TCP with one seal, which is opened and closed by turns."""

    def __init__(self) -> None:
        self._reader = SealReaderSimulator("bench-seals", tcp=("127.0.0.1", 0), pace=_PACE)
        self.device = self._reader
        self._seal = Seal(0x0042, 0x00C0FFEE)
        self._opened = False

    def settings(self) -> dict[str, Any]:
        host, port = self._reader.address
        return {"line": {"kind": "tcp", "host": host, "port": port}}

    def settings_of_nothing(self) -> dict[str, Any]:
        return {"line": {"kind": "tcp", "host": "127.0.0.1", "port": free_port()}}

    def provoke(self) -> None:
        self._opened = not self._opened
        if self._opened:
            self._reader.break_open(self._seal, "2026-03-02T10:00:00Z")
        else:
            self._reader.put(self._seal)


class NumberCameraBench(Bench):
    """A camera at a container's side."""

    def __init__(self) -> None:
        self._camera = ContainerCamera("bench-number", fps=20.0, size=(320, 240))
        self._camera.show("CSQU3054383")
        self.device = self._camera

    def settings(self) -> dict[str, Any]:
        source = {"kind": "mjpeg", "url": self._camera.url}
        return {"source": source, "view": "left", "max_fps": 20, "read_timeout_ms": 400}

    def settings_of_nothing(self) -> dict[str, Any]:
        source = {"kind": "mjpeg", "url": f"http://127.0.0.1:{free_port()}/side.mjpg"}
        return {"source": source, "view": "left"}
