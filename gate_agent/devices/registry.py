"""Finds device drivers by their entry point (group ``gate_agent.drivers``) and loads them when asked.

The agent knows no driver by import: a driver is a name in some installed package's metadata. Listing
them imports nothing, so one driver whose library is missing never keeps the others from working. What a
driver may be is open too (:mod:`gate_agent.devices.capabilities`): its readings go to the station by the
device's role.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, cast

from gate_agent.devices import Device, DriverConfig
from gate_agent.devices.capabilities import CAPABILITIES, LIFE, capability
from gate_agent.entry_points import BrokenEntry
from gate_agent.errors import GateError

GROUP = "gate_agent.drivers"

_CAPABILITY_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class UnknownDriver(GateError):
    """No installed package registers a driver of this name."""


class BrokenDriver(GateError):
    """The driver is registered but cannot be loaded, or is not what a driver must be."""


@dataclass(frozen=True, slots=True)
class DriverInfo:
    """A registered driver, perhaps not loadable. `target` is ``module:Class``."""

    name: str
    target: str
    distribution: str
    entry_point: EntryPoint

    def load(self) -> type[Device]:
        """Import the driver's class. Raises BrokenDriver, whatever its module raised."""
        try:
            loaded: object = self.entry_point.load()
        except Exception as error:
            raise BrokenDriver(
                f"driver {self.name!r} cannot be loaded from {self.target}: {type(error).__name__}: {error}",
                field="driver",
                advice=f"install what {self.distribution or 'its package'} needs for it",
            ) from error
        return _checked(self, loaded)


def drivers() -> Mapping[str, DriverInfo]:
    """Every registered driver by name, in alphabetical order; imports none of them."""
    found = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return MappingProxyType(
        {
            point.name: DriverInfo(
                name=point.name,
                target=point.value,
                distribution=point.dist.name if point.dist is not None else "",
                entry_point=point,
            )
            for point in found
        }
    )


def load_driver(name: str) -> type[Device]:
    """The class of driver `name`. Raises UnknownDriver or BrokenDriver."""
    known = drivers()
    if name in known:
        return known[name].load()
    close = difflib.get_close_matches(name, known, n=1)
    advice = f"did you mean {close[0]!r}?" if close else "see `gate-agent drivers list`"
    raise UnknownDriver(
        f"no driver is called {name[:80]!r}; known: {', '.join(known) or 'none'}",
        field="driver",
        advice=advice,
    )


def _checked(info: DriverInfo, loaded: object) -> type[Device]:
    """The class when it has what :class:`gate_agent.devices.Device` asks for."""
    advice = "see docs/drivers.md"
    if not isinstance(loaded, type):
        raise BrokenDriver(f"{info.target} is not a class", field="driver", advice=advice)
    config: Any = getattr(loaded, "Config", None)
    if not (isinstance(config, type) and issubclass(config, DriverConfig)):
        raise BrokenDriver(f"{info.target}.Config is not a DriverConfig", field="Config", advice=advice)
    name: Any = getattr(loaded, "capability", None)
    if not (isinstance(name, str) and _CAPABILITY_NAME.fullmatch(name)):
        what = f"{info.target} has capability {str(name)[:80]!r}, which is no name of one"
        advice = f"lower case, digits and '_', such as {', '.join(CAPABILITIES)}"
        raise BrokenDriver(what, field="capability", advice=advice)
    try:
        known = capability(name)
    except BrokenEntry as error:
        raise BrokenDriver(error.what, field="capability", advice=error.advice) from error
    for method in (*LIFE, *known.commands):
        if not callable(getattr(loaded, method, None)):
            raise BrokenDriver(f"{info.target} has no method {method}()", field=method, advice=advice)
    return cast("type[Device]", loaded)
