"""A network camera: MJPEG over HTTP (``multipart/x-mixed-replace``, RFC 2046 §5.1) of the simulated lane.

``/lane.mjpg`` streams, ``/snapshot.jpg`` gives one picture. One thread draws, and only while somebody
watches; each connection has a thread of the standard library's HTTP server.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import numpy as np

from gate_simulators.device.faults import FaultBoard, FaultKind
from gate_simulators.egate.plant import Plant
from gate_simulators.egate.scene import Scene

_SUPPORTED = frozenset(
    {
        FaultKind.FREEZE,
        FaultKind.SILENT,
        FaultKind.UNPLUG,
        FaultKind.DELAY,
        FaultKind.GARBLE,
        FaultKind.DROP,
    }
)
_TICK_S = 0.02  # how quickly a fault or stop() is noticed
_BOUNDARY = "lane"


class CameraServer:
    """The lane camera at ``http://host:port/lane.mjpg``. With port 0 the system chooses one at start()."""

    def __init__(
        self,
        name: str,
        plant: Plant,
        host: str = "127.0.0.1",
        port: int = 0,
        fps: float = 12.0,
        *,
        size: tuple[int, int] = (960, 540),
        quality: int = 85,
        seed: int = 0,
    ) -> None:
        self.name = name
        self.faults = FaultBoard(_SUPPORTED)
        self.host, self.port, self.fps = host, port, fps
        self._plant, self._quality, self._seed = plant, quality, seed
        self._scene = Scene(*size, seed=seed)
        self._new_picture = threading.Condition()
        self._jpeg, self._number, self._watchers = b"", 0, 0
        self._stopping = threading.Event()
        self._connected: set[socket.socket] = set()
        self._server: _Server | None = None
        self._serving: threading.Thread | None = None
        self._camera: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/lane.mjpg"

    def start(self) -> None:
        """Listen; returns once the stream can be opened. Raises OSError when the port is taken."""
        if self._camera is not None:
            raise RuntimeError(f"camera {self.name} is already running")
        self._stopping.clear()
        self._plug()
        self._camera = threading.Thread(target=self._run, name=f"{self.name}-camera")
        self._camera.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._camera is not None:
            self._camera.join()
            self._camera = None
        self._unplug()

    # ------------------------------------------------------------ the wire

    def _plug(self) -> None:
        server = _Server((self.host, self.port), _handler_for(self))
        self.port = server.server_address[1]
        serve = threading.Thread(target=server.serve_forever, args=(_TICK_S,), name=f"{self.name}-http")
        serve.start()
        self._server, self._serving = server, serve

    def _unplug(self) -> None:
        """Close the port and every connection, and wait for their threads."""
        server, self._server = self._server, None
        if server is None or self._serving is None:
            return
        server.shutdown()
        self._serving.join()
        for connection in tuple(self._connected):
            with contextlib.suppress(OSError):  # the client may have gone first
                connection.shutdown(socket.SHUT_RDWR)
        server.server_close()  # joins the connections' threads

    def _run(self) -> None:
        """Draw while somebody watches; pull and put the plug as the fault board says."""
        due = time.monotonic()
        while not self._stopping.is_set():
            unplugged = self.faults.active(FaultKind.UNPLUG) is not None
            if unplugged and self._server is not None:
                self._unplug()
            elif not unplugged and self._server is None:
                with contextlib.suppress(OSError):  # the port is still taken: try again at the next tick
                    self._plug()
            now = time.monotonic()
            if self._watchers and now >= due:
                self._draw()
                due = max(due + 1.0 / self.fps, now)
            self._stopping.wait(min(_TICK_S, max(0.0, due - now)) if self._watchers else _TICK_S)
        with self._new_picture:
            self._new_picture.notify_all()

    def _draw(self) -> None:
        number = self._number + 1
        frozen = self._jpeg and self.faults.active(FaultKind.FREEZE)  # then the very same bytes again
        jpeg = self._jpeg if frozen else self._encode(number)
        with self._new_picture:
            self._jpeg, self._number = jpeg, number
            self._new_picture.notify_all()

    def _encode(self, number: int) -> bytes:
        picture = cv2.cvtColor(self._scene.render(self._plant, number), cv2.COLOR_RGB2BGR)
        done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        if not done:
            raise RuntimeError("the picture could not be encoded")
        return jpeg.tobytes()

    # ------------------------------------------------------------ one connection

    def _closing(self) -> bool:
        return self._stopping.is_set() or self._server is None

    def next_picture(self, after: int) -> tuple[int, bytes] | None:
        """The next picture to send after number `after`, faults applied; None when the connection ends."""
        rng = np.random.default_rng((self._seed, after))
        while not self._closing():
            number, jpeg = self._wait_for_newer(after)
            if number <= after or self.faults.active(FaultKind.SILENT):
                continue
            after = number
            if self._dropped(rng) or not self._delayed():
                continue
            return number, self._garbled(jpeg, rng)
        return None

    def _wait_for_newer(self, after: int) -> tuple[int, bytes]:
        with self._new_picture:
            self._new_picture.wait_for(lambda: self._number > after or self._closing(), timeout=_TICK_S)
            return self._number, self._jpeg

    def _dropped(self, rng: np.random.Generator) -> bool:
        fault = self.faults.active(FaultKind.DROP)
        return fault is not None and rng.random() < float(fault.parameters.get("ratio", 0.5))

    def _delayed(self) -> bool:
        """Wait as DELAY says; False when the connection ended meanwhile."""
        fault = self.faults.active(FaultKind.DELAY)
        until = time.monotonic() + (0.0 if fault is None else float(fault.parameters.get("seconds", 0.5)))
        while (left := until - time.monotonic()) > 0 and not self._closing():
            self._stopping.wait(min(left, _TICK_S))
        return not self._closing()

    def _garbled(self, jpeg: bytes, rng: np.random.Generator) -> bytes:
        fault = self.faults.active(FaultKind.GARBLE)
        if fault is None:
            return jpeg
        data = np.frombuffer(jpeg, np.uint8).copy()
        hits = rng.random(data.size) < float(fault.parameters.get("ratio", 0.01))
        data[hits] ^= rng.integers(1, 256, int(hits.sum()), dtype=np.uint8)
        return data.tobytes()

    def newest(self) -> int:
        """The number of the last picture drawn, perhaps long ago."""
        return self._number

    def connected(self, connection: socket.socket) -> None:
        self._connected.add(connection)

    def disconnected(self, connection: socket.socket) -> None:
        self._connected.discard(connection)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Nobody watching, nothing drawn."""
        with self._new_picture:
            self._watchers += 1
        try:
            yield
        finally:
            with self._new_picture:
                self._watchers -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close() waits for them

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error of the camera's; anything else is shown as usual."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _handler_for(camera: CameraServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5.0  # a client that neither asks nor reads is not kept

        def setup(self) -> None:
            super().setup()
            camera.connected(self.connection)

        def finish(self) -> None:
            camera.disconnected(self.connection)
            super().finish()

        def do_GET(self) -> None:
            with camera.watching():
                if self.path == "/lane.mjpg":
                    self._stream()
                elif self.path == "/snapshot.jpg":
                    self._snapshot()
                else:
                    self.send_error(HTTPStatus.NOT_FOUND, "this camera has /lane.mjpg and /snapshot.jpg")

        def _stream(self) -> None:
            number = camera.newest()
            begun = False
            while (picture := camera.next_picture(number)) is not None:
                number, jpeg = picture
                if not begun:
                    self._head(f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
                    begun = True
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")

        def _snapshot(self) -> None:
            picture = camera.next_picture(camera.newest())
            if picture is not None:
                self._head("image/jpeg")
                self.wfile.write(picture[1])

        def _head(self, content_type: str) -> None:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", content_type)
            self.send_header("Cache-Control", "no-store")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: the simulator's own log tells what matters."""

    return Handler
