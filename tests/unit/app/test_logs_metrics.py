"""Metrics are the read model, by Prometheus' own rules; sd_notify speaks systemd's datagrams."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gate_agent.app.metrics import COUNTERS, Metrics
from gate_agent.app.notify import Notifier
from gate_agent.devices import DeviceHealth, DeviceState
from gate_agent.readmodel import Alert, Board, HubView

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(metrics: Metrics) -> Samples:
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples}


@pytest.fixture
def board() -> Board:
    board = Board("egate-1", "egate")
    board.saw("lane", {"persons_inside": 1, "emergency": False, "entry": "closed"})
    board.update(
        phase="idle",
        devices=(
            DeviceHealth("camera", "opencv", DeviceState.UP, 0.05, 1),
            DeviceHealth("chip", "vpcd", DeviceState.DOWN, 9.0, 4, "no answer", "check the cable"),
        ),
        hub=HubView(connected=True, outbox=3, acknowledged=40, oldest_s=1.5),
        alerts=(Alert("DEVICE_FAULT", "2026-06-01T00:00:00Z"),),
        counters=(("decisions", "admit", 12), ("decisions", "refer", 5), ("novelty", "x", 1)),
    )
    return board


def test_the_board_is_exposed(board: Board) -> None:
    found = samples(Metrics(board, "0.1.0", journal=lambda: {"records": 45.0}))
    camera, chip = (("device", "camera"), ("driver", "opencv")), (("device", "chip"), ("driver", "vpcd"))
    assert found[("gate_agent_decisions_total", (("verdict", "admit"),))] == 12
    assert found[("gate_agent_decisions_total", (("verdict", "refer"),))] == 5
    assert found[("gate_agent_outbox_records", ())] == 3
    assert found[("gate_agent_hub_connected", ())] == 1
    assert found[("gate_agent_hub_acknowledged_records_total", ())] == 40
    assert found[("gate_agent_device_up", chip)] == 0
    assert found[("gate_agent_device_restarts_total", chip)] == 4
    assert found[("gate_agent_device_reading_age_seconds", camera)] == 0.05
    assert found[("gate_agent_persons_inside", ())] == 1
    assert found[("gate_agent_alerts", (("reason", "DEVICE_FAULT"),))] == 1
    assert found[("gate_agent_journal_records", ())] == 45
    assert found[("gate_agent_novelty_total", (("label", "x"),))] == 1
    built = (("kind", "egate"), ("station", "egate-1"), ("version", "0.1.0"))
    assert found[("gate_agent_build_info", built)] == 1


def test_a_scrape_shows_the_board_of_that_moment(board: Board) -> None:
    metrics = Metrics(board, "0.1.0", dict)
    board.update(hub=HubView(outbox=9))
    assert samples(metrics)[("gate_agent_outbox_records", ())] == 9


def test_durations_are_a_cumulative_histogram(board: Board) -> None:
    metrics = Metrics(board, "0.1.0", dict)
    for seconds in (1.0, 9.0, 9.5, 500.0):
        board.took(seconds, seconds / 10)
    found = samples(metrics)
    assert found[("gate_agent_transaction_seconds_bucket", (("le", "2.0"),))] == 1
    assert found[("gate_agent_transaction_seconds_bucket", (("le", "10.0"),))] == 3
    assert found[("gate_agent_transaction_seconds_bucket", (("le", "+Inf"),))] == 4
    assert found[("gate_agent_transaction_seconds_count", ())] == 4
    assert found[("gate_agent_transaction_seconds_sum", ())] == 519.5


def test_h1_what_is_seen_is_counted_whatever_the_kind_calls_it() -> None:
    board = Board("nii-1", "nii")
    board.saw("yard", {"emergency": True, "vehicles": 2, "entry": "open"})
    found = samples(Metrics(board, "0.1.0", dict))
    assert found[("gate_agent_emergency", ())] == 1
    assert found[("gate_agent_vehicles", ())] == 2
    assert not any(name == "gate_agent_entry" for name, _ in found)  # words are no figures


def test_h1_nothing_is_counted_that_is_not_known_any_more(board: Board) -> None:
    metrics = Metrics(board, "0.1.0", dict)
    board.lost("lane")
    found = samples(metrics)
    assert ("gate_agent_persons_inside", ()) not in found
    assert found[("gate_agent_seen_known", (("thing", "persons_inside"),))] == 0
    board.saw("lane", {"persons_inside": 0})
    assert samples(metrics)[("gate_agent_persons_inside", ())] == 0


def test_names_follow_the_practice_of_prometheus(board: Board) -> None:
    for family in text_string_to_metric_families(Metrics(board, "0.1.0", dict).exposition().decode()):
        assert re.fullmatch(r"gate_agent_[a-z_]+", family.name)
        assert family.documentation.endswith("."), family.name
        assert not family.name.endswith(("_ms", "_minutes", "_percent"))
    assert all(re.fullmatch(r"[a-z_]+", name) for name in COUNTERS)


# ---------------------------------------------------------------- sd_notify


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[socket.socket, str]:
    """A service manager's socket, in the file system or in the abstract namespace."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    request.addfinalizer(sock.close)
    sock.settimeout(5)
    name = str(tmp_path / "notify") if request.param == "path" else f"@gate-agent-test-{os.getpid()}"
    sock.bind(name if request.param == "path" else "\0" + name[1:])
    return sock, name


def test_systemd_hears_each_message(manager: tuple[socket.socket, str]) -> None:
    sock, name = manager
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": name})
    notifier.ready("serving\ntravellers")
    notifier.status("idle")
    notifier.watchdog()
    notifier.stopping()
    assert [sock.recv(4096) for _ in range(4)] == [
        b"READY=1\nSTATUS=serving travellers",
        b"STATUS=idle",
        b"WATCHDOG=1",
        b"STOPPING=1",
    ]


@pytest.mark.parametrize("address", ["", "relative", "/no/such/socket", "@gone", "/" + "x" * 300])
def test_without_a_manager_nothing_happens(address: str) -> None:
    Notifier.from_environment({"NOTIFY_SOCKET": address}).ready()


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"WATCHDOG_USEC": "10000000"}, 5.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(os.getpid())}, 5.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_it_bites(env: dict[str, str], expected: float | None) -> None:
    assert Notifier.from_environment(env).watchdog_s == expected
