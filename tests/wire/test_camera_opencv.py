"""The OpenCV driver against a real MJPEG server, real files and (where installed) a real RTSP server."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from pydantic import ValidationError

from gate_agent.devices import Camera, DeviceDisconnected, DeviceError, DeviceTimeout, Frame, GarbledReading
from gate_drivers.cameras.opencv import OpenCvCamera, OpenCvCameraConfig
from gate_simulators.device.faults import FaultKind
from gate_simulators.egate.camera import CameraServer
from gate_simulators.egate.plant import Person, Plant, Zone


def configured(source: dict[str, object], **settings: object) -> OpenCvCamera:
    return OpenCvCamera(OpenCvCameraConfig.model_validate({"source": source, **settings}))


def next_frame(camera: OpenCvCamera, reads: int = 60) -> Frame:
    for _ in range(reads):
        frame = camera.read()
        if frame is not None:
            return frame
    raise AssertionError(f"no frame in {reads} reads")


@pytest.fixture
def plant() -> Plant:
    person = Person("traveller", skimage.data.astronaut(), Zone.INSIDE, facing=True, nearness=0.8)
    return Plant(persons=[person])


@pytest.fixture
def lane(plant: Plant) -> Iterator[CameraServer]:
    server = CameraServer("camera", plant, fps=25, size=(480, 270))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def camera(lane: CameraServer) -> Iterator[OpenCvCamera]:
    device = configured({"kind": "mjpeg", "url": lane.url}, frozen_after_s=0.4, read_timeout_ms=500)
    device.open()
    yield device
    device.close()


# ---------------------------------------------------------------- frames


def test_it_is_a_camera(camera: OpenCvCamera) -> None:
    assert isinstance(camera, Camera)


def test_frames_are_rgb_numbered_and_dated_on_the_monotonic_clock(camera: OpenCvCamera) -> None:
    next_frame(camera)  # came while opening
    before = time.monotonic()
    first, second = next_frame(camera), next_frame(camera)
    assert (first.pixels.shape, first.pixels.dtype) == ((270, 480, 3), np.uint8)
    assert before <= first.at < second.at <= time.monotonic()
    assert second.sequence == first.sequence + 1
    # The photograph wears an orange suit: red well above blue.
    red, _, blue = first.pixels[200:, 200:280].reshape(-1, 3).mean(axis=0)
    assert red > blue + 50


def test_after_a_pause_the_frame_is_of_now_not_of_the_buffer(plant: Plant, camera: OpenCvCamera) -> None:
    next_frame(camera)
    time.sleep(0.5)  # a dozen pictures pile up in socket and decoder
    with plant.lock:
        plant.persons.clear()
    time.sleep(0.2)
    frame = next_frame(camera)
    assert frame.pixels[200:, 200:280].std() < 40, "the person has left, the frame still shows them"


def test_max_fps_limits_what_is_delivered(lane: CameraServer) -> None:
    device = configured({"kind": "mjpeg", "url": lane.url}, max_fps=5)
    device.open()
    times = [next_frame(device).at for _ in range(4)]
    device.close()
    assert times[-1] - times[0] > 3 * 0.2 * 0.75


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ({"rotate": 90}, (480, 270, 3)),
        ({"rotate": 180}, (270, 480, 3)),
        ({"mirror": True}, (270, 480, 3)),
        ({"region": {"x": 100, "y": 10, "width": 200, "height": 100}}, (100, 200, 3)),
        ({"rotate": 270, "region": {"x": 0, "y": 0, "width": 270, "height": 480}}, (480, 270, 3)),
    ],
)
def test_frames_are_turned_mirrored_and_cut(
    tmp_path: Path, settings: dict[str, object], shape: tuple[int, ...]
) -> None:
    plain = one_frame(video(tmp_path, 4), {})
    arranged = one_frame(video(tmp_path, 4), settings)
    assert arranged.shape == shape
    assert arranged.flags["C_CONTIGUOUS"]
    expected = np.rot90(plain, -int(str(settings.get("rotate", 0))) // 90)
    if settings.get("mirror"):
        expected = expected[:, ::-1]
    if "region" in settings:
        region = settings["region"]
        assert isinstance(region, dict)
        x, y = region["x"], region["y"]
        expected = expected[y : y + region["height"], x : x + region["width"]]
    assert np.array_equal(arranged, expected)


def test_a_region_beyond_the_picture_is_refused_at_open(tmp_path: Path) -> None:
    region = {"x": 400, "y": 0, "width": 200, "height": 100}
    device = configured({"kind": "file", "path": str(video(tmp_path, 4))}, region=region)
    with pytest.raises(DeviceError, match="480x270") as caught:
        device.open()
    assert caught.value.field == "region"


# ---------------------------------------------------------------- files


def video(folder: Path, pictures: int, *, still: bool = False) -> Path:
    path = folder / f"{pictures}{still}.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 50, (480, 270))
    for number in range(pictures):
        picture = np.zeros((270, 480, 3), np.uint8)
        picture[:, : 20 + (0 if still else 30 * number % 460)] = (10, 20, 200)
        picture[:60, :60] = (200, 90, 10)
        writer.write(picture)
    writer.release()
    return path


def one_frame(path: Path, settings: dict[str, object]) -> np.ndarray:
    device = configured({"kind": "file", "path": str(path)}, **settings)
    device.open()
    frame = next_frame(device)
    device.close()
    return frame.pixels


def test_a_file_is_played_to_its_end_without_skipping(tmp_path: Path) -> None:
    device = configured({"kind": "file", "path": str(video(tmp_path, 12))})
    device.open()
    frames = [next_frame(device) for _ in range(12)]
    with pytest.raises(DeviceDisconnected, match="no more pictures") as caught:
        next_frame(device)
    device.close()
    assert "loop" in caught.value.advice
    assert frames[-1].at - frames[0].at > 11 / 50 * 0.8, "played faster than recorded"


def test_a_looped_file_goes_on(tmp_path: Path) -> None:
    device = configured({"kind": "file", "path": str(video(tmp_path, 5)), "loop": True})
    device.open()
    assert [next_frame(device).sequence for _ in range(13)] == list(range(1, 14))
    device.close()


def test_a_still_recording_is_a_frozen_stream(tmp_path: Path) -> None:
    source: dict[str, object] = {"kind": "file", "path": str(video(tmp_path, 40, still=True))}
    device = configured(source, frozen_after_s=0.3)
    device.open()
    with pytest.raises(DeviceError, match="frozen stream"):
        [next_frame(device) for _ in range(40)]
    device.close()


@pytest.mark.parametrize("content", [b"", b"no video at all" * 99, b"RIFF\xff\xff\xff\xffAVI LIST" * 20])
def test_a_file_that_is_no_video_is_refused_with_advice(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.avi"
    path.write_bytes(content)
    with pytest.raises(DeviceError) as caught:
        configured({"kind": "file", "path": str(path)}).open()
    assert (caught.value.field, bool(caught.value.advice)) == ("source", True)


def test_a_picture_smaller_than_a_face_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tiny.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (32, 32))
    writer.write(np.zeros((32, 32, 3), np.uint8))
    writer.release()
    with pytest.raises(GarbledReading, match="32x32"):
        configured({"kind": "file", "path": str(path)}).open()


# ---------------------------------------------------------------- faults on the wire


def test_a_frozen_stream_is_a_fault_not_a_face(lane: CameraServer, camera: OpenCvCamera) -> None:
    lane.faults.inject(FaultKind.FREEZE)
    with pytest.raises(DeviceError, match="frozen stream") as caught:
        [next_frame(camera) for _ in range(60)]
    assert caught.value.field == "frozen_after_s"
    lane.faults.clear()
    camera.open()
    next_frame(camera)


def test_silence_is_a_time_out_and_open_starts_anew(lane: CameraServer, camera: OpenCvCamera) -> None:
    lane.faults.inject(FaultKind.SILENT)
    with pytest.raises(DeviceTimeout, match="no picture for 500 ms"):
        [camera.read() for _ in range(60)]
    lane.faults.clear()
    camera.close()
    camera.open()
    next_frame(camera)


def test_a_camera_that_accepts_and_never_answers_is_a_time_out_at_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hole:
        url = f"http://127.0.0.1:{hole.getsockname()[1]}/lane.mjpg"
        device = configured({"kind": "mjpeg", "url": url}, open_timeout_ms=300)
        with pytest.raises(DeviceTimeout) as caught:
            device.open()
    assert "open_timeout_ms" in caught.value.advice


def test_pictures_that_come_later_than_the_patience_are_a_time_out(
    lane: CameraServer, camera: OpenCvCamera
) -> None:
    lane.faults.inject(FaultKind.DELAY, parameters={"seconds": 2.0})
    with pytest.raises(DeviceTimeout):
        [camera.read() for _ in range(60)]


def test_lost_pictures_are_no_fault(lane: CameraServer, camera: OpenCvCamera) -> None:
    lane.faults.inject(FaultKind.DROP, parameters={"ratio": 0.5})
    assert len([next_frame(camera) for _ in range(8)]) == 8


@pytest.mark.parametrize("ratio", [0.0005, 0.02, 0.5])
def test_garbled_pictures_are_skipped_or_reported_never_returned_broken(
    lane: CameraServer, camera: OpenCvCamera, ratio: float
) -> None:
    lane.faults.inject(FaultKind.GARBLE, parameters={"ratio": ratio})
    for _ in range(12):
        try:
            frame = camera.read()
        except DeviceError:
            camera.close()
            break
        assert frame is None or frame.pixels.shape == (270, 480, 3)
    lane.faults.clear()
    camera.open()
    next_frame(camera)


def test_an_answer_that_is_not_a_stream_is_refused(lane: CameraServer) -> None:
    device = configured({"kind": "mjpeg", "url": lane.url.replace("lane.mjpg", "nothing")})
    with pytest.raises(DeviceError) as caught:
        device.open()
    assert caught.value.advice


def test_closing_while_another_thread_reads_ends_the_read(lane: CameraServer, camera: OpenCvCamera) -> None:
    lane.faults.inject(FaultKind.SILENT)
    ended: list[BaseException] = []

    def read_on() -> None:
        try:
            while True:
                camera.read()
        except DeviceError as error:
            ended.append(error)

    reader = threading.Thread(target=read_on)
    reader.start()
    camera.close()
    reader.join(timeout=10)
    assert not reader.is_alive()
    assert ended


def test_closing_while_another_thread_opens_ends_the_opening() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hole:
        url = f"http://127.0.0.1:{hole.getsockname()[1]}/lane.mjpg"
        device = configured({"kind": "mjpeg", "url": url}, open_timeout_ms=1500)
        ended: list[BaseException] = []

        def open_it() -> None:
            try:
                device.open()
            except DeviceError as error:
                ended.append(error)

        opener = threading.Thread(target=open_it)
        opener.start()
        time.sleep(0.2)
        device.close()
        opener.join(timeout=10)
    assert not opener.is_alive()
    assert ended


def test_a_failing_library_is_a_device_error_not_a_camera_without_news(
    monkeypatch: pytest.MonkeyPatch, camera: OpenCvCamera
) -> None:
    def out_of_memory(*_: object) -> None:
        raise MemoryError("no room for a picture")

    monkeypatch.setattr(camera, "_retrieved", out_of_memory)
    with pytest.raises(DeviceError, match="MemoryError"):
        [camera.read() for _ in range(5)]


def test_a_password_in_the_address_is_never_shown() -> None:
    device = configured({"kind": "mjpeg", "url": "http://guard:s3cret@127.0.0.1:9/lane.mjpg"})
    with pytest.raises(DeviceError) as caught:
        device.open()
    assert "127.0.0.1:9" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ({"kind": "mjpeg", "url": "file:///etc/passwd"}, ("source", "mjpeg", "url")),
        ({"kind": "mjpeg", "url": "concat:a|b"}, ("source", "mjpeg", "url")),
        ({"kind": "rtsp", "url": "http://camera/"}, ("source", "rtsp", "url")),
        ({"kind": "v4l2", "index": -1}, ("source", "v4l2", "index")),
        ({"kind": "v4l2"}, ("source", "v4l2")),
        ({"kind": "v4l2", "index": 0, "device": "/dev/v4l/by-id/usb-camera"}, ("source", "v4l2")),
        ({"kind": "v4l2", "device": "concat:a|b"}, ("source", "v4l2")),
        ({"kind": "telepathy"}, ("source",)),
        ({"kind": "mjpeg", "url": "http://c/" + "x" * 3000}, ("source", "mjpeg", "url")),
    ],
)
def test_a_wrong_source_is_refused_with_its_place(source: dict[str, object], where: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        configured(source)
    assert caught.value.errors()[0]["loc"] == where


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ({"index": 63}, "/dev/video63"),
        ({"device": "/dev/v4l/by-id/usb-ACME-index0"}, "/dev/v4l/by-id/usb-ACME-index0"),
    ],
)
def test_d18_a_missing_local_camera_is_told_by_the_name_that_it_was_given(
    name: dict[str, object], told: str
) -> None:
    device = configured({"kind": "v4l2", **name})
    with pytest.raises(DeviceDisconnected, match=told) as caught:
        device.open()
    assert "group video" in caught.value.advice


# ---------------------------------------------------------------- RTSP

SYSTEM_PYTHON = "/usr/bin/python3"
RTSP_SERVER = """
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer(address="127.0.0.1", service="0")
factory = GstRtspServer.RTSPMediaFactory(shared=True)
factory.set_launch("( videotestsrc is-live=true pattern=snow "
                   " ! video/x-raw,format=I420,width=320,height=240,framerate=15/1 "
                   " ! jpegenc ! rtpjpegpay name=pay0 )")
server.get_mount_points().add_factory("/lane", factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
"""


@pytest.fixture
def rtsp_server() -> Iterator[tuple[subprocess.Popen[str], str]]:
    probe = "import gi; gi.require_version('GstRtspServer', '1.0')"
    if not shutil.which(SYSTEM_PYTHON) or sys.platform != "linux":
        pytest.skip(f"no {SYSTEM_PYTHON}")
    if subprocess.run([SYSTEM_PYTHON, "-c", probe], capture_output=True, check=False).returncode:
        pytest.skip("GStreamer's RTSP server is not installed (gir1.2-gst-rtsp-server-1.0, python3-gi)")
    with subprocess.Popen([SYSTEM_PYTHON, "-c", RTSP_SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server, f"rtsp://127.0.0.1:{server.stdout.readline().strip()}/lane"
        server.kill()


def test_rtsp_delivers_frames_and_ends_when_the_server_dies(
    rtsp_server: tuple[subprocess.Popen[str], str],
) -> None:
    server, url = rtsp_server
    device = configured({"kind": "rtsp", "url": url})
    device.open()
    assert next_frame(device).pixels.shape == (240, 320, 3)
    server.kill()
    with pytest.raises(DeviceError):
        [device.read() for _ in range(200)]
    device.close()
