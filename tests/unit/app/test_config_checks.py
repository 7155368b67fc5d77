"""What a configuration cannot mean is refused with its line, and no message holds a secret."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gate_agent.app.config import ConfigError, check, load
from gate_agent.cli.main import app
from gate_agent.errors import GateError
from gate_agent.toml_source import ConfigProblem
from gate_drivers.cameras.sources import MjpegSource, RtspSource, shown

ROOT = Path(__file__).parents[3]
PROFILES = {kind: ROOT / f"config/{kind}.toml" for kind in ("egate", "nii")}


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("trust"))


def problems(kind: str, trust: str, **overrides: object) -> list[ConfigProblem]:
    """What `load` says of a ready profile with some values replaced; the dots of their paths are ``__``."""
    values = {path.replace("__", "."): value for path, value in overrides.items()}
    if kind == "egate":
        values["trust.directory"] = trust
    try:
        load(PROFILES[kind], values)
    except ConfigError as error:
        return list(error.problems)
    return []


def mjpeg(url: str) -> dict[str, object]:
    return {"kind": "mjpeg", "url": url}


def tcp(host: str, port: int) -> dict[str, object]:
    return {"kind": "tcp", "host": host, "port": port}


def serial(device: str) -> dict[str, object]:
    return {"kind": "serial", "device": device}


# ---------------------------------------------------------------- two on one

SHARED: dict[str, tuple[str, dict[str, object], str]] = {
    "console and hub": ("egate", {"console__port": 1883}, "console.port"),
    "hub and console": ("egate", {"hub__port": 8080, "hub__host": "localhost"}, "console.port"),
    "device and hub": ("egate", {"devices__lane__port": 1883}, "devices.lane.port"),
    "device and console": ("nii", {"devices__seals__line": tcp("127.1", 8080)}, "devices.seals.line.port"),
    "two devices": ("egate", {"devices__chip__port": 1502}, "devices.lane.port"),
    "line and controller": ("nii", {"devices__portal__line": tcp("::1", 1503)}, "devices.portal.line.port"),
    "two lines": ("nii", {"devices__seals__line": tcp("127.0.0.1", 1600)}, "devices.seals.line.port"),
    "everywhere": (
        "egate",
        {"devices__chip__host": "0.0.0.0", "devices__chip__port": 8080},
        "devices.chip.port",
    ),
    "two pictures": (
        "nii",
        {"devices__camera_left__source": mjpeg("http://127.0.0.1:8562/lane.mjpg")},
        "devices.camera_right.source.url",
    ),
    "picture and console": (
        "egate",
        {"devices__camera__source": mjpeg("http://localhost:8080/x")},
        "devices.camera.source.url",
    ),
    "two cameras": (
        "nii",
        {f"devices__camera_{side}__source": {"kind": "v4l2", "index": 2} for side in ("left", "rear")},
        "devices.camera_rear.source.index",
    ),
}


@pytest.mark.parametrize("case", SHARED, ids=str)
def test_d20_two_on_one_place_are_refused_with_their_line(trust: str, case: str) -> None:
    kind, overrides, path = SHARED[case]
    [found] = problems(kind, trust, **overrides)
    assert found.path == path
    assert "is taken by" in found.message and found.advice
    lines = PROFILES[kind].read_text().splitlines()
    wanted = path.rsplit(".", 2 if path.count(".") > 2 else 1)[-1 if path.count(".") < 3 else -2]
    assert lines[found.line - 1].startswith((wanted, "[devices.", "driver")), lines[found.line - 1]


@pytest.mark.parametrize("linked", [False, True])
def test_d20_two_devices_on_one_serial_line_are_refused_also_by_its_other_name(
    trust: str, tmp_path: Path, linked: bool
) -> None:
    (tmp_path / "by-id").symlink_to("/dev/null")
    scale, seals = ("/dev/null", str(tmp_path / "by-id")) if linked else ("/dev/ttyS77", "/dev/../dev/ttyS77")
    overrides = {"devices__scale__line": serial(scale), "devices__seals__line": serial(seals)}
    assert [found.path for found in problems("nii", trust, **overrides)] == ["devices.seals.line.device"]


@pytest.mark.parametrize(
    ("kind", "overrides"),
    [
        ("egate", {"hub__host": "10.0.0.9", "hub__port": 8080}),
        ("egate", {"console__port": 0}),
        ("egate", {"devices__camera__source": mjpeg("http://10.0.0.9:8080/lane")}),
        ("nii", {"devices__camera_left__source": mjpeg("http://127.0.0.1:8562/other.mjpg")}),
        (
            "nii",
            {
                "devices__portal": {"driver": "modbus-portal", "host": "gateway", "port": 502, "unit": 2},
                "devices__yard": {
                    "driver": "modbus-yard",
                    "transport": "tcp",
                    "host": "gateway",
                    "port": 502,
                },
            },
        ),
        (
            "egate",
            {
                "devices__lane": {"driver": "modbus-lane", "transport": "rtu", "device": "/dev/ttyS9"},
                "hub__port": 502,
            },
        ),
    ],
    ids=[
        "other machine",
        "any port",
        "other machine's web",
        "one recorder",
        "one gateway",
        "line has no port",
    ],
)
def test_d20_what_may_share_a_place_is_not_refused(
    trust: str, kind: str, overrides: dict[str, object]
) -> None:
    assert problems(kind, trust, **overrides) == []


# ---------------------------------------------------------------- absent terminals


def station(tmp_path: Path, device: str) -> Path:
    text = PROFILES["egate"].read_text().replace('"../.run/egate/mrz.tty"', f'"{device}"')
    for folder in ("policies", "keys", "watchlists"):
        text = text.replace(f'"{folder}/', f'"{ROOT}/config/{folder}/')
    (tmp_path / "state/trust").mkdir(parents=True)
    text = text.replace("../.run/egate/trust", "state/trust").replace("../.run/egate", "state")
    file = tmp_path / "lane.toml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("device", "said"),
    [("/dev/ttyUSB97", "no serial line"), ("/none/tty", "no serial line"), (__file__, "is no serial")],
)
def test_d20_an_absent_terminal_is_told_with_its_line_and_the_station_still_runs(
    tmp_path: Path, device: str, said: str
) -> None:
    file = station(tmp_path, device)
    [found] = [each for each in check(file) if each.path == "devices.mrz.device"]
    assert said in found.message and found.advice
    assert file.read_text().splitlines()[found.line - 1].startswith("device =")
    assert load(file).devices["mrz"].driver == "mrz-serial"  # an adapter may be plugged in later


def test_d20_a_terminal_that_a_simulator_will_make_is_not_missed(tmp_path: Path) -> None:
    file = station(tmp_path, "state/mrz.tty")
    assert "devices.mrz.device" not in {found.path for found in check(file)}


# ---------------------------------------------------------------- addresses

unsafe = st.sampled_from(list('/?#@[]% ^|\\"<>`{}ä'))
plain = st.text("abcdefghijkXYZ0123456789", min_size=5, max_size=9).map("zq".__add__)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["http", "rtsp"]), plain, unsafe, plain)
def test_d8_d20_an_unescaped_password_is_refused_and_its_escaped_form_is_not(
    trust: str, scheme: str, before: str, sign: str, after: str
) -> None:
    kind = {"http": "mjpeg", "rtsp": "rtsp"}[scheme]
    password = before + sign + after
    raw = {"kind": kind, "url": f"{scheme}://admin:{password}@camera.lane/stream1"}
    found = problems("egate", trust, devices__camera__source=raw)
    assert [each.path for each in found] == ["devices.camera.source.url"]
    assert "%40" in found[0].advice and "password_file" in found[0].advice
    assert not {part for part in (before, after) if part in str(found[0])}
    escaped = {"kind": kind, "url": f"{scheme}://admin:{quote(password, safe='')}@camera.lane/stream1"}
    assert problems("egate", trust, devices__camera__source=escaped) == []


@pytest.mark.parametrize(("kind", "other"), [("mjpeg", "rtsp"), ("rtsp", "http")])
def test_d20_an_address_of_the_other_kind_is_told_which_kind_it_needs(
    trust: str, kind: str, other: str
) -> None:
    [found] = problems("egate", trust, devices__camera__source={"kind": kind, "url": f"{other}://camera/1"})
    needed = {"rtsp": "rtsp", "http": "mjpeg"}[other]
    assert f'kind = "{needed}"' in found.message
    assert f"{other}://" not in found.advice


@pytest.mark.parametrize("source", [MjpegSource, RtspSource])
def test_d8_user_and_password_may_stand_beside_the_address(tmp_path: Path, source: Any) -> None:
    scheme, kind = {MjpegSource: ("http", "mjpeg"), RtspSource: ("rtsp", "rtsp")}[source]
    file = tmp_path / "password"
    file.write_text("a/b@#?:%\n")
    camera = source(kind=kind, url=f"{scheme}://cam:81/x", user="op@lane", password_file=file)
    assert camera.address() == f"{scheme}://op%40lane:a%2Fb%40%23%3F%3A%25@cam:81/x"
    assert shown(camera) == f"{scheme}://cam:81/x"
    file.unlink()
    with pytest.raises(GateError, match="password"):
        camera.address()
    for wrong in ({"user": "x"}, {"password_file": file}):
        with pytest.raises(ValueError, match="belong together"):
            source(kind=kind, url=f"{scheme}://cam/x", **wrong)


# ---------------------------------------------------------------- secrets


def broken(secret: str) -> list[dict[str, object]]:
    """Every way in which a secret comes into a configuration that is refused."""
    url = f"rtsp://admin:{secret}@cam/1"
    return [
        {"devices__camera__source": {"kind": "rtsp", "url": f"rtsp://admin:{secret}/x@cam/1"}},
        {"devices__camera__source": {"kind": "mjpeg", "url": url}},
        {"devices__camera__source": {"kind": url}},
        {"devices__camera__source": url},
        {"devices__camera__source": {"kind": "rtsp", "url": url, url: 1}},
        {"devices__camera__source": {"kind": "rtsp", "url": f"rtsp:/{url[7:]}"}},
        {"devices__camera__source": {"kind": "rtsp", "url": f"admin:{secret}@cam"}},
        {"devices__camera__source": {"kind": "rtsp", "url": f"http://cam/1?user=a&password={secret}"}},
        {"devices__camera__source": {"kind": "rtsp", "url": url, "index": 3}},
        {"devices__camera__max_fps": url},
        {"devices__camera__driver": url},
        {"hub__password": secret},
        {"hub__password_file": secret},
        {"hub__host": url, "hub__port": url},
        {"hub__port": {"password": secret}},
        {"console__token": secret, "console__host": url},
        {"station__kind": url, "station__id": url},
        {"logging__level": url},
        {"policy__file": url},
        {"hub__port__password": secret},
    ]


@pytest.mark.parametrize("case", range(len(broken(""))))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=plain)
def test_d8_no_secret_is_in_any_message(trust: str, case: int, secret: str) -> None:
    values = {path.replace("__", "."): value for path, value in broken(secret)[case].items()}
    with pytest.raises(ConfigError) as caught:
        load(PROFILES["egate"], {"trust.directory": trust, **values})
    told = "\n".join(traceback.format_exception(caught.value)) + "".join(map(str, caught.value.problems))
    assert secret not in told


@pytest.mark.parametrize("secret", ["zq7-Hunter", "p:w", "100% sure"])
def test_d8_no_secret_is_in_what_a_command_prints(tmp_path: Path, secret: str) -> None:
    file = tmp_path / "lane.toml"
    text = PROFILES["egate"].read_text()
    file.write_text(text.replace("http://127.0.0.1:8554/lane.mjpg", f"http://admin:{secret}/@cam/"))
    for arguments in (
        ["check-config", str(file)],
        ["doctor", "--config", str(file)],
        ["run", "--config", str(file), "--set", f"devices.camera.source.url=http://a:{secret}@cam:x/"],
        ["run", "--config", str(file), "--set", f"hub.password {secret}"],
    ):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code in (1, 2), done.output
        assert secret not in done.output


def test_a_camera_is_shown_and_printed_without_what_may_be_a_password() -> None:
    source = RtspSource(kind="rtsp", url="rtsp://admin:hunter2@cam:554/1?pwd=hunter3")
    assert shown(source) == "rtsp://cam:554/1"
    assert "hunter" not in repr(source)


@pytest.mark.parametrize("path", ["hub.port.x", "station.id.a.b", "devices.lane.port.deep"])
def test_an_override_inside_a_value_is_told(trust: str, path: str) -> None:
    [found] = problems("egate", trust, **{path: 1})
    assert "is no table" in found.message and found.line
