"""The control interface of the simulators: over real HTTP, against real fault boards."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
from fastapi import APIRouter

from gate_simulators.device.control import (
    ControlClient,
    ControlError,
    ControlServer,
    create_app,
    parse_parameters,
)
from gate_simulators.device.faults import FaultBoard, FaultKind
from gate_simulators.egate.lane_controller import LaneController
from gate_simulators.egate.plant import Plant


class Lamp:
    """The smallest simulated device."""

    def __init__(self, name: str, *kinds: FaultKind) -> None:
        self.name = name
        self.faults = FaultBoard(frozenset(kinds))

    def start(self) -> None: ...

    def stop(self) -> None: ...


@pytest.fixture(scope="module")
def lane() -> LaneController:
    return LaneController("lane", Plant(), tcp=("127.0.0.1", 0))


@pytest.fixture(scope="module")
def server(lane: LaneController) -> Iterator[ControlServer]:
    threads = set(threading.enumerate())
    travellers = APIRouter()

    @travellers.get("/travellers")
    async def names() -> list[str]:
        return ["somebody"]

    control = ControlServer([lane, Lamp("lamp", FaultKind.SILENT)], routers=[travellers])
    control.start()
    yield control
    control.stop()
    control.stop()
    assert set(threading.enumerate()) <= threads
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(control.url.rsplit(":", 1)[1])))


@pytest.fixture
def client(server: ControlServer) -> Iterator[ControlClient]:
    with ControlClient(server.url) as made:
        yield made
        for device in made.devices():
            made.clear(device.name)


def test_devices_are_listed_with_what_they_can_suffer(client: ControlClient) -> None:
    listed = {device.name: device for device in client.devices()}
    assert list(listed) == ["lane", "lamp"]
    assert listed["lamp"].supported == [FaultKind.SILENT]
    assert FaultKind.STUCK_DOOR in listed["lane"].supported
    assert listed["lane"].active == []


def test_a_fault_reaches_the_board_and_is_taken_off_again(
    client: ControlClient, lane: LaneController
) -> None:
    state = client.inject("lane", "stuck_door", parameters={"door": "entry"})
    fault = lane.faults.active(FaultKind.STUCK_DOOR)
    assert fault is not None
    assert fault.parameters == {"door": "entry"}
    assert [(f.kind, f.seconds_left) for f in state.active] == [(FaultKind.STUCK_DOOR, None)]
    assert client.clear("lane", "stuck_door").active == []
    assert lane.faults.active(FaultKind.STUCK_DOOR) is None


def test_a_fault_with_seconds_says_how_long_it_has_left(client: ControlClient) -> None:
    (fault,) = client.inject("lane", "drop", seconds=60, parameters={"ratio": 0.2}).active
    assert fault.seconds_left is not None
    assert 0 < fault.seconds_left <= 60
    assert fault.parameters == {"ratio": 0.2}


def test_all_faults_of_one_device_are_cleared_at_once_and_no_other(client: ControlClient) -> None:
    client.inject("lane", "silent")
    client.inject("lane", "emergency")
    client.inject("lamp", "silent")
    assert client.clear("lane").active == []
    assert [len(device.active) for device in client.devices()] == [0, 1]


def test_further_routes_are_served_beside(server: ControlServer) -> None:
    assert httpx.get(f"{server.url}/travellers").json() == ["somebody"]


@pytest.mark.parametrize(
    ("device", "kind", "complaint"),
    [
        ("nobody", "silent", "nobody.*lamp, lane"),
        ("lamp", "stuck_door", "not one of this device's"),
        ("lamp", "rain", "kind"),
    ],
)
def test_an_impossible_fault_is_refused_with_the_reason(
    client: ControlClient, device: str, kind: str, complaint: str
) -> None:
    with pytest.raises(ControlError, match=complaint):
        client.inject(device, kind)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "silent", "seconds": 0}, "seconds"),
        ({"kind": "silent", "seconds": 1e9}, "seconds"),
        ({"kind": "silent", "colour": "red"}, "colour"),
        ({"kind": "silent", "parameters": {"door": "x" * 65}}, "parameters"),
        ({"kind": "silent", "parameters": {str(i): 1.0 for i in range(9)}}, "parameters"),
        ({"kind": "silent", "parameters": {"door": "exit"}}, "no parameters"),
        ({"kind": "garble", "parameters": {"ratio": "lots"}}, "ratio of garble"),
        ({"kind": "garble", "parameters": {"ratio": 1.5}}, "ratio of garble"),
        ({"kind": "stuck_door", "parameters": {"door": "window"}}, "one of entry, exit"),
        ({"kind": "drop", "parameters": {"rato": 0.5}}, "it takes ratio"),
        ({"seconds": 1}, "kind"),
    ],
)
def test_a_bad_order_says_what_is_wrong_and_changes_nothing(
    server: ControlServer, client: ControlClient, body: dict[str, object], field: str
) -> None:
    answer = httpx.post(f"{server.url}/devices/lamp/faults", json=body)
    assert answer.status_code == 422
    assert field in answer.text
    assert client.devices()[1].active == []


def test_a_name_rebound_to_loopback_is_not_served(server: ControlServer) -> None:
    assert httpx.get(f"{server.url}/devices", headers={"host": "evil.example"}).status_code == 400


def test_it_serves_loopback_only() -> None:
    with pytest.raises(ValueError, match="loopback"):
        ControlServer([], "0.0.0.0")


def test_two_devices_of_one_name_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="lamp"):
        create_app([Lamp("lamp"), Lamp("lamp")])


def test_a_taken_port_is_said_at_start(server: ControlServer) -> None:
    second = ControlServer([], port=int(server.url.rsplit(":", 1)[1]))
    with pytest.raises(OSError, match="in use"):
        second.start()


def test_a_client_without_a_server_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    with ControlClient(url) as client, pytest.raises(ControlError, match="no simulators at"):
        client.devices()


def test_parameters_of_a_command_line() -> None:
    assert parse_parameters(["door=exit", "ratio=0.2", "seconds=3"]) == {
        "door": "exit",
        "ratio": 0.2,
        "seconds": 3.0,
    }
    for word in ("door", "=exit"):
        with pytest.raises(ValueError, match="key=value"):
            parse_parameters([word])
