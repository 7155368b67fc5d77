"""Finds device drivers by their entry point (group ``gate_agent.drivers``) and loads them when asked.

The agent knows no driver by import: a driver is a name in some installed package's metadata. Listing
them imports nothing, so one driver whose library is missing never keeps the others from working. What a
driver may be is open too (:mod:`gate_agent.devices.capabilities`): its readings go to the station by the
device's role.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from gate_agent.devices import Device, DriverConfig
from gate_agent.devices.capabilities import CAPABILITIES, LIFE, capability
from gate_agent.entry_points import BrokenEntry, Registry

GROUP = "gate_agent.drivers"

_REGISTERED = Registry(GROUP, object, what="driver", see="`gate-agent drivers list`")
_CAPABILITY_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class DriverInfo:
    """A registered driver, perhaps not loadable. `target` is ``module:Class``."""

    name: str
    target: str
    distribution: str

    def load(self) -> type[Device]:
        """Import the driver's class. Raises BrokenEntry, whatever its module raised."""
        return _checked(self.target, _REGISTERED.load(self.name))


def drivers() -> Mapping[str, DriverInfo]:
    """Every registered driver by name, in alphabetical order; imports none of them."""
    return MappingProxyType(
        {
            name: DriverInfo(name, point.value, point.dist.name if point.dist is not None else "")
            for name, point in _REGISTERED.points().items()
        }
    )


def load_driver(name: str) -> type[Device]:
    """The class of driver `name`. Raises UnknownName or BrokenEntry."""
    known = drivers()
    return known[name].load() if name in known else _checked(name, _REGISTERED.load(name))


def _checked(target: str, loaded: object) -> type[Device]:
    """The class when it has what :class:`gate_agent.devices.Device` asks for."""
    advice = "see docs/drivers.md"
    if not isinstance(loaded, type):
        raise BrokenEntry(f"{target} is not a class", field="driver", advice=advice)
    config: Any = getattr(loaded, "Config", None)
    if not (isinstance(config, type) and issubclass(config, DriverConfig)):
        raise BrokenEntry(f"{target}.Config is not a DriverConfig", field="Config", advice=advice)
    name: Any = getattr(loaded, "capability", None)
    if not (isinstance(name, str) and _CAPABILITY_NAME.fullmatch(name)):
        what = f"{target} has capability {str(name)[:80]!r}, which is no name of one"
        advice = f"lower case, digits and '_', such as {', '.join(CAPABILITIES)}"
        raise BrokenEntry(what, field="capability", advice=advice)
    for method in (*LIFE, *capability(name).commands):
        if not callable(getattr(loaded, method, None)):
            raise BrokenEntry(f"{target} has no method {method}()", field=method, advice=advice)
    return cast("type[Device]", loaded)
