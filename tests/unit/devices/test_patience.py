"""How long is waited: between two attempts, and for a driver that has time-outs of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.backoff import Backoff
from gate_agent.devices import DriverConfig
from gate_agent.devices.capabilities import capability
from gate_agent.devices.patience import Patience, time_outs_cut
from gate_agent.devices.registry import drivers

# ---------------------------------------------------------------- back-off

SECONDS = st.floats(0.001, 3600)


@given(SECONDS, SECONDS, st.integers(0, 10_000), st.floats(0, 1))
def test_a_pause_is_never_longer_than_the_last_nor_shorter_than_half_the_first(
    one: float, other: float, failures: int, chance: float
) -> None:
    backoff = Backoff(min(one, other), max(one, other))
    assert backoff.first_s / 2 <= backoff.pause(failures, chance) <= backoff.last_s * (1 + 1e-9)


def test_the_longest_pause_doubles_until_the_limit() -> None:
    backoff = Backoff(0.2, 1.0)
    assert [backoff.pause(failures, 1.0) for failures in range(5)] == pytest.approx([0.2, 0.4, 0.8, 1.0, 1.0])
    assert backoff.pause(5, 0.0) == pytest.approx(0.1)


# ---------------------------------------------------------------- a driver's own time-outs

MODBUS = {"transport": "tcp"}
SLOW_TCP = {"kind": "tcp", "host": "192.0.2.1", "port": 1000, "connect_timeout_s": 30}
TCP = {"kind": "tcp", "host": "192.0.2.1", "port": 1000}


def config(driver: str, **settings: object) -> DriverConfig:
    return drivers()[driver].load().Config.model_validate(settings)


@pytest.mark.parametrize(
    ("driver", "settings", "cut"),
    [
        ("modbus-lane", MODBUS, []),
        ("modbus-lane", {**MODBUS, "heartbeat_timeout_s": 1.9}, ["heartbeat_timeout_s"]),
        ("modbus-lane", {**MODBUS, "timeout_s": 0.9, "retries": 3}, ["timeout_s"]),
        ("modbus-yard", {**MODBUS, "heartbeat_timeout_s": 10.0}, ["heartbeat_timeout_s"]),
        ("modbus-portal", {"host": "192.0.2.1"}, []),
        ("modbus-portal", {"host": "192.0.2.1", "frozen_after_s": 60.0}, ["frozen_after_s"]),
        ("portal-lines", {"line": TCP}, []),
        ("portal-lines", {"line": TCP, "silent_after_s": 120.0}, ["silent_after_s"]),
        (
            "portal-lines",
            {"line": SLOW_TCP, "open_timeout_s": 30},
            ["open_timeout_s"],
        ),
        ("scale-serial", {"line": TCP, "protocol": "lines"}, []),
        ("scale-serial", {"line": TCP, "protocol": "lines", "silent_after_s": 45.0}, ["silent_after_s"]),
        ("eseal-lines", {"line": TCP}, []),
        ("eseal-lines", {"line": TCP, "silent_after_s": 45.0}, []),
        ("eseal-lines", {"line": TCP, "silent_after_s": 90.0}, ["silent_after_s"]),
        ("mrz-serial", {"device": "/dev/null"}, []),
        ("opencv", {"source": {"kind": "v4l2", "index": 0}, "open_timeout_ms": 20_000}, []),
    ],
)
def test_d2_a_time_out_that_the_supervisor_would_cut_is_named(
    driver: str, settings: dict[str, object], cut: list[str]
) -> None:
    patience = capability(drivers()[driver].load().capability).patience
    found = time_outs_cut(config(driver, **settings), patience)
    assert [one.setting for one in found] == cut
    assert all(one.what and one.advice for one in found)


def test_d2_it_depends_on_the_patience() -> None:
    camera = config("opencv", source={"kind": "v4l2", "index": 0}, open_timeout_ms=20_000)
    (cut,) = time_outs_cut(camera, Patience(open_s=5.0))
    assert cut.setting == "open_timeout_ms"
    assert "5 s" in cut.what
    assert "less than 5 s" in cut.advice
