"""A kind of station: found by entry point, whole, and told in words. For every kind that is installed."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

from gate_agent.entry_points import BrokenEntry, UnknownName
from gate_agent.readmodel import Board
from gate_agent.station.kind import GROUP, KINDS, Kind
from gate_agent.words import SHARED, languages, load

ROOT = Path(__file__).parents[3]
EVERY = [KINDS.load(name) for name in KINDS.names()]


@pytest.fixture(params=EVERY, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


def test_the_kinds_are_found_by_entry_point() -> None:
    assert {"egate", "nii"} <= set(KINDS.names())
    assert all(KINDS.load(name).name == name for name in KINDS.names())


def test_an_unknown_kind_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="egat") as refused:
        KINDS.load("egat")
    assert "egate" in refused.value.advice


@pytest.mark.parametrize(
    "target", ["no.such.module:KIND", "gate_agent.errors:GateError", "gate_agent.errors:X"]
)
def test_a_kind_that_cannot_be_loaded_keeps_no_other_from_working(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "broken-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nbroken = {target}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert metadata.distribution("broken").version == "1"
    with pytest.raises(BrokenEntry) as refused:
        KINDS.load("broken")
    assert refused.value.advice
    assert KINDS.load("egate").name == "egate"


def test_what_a_kind_declares_fits_together(kind: Kind) -> None:
    phases = {str(phase) for phase in kind.phases}
    assert kind.checks.station == kind.name
    assert all(order.asked - {""} <= phases for order in kind.orders.values())
    roles = set(kind.devices)
    assert {thing.source for thing in kind.view.values()} - roles <= {"truck", "station"}
    grouped = [check for _, checks in kind.page.groups for check in checks]
    assert set(grouped) <= set(kind.checks.checks) and len(grouped) == len(set(grouped))
    assert {group for column in kind.page.columns for group in column} == {
        name for name, _ in kind.page.groups
    }


def test_h6_what_nobody_declared_public_is_not(kind: Kind) -> None:
    """A kind that says nothing gives nothing; what identifies a vehicle or a person is never public."""
    assert kind.public <= set(kind.view)
    assert not {"container", "plate", "name", "document"} & kind.public


def test_h2_every_code_has_words_of_this_kind_in_every_language(kind: Kind) -> None:
    folders = (SHARED, *kind.words)
    assert {"en", "de"} <= set(languages(*folders))
    for language in languages(*folders):
        words = load(language, *folders, declared=kind.declares)
        assert all(words.reason(code) for code in kind.checks.reasons)


def test_h2_a_truck_is_never_told_of_doors() -> None:
    nii = KINDS.load("nii")
    said = load("en", SHARED, *nii.words)
    assert "vehicle" in said.reason("TAILGATING")
    assert not any("door" in said.reason(code) for code in nii.checks.reasons)


def test_h1_the_board_shows_only_things_that_the_kind_declares(kind: Kind) -> None:
    board = Board("t", kind.name)
    for name, thing in kind.view.items():
        board.saw(thing.source, {name: True})
    assert set(board.snapshot.seen) == set(kind.view)


def test_no_file_outside_its_room_names_a_kind() -> None:
    """The goal of one word for a kind: product files that name one, outside of its room and its own tests."""
    named = re.compile(r"""["'](egate|nii)["']|gate_agent[./](egate|nii)\b""")
    rooms = ("gate_agent/egate/", "gate_agent/nii/")
    product = [p for top in ("gate_agent", "drivers", "models") for p in (ROOT / top).rglob("*.py")]
    found = {
        str(path.relative_to(ROOT))
        for path in product
        if not str(path.relative_to(ROOT)).startswith(rooms)
        and named.search(path.read_text(encoding="utf-8"))
    }
    assert found == set()
