"""Document readers: the printed machine readable zone, the contactless chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from gate_agent.devices.device import Device


@dataclass(frozen=True, slots=True)
class MrzReading:
    """Lines of a machine readable zone as the scanner sent them, unchecked (Doc 9303-3 §4)."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentRemoved:
    """The document left the scanner."""


@runtime_checkable
class DocumentScanner(Device, Protocol):
    """Reads the printed machine readable zone (capability ``document_scanner``)."""

    def read(self) -> MrzReading | DocumentRemoved | None: ...


@dataclass(frozen=True, slots=True)
class ChipPresence:
    """A contactless chip entered (`present`) or left the reader's field. `atr` as received."""

    present: bool
    atr: bytes = b""


@runtime_checkable
class ChipReader(Device, Protocol):
    """Exchanges APDUs with a chip (capability ``chip_reader``), ISO/IEC 7816-4 command/response.

    ``read()`` reports changes of presence. ``transmit()`` is called from the same thread between
    reads; it raises CardLost when the chip is gone and DeviceTimeout after `timeout_s`.
    """

    def read(self) -> ChipPresence | None: ...

    def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
        """Send one command APDU, return the response with its status word (>= 2 bytes)."""
        ...
