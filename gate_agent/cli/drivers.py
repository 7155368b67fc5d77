"""``gate-agent drivers list`` and ``drivers show NAME``: a driver's configuration model is its manual."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from gate_agent.cli.console import Cell, fail, print_table, room, say
from gate_agent.devices import Device, DriverConfig
from gate_agent.devices.registry import drivers, load_driver
from gate_agent.errors import GateError

app = room()


@app.command("list")
def list_drivers() -> None:
    """Every registered driver, what it is for, and whether it can be loaded."""
    rows: list[tuple[Cell, ...]] = []
    for name, info in drivers().items():
        try:
            driver = info.load()
        except GateError as error:
            rows.append((name, ("broken", "red"), info.distribution, error.what))
        else:
            rows.append((name, driver.capability, info.distribution, _summary(driver)))
    print_table(("driver", "capability", "from", "what it drives"), rows)


@app.command("show")
def show_driver(name: str) -> None:
    """One driver's settings, each with its type, default and meaning, and an example to copy."""
    try:
        driver = load_driver(name)
    except GateError as error:
        fail(error, 2)
    say(f"{name} ({driver.capability}): {_summary(driver)}", "", style="bold")
    rows = ((each.path, each.type, each.default, each.description) for each in settings_of(driver.Config))
    print_table(("setting", "type", "default", "meaning"), rows)
    example = example_toml(name, driver, _role(driver.capability))
    say("", "In the station's configuration:", "", *example.split("\n"))


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of a driver's manual. `path` is dotted; ``[kind]`` in it names an alternative."""

    path: str
    type: str
    default: str
    description: str
    field: FieldInfo


def settings_of(model: type[BaseModel], above: str = "") -> Iterator[Setting]:
    """Every setting of a configuration model, nested models included, as the manual shows them."""
    for name, field in model.model_fields.items():
        path = f"{above}{name}"
        yield Setting(path, _type_name(field), _default(field), field.description or "", field)
        nested = tuple(_models_in(field.annotation))
        for each in nested:
            # Alternatives are told apart by their `kind`.
            tag = _tag(each) if len(nested) > 1 else ""
            yield from settings_of(each, f"{path}[{tag}]." if tag else f"{path}.")


def example_toml(name: str, driver: type[Device], role: str) -> str:
    """A block for the station's device `role`: what must be set, and the defaults as comments."""
    lines = [f'[devices.{role}]\ndriver = "{name}"']
    for key, field in driver.Config.model_fields.items():
        if field.examples:
            lines.append(f"{key} = {_toml_example(field.examples[0])}")
        elif field.is_required():
            lines.append(f"{key} = …  # {_type_name(field)}: {field.description or ''}")
        elif field.default is not None and not isinstance(field.default, BaseModel):
            lines.append(f"# {key} = {_toml(field.get_default(call_default_factory=True))}")
    return "\n".join(lines)


def _role(capability: str) -> str:
    """What a station calls a device of this capability."""
    from gate_agent.station.kind import KINDS  # noqa: PLC0415 - brings rooms along: not for `drivers list`

    kinds = (KINDS.load(name) for name in KINDS.names())
    roles = (role for kind in kinds for role in kind.devices if kind.capability(role) == capability)
    return next(roles, capability)


def _summary(driver: type[Device]) -> str:
    return (inspect.getdoc(driver) or inspect.getdoc(driver.Config) or "").partition("\n")[0]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The configuration models inside an annotation: a union, an Optional, a tuple."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _tag(model: type[BaseModel]) -> str:
    kind = model.model_fields.get("kind")
    values = get_args(kind.annotation) if kind is not None else ()
    return str(values[0]) if values else model.__name__


def _type_name(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    models = tuple(_models_in(annotation))
    if models:
        shown = " | ".join(_tag(model) for model in models) if len(models) > 1 else "table"
    elif isinstance(annotation, type):
        shown = annotation.__name__
    else:
        shown = str(annotation).replace("typing.", "").replace("Literal", "one of ")
    bounds = _bounds(field)
    return f"{shown}, {bounds}" if bounds else shown


def _bounds(field: FieldInfo) -> str:
    """Limits as people write them: ``0 < x <= 240`` becomes ``> 0, <= 240``."""
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    limits = [
        f"{sign} {getattr(limit, name):g}"
        for limit in field.metadata
        for name, sign in signs.items()
        if getattr(limit, name, None) is not None
    ]
    return ", ".join(limits)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "(required)"
    value: Any = field.get_default(call_default_factory=True)
    return "" if value is None or value is PydanticUndefined else _toml(value)


def _toml_example(value: Any) -> str:
    """An example that is already TOML (a table) stays; a plain value is written as TOML."""
    if isinstance(value, str) and value.startswith(("{", "[")):
        return value
    return _toml(value)


def _toml(value: Any) -> str:
    """A plain value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"{value}"
    if isinstance(value, DriverConfig | BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in items if v is not None) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in cast("list[Any]", value)) + "]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
