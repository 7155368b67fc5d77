"""How long a supervisor waits for a device, and which of a driver's own time-outs it would cut."""

from __future__ import annotations

from dataclasses import dataclass

from gate_agent.backoff import Backoff
from gate_agent.devices.device import DriverConfig


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a supervisor waits (seconds), and how much may wait for the station.

    `silent_s`: a device that must speak by itself and has not for so long is silent (None: it may keep
    quiet); `hung_s`: a read or command that takes so long is given up; `open_s`: likewise an open(), longer
    than a driver's own time-outs, whose words are better. The pause between two attempts doubles from
    `backoff_first_s` to `backoff_last_s`; a device that was open and read for `steady_s` begins anew. So many
    readings as `backlog` may wait for a busy station; then the driver waits, and with it the wire.
    """

    silent_s: float | None = None
    hung_s: float = 5.0
    open_s: float = 60.0
    backoff_first_s: float = 0.2
    backoff_last_s: float = 10.0
    steady_s: float = 5.0
    stop_s: float = 3.0
    backlog: int = 256

    @property
    def backoff(self) -> Backoff:
        return Backoff(self.backoff_first_s, self.backoff_last_s)


@dataclass(frozen=True, slots=True)
class CutTimeOut:
    """A configured time-out that could never pass. `setting` is its path within the driver's table."""

    setting: str
    what: str
    advice: str


def time_outs_cut(config: DriverConfig, patience: Patience) -> tuple[CutTimeOut, ...]:
    """The settings of `config` that a supervisor with this `patience` would cut; () when there are none.

    For whoever checks a configuration before it runs: each is a problem at
    ``("devices", role, *setting.split("."))`` with words and advice. The patience is that of the role
    (:class:`Patience` of its capability, unless the kind of station gives its own).
    """
    limits = {
        "open": (patience.open_s, "opening it is given up"),
        "call": (patience.hung_s, "a read or command is given up"),
        "silence": (patience.silent_s, "the device counts as silent"),
    }
    found: dict[str, CutTimeOut] = {}  # of each setting the first that would happen
    for time_out in sorted(config.time_outs(), key=lambda one: limits[one.during][0] or 0.0):
        limit_s, consequence = limits[time_out.during]
        if limit_s is not None and time_out.seconds >= limit_s:
            what = f"the driver may wait {time_out.seconds:g} s, but {consequence} after {limit_s:g} s"
            advice = f"lower it until the driver waits less than {limit_s:g} s"
            found.setdefault(time_out.setting, CutTimeOut(time_out.setting, what, advice))
    return tuple(found.values())
