"""A folder of manifests: the newest issue wins, changes are seen, a bad file takes nothing away."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gate_agent.cargo import store as store_module
from gate_agent.cargo.store import ManifestStore

CONTAINER, SISTER, OTHER = "CSQU3054383", "MSKU6011672", "TGHU7663321"
DAY = datetime(2026, 3, 1, tzinfo=UTC)


def issue(folder: Path, name: str, day: int, *containers: str, mass: float = 1000, lot: str = "L1") -> Path:
    path = folder / f"{name}.json"
    content = {
        "format": "gate-agent-manifest/1",
        "id": name,
        "issued_at": (DAY + timedelta(days=day)).isoformat(),
        "consignments": [
            {"container": each, "fullness": "full", "gross_mass_kg": mass, "lot": lot} for each in containers
        ],
    }
    path.write_text(json.dumps(content))
    return path


def found_mass(store: ManifestStore, container: str = CONTAINER) -> float | None:
    found = store.find(container)
    return None if found is None else found.gross_mass_kg


def test_the_newest_issue_wins_whatever_the_files_are_called(tmp_path: Path) -> None:
    issue(tmp_path, "z-old", 0, CONTAINER, SISTER, mass=1)
    issue(tmp_path, "a-new", 1, CONTAINER, mass=2)
    (tmp_path / "notes.txt").write_text("not a manifest")
    store = ManifestStore(tmp_path)
    assert store.refresh() == ()
    assert (found_mass(store), found_mass(store, SISTER), len(store)) == (2, 1, 2)
    assert store.find(OTHER) is None


def test_changed_new_and_removed_files_are_seen(tmp_path: Path) -> None:
    store = ManifestStore(tmp_path)
    assert store.refresh() == ()
    path = issue(tmp_path, "one", 0, CONTAINER, mass=1)
    store.refresh()
    assert found_mass(store) == 1
    issue(tmp_path, "one", 0, CONTAINER, mass=23)  # in place, even with the same time stamp
    os.utime(path, ns=(1, 1))
    store.refresh()
    assert found_mass(store) == 23
    path.unlink()
    store.refresh()
    assert found_mass(store) is None


def test_a_bad_file_is_named_and_takes_nothing_away(tmp_path: Path) -> None:
    path = issue(tmp_path, "one", 0, CONTAINER)
    issue(tmp_path, "two", 0, SISTER)
    store = ManifestStore(tmp_path)
    store.refresh()
    path.write_text(path.read_text()[:40])  # still being written
    for _ in range(2):
        (error,) = store.refresh()
        assert str(path) in error.field
        assert found_mass(store) == 1000
        assert found_mass(store, SISTER) == 1000
    issue(tmp_path, "one", 0, CONTAINER, mass=7)
    assert store.refresh() == ()
    assert found_mass(store) == 7


def test_a_folder_that_is_gone_is_a_problem_and_what_was_read_stays(tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    issue(folder, "one", 0, CONTAINER)
    store = ManifestStore(folder)
    store.refresh()
    folder.rename(tmp_path / "away")
    (error,) = store.refresh()
    assert error.field == str(folder)
    assert found_mass(store) == 1000


def test_age_is_since_the_newest_issue(tmp_path: Path) -> None:
    store = ManifestStore(tmp_path)
    store.refresh()
    assert store.age(DAY) is None
    issue(tmp_path, "one", 0, CONTAINER)
    issue(tmp_path, "two", 2, SISTER)
    store.refresh()
    assert store.age(DAY + timedelta(days=5)) == timedelta(days=3)
    assert store.age(DAY) == timedelta(0)


def test_sisters_are_the_other_containers_of_the_lot(tmp_path: Path) -> None:
    issue(tmp_path, "one", 0, CONTAINER, SISTER)
    issue(tmp_path, "two", 0, OTHER, lot="L2")
    store = ManifestStore(tmp_path)
    store.refresh()
    assert store.sisters(CONTAINER) == (SISTER,)
    assert store.sisters(OTHER) == ()
    assert store.sisters("none") == ()


def test_more_files_or_containers_than_bounds_leave_the_oldest_out_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, container in enumerate((CONTAINER, SISTER, OTHER)):
        path = issue(tmp_path, f"m{number}", number, container)
        os.utime(path, (number + 1, number + 1))
    monkeypatch.setattr(store_module, "MAX_FILES", 2)
    store = ManifestStore(tmp_path)
    (error,) = store.refresh()
    assert "3 manifests" in error.what
    assert (found_mass(store), len(store)) == (None, 2)
    monkeypatch.setattr(store_module, "MAX_FILES", 10)
    monkeypatch.setattr(store_module, "MAX_CONSIGNMENTS", 1)
    for _ in range(2):
        (error,) = store.refresh()
        assert "older manifests are left out" in error.what
    assert found_mass(store) is None
