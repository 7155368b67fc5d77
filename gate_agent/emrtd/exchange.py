"""Drives a chip protocol over a reader, with time budgets, cancellation and progress.

The only part of this room that knows of time. The reader's errors (CardLost, DeviceTimeout, ...)
pass through untouched; the protocol is closed first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

from gate_agent.devices import DeviceTimeout, GarbledReading
from gate_agent.emrtd.apdu import ApduError, CommandApdu, ResponseApdu
from gate_agent.emrtd.protocol import Progress, Protocol, T
from gate_agent.errors import GateError

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
            left = deadline - clock()
            if left <= 0:
                raise DeviceTimeout(
                    f"the chip took more than {budget_s:g} s in all", field=step, advice="present it again"
                )
            response = _exchange(request, transmit, min(step_timeout_s, left))


def _exchange(command: CommandApdu, transmit: Transmit, timeout_s: float) -> ResponseApdu:
    raw = transmit(command.encode(), timeout_s)
    try:
        return ResponseApdu.decode(raw)
    except ApduError as error:
        raise GarbledReading(error.what, field="response", advice="check the chip reader") from error
