"""Each page in `docs/decisions/` has number, date, status and what was weighed, and stands in the list."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs/decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))


@pytest.mark.parametrize("decision", PAGES, ids=lambda page: page.stem)
def test_a_decision_has_date_status_and_what_was_weighed(decision: Path) -> None:
    text = decision.read_text()
    assert text.startswith(f"# {int(decision.name[:4])}. ")
    dated = re.search(r"^\| date \| (\S+) \|$", text, re.MULTILINE)
    assert dated is not None
    assert datetime.date.fromisoformat(dated[1]) >= datetime.date(2026, 11, 24)
    assert re.search(r"^\| status \| \w.* \|$", text, re.MULTILINE)
    for part in ("Decision", "Why", "Weighed"):
        assert f"**{part}.**" in text
    weighed = text.partition("**Weighed.**")[2].partition("**Consequences")[0]
    assert len(re.findall(r"^\* \*", weighed, re.MULTILINE)) >= 2


def test_numbers_follow_each_other_and_the_list_has_every_page() -> None:
    assert [int(page.name[:4]) for page in PAGES] == list(range(1, len(PAGES) + 1))
    listed = re.findall(r"\]\((\d{4}-[^)]+)\)", (FOLDER / "README.md").read_text())
    assert listed == [page.name for page in PAGES]


def test_nothing_stands_any_more_where_a_module_was_moved_away() -> None:
    """Else whoever follows the table is sent to the wrong one of two."""
    root = FOLDER.parents[1]
    text = (FOLDER / "0008-every-module-in-its-room.md").read_text()
    moved = dict(re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|$", text, re.MULTILINE))
    assert len(set(moved.values())) == len(moved) > 250
    assert [old for old in moved if (root / old).exists()] == []
