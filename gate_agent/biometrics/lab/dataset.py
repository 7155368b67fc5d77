"""Folders of named faces: `ID_NN.jpg` side by side, or one folder a person, and LFW's lists of pairs."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gate_agent.errors import BadInput
from gate_agent.files import read_bounded

PICTURES = {".jpg", ".jpeg", ".jp2"}
MAX_LIST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture of one person."""

    person: str
    file: Path


def list_samples(folder: Path) -> tuple[Sample, ...]:
    """Every picture below `folder`, by name. Raises BadInput when there is none."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES)
    if not files:
        raise BadInput("no pictures (.jpg, .jp2) in this folder", field=str(folder))
    return tuple(Sample(_person(file, folder), file) for file in files)


def _person(file: Path, folder: Path) -> str:
    return file.stem.rsplit("_", 1)[0] if file.parent == folder else str(file.parent.relative_to(folder))


def read_pairs(path: Path, samples: tuple[Sample, ...]) -> list[tuple[int, int]]:
    """LFW's `pairs.txt`: "name n m" is one person's, "name n other m" two persons'; indices of samples.

    A header line ("folds pairs" or "pairs") is passed over. Raises BadInput naming the line.
    """
    known = {(s.person, _number(s.file.stem)): index for index, s in enumerate(samples)}
    pairs: list[tuple[int, int]] = []
    for line, words in enumerate(_lines(path), start=1):
        match words:
            case [name, first, second]:
                ends = (name, first), (name, second)
            case [name, first, other, second]:
                ends = (name, first), (other, second)
            case _ if line == 1:
                continue
            case _:
                raise BadInput("three or four words are needed", field=f"{path}:{line}")
        try:
            a, b = (known[person, int(number)] for person, number in ends)
        except (KeyError, ValueError) as error:
            raise BadInput(f"no such picture: {error}", field=f"{path}:{line}") from error
        pairs.append((a, b))
    if not pairs:
        raise BadInput("no pairs", field=str(path))
    return pairs


def read_groups(path: Path, samples: tuple[Sample, ...]) -> Mapping[str, Mapping[str, str]]:
    """Attribute -> person -> group, from a CSV file whose first column is the person. Raises BadInput."""
    rows = list(csv.reader(_text(path).splitlines()))
    if not rows or len(rows[0]) < 2:
        raise BadInput("a header is needed: person,attribute,...", field=f"{path}:1")
    people = {sample.person for sample in samples}
    groups: dict[str, dict[str, str]] = {attribute: {} for attribute in rows[0][1:]}
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(rows[0]):
            raise BadInput(f"{len(row)} columns where {len(rows[0])} are needed", field=f"{path}:{line}")
        if row[0] in people:
            for attribute, group in zip(rows[0][1:], row[1:], strict=True):
                groups[attribute][row[0]] = group
    if not any(groups.values()):
        raise BadInput("nobody in this file is among the pictures", field=str(path))
    return groups


def _number(stem: str) -> int:
    last = stem.rsplit("_", 1)[-1]
    return int(last) if last.isdigit() else -1


def _lines(path: Path) -> list[list[str]]:
    # Names hold spaces in some lists, which then part their columns by tabs.
    return [line.split("\t") if "\t" in line else line.split() for line in _text(path).splitlines() if line]


def _text(path: Path) -> str:
    try:
        return read_bounded(path, MAX_LIST_BYTES).decode()
    except UnicodeDecodeError as error:
        raise BadInput("is not UTF-8 text", field=str(path)) from error
