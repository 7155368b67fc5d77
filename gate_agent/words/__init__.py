"""What people read: one file a language, beside the code it speaks of.

A *folder* holds ``<language>.toml``. This room's own tells what every station says (reasons of the shared
rooms, devices, the page); a kind of station brings a folder more. Codes are the machine's, sentences are here
and nowhere else: pages, logs and commands are given them. English says what there is to say; a language that
leaves out one of its codes, or a placeholder, does not load, and nor does English when it lacks what a kind
declares.

A sentence may hold ``{placeholders}`` (:meth:`Words.text`). A code may carry its source behind a colon
(``DEVICE_FAULT:camera``).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, cast

from gate_agent.errors import GateError

SHARED: Final[Traversable] = resources.files(__name__)
"""The folder of what every station says."""

ENGLISH: Final = "en"
MOST_BYTES: Final = 256 * 1024

Sentence: TypeAlias = str | tuple[str, ...]
"""One text, or several to choose from."""

_FILE = re.compile(r"([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.toml")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class WordsError(GateError):
    """A language cannot be used: `missing` are the codes that it lacks, as ``table.code``."""

    def __init__(self, what: str, *, language: str, missing: tuple[str, ...] = (), advice: str = "") -> None:
        super().__init__(what, field=f"words/{language}.toml", advice=advice)
        self.language = language
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Words:
    """All that one station says in one language. `sentences`: dotted code -> text."""

    language: str
    name: str
    direction: Literal["ltr", "rtl"]
    sentences: Mapping[str, Sentence]

    def text(self, code: str, /, **fills: str) -> str:
        """The sentence of a dotted code, its placeholders filled; an unknown code is spelt out."""
        sentence = self.sentences.get(code)
        return _filled(sentence, fills) if isinstance(sentence, str) else spelt(code.rpartition(".")[2])

    def reason(self, code: str) -> str:
        """A reason for an officer."""
        known, _, source = code.partition(":")
        said = self.text(f"reasons.{known}")
        return f"{said} ({self.device(source)})" if source else said

    def device(self, role: str) -> str:
        """What a device is called; a role that nobody named stays as it is."""
        named = self.sentences.get(f"devices.{role}")
        return named if isinstance(named, str) else role

    def instruction(self, code: str) -> str:
        """What the traveller or driver is told."""
        return self.text(f"instructions.{code}")

    def objection(self, code: str, fills: Mapping[str, str] = MappingProxyType({})) -> str:
        """Why the station does not do what was ordered.

        Among the fills `phase` and `order` are codes, `at` is RFC 3339 and told by the station's clock. For
        ``{done}`` the order tells in its own words what was done, by whom and when.
        """
        said = dict(fills)
        if at := said.get("at"):
            said["at"] = datetime.fromisoformat(at).astimezone().strftime("%H:%M:%S")
        if order := said.get("order"):
            said["done"] = self.text(f"orders.{order}.done", **said)
            said["order"] = self.text(f"orders.{order}.label")
        if phase := said.get("phase"):
            said["phase"] = self.text(f"phases.{phase}.label")
        return self.text(f"objections.{code}", **said)

    def tables(self) -> dict[str, Any]:
        """As the files have it: nested tables, for a page."""
        nested: dict[str, Any] = {}
        for code, sentence in self.sentences.items():
            *path, last = code.split(".")
            table = nested
            for part in path:
                table = table.setdefault(part, {})
            table[last] = sentence
        return nested


def languages(*folders: Traversable) -> tuple[str, ...]:
    """The languages that every folder speaks, English first."""
    spoken = [{m[1] for each in folder.iterdir() if (m := _FILE.fullmatch(each.name))} for folder in folders]
    common = set[str].intersection(*spoken) if spoken else set[str]()
    return tuple(sorted(common, key=lambda language: (language != ENGLISH, language)))


def load(
    language: str, *folders: Traversable, declared: Mapping[str, Collection[str]] = MappingProxyType({})
) -> Words:
    """The words of a language out of all folders. `declared`: table -> codes that must be told.

    Raises WordsError, which names the language and what it lacks.
    """
    sentences = _merged(language, folders)
    told = {f"{table}.{code}" for table, codes in declared.items() for code in codes}
    lacking = {code for code in told if not any(s == code or s.startswith(f"{code}.") for s in sentences)}
    if language != ENGLISH:
        english = _merged(ENGLISH, folders)
        lacking |= {code for code in english if not _says_the_same(english[code], sentences.get(code))}
    if lacking:
        missing = tuple(sorted(lacking))
        more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
        raise WordsError(
            f"{language} lacks {', '.join(missing[:8])}{more}",
            language=language,
            missing=missing,
            advice="give every code a sentence with the same placeholders as in English",
        )
    direction = sentences.pop("language.direction", "ltr")
    if direction not in ("ltr", "rtl"):
        raise WordsError("language.direction must be ltr or rtl", language=language)
    name = str(sentences.pop("language.name", language))
    return Words(language, name, direction, MappingProxyType(sentences))


def load_all(
    *folders: Traversable, declared: Mapping[str, Collection[str]] = MappingProxyType({})
) -> Mapping[str, Words]:
    """Every language that all folders speak, by its tag, English first. Raises WordsError."""
    spoken = languages(*folders) or (ENGLISH,)
    return MappingProxyType({each: load(each, *folders, declared=declared) for each in spoken})


def english(*folders: Traversable) -> Words:
    """What every station says, and what these folders add, in English: for commands and logs."""
    return load(ENGLISH, SHARED, *folders)


def spelt(code: str) -> str:
    """`lower_snake` and UPPER_SNAKE codes as a sentence; anything else as it is."""
    if not re.fullmatch(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)*", code):
        return code
    words = code.replace("_", " ").lower()
    return words[:1].upper() + words[1:]


def _filled(sentence: str, fills: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: fills.get(found[1], "…"), sentence)


def _says_the_same(english: Sentence, other: Sentence | None) -> bool:
    """Of the same shape and with the same placeholders; no words are empty."""
    if isinstance(english, str) and isinstance(other, str):
        return bool(other) and set(_PLACEHOLDER.findall(english)) == set(_PLACEHOLDER.findall(other))
    return isinstance(english, tuple) and isinstance(other, tuple) and bool(other)


def _merged(language: str, folders: tuple[Traversable, ...]) -> dict[str, Sentence]:
    """All folders' sentences. What two folders tell would disagree one day: it is refused."""
    merged: dict[str, Sentence] = {}
    for folder in folders:
        sentences = dict(_leaves(_read(language, folder), language))
        if twice := merged.keys() & sentences.keys():
            raise WordsError(f"{', '.join(sorted(twice)[:8])} told in two folders", language=language)
        merged |= sentences
    return merged


def _read(language: str, folder: Traversable) -> dict[str, Any]:
    if not _FILE.fullmatch(f"{language}.toml"):
        raise WordsError("is not a language tag", language=language)
    try:
        with folder.joinpath(f"{language}.toml").open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise WordsError(f"cannot be read: {error.strerror}", language=language) from error
    if len(raw) > MOST_BYTES:
        raise WordsError(f"is larger than {MOST_BYTES} bytes", language=language)
    try:
        return tomllib.loads(raw.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise WordsError(f"is not TOML: {error}", language=language) from error


def _leaves(table: Mapping[str, Any], language: str, path: str = "") -> Iterator[tuple[str, Sentence]]:
    for name, value in table.items():
        code = f"{path}{name}"
        if isinstance(value, dict):
            yield from _leaves(cast("dict[str, Any]", value), language, f"{code}.")
        elif isinstance(value, str):
            yield code, value
        elif isinstance(value, list) and all(isinstance(each, str) for each in cast("list[Any]", value)):
            yield code, tuple(cast("list[str]", value))
        else:
            raise WordsError(f"{code} is neither a text nor a list of texts", language=language)
