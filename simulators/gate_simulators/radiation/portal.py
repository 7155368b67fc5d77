"""A vehicle portal monitor that speaks the TSA/Rapiscan line protocol, over TCP or a pseudo-terminal.

Empty, it tells its background every 5 s. ``pass_vehicle(passage)`` drives a truck through: gamma lines every
200 ms, neutron lines every second, first the intervals that it held back, in one burst; GX at the end.
`pace` > 1 makes time run faster. ``quirks`` switches on what real wires do.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from gate_simulators.device.wire import WireDevice
from gate_simulators.radiation.detectors import Portal
from gate_simulators.radiation.monitor import gamma_alarms, neutron_alarms
from gate_simulators.radiation.passage import GAMMA_S, NEUTRON_S, Passage

BACKGROUND_S = 5.0
HOLD_IN = 10
"""Gamma intervals that were held back until the occupancy was certain."""


class Quirk(StrEnum):
    """What real monitors and wires do."""

    STARS = "stars"  # a panel's counts overflow: ``***``
    NO_NEUTRON_LIST = "no_neutron_list"  # neutron lines without values
    HALF_LINES = "half_lines"  # now and then a line ends in its middle
    DAILY_FILE_TIME = "daily_file_time"  # a time behind each line, as in the monitor's files
    NO_END = "no_end"  # GX never comes


class PortalSimulator(WireDevice):
    """The monitor. `n_sigma` is how it is set."""

    def __init__(
        self,
        name: str,
        *,
        tcp: tuple[str, int] | None = None,
        pty: Path | None = None,
        pace: float = 1.0,
        n_sigma: float = 5.0,
        portal: Portal | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(name, tcp=tcp, pty=pty, seed=seed)
        self.quirks: set[Quirk] = set()
        self.pace = pace
        self.n_sigma = n_sigma
        self.portal = portal or Portal()
        self.vehicles = 0
        self._lock = threading.Lock()
        self._due: deque[tuple[float, str]] = deque()
        self._asked: deque[Passage] = deque()
        self._news: list[str] = []
        self._background_at = 0.0

    # ------------------------------------------------------------ what happens at the portal

    def pass_vehicle(self, passage: Passage) -> None:
        """The truck enters now, or after the one that is in the portal."""
        with self._lock:
            self._asked.append(passage)

    def tamper(self, is_open: bool) -> None:
        with self._lock:
            self._news.append("TT,000000" if is_open else "TC,000000")

    @property
    def idle(self) -> bool:
        """Whether every truck has been told to the end."""
        with self._lock:
            return not self._asked and not self._due

    # ------------------------------------------------------------ the wire

    def joined(self, now: float) -> None:
        """A monitor tells its settings when it is asked or restarted; here, to every new host."""
        with self._lock:
            self._background_at = now
            self._news.extend(setup_lines(self.n_sigma))

    def speak(self, now: float) -> list[bytes]:
        with self._lock:
            lines, self._news = self._news, []
            if not self._due and self._asked:
                self._due.extend(
                    (now + seconds / self.pace, line) for seconds, line in self._told(self._asked.popleft())
                )
                self._background_at = self._due[-1][0] + BACKGROUND_S / self.pace
            while self._due and self._due[0][0] <= now:
                lines.append(self._due.popleft()[1])
            if not self._due and now >= self._background_at:
                self._background_at = now + BACKGROUND_S / self.pace
                lines += self._background()
        return [self._ended(line, now) for line in lines]

    def _ended(self, line: str, now: float) -> bytes:
        if Quirk.DAILY_FILE_TIME in self.quirks:
            seconds = now % 86_400
            line += f",{int(seconds // 3600):02d}-{int(seconds // 60 % 60):02d}-{seconds % 60:06.3f}"
        if Quirk.HALF_LINES in self.quirks and self.dice.random() < 0.1:
            line = line[: self.dice.randrange(1, len(line))]
        return line.encode() + b"\r\n"

    def _background(self) -> list[str]:
        gamma = [
            round(rate + self.dice.gauss(0, (rate / 20) ** 0.5)) for rate in self.portal.background_per_s
        ]
        return [_line("NB", [0, 0, 0, 0]), _line("GB", gamma)]

    def _told(self, passage: Passage) -> Iterator[tuple[float, str]]:
        """Lines with the time, from the truck's entry, at which they are sent."""
        gamma = passage.gamma.tolist()
        neutron = passage.neutron.tolist()
        background = [float(rate) for rate in passage.background]
        alarms = gamma_alarms(gamma, background, self.n_sigma)
        neutrons = neutron_alarms(neutron, float(passage.neutron_background.sum()))
        held_s = min(HOLD_IN, len(gamma)) * GAMMA_S
        self.vehicles += 1
        yield held_s, self._speed(passage)
        lines = [
            ((number + 1) * GAMMA_S, self._counts("GA" if alarm else "GS", row))
            for number, (row, alarm) in enumerate(zip(gamma, alarms, strict=True))
        ]
        lines += [
            ((number + 1) * NEUTRON_S + 0.001, self._counts("NA" if alarm else "NS", row))
            for number, (row, alarm) in enumerate(zip(neutron, neutrons, strict=True))
        ]
        lines.sort(key=lambda timed: timed[0])
        yield from ((max(held_s, seconds), line) for seconds, line in lines)
        if Quirk.NO_END not in self.quirks:
            neutron_background = round(float(passage.neutron_background.sum()) * 1000)
            yield lines[-1][0] + 0.1, _line("GX", [self.vehicles, neutron_background, 0, 0])

    def _counts(self, tag: str, row: list[int]) -> str:
        if tag[0] == "N" and Quirk.NO_NEUTRON_LIST in self.quirks:
            return tag
        line = _line(tag, row)
        if Quirk.STARS in self.quirks and tag[0] == "G":
            parts = line.split(",")
            parts[2] = "******"
            line = ",".join(parts)
        return line

    def _speed(self, passage: Passage) -> str:
        km_h = passage.speed_m_s * 3.6
        return f"SP,0.2000,{km_h / 1.609344:06.3f},{km_h:06.2f},000000"


def setup_lines(n_sigma: float) -> list[str]:
    """How a monitor tells its settings."""
    return [
        f"SG1,002000,000068,05,10,{n_sigma:04.1f},P",
        "SG2,1111,0.069,0.455,01,1010,A",
        "SG3,0.069,0.455,020,000,1.10.1",
        "SN1,000050,03,0004,1200,01,120",
        "SN2,0.504,5.040,0.504,5.040,PP",
    ]


def _line(tag: str, values: list[int]) -> str:
    return ",".join([tag, *(f"{value:06d}" for value in values)])
