"""Structured logs that cannot carry a person: JSON lines on stderr, fields by allow-list only.

* A field that is not in :data:`FIELDS` is dropped and counted (``gate_agent_log_fields_dropped_total``).
* An event is a constant phrase; text that looks composed is replaced, for it may hold what a field may not.
* Values are scalars or short lists of them; anything shaped like a document number or a machine readable
  zone is blanked, wherever it comes from.
* An exception is logged by type and place. Its message is kept only for :class:`GateError`, which never
  quotes its input; a ValueError from anywhere may quote a name.

Records of libraries (uvicorn, paho, pymodbus, asyncio) pass through the same filter, from WARNING up, with
their unformatted message. On a terminal the same records are shown as ``key=value``.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TextIO, cast

import structlog
from pydantic import Field

from gate_agent.errors import GateError
from gate_agent.settings import Settings

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "time": "UTC, RFC 3339",
        "level": "debug, info, warning, error, critical",
        "logger": "module that speaks",
        "event": "constant phrase",
        "station": "station id",
        "kind": "kind of station or record",
        "transaction": "random id of one traveller's passage",
        "phase": "phase of the station process",
        "device": "device name in the configuration",
        "driver": "driver name",
        "state": "state of a device or link",
        "check": "check id",
        "outcome": "outcome of a check",
        "verdict": "admit, refer or refuse",
        "reason": "reason code",
        "reasons": "reason codes",
        "rule": "rule id",
        "policy": "policy reference",
        "watchlist": "watchlist id and version",
        "model": "model card id",
        "officer": "officer id, as in the journal",
        "action": "what was ordered",
        "epoch": "journal epoch",
        "seq": "journal sequence number",
        "outbox": "records not yet acknowledged",
        "records": "a number of records",
        "topic": "MQTT topic",
        "host": "host name or address of a peer",
        "port": "port of a peer",
        "path": "file or directory of the station",
        "field": "configuration path, tag, register or offset",
        "line": "line of a file",
        "advice": "what to do",
        "restarts": "restarts of a device since start",
        "backoff_s": "pause before the next attempt",
        "seconds": "a duration",
        "age_s": "time since the last reading",
        "software_ms": "time spent computing",
        "count": "a number of things",
        "pid": "process id",
        "signal": "signal name",
        "version": "version of the software or a file",
        "error_type": "class of an exception",
        "error": "its message, for errors of this software",
        "error_at": "where it was raised, innermost last",
    }
)
"""Every field that a log line may have, and what it means."""

_EVENT = re.compile(r"[a-z][a-z0-9 ,.:;'()/_-]{0,99}")
_IDENTIFYING = re.compile(r"(?=[A-Z0-9<]*[0-9<])[A-Z0-9<]{7,}")
_VERBATIM = frozenset(("time", "logger", "station", "transaction", "policy", "path", "error_at"))
"""Made by this software or its configuration, and never from a document: serial devices have long names."""
_MAX_TEXT = 300
_MAX_ITEMS = 20
_MAX_FRAMES = 8
_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


class LogSettings(Settings):
    """The ``[logging]`` table of a station's configuration."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="the least that is logged of this software; libraries speak from warning up",
    )
    format: Literal["auto", "json", "console"] = Field(
        default="auto", description="json lines, or key=value for people; auto: people on a terminal"
    )


class _Dropped:
    """Fields kept out of the log since start, by name; only well-formed names are remembered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, name: str) -> None:
        shown = name if re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) else "other"
        with self._lock:
            known = shown in self._counts or len(self._counts) < 100
            self._counts[shown if known else "other"] += 1

    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(self._counts)


_dropped = _Dropped()


def dropped_fields() -> Mapping[str, int]:
    """How often each field was kept out of the log since start."""
    return _dropped.counts()


def configure_logging(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send every log record of this process to `stream` (stderr) through the filter."""
    out = stream or sys.stderr
    console = settings.format == "console" or (settings.format == "auto" and out.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=out.isatty(), timestamp_key="time", event_key="event")
        if console
        else _json_line
    )
    common: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            _only_known_names,
            *common,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, _unformatted],
            processors=[
                _exception,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _only_allowed,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("gate_agent").setLevel(settings.level.upper())
    logging.getLogger("gate_drivers").setLevel(settings.level.upper())
    # pymodbus reports as errors what the drivers raise, and the supervisors log, as typed errors.
    logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
    logging.captureWarnings(True)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose keyword arguments must be in FIELDS: ``log.info("device up", device="chip")``."""
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(name))


# ---------------------------------------------------------------- the filter

_Record = MutableMapping[str, Any]


def _only_known_names(_logger: Any, _method: str, record: _Record) -> _Record:
    """Drop other fields at once: some names steer structlog itself."""
    for name in [name for name in record if name not in FIELDS and name != "exc_info"]:
        _dropped.add(name)
        del record[name]
    return record


def _unformatted(_logger: Any, _method: str, record: _Record) -> _Record:
    """A library's message without its arguments, in the form of an event."""
    raw = record["_record"]
    words = re.sub(r"%[-#0-9.]*[a-zA-Z]", "...", str(raw.msg))
    record["event"] = re.sub(r"[^a-z0-9 ,.:;'()/_-]", " ", words.lower())[:100].strip() or "message"
    return record


def _exception(_logger: Any, _method: str, record: _Record) -> _Record:
    info: Any = record.pop("exc_info", None) or record["_record"].exc_info
    error: object = info
    if info is True:
        error = sys.exc_info()[1]
    elif isinstance(info, tuple):
        error = cast("tuple[object, ...]", info)[1]
    if not isinstance(error, BaseException):
        return record
    record["error_type"] = type(error).__name__
    if isinstance(error, GateError):
        record.setdefault("error", error.what)
        record.setdefault("field", error.field)
        record.setdefault("advice", error.advice)
    frames = traceback.extract_tb(error.__traceback__)[-_MAX_FRAMES:]
    record["error_at"] = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames]
    return record


def _only_allowed(_logger: Any, _method: str, record: _Record) -> _Record:
    kept: dict[str, Any] = {}
    for name, value in record.items():
        if name not in FIELDS:
            _dropped.add(name)
        elif value not in ("", None):
            kept[name] = _plain(name, value)
    event = kept.get("event")
    if not isinstance(event, str) or not _EVENT.fullmatch(event):
        _dropped.add("event")
        kept["event"] = "event withheld: not a constant phrase"
    return kept


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str | Path):
        return str(value) if name in _VERBATIM else _IDENTIFYING.sub("[withheld]", str(value))
    if isinstance(value, list | tuple):
        return [_plain(name, item) for item in cast("list[Any]", value)[:_MAX_ITEMS]]
    _dropped.add(name)
    return f"[{type(value).__name__}]"


def _json_line(_logger: Any, _method: str, record: _Record) -> str:
    ordered = {name: record.pop(name) for name in ("time", "level", "event") if name in record} | dict(record)
    short = {n: v[:_MAX_TEXT] if isinstance(v, str) else v for n, v in ordered.items()}
    line = structlog.processors.JSONRenderer()(None, "", short)
    # journald takes the priority from this prefix (sd-daemon(3)), so that `journalctl -p` works.
    prefix = f"<{_PRIORITY.get(str(record.get('level', ordered.get('level'))), 6)}>" if _to_journald() else ""
    return prefix + (line if isinstance(line, str) else line.decode())


def _to_journald() -> bool:
    return "JOURNAL_STREAM" in os.environ
