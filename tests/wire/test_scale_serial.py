"""The scale on its serial line: every protocol, a truck that rolls on, swings and comes to rest, faults."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import pytest

from gate_agent.devices import DeviceTimeout, GarbledReading, LineNoise, WeightReading
from gate_agent.vehicle.weighing import TruckWeight, Weighing, WeighingSettings
from gate_drivers.sensors.scale import ScaleConfig, SerialScale
from gate_simulators.device.faults import FaultKind
from gate_simulators.vehicle.scale import Preset, Protocol, ScaleSimulator

PATIENCE_S = 20.0  # only what tells "slow machine" from "never"
PROTOCOLS: tuple[Protocol, ...] = ("toledo", "mt-sics", "lines")
PRESETS: tuple[Preset, ...] = get_args(Preset)
MARKED: tuple[Preset, ...] = ("headers", "cas", "sbi", "rinstrum")
"""Presets whose lines say gross or net."""


@contextmanager
def weighed(
    protocol: Protocol, folder: Path, preset: Preset = "value-unit", **settings: Any
) -> Iterator[tuple[ScaleSimulator, SerialScale]]:
    tty = folder / "scale.tty"
    simulator = ScaleSimulator("scale", protocol, preset=preset, pty=tty, pace=3.0)
    line = {"kind": "serial", "device": str(tty)}
    values = {"line": line, "protocol": protocol, "checksum": protocol == "toledo", **settings}
    driver = SerialScale(ScaleConfig.model_validate(values))
    simulator.start()
    try:
        driver.open()
        yield simulator, driver
    finally:
        driver.close()
        simulator.stop()


def settled(driver: SerialScale, hold_s: float = 0.3) -> tuple[TruckWeight, list[WeightReading]]:
    weighing = Weighing(WeighingSettings(hold_s=hold_s))
    seen: list[WeightReading] = []
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        reading = driver.read()
        if reading is None:
            continue
        seen.append(reading)
        weight = weighing.feed(reading)
        if weight is not None:
            return weight, seen
    raise AssertionError("no weight settled")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_truck_rolls_on_and_comes_to_rest(protocol: Protocol, tmp_path: Path) -> None:
    with weighed(protocol, tmp_path) as (scale, driver):
        scale.load(18_440)
        weight, seen = settled(driver)
        assert (weight.kg, weight.settled) == (18_440, True)
        assert any(not reading.stable for reading in seen)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_overload_is_no_weight(protocol: Protocol, tmp_path: Path) -> None:
    with weighed(protocol, tmp_path) as (scale, driver):
        scale.load(90_000)
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            reading = driver.read()
            if reading is not None and reading.out_of_range:
                assert reading.kg is None
                return
        raise AssertionError("no overload was told")


def test_a_platform_that_never_rests_gives_no_weight(tmp_path: Path) -> None:
    with weighed("toledo", tmp_path) as (scale, driver):
        scale.unsteady = True
        scale.load(18_440)
        weighing = Weighing(WeighingSettings(hold_s=0.3))
        for _ in range(40):
            reading = driver.read()
            assert reading is None or weighing.feed(reading) is None


def test_noise_is_reported_and_the_weight_behind_it_read(tmp_path: Path) -> None:
    with weighed("toledo", tmp_path) as (scale, driver):
        scale.load(18_440)
        scale.faults.inject(FaultKind.GARBLE, parameters={"ratio": 0.05})
        garbled = 0
        for _ in range(60):
            try:
                reading = driver.read()
            except (GarbledReading, LineNoise) as error:
                garbled += 1
                assert error.field
            else:
                # The checksum has seven bits: one garbled frame in 128 could pass, a burst of noise more.
                assert reading is None or reading.kg is None or abs(reading.kg) <= 500_000
        scale.faults.clear()
        assert garbled
        with_noise_gone = None
        ends = time.monotonic() + PATIENCE_S
        while with_noise_gone is None and time.monotonic() < ends:
            try:
                reading = driver.read()
            except (GarbledReading, LineNoise):
                continue
            if reading is not None and reading.stable:
                with_noise_gone = reading.kg
        assert with_noise_gone == 18_440


def test_silence_is_an_error(tmp_path: Path) -> None:
    with weighed("mt-sics", tmp_path, silent_after_s=0.6) as (scale, driver):
        scale.faults.inject(FaultKind.SILENT)
        with pytest.raises(DeviceTimeout) as caught:
            for _ in range(1000):
                driver.read()
        assert caught.value.advice


def test_the_same_weight_is_not_told_more_than_five_times_a_second(tmp_path: Path) -> None:
    with weighed("toledo", tmp_path) as (scale, driver):
        scale.load(18_440)
        settled(driver)
        seen = [reading for _ in range(30) if (reading := driver.read()) is not None]
        gaps = [b.at - a.at for a, b in itertools.pairwise(seen) if a.kg == b.kg]
        assert all(gap >= 0.19 for gap in gaps)


# ---------------------------------------------------------------- lines by pattern


def by_pattern(preset: Preset) -> dict[str, Any]:
    unit = {"unit": "kg"} if preset in ("value", "rinstrum") else {}
    marked = {} if preset in MARKED else {"unmarked": "gross"}
    return {"preset": preset, "pattern": preset, "steady_s": 0.3, **unit, **marked}


@pytest.mark.parametrize("preset", PRESETS)
def test_n16_a_truck_is_weighed_by_every_preset(preset: Preset, tmp_path: Path) -> None:
    with weighed("pattern", tmp_path, **by_pattern(preset)) as (scale, driver):
        scale.load(24_360)
        weight, seen = settled(driver)
        assert (weight.kg, weight.settled, weight.net) == (24_360, True, False)
        assert any(not reading.stable for reading in seen)


@pytest.mark.parametrize("preset", PRESETS)
def test_n16_overload_is_no_weight_by_any_preset(preset: Preset, tmp_path: Path) -> None:
    with weighed("pattern", tmp_path, **by_pattern(preset)) as (scale, driver):
        scale.load(90_000)
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            reading = driver.read()
            if reading is not None and reading.out_of_range:
                assert reading.kg is None
                return
        raise AssertionError("no overload was told")


@pytest.mark.parametrize("preset", MARKED)
def test_n16_a_net_weight_stays_one(preset: Preset, tmp_path: Path) -> None:
    with weighed("pattern", tmp_path, **by_pattern(preset)) as (scale, driver):
        scale.net = True
        scale.load(8_360)
        weight, _ = settled(driver)
        assert (weight.kg, weight.net) == (8_360, True)


@pytest.mark.parametrize("preset", PRESETS)
def test_n16_a_platform_that_never_rests_is_no_weight_by_any_preset(preset: Preset, tmp_path: Path) -> None:
    with weighed("pattern", tmp_path, **by_pattern(preset)) as (scale, driver):
        scale.unsteady = True
        scale.load(24_360)
        weighing = Weighing(WeighingSettings(hold_s=0.3))
        for _ in range(40):
            reading = driver.read()
            assert reading is None or weighing.feed(reading) is None
