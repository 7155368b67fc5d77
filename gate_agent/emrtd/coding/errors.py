"""What can go wrong with a chip, each with the reason code that the officer will see.

Errors of the reader or the radio link (CardLost, DeviceTimeout) are the device's and not these.
"""

from __future__ import annotations

from gate_agent.emrtd.chip.apdu import plain_words
from gate_agent.errors import BadInput, GateError


class ChipError(GateError):
    """The chip did not do what Doc 9303 asks. `reason` is a code of the room's table."""

    def __init__(self, what: str, *, reason: str, field: str = "", advice: str = "") -> None:
        super().__init__(what, field=field, advice=advice)
        self.reason = reason


class StatusError(ChipError):
    """The chip refused a command. `field` is the step, `sw` the status word."""

    def __init__(self, step: str, sw: int, *, reason: str = "CHIP_UNREADABLE") -> None:
        super().__init__(plain_words(sw), reason=reason, field=step)
        self.sw = sw


class ChannelLost(ChipError):
    """Secure messaging ended: the chip answered in the clear, or with a MAC that does not hold.

    What came with such an answer is never used. `sw` is the bare status word, or 0.
    """

    def __init__(self, what: str, *, sw: int = 0, reason: str = "CHIP_CHANNEL_LOST") -> None:
        super().__init__(what, reason=reason, field="secure messaging")
        self.sw = sw


class FileError(BadInput):
    """A file of the chip is truncated, oversized or malformed. `field` names file, tag and offset."""

    def __init__(self, what: str, *, field: str, reason: str = "CHIP_FILE_MALFORMED") -> None:
        super().__init__(what, field=field)
        self.reason = reason
