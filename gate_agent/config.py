"""A station's configuration: one TOML file in, one frozen :class:`StationConfig` out.

Every room keeps its settings beside its code, every driver its own; this module only puts them together.
Everything wrong is reported at once, with dotted path, line and advice. Paths in the file are relative to
the file (texts that begin with ``./`` or ``../`` too); paths left out live in the state directory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import Field, SerializeAsAny, StringConstraints, ValidationError

from gate_agent.console.settings import ConsoleSettings
from gate_agent.devices import DriverConfig
from gate_agent.egate.settings import EgateSettings
from gate_agent.emrtd.trust_directory import load_trust_directory
from gate_agent.errors import GateError
from gate_agent.face.settings import FaceSettings
from gate_agent.hub.settings import HubSettings
from gate_agent.journal.settings import JournalSettings
from gate_agent.logs import LogSettings
from gate_agent.policy import PolicySettings, load_policy
from gate_agent.policy.watchlist import Watchlist, WatchlistSettings
from gate_agent.registry import load_driver
from gate_agent.settings import Settings
from gate_agent.toml_source import ConfigProblem, Loc, Problems, TomlSource, closest

__all__ = ["ConfigError", "ConfigProblem", "DeviceBinding", "StationConfig", "TrustSettings", "check", "load"]

ROLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "egate": MappingProxyType(
            {
                "mrz": "document_scanner",
                "chip": "chip_reader",
                "camera": "camera",
                "lane": "lane_gate",
            }
        )
    }
)
"""Kind of station -> the devices that it must have, each with its capability."""


_NO_ROLES: Mapping[str, str] = MappingProxyType({})


class ConfigError(Problems):
    """The configuration cannot be used; `problems` are all the reasons at once."""


class StationSettings(Settings):
    """Which station this is."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = Field(
        description="the station's name at the hub: lower case, digits, '-'; never reused for another station"
    )
    kind: Literal["egate"] = Field(description="what the station is: egate")
    location: str = Field("", max_length=200, description="where it stands, for officers")
    state_dir: Path = Field(description="directory for journal, token and other state; the agent owns it")


class TrustSettings(Settings):
    """The issuers whose passports are believed (Doc 9303-12)."""

    directory: Path = Field(description="directory with the CSCA certificates (DER or PEM)")
    max_age_days: float = Field(
        90.0, gt=0, le=3650, description="with older certificates everybody is referred"
    )


class DeviceBinding(Settings):
    """One device: the driver's name and the driver's own configuration."""

    driver: str
    config: SerializeAsAny[DriverConfig]


class StationConfig(Settings):
    """Everything that one agent process needs to run one station."""

    station: StationSettings = Field(description="which station this is")
    devices: dict[str, DeviceBinding] = Field(description="one table for each device of the station")
    policy: PolicySettings = Field(description="the rules that decide")
    trust: TrustSettings = Field(description="the issuers whose passports are believed")
    watchlist: WatchlistSettings = Field(description="the list that everybody is looked up in")
    face: FaceSettings = Field(default_factory=FaceSettings, description="face verification")
    journal: JournalSettings = Field(default=JournalSettings(), description="the journal")
    hub: HubSettings = Field(default=HubSettings(), description="the link to the hub")
    console: ConsoleSettings = Field(default=ConsoleSettings.model_validate({}), description="the console")
    egate: EgateSettings = Field(default=EgateSettings.model_validate({}), description="the lane's times")
    logging: LogSettings = Field(default=LogSettings(), description="the agent's log")


def load(path: Path, overrides: Mapping[str, object] | None = None) -> StationConfig:
    """The configuration in `path`. Raises ConfigError with every problem.

    `overrides` replaces single values by dotted path (``{"console.port": 0}``) before anything is checked.
    """
    try:
        source = TomlSource.read(path)
    except Problems as error:
        raise ConfigError(error.problems) from error
    _override(source.data, overrides or {})
    config, problems = _compose(source)
    if config is None or problems:
        raise ConfigError(problems)
    return config


def check(path: Path, overrides: Mapping[str, object] | None = None) -> tuple[ConfigProblem, ...]:
    """Everything wrong with the configuration and with the signed files that it names; () when nothing."""
    try:
        config = load(path, overrides)
    except ConfigError as error:
        return error.problems
    return tuple(_content_problems(config, path))


def _compose(source: TomlSource) -> tuple[StationConfig | None, list[ConfigProblem]]:
    problems: list[ConfigProblem] = []
    devices = dict(_devices(source, problems))
    try:
        config = StationConfig.model_validate({**source.data, "devices": devices})
    except ValidationError as error:
        return None, problems + source.explain(error, StationConfig)
    folder = source.file.absolute().parent
    state = _beside(folder, config.station.state_dir)
    config = _anchored(config, folder, state)
    return config, problems + list(_missing_files(source, config))


# ---------------------------------------------------------------- devices


def _devices(source: TomlSource, problems: list[ConfigProblem]) -> Iterator[tuple[str, DeviceBinding]]:
    """Every device table that is sound; whatever is wrong is added to `problems`."""
    tables = source.data.get("devices", {})
    station = source.data.get("station")
    kind = cast("dict[str, Any]", station).get("kind") if isinstance(station, dict) else None
    roles = ROLES.get(kind, _NO_ROLES) if isinstance(kind, str) else _NO_ROLES
    if not isinstance(tables, dict):
        problems.append(source.problem(("devices",), "is not a table", "write [devices.mrz] and so on"))
        return
    tables = cast("dict[str, Any]", tables)
    for name, capability in roles.items():
        if name not in tables:
            advice = f"add [devices.{name}] with a driver of capability {capability}"
            problems.append(source.problem(("devices",), f"{name} is missing", advice))
    for name, table in tables.items():
        loc = ("devices", name)
        if roles and name not in roles:
            problems.append(
                source.problem(loc, "this kind of station has no such device", closest(name, roles))
            )
        elif not isinstance(table, dict):
            problems.append(source.problem(loc, "is not a table", f"write [devices.{name}]"))
        elif binding := _device(source, loc, cast("dict[str, Any]", table), roles.get(name, ""), problems):
            yield name, binding


def _device(
    source: TomlSource, loc: Loc, table: dict[str, Any], capability: str, problems: list[ConfigProblem]
) -> DeviceBinding | None:
    name = table.get("driver")
    if not isinstance(name, str):
        advice = "see `gate-agent drivers list`"
        problems.append(source.problem((*loc, "driver"), "is missing or not a text", advice))
        return None
    try:
        driver = load_driver(name)
    except GateError as error:
        problems.append(source.problem((*loc, "driver"), error.what, error.advice))
        return None
    if capability and driver.capability != capability:
        what = f"{name} is a {driver.capability}, but {loc[-1]} must be a {capability}"
        problems.append(source.problem((*loc, "driver"), what, "see `gate-agent drivers list`"))
    try:
        config = driver.Config.model_validate({k: v for k, v in table.items() if k != "driver"})
    except ValidationError as error:
        problems.extend(source.explain(error, driver.Config, loc))
        return None
    return DeviceBinding(driver=name, config=config)


# ---------------------------------------------------------------- paths


_M = TypeVar("_M", bound=Settings)


def _beside(folder: Path, path: Path) -> Path:
    """`path` from `folder`, without ``..`` (links are left as they are)."""
    joined = folder / path
    parts: list[str] = []
    for part in joined.parts:
        if part == ".." and len(parts) > 1:
            parts.pop()
        elif part != "..":
            parts.append(part)
    return Path(*parts)


def _anchored(model: _M, folder: Path, state: Path) -> _M:
    """`model` with absolute paths: written ones from `folder`, those left out from `state`."""
    changes: dict[str, Any] = {}
    for name in type(model).model_fields:
        base = folder if name in model.model_fields_set else state
        value: object = getattr(model, name)
        new = _anchored_value(value, base, folder, state)
        if new is not value:
            changes[name] = new
    return model.model_copy(update=changes) if changes else model


def _anchored_value(value: object, base: Path, folder: Path, state: Path) -> object:
    if isinstance(value, Settings):
        return _anchored(value, folder, state)
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {key: _anchored_value(inner, base, folder, state) for key, inner in items}
    if isinstance(value, Path):
        return _beside(base, value)
    if isinstance(value, str) and value.startswith(("./", "../")):
        return str(_beside(base, Path(value)))
    return value


_MUST_EXIST: tuple[tuple[str, str, str], ...] = (
    ("policy", "file", "sign one with `gate-agent policy sign`"),
    ("policy", "public_key", "make one with `gate-agent policy keygen`"),
    ("watchlist", "file", "make one with `gate-agent watchlist build`"),
    ("watchlist", "public_key", "make one with `gate-agent policy keygen`"),
    ("trust", "directory", "put CSCA certificates there; `gate-sim egate` makes it for simulated passports"),
    ("hub", "password_file", "a file with the password alone"),
    ("hub", "ca_file", "PEM certificates of the broker's authority"),
    ("hub", "cert_file", "PEM client certificate of this station"),
    ("hub", "key_file", "PEM key of the client certificate"),
)


def _missing_files(source: TomlSource, config: StationConfig) -> Iterator[ConfigProblem]:
    for section, name, advice in _MUST_EXIST:
        path: Path | None = getattr(getattr(config, section), name)
        if path is None:
            continue
        wanted, exists = ("directory", path.is_dir()) if name == "directory" else ("file", path.is_file())
        if not exists:
            yield source.problem((section, name), f"there is no {wanted} {path}", advice)


# ---------------------------------------------------------------- contents and overrides


def _content_problems(config: StationConfig, path: Path) -> Iterator[ConfigProblem]:
    """What is wrong inside the files that the configuration names."""
    source = TomlSource.read(path)
    try:
        load_policy(config.policy.file, config.policy.public_key, allow_unsigned=config.policy.allow_unsigned)
    except Problems as error:
        yield from error.problems
    try:
        Watchlist.load(config.watchlist.file, config.watchlist.public_key)
    except GateError as error:
        yield source.problem(("watchlist", "file"), f"{error.field}: {error.what}", error.advice)
    try:
        store = load_trust_directory(config.trust.directory)
    except GateError as error:
        yield source.problem(("trust", "directory"), error.what, error.advice)
    else:
        if not store.anchors:
            yield source.problem(
                ("trust", "directory"), "holds no usable CSCA certificate", "nobody could be admitted"
            )


def _override(data: dict[str, Any], overrides: Mapping[str, object]) -> None:
    for path, value in overrides.items():
        *tables, key = path.split(".")
        node = data
        for table in tables:
            node = node.setdefault(table, {})
        node[key] = value
