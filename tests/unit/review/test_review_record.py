"""The file format of a kept inspection: what an older agent wrote is read, and no page can change it."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from gate_agent.review import DeskSettings, Shelf
from gate_agent.review.record import StoredCase

OLDER = json.loads((Path(__file__).parent / "data" / "case-of-an-older-agent.json").read_text())
"""As the agent wrote it when `confirms` was called `seconds`."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "NII-1"
    place.mkdir()
    (place / "case.json").write_text(json.dumps(OLDER))
    for file in (*OLDER["planes"], *OLDER["reports"]):
        (place / file["name"]).write_bytes(bytes(file["size"]))
    return tmp_path


def test_what_an_older_agent_kept_is_read_whole(folder: Path) -> None:
    shelf = Shelf(folder, DeskSettings())
    assert shelf.damaged == []
    case = shelf.case("NII-1")
    assert case.settled is not None
    assert (case.settled.officer, case.settled.confirms) == ("B2", "B1")
    assert case.outcome == "inspect"


def test_the_format_on_disk_is_the_one_that_was_agreed(folder: Path) -> None:
    """Whoever changes a stored type changes this file: older records then need a way in, as above."""
    Shelf(folder, DeskSettings()).file_away("NII-1", OLDER["filed_by"])
    expected = json.loads(json.dumps(OLDER))
    expected["settled"]["confirms"] = expected["settled"].pop("seconds")
    assert json.loads((folder / "NII-1" / "case.json").read_text()) == expected
    again = shutil.copytree(folder, folder / "again")
    assert Shelf(again, DeskSettings()).case("NII-1") == Shelf(folder, DeskSettings()).case("NII-1")


def stored_types(kind: type[Any], seen: set[type[Any]]) -> set[type[Any]]:
    """`kind` and every dataclass within it."""
    if kind in seen:
        return seen
    seen.add(kind)
    for hint in get_type_hints(kind, vars(sys.modules[kind.__module__])).values():
        parts = [hint]
        while parts:
            part = parts.pop()
            parts.extend(get_args(part))
            if isinstance(part, type) and dataclasses.is_dataclass(part):
                stored_types(part, seen)
    return seen


def test_every_stored_type_belongs_to_the_room_that_stores_it() -> None:
    rooms = {each.__module__ for each in stored_types(StoredCase, set())}
    assert rooms == {"gate_agent.review.record", "gate_agent.evidence"}
