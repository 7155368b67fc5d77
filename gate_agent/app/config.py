"""A station's configuration: one TOML file in, one frozen :class:`StationConfig` out.

Every room keeps its settings beside its code, every driver its own; this module only puts them together.
Everything wrong is reported at once, with dotted path, line and advice. Paths in the file are relative to
the file (texts that begin with ``./`` or ``../`` too); paths left out live in the state directory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from gate_agent.app import config_checks
from gate_agent.devices.capabilities import capability
from gate_agent.devices.patience import time_outs_cut
from gate_agent.devices.registry import load_driver
from gate_agent.errors import GateError
from gate_agent.settings import Settings
from gate_agent.station.kind import KINDS, DeviceRole, Kind
from gate_agent.station.settings import DeviceBinding, StationConfig
from gate_agent.toml_source import ConfigProblem, Loc, Problems, TomlSource, closest

__all__ = [
    "ConfigError",
    "ConfigProblem",
    "DeviceBinding",
    "StationConfig",
    "check",
    "load",
]


class ConfigError(Problems):
    """The configuration cannot be used; `problems` are all the reasons at once."""


def load(path: Path, overrides: Mapping[str, object] | None = None) -> StationConfig:
    """The configuration in `path`. Raises ConfigError with every problem.

    `overrides` replaces single values by dotted path (``{"console.port": 0}``) before anything is checked.
    """
    try:
        source = TomlSource.read(path)
    except Problems as error:
        raise ConfigError(error.problems) from error
    _override(source, overrides or {})
    config, problems = _compose(source)
    addresses = list(config_checks.unescaped_addresses(source))
    told = {problem.path for problem in addresses}  # what else is wrong there follows from it
    problems = [*addresses, *(problem for problem in problems if problem.path not in told)]
    if config is None or problems:
        raise ConfigError(problems)
    return config


def check(path: Path, overrides: Mapping[str, object] | None = None) -> tuple[ConfigProblem, ...]:
    """Everything wrong with the configuration and with the signed files that it names; () when nothing."""
    try:
        config = load(path, overrides)
    except ConfigError as error:
        return error.problems
    source = TomlSource.read(path)
    contents = KINDS.load(config.station.kind).contents(config, source)
    return (*config_checks.absent_terminals(source, config), *contents)


def _compose(source: TomlSource) -> tuple[StationConfig | None, list[ConfigProblem]]:
    problems: list[ConfigProblem] = []
    kind = _kind(source, problems)
    model = kind.config if kind is not None else StationConfig
    data = {**source.data, "devices": dict(_devices(source, kind, problems))}
    if kind is None:  # sections that only some kinds have cannot be judged
        data = {name: table for name, table in data.items() if name in model.model_fields}
    try:
        config = model.model_validate(data)
    except ValidationError as error:
        return None, problems + source.explain(error, model)
    if kind is None:
        return None, problems
    folder = source.file.absolute().parent
    state = _beside(folder, config.station.state_dir)
    config = _anchored(config, folder, state)
    problems += config_checks.shared_places(source, config)
    return config, problems + list(_missing_files(source, config, kind))


def _kind(source: TomlSource, problems: list[ConfigProblem]) -> Kind | None:
    """The kind that the file names; None when it names none that is known."""
    station = source.data.get("station")
    name = cast("dict[str, Any]", station).get("kind") if isinstance(station, dict) else None
    if not isinstance(name, str):
        return None  # its model says so
    try:
        return KINDS.load(name)
    except GateError as error:
        problems.append(source.problem(("station", "kind"), error.what, error.advice))
        return None


# ---------------------------------------------------------------- devices


def _devices(
    source: TomlSource, kind: Kind | None, problems: list[ConfigProblem]
) -> Iterator[tuple[str, DeviceBinding]]:
    """Every device table that is sound; whatever is wrong is added to `problems`."""
    tables = source.data.get("devices", {})
    if not isinstance(tables, dict):
        problems.append(source.problem(("devices",), "is not a table", "write [devices.NAME] and so on"))
        return
    tables = cast("dict[str, Any]", tables)
    for name, role in kind.devices.items() if kind else ():
        if role.required and name not in tables:
            advice = f"add [devices.{name}] with a driver of capability {role.capability}"
            problems.append(source.problem(("devices",), f"{name} is missing", advice))
    for name, table in tables.items():
        loc = ("devices", name)
        if kind and name not in kind.devices:
            problems.append(
                source.problem(loc, "this kind of station has no such device", closest(name, kind.devices))
            )
        elif not isinstance(table, dict):
            problems.append(source.problem(loc, "is not a table", f"write [devices.{name}]"))
        else:
            role = kind.devices[name] if kind else None
            if binding := _device(source, loc, cast("dict[str, Any]", table), role, problems):
                yield name, binding


def _device(
    source: TomlSource,
    loc: Loc,
    table: dict[str, Any],
    role: DeviceRole | None,
    problems: list[ConfigProblem],
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
    if role is not None and driver.capability != role.capability:
        what = f"{name} is a {driver.capability}, but {loc[-1]} must be a {role.capability}"
        problems.append(source.problem((*loc, "driver"), what, "see `gate-agent drivers list`"))
    try:
        config = driver.Config.model_validate({k: v for k, v in table.items() if k != "driver"})
    except ValidationError as error:
        problems.extend(source.explain(error, driver.Config, loc))
        return None
    patience = (role.patience if role else None) or capability(driver.capability).patience
    for cut in time_outs_cut(config, patience):
        problems.append(source.problem((*loc, *cut.setting.split(".")), cut.what, cut.advice))
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
    ("hub", "password_file", "a file with the password alone"),
    ("hub", "ca_file", "PEM certificates of the broker's authority"),
    ("hub", "cert_file", "PEM client certificate of this station"),
    ("hub", "key_file", "PEM key of the client certificate"),
)


def _missing_files(source: TomlSource, config: StationConfig, kind: Kind) -> Iterator[ConfigProblem]:
    for section, name, advice in (*_MUST_EXIST, *kind.must_exist):
        path: Path | None = getattr(getattr(config, section), name)
        if path is None:
            continue
        wanted, exists = ("directory", path.is_dir()) if name == "directory" else ("file", path.is_file())
        if not exists:
            yield source.problem((section, name), f"there is no {wanted} {path}", advice)


# ---------------------------------------------------------------- overrides


def _override(source: TomlSource, overrides: Mapping[str, object]) -> None:
    for path, value in overrides.items():
        *tables, key = path.split(".")
        node = source.data
        for depth, table in enumerate(tables, 1):
            inner: object = node.setdefault(table, {})
            if not isinstance(inner, dict):
                raise ConfigError([source.problem(tuple(tables[:depth]), f"is no table: there is no {path}")])
            node = cast("dict[str, Any]", inner)
        node[key] = value
