"""A truck's weight from a scale's readings: the first that stays. Pure: `at` of the readings is the clock.

A truck that rolls on swings the platform for seconds, and terminals call single moments stable. So a weight
counts only when every reading for `hold_s` was stable and within `tolerance_kg`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from pydantic import Field

from gate_agent.devices import WeightReading
from gate_agent.evidence import CheckResult, Outcome, Scalar
from gate_agent.settings import Settings

CHECK = "weight"
_MAX_KEPT = 4096


class WeighingSettings(Settings):
    """When a weight counts."""

    least_kg: float = Field(
        default=1000.0, ge=0, le=50_000, description="less than this is an empty platform"
    )
    hold_s: float = Field(default=1.0, ge=0.1, le=30, description="how long the weight must stay, seconds")
    tolerance_kg: float = Field(default=40.0, ge=0, le=1000, description="largest change while it stays")
    declared_share: float = Field(
        default=0.05, ge=0, le=1, description="share by which the weight may differ from the declared one"
    )
    declared_kg: float = Field(default=500.0, ge=0, le=10_000, description="and so much in any case")


@dataclass(frozen=True, slots=True)
class TruckWeight:
    """One weighing. `settled` false: the truck left before its weight stayed; `kg` is then the last."""

    kg: float
    settled: bool
    readings: int
    spread_kg: float
    net: bool
    at: float


class Weighing:
    """``feed()`` every reading; gives a settled weight, or an unsettled one when the truck leaves."""

    def __init__(self, settings: WeighingSettings) -> None:
        self._settings = settings
        self._steady: deque[WeightReading] = deque(maxlen=_MAX_KEPT)
        self._last: WeightReading | None = None
        self._on = False
        self._done = False
        self._readings = 0

    def feed(self, reading: WeightReading) -> TruckWeight | None:
        if reading.kg is None:
            self._steady.clear()
            return None
        if reading.kg < self._settings.least_kg:
            return self._left(reading)
        if not self._on:
            self._on, self._done, self._readings = True, False, 0
            self._steady.clear()
        self._readings += 1
        self._last = reading
        return None if self._done else self._settled(reading)

    def _settled(self, reading: WeightReading) -> TruckWeight | None:
        if not reading.stable:
            self._steady.clear()
            return None
        self._steady.append(reading)
        while self._spread() > self._settings.tolerance_kg:
            self._steady.popleft()
        if reading.at - self._steady[0].at < self._settings.hold_s:
            return None
        self._done = True
        values = sorted(_kg(steady) for steady in self._steady)
        return TruckWeight(
            kg=values[len(values) // 2],
            settled=True,
            readings=self._readings,
            spread_kg=values[-1] - values[0],
            net=not reading.gross,
            at=reading.at,
        )

    def _spread(self) -> float:
        values = [_kg(steady) for steady in self._steady]
        return max(values) - min(values)

    def _left(self, reading: WeightReading) -> TruckWeight | None:
        was_on, done, last = self._on, self._done, self._last
        self._on = False
        self._steady.clear()
        if not was_on or done or last is None:
            return None
        return TruckWeight(_kg(last), False, self._readings, 0.0, not last.gross, reading.at)


def _kg(reading: WeightReading) -> float:
    return reading.kg if reading.kg is not None else 0.0


def weight_check(
    weight: TruckWeight | None, settings: WeighingSettings, declared_kg: float | None = None
) -> CheckResult:
    """The weight as evidence, compared with the declared gross weight where there is one."""
    if weight is None:
        return CheckResult(CHECK, Outcome.NOT_DONE, ("WEIGHT_NOT_DONE",))
    measured: dict[str, Scalar] = {"weight_kg": round(weight.kg, 1), "readings": weight.readings}
    if not weight.settled:
        return CheckResult(CHECK, Outcome.INCONCLUSIVE, ("WEIGHT_UNSTABLE",), measured)
    if weight.net:
        return CheckResult(CHECK, Outcome.INCONCLUSIVE, ("WEIGHT_NOT_GROSS",), measured)
    if declared_kg is None:
        return CheckResult(CHECK, Outcome.PASSED, (), measured)
    difference = weight.kg - declared_kg
    measured |= {"declared_kg": declared_kg, "difference_kg": round(difference, 1)}
    allowed = max(settings.declared_kg, settings.declared_share * declared_kg)
    if abs(difference) > allowed:
        reason = "WEIGHT_ABOVE_DECLARED" if difference > 0 else "WEIGHT_BELOW_DECLARED"
        return CheckResult(CHECK, Outcome.FAILED, (reason,), measured)
    return CheckResult(CHECK, Outcome.PASSED, (), measured)
