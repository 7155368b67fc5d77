"""The simulated camera's HTTP side: what a browser would see, and that nothing is left behind."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import cv2
import numpy as np
import pytest

from gate_simulators.device.faults import FaultKind
from gate_simulators.egate.camera import CameraServer
from gate_simulators.egate.plant import Plant


@pytest.fixture
def server() -> Iterator[CameraServer]:
    threads = set(threading.enumerate())
    camera = CameraServer("camera", Plant(), fps=50, size=(320, 180))
    camera.start()
    yield camera
    camera.stop()
    assert set(threading.enumerate()) == threads


def get(server: CameraServer, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    connection.request("GET", path)
    return connection.getresponse()


def pictures(response: http.client.HTTPResponse, count: int) -> list[bytes]:
    """Parts of a multipart/x-mixed-replace stream, by their Content-Length."""
    found: list[bytes] = []
    while len(found) < count:
        assert response.readline() == b"--lane\r\n"
        headers = http.client.parse_headers(response)
        found.append(response.read(int(headers["Content-Length"])))
        assert response.readline() == b"\r\n"
    return found


def test_the_stream_is_multipart_jpeg(server: CameraServer) -> None:
    with closing(get(server, "/lane.mjpg")) as response:
        assert response.status == 200
        assert response.getheader("Content-Type") == "multipart/x-mixed-replace; boundary=lane"
        seen = pictures(response, 5)
    assert len(set(seen)) == 5
    picture = cv2.imdecode(np.frombuffer(seen[0], np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (180, 320, 3)


def test_a_snapshot_is_one_new_picture(server: CameraServer) -> None:
    with closing(get(server, "/snapshot.jpg")) as first, closing(get(server, "/snapshot.jpg")) as second:
        one, other = first.read(), second.read()
    assert one.startswith(b"\xff\xd8")
    assert one != other


def test_anything_else_is_not_found(server: CameraServer) -> None:
    with closing(get(server, "/admin")) as response:
        assert response.status == 404


def test_nothing_is_drawn_while_nobody_watches(server: CameraServer) -> None:
    with closing(get(server, "/snapshot.jpg")) as response:
        response.read()
    time.sleep(0.1)
    drawn = server.newest()
    time.sleep(0.2)
    assert server.newest() == drawn


def test_a_frozen_camera_repeats_the_very_same_bytes(server: CameraServer) -> None:
    with closing(get(server, "/lane.mjpg")) as response:
        pictures(response, 2)
        server.faults.inject(FaultKind.FREEZE)
        seen = pictures(response, 8)
    assert len(set(seen[-4:])) == 1


def test_unplugging_closes_connection_and_port_and_plugging_in_restores_the_same_port(
    server: CameraServer,
) -> None:
    port = server.port
    with closing(get(server, "/lane.mjpg")) as response:
        pictures(response, 1)
        server.faults.inject(FaultKind.UNPLUG)
        with pytest.raises((AssertionError, OSError, http.client.HTTPException, ValueError, TypeError)):
            pictures(response, 1000)
    with pytest.raises(OSError):
        for _ in range(200):
            get(server, "/snapshot.jpg").close()
            time.sleep(0.01)
    server.faults.clear()
    for _ in range(200):
        try:
            get(server, "/snapshot.jpg").close()
            break
        except OSError:
            time.sleep(0.01)
    assert server.port == port
    with closing(get(server, "/lane.mjpg")) as response:
        assert pictures(response, 2)


def test_two_watchers_see_the_same_pictures(server: CameraServer) -> None:
    with closing(get(server, "/lane.mjpg")) as one, closing(get(server, "/lane.mjpg")) as other:
        assert set(pictures(one, 10)) & set(pictures(other, 10))


def test_start_and_stop_may_alternate(server: CameraServer) -> None:
    server.stop()
    server.stop()
    server.start()
    with pytest.raises(RuntimeError, match="already running"):
        server.start()
    with closing(get(server, "/snapshot.jpg")) as response:
        assert response.status == 200


def test_stop_does_not_wait_for_a_client_that_never_asks(server: CameraServer) -> None:
    import socket

    with socket.create_connection((server.host, server.port)):
        time.sleep(0.1)
        server.stop()
