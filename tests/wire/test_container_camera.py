"""The number camera on its wire: a container's side over MJPEG, and its code read from the pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from gate_agent.devices import NumberView
from gate_agent.vehicle.cards import RecogniserSettings
from gate_agent.vehicle.recogniser import CodeRecogniser
from gate_drivers.sensors.number_camera import NumberCameraConfig, NumberPlateCamera
from gate_simulators.vehicle.container_camera import ContainerCamera

PATIENCE_S = 30.0  # only what tells "slow machine" from "never"


@pytest.fixture
def camera() -> Iterator[ContainerCamera]:
    simulator = ContainerCamera("side", fps=6.0)
    simulator.start()
    yield simulator
    simulator.stop()


def test_a_passing_containers_code_is_read_from_the_stream(camera: ContainerCamera) -> None:
    source = {"kind": "mjpeg", "url": camera.url}
    driver = NumberPlateCamera(NumberCameraConfig.model_validate({"source": source, "view": "left"}))
    recogniser = CodeRecogniser.load(RecogniserSettings())
    driver.open()
    try:
        seen: list[str] = []
        for code in ("CSQU3054383", "MSCU6639870"):
            camera.show(code, seed=3)
            ends = time.monotonic() + PATIENCE_S
            while code not in seen and time.monotonic() < ends:
                view = driver.read()
                if view is None:
                    continue
                assert isinstance(view, NumberView)
                assert view.view == "left"
                seen += [str(read.code) for read in recogniser.read(view.frame.pixels)]
            assert code in seen
    finally:
        driver.close()
