"""Drives a chip protocol over a reader, with time budgets, cancellation and progress.

The only part of this room that knows of time. The reader's errors (CardLost, DeviceTimeout, ...)
pass through untouched; the protocol is closed first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from gate_agent.devices import DeviceTimeout, GarbledReading
from gate_agent.emrtd.chip.apdu import (
    MAX_EXTENDED_LE,
    MAX_SHORT_LE,
    SW_WRONG_LENGTH,
    ApduError,
    CommandApdu,
    ResponseApdu,
)
from gate_agent.emrtd.chip.protocol import Progress, Protocol, T
from gate_agent.errors import GateError

_MORE_AVAILABLE = 0x61

Transmit = Callable[[bytes, float], bytes]
"""``ChipReader.transmit``: command bytes and a time limit in seconds; response bytes."""


class ExchangeCancelled(GateError):
    """Whoever started the exchange no longer wants it (document removed, officer took over)."""


def run(
    protocol: Protocol[T],
    transmit: Transmit,
    *,
    step_timeout_s: float = 3.0,
    budget_s: float = 20.0,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """Run `protocol` to its result.

    `step_timeout_s` bounds every single command, `budget_s` all of them together: a chip that
    answers each command just in time does not hold the lane. Raises DeviceTimeout naming the step,
    ExchangeCancelled, and whatever `transmit` raises.
    """
    deadline = clock() + budget_s
    step = "start"
    response: ResponseApdu | None = None
    with closing(protocol):
        while True:
            try:
                request = protocol.send(response)
            except StopIteration as stop:
                return stop.value
            if cancelled is not None and cancelled():
                raise ExchangeCancelled("the exchange was cancelled", field=step)
            if isinstance(request, Progress):
                step, response = request.step, None
                if on_progress is not None:
                    on_progress(request)
                continue
            response = _answered(request, transmit, _Budget(deadline, step_timeout_s, budget_s, clock, step))


@dataclass(frozen=True, slots=True)
class _Budget:
    """How long the next command may take."""

    deadline: float
    step_timeout_s: float
    budget_s: float
    clock: Callable[[], float]
    step: str

    def next_timeout_s(self) -> float:
        left = self.deadline - self.clock()
        if left <= 0:
            what = f"the chip took more than {self.budget_s:g} s in all"
            raise DeviceTimeout(what, field=self.step, advice="present it again")
        return min(self.step_timeout_s, left)


def _answered(command: CommandApdu, transmit: Transmit, budget: _Budget) -> ResponseApdu:
    """The response, with all the pieces that 61xx announces; pieces without end are cut off."""
    response = _exchange(command, transmit, budget.next_timeout_s())
    while response.sw >> 8 == _MORE_AVAILABLE and len(response.data) < MAX_EXTENDED_LE:
        more = _exchange(_get_response(response.sw), transmit, budget.next_timeout_s())
        ended = not more.data and more.sw >> 8 == _MORE_AVAILABLE
        response = ResponseApdu(response.data + more.data, SW_WRONG_LENGTH if ended else more.sw)
    return response


def _get_response(sw: int) -> CommandApdu:
    """GET RESPONSE (ISO/IEC 7816-4 §11.5.1) for what 61xx announced; it belongs to the transmission, so that
    secure messaging is opened over the whole answer."""
    return CommandApdu(0x00, 0xC0, 0x00, 0x00, le=(sw & 0xFF) or MAX_SHORT_LE)


def _exchange(command: CommandApdu, transmit: Transmit, timeout_s: float) -> ResponseApdu:
    raw = transmit(command.encode(), timeout_s)
    try:
        return ResponseApdu.decode(raw)
    except ApduError as error:
        raise GarbledReading(error.what, field="response", advice="check the chip reader") from error
