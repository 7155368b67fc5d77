"""Links lead somewhere, and a file that a page names is in the repository."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Set
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
OURS = (
    "gate_agent",
    "drivers",
    "models",
    "simulators",
    "tests",
    "docs",
    "benchmarks",
    "config",
    "systemd",
    "packaging",
)
SOURCE = (".py", ".js", ".css", ".html", ".md", ".service", ".sysusers", ".tmpfiles")
SHAPE = re.compile(r"[\w.*-]+(/[\w.*-]+)*/?")


def without_blocks(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="session")
def places() -> Set[str]:
    """Every file and folder of the repository, and each ending of its path (`desk/case.py`, `case.py`)."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=False)
    names = done.stdout.split() or [str(p.relative_to(ROOT)) for top in OURS for p in (ROOT / top).rglob("*")]
    found: set[str] = set()
    for name in names:
        path = PurePosixPath(name)
        for place in (path, *path.parents):
            found.update("/".join(place.parts[i:]) for i in range(len(place.parts)))
    return found


def anchors(page: Path) -> Set[str]:
    """The names that headings get in a rendered page."""
    heads = re.findall(r"^#+ +(.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_link_leads_to_a_file_and_a_heading_of_it(page: Path) -> None:
    astray: list[str] = []
    for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", without_blocks(page)):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        file = page.parent / name if name else page
        if not file.exists() or (heading and heading not in anchors(file)):
            astray.append(target)
    assert astray == []


def test_every_file_that_a_page_names_is_there(page: Path, places: Set[str]) -> None:
    named = {
        text
        for text in re.findall(r"`([^`\n]+)`", without_blocks(page))
        if SHAPE.fullmatch(text)
        and (text.endswith(SOURCE) or text.split("/")[0] in OURS)
        and "NAME" not in text
    }
    missing = {
        name
        for name in named
        if name.rstrip("/") not in places and not ("*" in name and any(ROOT.rglob(name)))
    }
    assert missing == set()
