"""What a configuration cannot mean although each of its values is allowed: found before a device is touched.

Devices are known here by how drivers name their settings (docs/drivers.md): ``host`` with ``port`` (and a
Modbus ``unit``), ``device`` for a serial line, ``url``, and a ``source`` of kind v4l2 with its ``index``.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from pydantic import BaseModel

from gate_agent.station.settings import StationConfig
from gate_agent.toml_source import ConfigProblem, Loc, TomlSource, dotted

ANY_HOST = frozenset(("0.0.0.0", "::"))
"""Listening here is listening at every address of this machine."""

_DEFAULT_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")

# RFC 3986: what may stand in user and password as it is; everything else is written %XX.
_USER_INFO = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:]|%[0-9A-Fa-f]{2})*")

_ESCAPE = (
    "write such characters of user and password as %XX (@ is %40, / is %2F, # is %23, ? is %3F, % is %25), "
    "or give user and password_file beside the address"
)


# ---------------------------------------------------------------- addresses that are none


def unescaped_addresses(source: TomlSource) -> Iterator[ConfigProblem]:
    """Every device's address (``scheme://…``) in which a user or password would be taken for something else:
    the device would be looked for at the wrong host, and the password shown as part of its name."""
    for loc, text in _texts(source.data.get("devices"), ("devices",)):
        if (complaint := _unescaped(text)) is not None:
            yield source.problem(loc, complaint, _ESCAPE)


def _texts(node: object, loc: Loc) -> Iterator[tuple[Loc, str]]:
    if isinstance(node, str):
        yield loc, node
    elif isinstance(node, dict):
        for key, inner in cast("dict[str, object]", node).items():
            yield from _texts(inner, (*loc, key))
    elif isinstance(node, list):
        for index, inner in enumerate(cast("list[object]", node)):
            yield from _texts(inner, (*loc, index))


def _unescaped(text: str) -> str | None:
    if (scheme := _SCHEME.match(text)) is None:
        return None
    rest = text[scheme.end() :]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    behind = rest[len(authority) :]
    user_info, at, host = authority.rpartition("@")
    if "@" in behind:
        return "contains an @ that is not the one behind user and password"
    if "#" in behind:
        return "contains a #, at which an address ends"
    if at and not _USER_INFO.fullmatch(user_info):
        return "contains a user or password with characters that an address cannot hold"
    if not re.fullmatch(r"(?:\[[0-9A-Fa-f:.]+\]|[^:\[\]\s%\\]+)(?::[0-9]{1,5})?", host):
        return "is not SCHEME://[USER:PASSWORD@]HOST[:PORT]/PATH"
    return None


# ---------------------------------------------------------------- two on one


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is reached or listens, and the setting that says so.

    `at` is a host with its port, or the path of a serial line or camera (port -1). Several may share it when
    they speak the same `protocol` and differ in what is `within`: a Modbus unit, a path of a web server.
    """

    loc: Loc
    shown: str
    at: tuple[str, int]
    protocol: str = ""
    within: str = ""

    def collides(self, other: Place) -> bool:
        (host, port), (others, at) = self.at, other.at
        same_host = host == others or (
            bool({host, others} & ANY_HOST) and _is_here(host) and _is_here(others)
        )
        apart = self.protocol == other.protocol and self.within != other.within
        return port == at and same_host and not apart


def shared_places(source: TomlSource, config: StationConfig) -> Iterator[ConfigProblem]:
    """Everything that is configured where something else of this station already is."""
    taken: list[Place] = []
    for loc, settings in _tables(config):
        for place in _places(loc, settings):
            other = next((known for known in taken if known.loc != loc and place.collides(known)), None)
            if other is not None:
                what = f"{place.shown} is taken by {dotted(other.loc)} (line {source.line(other.loc)})"
                yield source.problem(place.loc, what, "give each its own; one of the two is a mistake")
            taken.append(place)


def _tables(config: StationConfig) -> Iterator[tuple[Loc, BaseModel]]:
    """The station's own sections first: it is the device that is told to be elsewhere."""
    for name in type(config).model_fields:
        section: object = getattr(config, name)
        if isinstance(section, BaseModel):
            yield (name,), section
    for name, binding in config.devices.items():
        yield ("devices", name), binding.config


def _places(loc: Loc, settings: BaseModel) -> Iterator[Place]:
    values = {name: cast("object", getattr(settings, name)) for name in type(settings).model_fields}
    host, port = values.get("host"), values.get("port")
    device, url, index = values.get("device"), values.get("url"), values.get("index")
    if isinstance(device, str) and device:
        # A line on a serial device has no address, whatever its defaults say.
        yield Place((*loc, "device"), device, (os.path.realpath(device), -1))
    elif isinstance(host, str) and isinstance(port, int) and port:
        modbus = ("modbus", str(values["unit"])) if "unit" in values else ("", "")
        yield Place((*loc, "port"), f"{host}:{port}", (_host(host), port), *modbus)
    if isinstance(url, str) and (place := _of_url((*loc, "url"), url)) is not None:
        yield place
    if values.get("kind") == "v4l2" and isinstance(index, int):
        yield Place((*loc, "index"), f"/dev/video{index}", (os.path.realpath(f"/dev/video{index}"), -1))
    for name, value in values.items():
        if isinstance(value, BaseModel):
            yield from _places((*loc, name), value)


def _of_url(loc: Loc, url: str) -> Place | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None  # told by unescaped_addresses
    if not parts.hostname or port is None:
        return None
    shown = f"{parts.scheme}://{parts.hostname}:{port}{parts.path}"
    return Place(loc, shown, (_host(parts.hostname), port), parts.scheme, f"{parts.path}?{parts.query}")


def _host(name: str) -> str:
    """One spelling of a host. Names are not looked up: what a network says today is no configuration."""
    plain = name.strip("[]").rstrip(".").lower()
    if plain == "localhost":
        return "127.0.0.1"
    with suppress(OSError, ValueError):
        plain = socket.inet_ntoa(socket.inet_aton(plain))  # also 127.1
    try:
        address = ipaddress.ip_address(plain)
    except ValueError:
        return plain
    mapped = getattr(address, "ipv4_mapped", None)
    return "127.0.0.1" if plain == "::1" else str(mapped or address)


def _is_here(host: str) -> bool:
    return host in ANY_HOST or host.startswith("127.")


# ---------------------------------------------------------------- what is not there


def absent_terminals(source: TomlSource, config: StationConfig) -> Iterator[ConfigProblem]:
    """Serial lines that are not there, or are none.

    For whoever checks a configuration; a station runs without, since an adapter may be plugged in later. One
    in the state directory is left alone: whoever simulates the device makes it.
    """
    for table, binding in config.devices.items():
        for place in _places(("devices", table), binding.config):
            path = Path(place.shown)
            if place.loc[-1] != "device" or not path.is_absolute():
                continue
            try:
                is_line = stat.S_ISCHR(path.stat().st_mode)
            except OSError as error:
                if not path.is_relative_to(config.station.state_dir):
                    what = f"there is no serial line {path}: {error.strerror}"
                    yield source.problem(place.loc, what, "plug it in, or look at /dev/serial/by-id")
                continue
            if not is_line:
                yield source.problem(place.loc, f"{path} is no serial line", "look at /dev/serial/by-id")
