"""What a device may be: the one table that registry, supervision, doctor and manual read.

A capability is a Protocol; its commands and readings are the Protocol's own. What the agent does not bring,
a wheel declares by entry point (group ``gate_agent.capabilities``, name → ``module:CAPABILITY``). A driver
may also have a capability that nobody declared: then nothing is expected of it but open, read and close.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, NoneType
from typing import Any, get_args, get_type_hints

from gate_agent.devices.barriers import YardGate
from gate_agent.devices.cameras import Camera
from gate_agent.devices.device import Device
from gate_agent.devices.documents import ChipReader, DocumentScanner
from gate_agent.devices.lane import LaneGate
from gate_agent.devices.patience import Patience
from gate_agent.devices.scanners import Scanner
from gate_agent.devices.yard import NumberCamera, RadiationMonitor, Scale, SealReader
from gate_agent.entry_points import Registry

GROUP = "gate_agent.capabilities"

LIFE = ("open", "close", "read")
"""What every driver has."""


@dataclass(frozen=True, slots=True)
class Capability:
    """One kind of device.

    `waits_for` is what has to happen before it says anything (with its article: "a document"); empty when it
    speaks by itself. Such a device has a `patience` with `silent_s`, and no other has: the station notices
    its silence, and the doctor waits for a reading.
    """

    name: str
    protocol: type[Any] = Device
    waits_for: str = ""
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        if bool(self.waits_for) == (self.patience.silent_s is not None):
            raise ValueError(f"{self.name}: either it waits for something, or its silence has a limit")

    @property
    def speaks(self) -> bool:
        """Whether it gives readings without anybody at the device."""
        return not self.waits_for

    @property
    def commands(self) -> tuple[str, ...]:
        """The Protocol's methods beyond open, read and close, by name."""
        public = (name for name in dir(self.protocol) if not name.startswith("_") and name not in LIFE)
        return tuple(name for name in public if callable(getattr(self.protocol, name)))

    @property
    def readings(self) -> tuple[type[Any], ...]:
        """The types that ``read()`` gives."""
        told: Any = get_type_hints(self.protocol.read)["return"]
        return tuple(kind for kind in get_args(told) or (told,) if kind is not NoneType)


# Controllers tell their inputs twice a second; what gates people and trucks is given up first.
_GATE = Patience(silent_s=2.0, hung_s=3.0)

_OWN: tuple[Capability, ...] = (
    Capability("document_scanner", DocumentScanner, "a document"),
    Capability("chip_reader", ChipReader, "a chip"),
    # Of pictures only the newest count: a station that is busy must not be shown a queue of old ones.
    Capability("camera", Camera, patience=Patience(silent_s=3.0, backlog=2)),
    Capability("lane_gate", LaneGate, patience=_GATE),
    Capability("yard_gate", YardGate, patience=_GATE),
    Capability("scanner", Scanner, "a scan"),
    # An empty portal tells its background every 5 s.
    Capability("radiation_monitor", RadiationMonitor, patience=Patience(silent_s=30.0)),
    Capability("scale", Scale, patience=Patience(silent_s=30.0)),
    Capability("seal_reader", SealReader, "a seal"),
    Capability("number_camera", NumberCamera, patience=Patience(silent_s=5.0, backlog=2)),
)

_DECLARED = Registry(GROUP, Capability, what="capability", see="docs/drivers.md")

CAPABILITIES: Mapping[str, Capability] = MappingProxyType({own.name: own for own in _OWN})
"""The capabilities that the agent brings."""


def capability(name: str) -> Capability:
    """The capability of this name: the agent's own, one that a wheel declares, or one without expectations.

    Raises BrokenEntry.
    """
    if name in CAPABILITIES:
        return CAPABILITIES[name]
    if name in _DECLARED.names():
        return _DECLARED.load(name)
    return Capability(name, waits_for="a reading")
