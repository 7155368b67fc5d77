"""A TOML file (TOML 1.0) together with the line of every key, so that an error can say where.

`tomllib` gives values without positions. :func:`key_lines` walks the same text once more, only after
`tomllib` has accepted it, and notes the line on which each table, key and array element begins.
:class:`TomlSource` turns what pydantic says about the values into problems with file, line and advice.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias, cast, get_args
from urllib.parse import unquote

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gate_agent.errors import BadInput, GateError
from gate_agent.files import read_bounded

Loc: TypeAlias = tuple[str | int, ...]
"""Where a value is: ``("rule", 2, "when")``."""

MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, order=True)
class ConfigProblem:
    """One thing wrong in a file: dotted `path`, `line` (from 1; 0 for the file itself), what to do."""

    path: str
    line: int
    message: str
    advice: str = ""
    file: str = ""

    def __str__(self) -> str:
        place = ":".join(part for part in (self.file, str(self.line) if self.line else "") if part)
        head = ": ".join(part for part in (place, self.path, self.message) if part)
        return f"{head} ({self.advice})" if self.advice else head


class Problems(GateError):
    """A file cannot be used; `problems` are all the reasons at once, in the order of its lines."""

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        ordered = sorted(problems, key=lambda p: (p.file, p.line, p.path))
        first = ordered[0]
        more = f" and {len(ordered) - 1} more" if len(ordered) > 1 else ""
        place = f"{first.file}:{first.line}" if first.line else first.file
        field = f"{place}: {first.path}" if first.path else place
        super().__init__(first.message + more, field=field, advice=first.advice)
        self.problems = tuple(ordered)


def dotted(loc: Loc) -> str:
    """``rule[2].when``, as people write it."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class TomlSource:
    """The text, values and key lines of one file."""

    def __init__(self, file: Path, raw: bytes, data: dict[str, Any], lines: Mapping[Loc, int]) -> None:
        self.file = file
        self.raw = raw
        self.data = data
        self._lines = lines

    @classmethod
    def read(cls, file: Path, *, max_bytes: int = MAX_BYTES) -> TomlSource:
        """Read and parse `file`. Raises Problems when it is missing, too big, or not TOML."""

        def refuse(message: str, advice: str = "", line: int = 0) -> Problems:
            return Problems([ConfigProblem("", line, message, advice, str(file))])

        try:
            raw = read_bounded(file, max_bytes, advice="check the path and its permissions")
        except BadInput as error:
            raise refuse(error.what, error.advice) from error
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise refuse("is not UTF-8 text", "save it as UTF-8", line) from error
        try:
            return cls(file, raw, tomllib.loads(text), key_lines(text))
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
            last = text.count("\n") + 1
            line = int(found.group(1)) if found else last
            message = re.sub(r" \(at .*\)$", "", str(error))
            where = f" in column {found.group(2)}" if found else " at the end of the file"
            raise refuse(f"TOML syntax: {message}{where}", line=line) from error
        except RecursionError as error:
            raise refuse("is nested too deeply") from error

    def line(self, loc: Loc) -> int:
        """The line of `loc`, or of the nearest table around it."""
        while loc and loc not in self._lines:
            loc = loc[:-1]
        return self._lines.get(loc, 1)

    def problem(self, loc: Loc, message: str, advice: str = "") -> ConfigProblem:
        """A problem at `loc`. No secret of the file is in it, whoever wrote the message."""
        path = dotted(tuple("…" if "@" in str(part) else part for part in loc))
        message, advice = (_without(self._secrets, text) for text in (message, advice))
        return ConfigProblem(path, self.line(loc), message, advice, str(self.file))

    @cached_property
    def _secrets(self) -> tuple[str, ...]:
        """What nobody may read in a message, the longest first."""
        return tuple(sorted({*_secrets_in(self.data)} - {""}, key=len, reverse=True))

    def explain(
        self, error: ValidationError, model: type[BaseModel], prefix: Loc = ()
    ) -> list[ConfigProblem]:
        """Every complaint of pydantic as a problem; `prefix` is where `model` sits in the file."""
        found: dict[tuple[str, str], ConfigProblem] = {}
        complaints = error.errors(include_url=False)
        for details in complaints:
            if details["type"] == "too_short" and _has_inner(details["loc"], complaints):
                continue  # pydantic does not count members that are themselves at fault
            loc = self._existing(prefix, details["loc"])
            message, advice = _words(details, model, self._secrets)
            found.setdefault((dotted(loc), message), self.problem(loc, message, advice))
        return list(found.values())

    def _existing(self, prefix: Loc, loc: Loc) -> Loc:
        """`loc` without the tags that pydantic adds for unions and validators: keys of the data only."""
        path = prefix
        node: Any = self.data
        for part in prefix:
            node = node[part]
        for index, part in enumerate(loc):
            if isinstance(node, dict) and part in node:
                node = cast("dict[Any, Any]", node)[part]
            elif isinstance(node, list) and isinstance(part, int) and part < len(cast("list[Any]", node)):
                node = cast("list[Any]", node)[part]
            elif index < len(loc) - 1 or not isinstance(node, dict) or "[" in str(part):
                continue
            path = (*path, part)
        return path


def _has_inner(loc: Loc, complaints: Sequence[ErrorDetails]) -> bool:
    return any(len(c["loc"]) > len(loc) and c["loc"][: len(loc)] == loc for c in complaints)


def closest(name: str, known: Iterable[str]) -> str:
    """Advice that offers the nearest known name, or all of them when none is near."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"known: {shown or 'none'}"


_NOT_A_TABLE = frozenset(("model_type", "model_attributes_type", "dict_type", "dataclass_type"))
_CHOICES = {
    "union_tag_invalid": "{discriminator} must be one of {expected_tags}, not '{tag}'",
    "union_tag_not_found": "must say its {discriminator}",
}


def _words(details: ErrorDetails, model: type[BaseModel], secrets: Sequence[str]) -> tuple[str, str]:
    kind, loc = details["type"], details["loc"]
    fields = _fields_at(model, loc[:-1])
    name = str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        return "unknown key", closest(name, fields)
    description = fields.get(name, "")
    if kind == "missing":
        return "is missing", description
    if kind == "path_type":
        return "must be a path", description
    if kind in _NOT_A_TABLE:
        return "must be a table", description
    if kind in _CHOICES:
        return _CHOICES[kind].format(**details.get("ctx", {})), description
    message = re.sub(r"^(Value|Assertion) error, ", "", details["msg"])
    message = message.replace("Input should be", "must be", 1)
    given = details["input"]
    if isinstance(given, str | int | float | bool) and len(repr(given)) <= 60:
        secret = str(given) in secrets or _without(secrets, str(given)) != str(given)
        message += "" if secret else f", not {given!r}"
    return message, str(details.get("ctx", {}).get("advice", description))


# ---------------------------------------------------------------- what is never shown

_SECRET_KEY = re.compile(
    r"(?:password|passwd|passphrase|pwd|pass|secret|token|credentials?|api_?key|(?:^|_)pin)(?:_file)?$", re.I
)
_LEAST_SECRET = 3
"""Shorter parts of a secret are not looked for: they would blacken every message, and tell nothing."""


def _secrets_in(node: object, key: str = "") -> Iterator[str]:
    """The secrets among the values of a file: by the name of their key, or as the password of an address."""
    if isinstance(node, dict):
        for name, inner in cast("dict[str, object]", node).items():
            yield from _secrets_in(name)
            yield from _secrets_in(inner, name)
    elif isinstance(node, list):
        for inner in cast("list[object]", node):
            yield from _secrets_in(inner, key)
    elif isinstance(node, str | int | float) and _SECRET_KEY.search(key):
        # A path in ..._file is none, but a password that was written there by mistake is.
        if not (key.endswith("_file") and "/" in str(node)):
            yield from _parts(str(node))
    elif isinstance(node, str):
        user_info, at, place = node.rpartition("@")
        if at:
            yield from (node, user_info, *_parts(user_info.rpartition("://")[2].partition(":")[2]))
        for pair in re.split(r"[?&;]", place)[1:]:
            name, _, value = pair.partition("=")
            yield from _parts(value) if _SECRET_KEY.search(name) else ()


def _parts(secret: str) -> Iterator[str]:
    """A secret, and the pieces that a parser of addresses may tear from it."""
    yield secret
    yield unquote(secret)
    yield from re.split(r"[:/?#@\[\]\s]+", secret)


def _without(secrets: Iterable[str], text: str) -> str:
    for secret in secrets:
        if len(secret) >= _LEAST_SECRET:
            text = text.replace(secret, "…").replace(repr(secret)[1:-1], "…")
    return text


def _fields_at(model: type[BaseModel], loc: Loc) -> dict[str, str]:
    """Names and descriptions of the fields that may stand at `loc`, over every member of a union."""
    models = [model]
    for part in loc:
        inner = [m for each in models if part in each.model_fields for m in _models(each, str(part))]
        # What is no field is the tag by which pydantic chose among the members of a union.
        models = inner or [each for each in models if part in _tags(each)] or models
    return {name: info.description or "" for each in models for name, info in each.model_fields.items()}


def _tags(model: type[BaseModel]) -> set[object]:
    return {tag for info in model.model_fields.values() for tag in get_args(info.annotation)}


def _models(model: type[BaseModel], name: str) -> Iterator[type[BaseModel]]:
    waiting: list[Any] = [model.model_fields[name].annotation]
    while waiting:
        annotation = waiting.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation
        waiting.extend(get_args(annotation))


# ---------------------------------------------------------------- where the keys are

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'  # multi-line basic: the last quotes may touch the delimiter
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]*")


def key_lines(text: str) -> dict[Loc, int]:
    """The line (from 1) of every table, key and array element of `text`, which must be valid TOML."""
    return _Walk(text).run()


class _Walk:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.starts = [0, *(m.end() for m in re.finditer("\n", text))]
        self.lines: dict[Loc, int] = {}
        self.tables: dict[Loc, int] = {}  # arrays of tables: index of the newest element

    def run(self) -> dict[Loc, int]:
        table: Loc = ()
        self.skip(_SPACE)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip(_SPACE)
        return self.lines

    def skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        return found.group()

    def note(self, loc: Loc, at: int) -> None:
        self.lines.setdefault(loc, bisect_right(self.starts, at))

    def header(self) -> Loc:
        start = self.at
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        names = self.key()
        self.at += 2 if is_array else 1
        table: Loc = ()
        for depth, name in enumerate(names):
            table = (*table, name)
            self.note(table, start)
            if is_array and depth == len(names) - 1:
                self.tables[table] = self.tables.get(table, -1) + 1
            if table in self.tables:
                table = (*table, self.tables[table])
                self.note(table, start)
        return table

    def key(self) -> list[str]:
        names: list[str] = []
        while True:
            self.skip(_BLANK)
            if self.text[self.at] in "\"'":
                names.append(tomllib.loads("key = " + self.skip(_STRING))["key"])
            else:
                names.append(self.skip(_BARE_KEY))
            self.skip(_BLANK)
            if self.text[self.at] != ".":
                return names
            self.at += 1

    def pair(self, table: Loc) -> None:
        start = self.at
        loc = table
        for name in self.key():
            loc = (*loc, name)
            self.note(loc, start)
        self.at += 1  # '='
        self.skip(_BLANK)
        self.value(loc)

    def value(self, loc: Loc) -> None:
        first = self.text[self.at]
        if first in "\"'":
            self.skip(_STRING)
        elif first in "[{":
            self.at += 1
            self.members(loc, "]" if first == "[" else "}")
        else:
            self.skip(_SCALAR)

    def members(self, loc: Loc, end: str) -> None:
        """Elements of an array, or pairs of an inline table, up to `end`."""
        index = 0
        self.skip(_SPACE)
        while self.text[self.at] != end:
            if end == "]":
                self.note((*loc, index), self.at)
                self.value((*loc, index))
                index += 1
            else:
                self.pair(loc)
            self.skip(_SPACE)
            if self.text[self.at] == ",":
                self.at += 1
                self.skip(_SPACE)
        self.at += 1
