"""The one control interface of all simulated devices: see them, put faults on them, take faults off.

An HTTP service for loopback only, because whoever reaches it can unplug a station::

    GET    /devices                        every device with supported and active faults
    GET    /devices/{name}
    POST   /devices/{name}/faults          {"kind": "held_door", "seconds": 5, "parameters": {"door": "exit"}}
    DELETE /devices/{name}/faults          all of them
    DELETE /devices/{name}/faults/{kind}
    GET    /visitors                       the scenarios that visitors can play
    POST   /visitors                       {"scenario": "genuine"}: this one comes next

:class:`ControlServer` runs it in a thread and takes further routers of coroutines, for example for
visitors; :class:`ControlClient` is the other end, used by ``gate-sim fault`` and ``gate-sim walk``.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import httpx
import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.middleware.trustedhost import TrustedHostMiddleware

from gate_simulators.device.faults import Fault, FaultKind, SimulatedDevice

CONTROL_PORT = 8090
START_TIMEOUT_S = 10.0

Parameter = Annotated[str, Field(max_length=64)] | Annotated[float, Field(allow_inf_nan=False)]


RATIO = {"ratio": (0.0, 1.0)}
SECONDS = {"seconds": (0.0, 3600.0)}
DOOR = {"door": ("entry", "exit", "release", "inspection")}
PARAMETERS: Mapping[FaultKind, Mapping[str, tuple[float, float] | tuple[str, ...]]] = {
    FaultKind.DROP: RATIO,
    FaultKind.DELAY: SECONDS,
    FaultKind.GARBLE: RATIO,
    FaultKind.STUCK_DOOR: DOOR,
    FaultKind.FORCED_DOOR: DOOR,
    FaultKind.HELD_DOOR: DOOR,
    FaultKind.SENSOR_FLICKER: {"hertz": (0.1, 25.0)},
    FaultKind.CARD_LOST: {"after": (0.0, 10_000.0)},
    FaultKind.DEAD_CHIP: {"answer": ("none", "6F00")},
}
"""What each kind of fault takes: a number from .. to, or one of these words. Others take nothing."""


class FaultOrder(BaseModel):
    """A fault to switch on; without `seconds` it stays until it is cleared."""

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    seconds: float | None = Field(default=None, gt=0, le=86_400)
    parameters: dict[Annotated[str, Field(max_length=32)], Parameter] = Field(default={}, max_length=8)

    @model_validator(mode="after")
    def _parameters_fit(self) -> FaultOrder:
        """A simulator uses parameters in its wire code, where a wrong one would end its thread."""
        known = PARAMETERS.get(self.kind, {})
        for name, value in self.parameters.items():
            if name not in known:
                takes = ", ".join(known) or "no parameters"
                raise ValueError(f"{self.kind.value} does not know {name!r}; it takes {takes}")
            if not _fits(value, known[name]):
                raise ValueError(
                    f"{name} of {self.kind.value} must be {_meaning(known[name])}, not {value!r}"
                )
        return self


def _fits(value: float | str, allowed: tuple[float, float] | tuple[str, ...]) -> bool:
    if isinstance(allowed[0], str):
        return value in allowed
    return not isinstance(value, str) and float(allowed[0]) <= value <= float(allowed[1])


def _meaning(allowed: tuple[float, float] | tuple[str, ...]) -> str:
    if isinstance(allowed[0], str):
        return f"one of {', '.join(map(str, allowed))}"
    return f"from {allowed[0]} to {allowed[1]}"


class ActiveFault(BaseModel):
    """A fault that is on; `seconds_left` is None for "until cleared"."""

    kind: FaultKind
    parameters: dict[str, float | str]
    seconds_left: float | None


class DeviceState(BaseModel):
    """One simulated device as the control interface shows it."""

    name: str
    supported: list[FaultKind]
    active: list[ActiveFault]


def create_app(devices: Iterable[SimulatedDevice], routers: Sequence[APIRouter] = ()) -> FastAPI:
    """The service over these devices. Their names must differ."""
    registry: dict[str, SimulatedDevice] = {}
    for device in devices:
        if device.name in registry:
            raise ValueError(f"two simulated devices are named {device.name!r}")
        registry[device.name] = device
    app = FastAPI(title="gate simulators", docs_url=None, redoc_url=None)
    # A web page that rebinds its name to 127.0.0.1 still sends its own name.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])
    app.include_router(_fault_routes(registry))
    for router in routers:
        app.include_router(router)
    return app


def _fault_routes(registry: Mapping[str, SimulatedDevice]) -> APIRouter:
    """Coroutines, because FastAPI gives a plain function a worker thread that outlives the server."""
    router = APIRouter(prefix="/devices")

    def find(name: str) -> SimulatedDevice:
        if name not in registry:
            raise HTTPException(404, f"no device {name!r}; there are: {', '.join(sorted(registry))}")
        return registry[name]

    @router.get("")
    async def devices() -> list[DeviceState]:
        return [_state(device) for device in registry.values()]

    @router.get("/{name}")
    async def device(name: str) -> DeviceState:
        return _state(find(name))

    @router.post("/{name}/faults")
    async def inject(name: str, order: FaultOrder) -> DeviceState:
        chosen = find(name)
        try:
            chosen.faults.inject(order.kind, seconds=order.seconds, parameters=order.parameters)
        except ValueError as exc:
            raise HTTPException(409, str(exc)) from exc
        return _state(chosen)

    @router.delete("/{name}/faults")
    async def clear_all(name: str) -> DeviceState:
        chosen = find(name)
        chosen.faults.clear()
        return _state(chosen)

    @router.delete("/{name}/faults/{kind}")
    async def clear(name: str, kind: FaultKind) -> DeviceState:
        chosen = find(name)
        chosen.faults.clear(kind)
        return _state(chosen)

    return router


def _state(device: SimulatedDevice) -> DeviceState:
    return DeviceState(
        name=device.name,
        supported=sorted(device.faults.supported),
        active=[_active(fault) for fault in device.faults.all_active()],
    )


def _active(fault: Fault) -> ActiveFault:
    left = None if fault.until is None else max(0.0, fault.until - time.monotonic())
    return ActiveFault(kind=fault.kind, parameters=dict(fault.parameters), seconds_left=left)


class ControlServer:
    """The service in a thread of its own. Port 0 picks a free one; see `url`."""

    def __init__(
        self,
        devices: Iterable[SimulatedDevice],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        routers: Sequence[APIRouter] = (),
    ) -> None:
        """Raises ValueError when `host` is not a loopback address."""
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"the control interface serves loopback only, not {host}")
        self.app = create_app(devices, routers)
        self._host, self._port = host, port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def start(self) -> None:
        """Bind and serve; returns when requests are answered. Raises OSError when the port is taken."""
        if self._thread is not None:
            return
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self._port), family=family)
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(self.app, log_config=None, lifespan="off", timeout_graceful_shutdown=2)
        self._server = server = uvicorn.Server(config)

        def serve() -> None:
            with listener:
                server.run(sockets=[listener])

        self._thread = threading.Thread(target=serve, name="sim control", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_TIMEOUT_S
        while not server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise OSError(f"the control interface did not start on {self.url}")
            time.sleep(0.005)

    def stop(self) -> None:
        """Answer what is being asked, then leave."""
        thread, self._thread = self._thread, None
        if thread is None or self._server is None:
            return
        self._server.should_exit = True
        thread.join()
        self._server = None


class ControlError(Exception):
    """The control interface said no, or is not there."""


class ControlClient:
    """Talks to a :class:`ControlServer`. Raises ControlError with the server's own words."""

    def __init__(self, url: str, timeout_s: float = 5.0) -> None:
        self._http = httpx.Client(base_url=url, timeout=timeout_s, trust_env=False)

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def devices(self) -> list[DeviceState]:
        return [DeviceState.model_validate(d) for d in self._ask("GET", "/devices")]

    def scenarios(self) -> list[str]:
        """What visitors of this simulation can play."""
        return list(self._ask("GET", "/visitors"))

    def send(self, scenario: str) -> None:
        """Let a visitor come next."""
        self._ask("POST", "/visitors", {"scenario": scenario})

    def inject(
        self,
        device: str,
        kind: str,
        *,
        seconds: float | None = None,
        parameters: Mapping[str, float | str] | None = None,
    ) -> DeviceState:
        order = {"kind": kind, "seconds": seconds, "parameters": dict(parameters or {})}
        return DeviceState.model_validate(self._ask("POST", f"/devices/{device}/faults", order))

    def clear(self, device: str, kind: str | None = None) -> DeviceState:
        path = f"/devices/{device}/faults" + (f"/{kind}" if kind else "")
        return DeviceState.model_validate(self._ask("DELETE", path))

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as exc:
            raise ControlError(f"no simulators at {self._http.base_url}: {exc}") from exc
        if answer.is_error:
            raise ControlError(_complaint(answer))
        return answer.json()


def _complaint(answer: httpx.Response) -> str:
    """FastAPI answers with a sentence, or with a list of fields that failed validation."""
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"
    if isinstance(detail, list):
        return "; ".join(f"{'.'.join(map(str, d['loc'][1:]))}: {d['msg']}" for d in detail)
    return str(detail)


def parse_parameters(words: Iterable[str]) -> dict[str, float | str]:
    """``["door=exit", "ratio=0.2"]`` of a command line to fault parameters. Raises ValueError."""
    parameters: dict[str, float | str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise ValueError(f"{word!r} is not key=value")
        try:
            parameters[key] = float(value)
        except ValueError:
            parameters[key] = value
    return parameters
