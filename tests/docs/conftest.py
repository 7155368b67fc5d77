"""The pages that a reader believes: each test that asks for a `page` runs for every one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOVES = "0008-every-module-in-its-room.md"  # names what is no more; test_decisions.py reads it
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *(page for page in sorted(ROOT.glob("docs/**/*.md")) if page.name != MOVES),
    *sorted(ROOT.glob("benchmarks/**/*.md")),
    *sorted(ROOT.glob("models/**/*.md")),
    *sorted(ROOT.glob("tests/**/*.md")),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
