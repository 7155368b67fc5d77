"""What a station may ask of a device, and what a device may answer.

A **driver** is one plain, blocking class for one device family. The conductor runs each driver
in a thread of its own (:mod:`gate_agent.devices.supervision`): ``open()``, then ``read()`` again and
again, ``close()`` at the end or after a fault, and then again from the start after a back-off.
A driver therefore needs no threads, no asyncio and no retry of its own: it talks on the wire,
gives typed readings, and raises :class:`DeviceError` when the device lies or is gone.

The capability Protocols below are all that the stations know of devices.
"""

from __future__ import annotations

from gate_agent.devices.barriers import (
    Signal,
    YardGate,
    YardReading,
)
from gate_agent.devices.cameras import (
    Camera,
    Frame,
)
from gate_agent.devices.device import (
    CardLost,
    CommandRefused,
    Device,
    DeviceDisconnected,
    DeviceError,
    DeviceHealth,
    DeviceState,
    DeviceTimeout,
    DriverConfig,
    GarbledReading,
    LineNoise,
    TimeOut,
)
from gate_agent.devices.documents import (
    ChipPresence,
    ChipReader,
    DocumentRemoved,
    DocumentScanner,
    MrzReading,
)
from gate_agent.devices.lane import (
    DoorPosition,
    LaneGate,
    LaneReading,
    Light,
)
from gate_agent.devices.scanners import (
    Scanner,
    ScanReading,
    ScanRejected,
)
from gate_agent.devices.yard import (
    BackgroundCounts,
    MonitorSetup,
    NumberCamera,
    NumberView,
    OccupancyEnded,
    OccupiedCounts,
    Radiation,
    RadiationMonitor,
    RadiationReading,
    Scale,
    SealReader,
    SealReading,
    SealState,
    Tamper,
    VehicleSpeed,
    WeightReading,
)

__all__ = [
    "BackgroundCounts",
    "Camera",
    "CardLost",
    "ChipPresence",
    "ChipReader",
    "CommandRefused",
    "Device",
    "DeviceDisconnected",
    "DeviceError",
    "DeviceHealth",
    "DeviceState",
    "DeviceTimeout",
    "DocumentRemoved",
    "DocumentScanner",
    "DoorPosition",
    "DriverConfig",
    "Frame",
    "GarbledReading",
    "LaneGate",
    "LaneReading",
    "Light",
    "LineNoise",
    "MonitorSetup",
    "MrzReading",
    "NumberCamera",
    "NumberView",
    "OccupancyEnded",
    "OccupiedCounts",
    "Radiation",
    "RadiationMonitor",
    "RadiationReading",
    "Scale",
    "ScanReading",
    "ScanRejected",
    "Scanner",
    "SealReader",
    "SealReading",
    "SealState",
    "Signal",
    "Tamper",
    "TimeOut",
    "VehicleSpeed",
    "WeightReading",
    "YardGate",
    "YardReading",
]
