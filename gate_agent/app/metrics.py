"""What Prometheus may scrape: the read model as metrics, by the naming practice of prometheus.io.

Everything is read from the board at scrape time, so that a metric cannot disagree with the console.
Labels are verdicts, reason codes, device and driver names: bounded sets, never a person or document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from gate_agent import logs
from gate_agent.devices import DeviceState
from gate_agent.readmodel import Board, Histogram, Snapshot

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

COUNTERS: Mapping[str, tuple[str, str]] = {
    "decisions": ("verdict", "Committed decisions by verdict."),
    "reasons": ("reason", "Reasons of committed decisions."),
    "transactions": ("result", "Transactions by how they ended."),
    "lane_events": ("reason", "Alarms of the lane by reason."),
    "officer_actions": ("action", "Officers' orders by kind."),
    "order_outcomes": ("result", "Officers' orders by what became of them."),
}
"""Counter of the board -> its label and help; exported as ``gate_agent_<name>_total``."""


class Metrics(Collector):
    """The agent's own registry. ``exposition()`` is the body of ``/metrics``.

    `journal` gives what the journal says of itself by name (``records``, ``bytes``, ...), as gauges.
    """

    def __init__(self, board: Board, version: str, journal: Callable[[], Mapping[str, float]]) -> None:
        self._board = board
        self._version = version
        self._journal = journal
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def exposition(self) -> bytes:
        return generate_latest(self.registry)

    def collect(self) -> Iterable[Metric]:
        snapshot = self._board.snapshot
        info = InfoMetricFamily("gate_agent_build", "Version and station.")
        info.add_metric((), {"version": self._version, "station": snapshot.station, "kind": snapshot.kind})
        yield info
        yield from _counters(snapshot)
        yield from _hub(snapshot)
        yield from _devices(snapshot)
        yield from _station(snapshot)
        yield from _seen(snapshot)
        yield _histogram(
            "gate_agent_transaction_seconds",
            "Time from the beginning to the end of a transaction.",
            self._board.total_s,
        )
        yield _histogram(
            "gate_agent_transaction_software_seconds",
            "Part of a transaction spent computing.",
            self._board.software_s,
        )
        for name, value in self._journal().items():
            yield _gauge(f"gate_agent_journal_{name}", f"Journal: {name.replace('_', ' ')}.", value)
        dropped = CounterMetricFamily(
            "gate_agent_log_fields_dropped", "Fields kept out of the log.", labels=("field",)
        )
        for name, count in logs.dropped_fields().items():
            dropped.add_metric((name,), count)
        yield dropped


def _counters(snapshot: Snapshot) -> Iterator[Metric]:
    """Counters of the board; an unknown one gets the label ``label``, so that nothing is lost."""
    families: dict[str, CounterMetricFamily] = {}
    for name, label, value in snapshot.counters:
        label_name, help_text = COUNTERS.get(name, ("label", f"Counter {name}."))
        family = families.setdefault(
            name, CounterMetricFamily(f"gate_agent_{name}", help_text, labels=(label_name,))
        )
        family.add_metric((label,), value)
    yield from families.values()


def _hub(snapshot: Snapshot) -> Iterator[Metric]:
    hub = snapshot.hub
    yield _gauge("gate_agent_hub_connected", "1 while the hub can be reached.", hub.connected)
    yield _gauge("gate_agent_outbox_records", "Records that the hub has not acknowledged.", hub.outbox)
    yield _gauge("gate_agent_outbox_oldest_seconds", "Age of the oldest unacknowledged record.", hub.oldest_s)
    acknowledged = CounterMetricFamily(
        "gate_agent_hub_acknowledged_records", "Records acknowledged by the hub."
    )
    acknowledged.add_metric((), hub.acknowledged)
    yield acknowledged


def _devices(snapshot: Snapshot) -> Iterator[Metric]:
    labels = ("device", "driver")
    up = GaugeMetricFamily("gate_agent_device_up", "1 while the device gives readings.", labels=labels)
    age = GaugeMetricFamily(
        "gate_agent_device_reading_age_seconds", "Time since the device's last reading.", labels=labels
    )
    restarts = CounterMetricFamily("gate_agent_device_restarts", "Restarts of the driver.", labels=labels)
    for health in snapshot.devices:
        key = (health.device, health.driver)
        up.add_metric(key, float(health.state is DeviceState.UP))
        age.add_metric(key, health.age_s)
        restarts.add_metric(key, health.restarts)
    yield from (up, age, restarts)


def _station(snapshot: Snapshot) -> Iterator[Metric]:
    phase = GaugeMetricFamily(
        "gate_agent_phase", "1 for the phase that the station is in.", labels=("phase",)
    )
    phase.add_metric((snapshot.phase,), 1)
    yield phase
    alerts = GaugeMetricFamily("gate_agent_alerts", "Alerts that are active.", labels=("reason",))
    for alert in snapshot.alerts:
        if alert.active:
            alerts.add_metric((alert.code,), 1)
    yield alerts


def _seen(snapshot: Snapshot) -> Iterator[Metric]:
    """What devices say of the world, in figures; nothing of what is not known any more."""
    known = GaugeMetricFamily(
        "gate_agent_seen_known", "1 while this thing is known of the world.", labels=("thing",)
    )
    for name, thing in snapshot.seen.items():
        known.add_metric((name,), float(thing.known))
        if thing.known and not isinstance(thing.value, str):
            yield _gauge(f"gate_agent_{name}", f"{name.replace('_', ' ')} as seen.", thing.value)
    yield known


def _histogram(name: str, help_text: str, observed: Histogram) -> HistogramMetricFamily:
    bounds = (*map(str, observed.bounds), "+Inf")
    totals = [float(n) for n in accumulate(observed.counts)]
    buckets = list(zip(bounds, totals, strict=True))
    return HistogramMetricFamily(name, help_text, buckets=buckets, sum_value=observed.sum)


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=float(value))
