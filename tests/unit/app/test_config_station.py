"""A station's configuration: every mistake at once, with path, line and what to do."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.app.config import ConfigError, ConfigProblem, StationConfig, check, load

ROOT = Path(__file__).parents[3]
PROFILE = ROOT / "config/egate.toml"


@pytest.fixture
def trust(tmp_path: Path) -> dict[str, object]:
    """The one thing that a fresh checkout lacks: the simulated issuers' certificates."""
    (tmp_path / "trust").mkdir(exist_ok=True)
    return {"trust.directory": str(tmp_path / "trust")}


@pytest.fixture
def text() -> str:
    """The ready profile with absolute paths, to be broken."""
    return (
        PROFILE.read_text()
        .replace('"../', f'"{ROOT}/')
        .replace('"policies/', f'"{ROOT}/config/policies/')
        .replace('"keys/', f'"{ROOT}/config/keys/')
        .replace('"watchlists/', f'"{ROOT}/config/watchlists/')
    )


def problems(tmp_path: Path, text: str, trust: dict[str, object]) -> list[ConfigProblem]:
    file = tmp_path / "station.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file, trust)
    assert all(p.file == str(file) for p in caught.value.problems)
    return list(caught.value.problems)


def line_of(text: str, wanted: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if line.startswith(wanted))


# ---------------------------------------------------------------- the ready profile


def test_the_ready_profile_loads(trust: dict[str, object]) -> None:
    config = load(PROFILE, trust)
    assert isinstance(config, StationConfig)
    assert {name: d.driver for name, d in config.devices.items()} == {
        "mrz": "mrz-serial",
        "chip": "vpcd",
        "camera": "opencv",
        "lane": "modbus-lane",
    }
    assert config.station.state_dir == ROOT / ".run/egate"


def test_written_paths_start_at_the_file_and_defaults_in_the_state_directory(
    trust: dict[str, object],
) -> None:
    config = load(PROFILE, trust)
    assert config.policy.file == ROOT / "config/policies/egate.toml"
    assert config.console.token_file == ROOT / ".run/egate/console.token"
    device: Any = config.devices["mrz"].config
    assert str(device.device) == str(ROOT / ".run/egate/mrz.tty")


def test_check_also_looks_into_the_signed_files(tmp_path: Path, trust: dict[str, object]) -> None:
    broken = tmp_path / "policy.toml"
    broken.write_text('format = "gate-agent-policy/1"\nid = 3\n')
    overrides = {**trust, "policy.file": str(broken), "policy.allow_unsigned": True}
    found = check(PROFILE, overrides)
    assert (str(broken), 2, "id") in {(p.file, p.line, p.path) for p in found}
    assert [p.message for p in found if p.path == "trust.directory"] == ["holds no usable CSCA certificate"]


def test_overrides_are_checked_like_the_file(trust: dict[str, object]) -> None:
    assert load(PROFILE, {**trust, "console.port": 0, "devices.lane.port": 1600}).console.port == 0
    with pytest.raises(ConfigError, match=r"devices\.lane\.port"):
        load(PROFILE, {**trust, "devices.lane.port": 70_000})


def test_the_configuration_is_frozen(trust: dict[str, object]) -> None:
    config = load(PROFILE, trust)
    with pytest.raises(ValueError, match="frozen"):
        config.station.id = "other"  # pyright: ignore[reportAttributeAccessIssue]


# ---------------------------------------------------------------- mistakes


def test_every_mistake_is_reported_at_once(tmp_path: Path, text: str, trust: dict[str, object]) -> None:
    broken = (
        text.replace('kind = "egate"', 'kind = "egatte"')
        .replace("port = 1502", "port = 99999")
        .replace('driver = "vpcd"', 'driver = "vpdc"')
        .replace("port = 8080", "prot = 8080")
        .replace('level = "info"', 'level = "loud"')
        .replace("port = 1883", 'port = "x"')
    )
    found = {(p.path, p.line) for p in problems(tmp_path, broken, trust)}
    assert found == {
        ("station.kind", line_of(broken, "kind =")),
        ("devices.lane.port", line_of(broken, "port = 99999")),
        ("devices.chip.driver", line_of(broken, 'driver = "vpdc"')),
        ("console.prot", line_of(broken, "prot")),
        ("logging.level", line_of(broken, "level")),
        ("hub.port", line_of(broken, 'port = "x"')),
    }


@pytest.mark.parametrize(
    "case",
    [
        ("[journal]", "[jornal]", "jornal", "did you mean 'journal'?"),
        ('driver = "opencv"', 'driver = "opncv"', "devices.camera.driver", "did you mean 'opencv'?"),
        ("[devices.lane]", "[devices.lain]", "devices.lain", "did you mean 'lane'?"),
        ('transport = "tcp"', 'trnsport = "tcp"', "devices.lane.trnsport", "did you mean 'transport'?"),
        ("[console]", "[console]\ncolour = 1", "console.colour", "known: "),
        (
            "[hub]",
            "[egate.timing]\nleving_s = 3\n[hub]",
            "egate.timing.leving_s",
            "did you mean 'leaving_s'?",
        ),
    ],
)
def test_a_misspelling_gets_the_closest_known_name(
    tmp_path: Path, text: str, trust: dict[str, object], case: tuple[str, str, str, str]
) -> None:
    old, new, path, advice = case
    text = text.replace("# [journal]", "[journal]")
    assert old in text
    [found] = [p for p in problems(tmp_path, text.replace(old, new), trust) if p.path == path]
    assert found.advice.startswith(advice)
    assert found.line == line_of(
        text.replace(old, new), new.split("\n")[-2 if "[hub]" in new else -1].strip()
    )


@pytest.mark.parametrize(
    ("source", "path", "message"),
    [
        ('{ kind = "mjpg" }', "source", "'kind' must be one of 'mjpeg', 'rtsp', 'v4l2', 'file', not 'mjpg'"),
        ('{ kind = "mjpeg", url = "x" }', "source.url", "expected http://HOST[:PORT]/PATH, not 'x'"),
        ('{ kind = "v4l2", index = 99 }', "source.index", "must be less than or equal to 63, not 99"),
        ('{ url = "http://x/" }', "source", "must say its 'kind'"),
        ("3", "source", "must be a table"),
    ],
)
def test_mistakes_inside_a_choice_are_found_where_they_stand(
    trust: dict[str, object], source: str, path: str, message: str
) -> None:
    value = tomllib.loads(f"value = {source}")["value"]
    with pytest.raises(ConfigError) as caught:
        load(PROFILE, {**trust, "devices.camera.source": value})
    assert [(p.path, p.message) for p in caught.value.problems] == [(f"devices.camera.{path}", message)]


def test_each_role_needs_a_device_of_its_capability(
    tmp_path: Path, text: str, trust: dict[str, object]
) -> None:
    start, end = text.index("[devices.camera]"), text.index("# Doors, presence")
    without = text[:start] + text[end:]
    assert [(p.path, p.message) for p in problems(tmp_path, without, trust)] == [
        ("devices", "camera is missing")
    ]
    swapped = text.replace('[devices.mrz]\ndriver = "mrz-serial"', '[devices.mrz]\ndriver = "vpcd"')
    [found] = [p for p in problems(tmp_path, swapped, trust) if p.path == "devices.mrz.driver"]
    assert "vpcd is a chip_reader, but mrz must be a document_scanner" in found.message


def test_d2_a_time_out_that_the_supervisor_would_cut_is_refused_with_its_line(
    tmp_path: Path, text: str, trust: dict[str, object]
) -> None:
    broken = text.replace("# heartbeat_timeout_s = 1.0", "heartbeat_timeout_s = 5.0")
    [found] = problems(tmp_path, broken, trust)
    assert found.path == "devices.lane.heartbeat_timeout_s"
    assert found.line == line_of(broken, "heartbeat_timeout_s = 5.0")
    assert "silent after 2 s" in found.message
    assert found.advice


def test_missing_files_are_named_with_what_makes_them(tmp_path: Path, text: str) -> None:
    broken = text.replace("sample.json", "none.json").replace('trust"', 'nowhere"')
    found = {p.path: p for p in problems(tmp_path, broken, {})}
    assert set(found) == {"watchlist.file", "trust.directory"}
    assert "watchlist build" in found["watchlist.file"].advice
    assert found["watchlist.file"].line == line_of(broken, 'file = "' + f"{ROOT}/config/watchlists")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "gate.example"])
def test_the_console_stays_on_this_machine(
    tmp_path: Path, text: str, trust: dict[str, object], host: str
) -> None:
    broken = text.replace('host = "127.0.0.1" # loopback', f'host = "{host}" #')
    [found] = problems(tmp_path, broken, trust)
    assert (found.path, found.line) == ("console.host", line_of(broken, f'host = "{host}"'))


def test_syntax_errors_have_their_line(tmp_path: Path, text: str, trust: dict[str, object]) -> None:
    [found] = problems(tmp_path, text.replace("port = 8080", "port = "), trust)
    assert (found.path, found.line) == ("", line_of(text, "port = 8080"))
    assert "TOML syntax" in found.message


def test_a_missing_file_is_a_problem_and_not_a_traceback(tmp_path: Path) -> None:
    [found] = check(tmp_path / "none.toml")
    assert "cannot be read" in found.message


nonsense = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
PLACES = """
    station station.id station.kind station.state_dir devices devices.lane devices.chip.driver
    devices.camera.source policy policy.file trust hub.port egate egate.timing logging
"""
places = st.sampled_from(PLACES.split())


@settings(max_examples=100, deadline=None)
@given(places, nonsense)
def test_any_value_anywhere_loads_or_is_a_config_error(place: str, value: object) -> None:
    try:
        load(PROFILE, {place: value})
    except ConfigError as error:
        assert all(str(p) for p in error.problems)
