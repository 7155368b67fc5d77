"""The page's modules hold no second telling: no list of any kind's codes, and no sentence."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from gate_agent.app.console_page import console_page
from gate_agent.station.kind import KINDS

AGENT = Path(str(resources.files("gate_agent")))
SHARED = sorted((AGENT / "console/static/js").rglob("*.js"))
EVERY = [*SHARED, *sorted(AGENT.glob("*/page/**/*.js"))]
LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`')


def literals(path: Path) -> list[str]:
    code = re.sub(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [found[1:-1] for found in LITERAL.findall(code)]


@pytest.mark.parametrize("name", KINDS.names())
def test_h3_the_shared_modules_name_no_phase_check_order_or_reason(name: str) -> None:
    kind = KINDS.load(name)
    page = console_page(kind)
    codes = {*page.phases, *page.verdicts, *page.orders, *kind.checks.checks, *kind.checks.reasons}
    codes |= set(kind.instructions) | set(kind.view)
    codes -= {"idle", "calm", "good", "warn", "bad"}  # tones, which every kind gives
    named = {
        (path.name, literal)
        for path in SHARED
        if path.name not in ("icons.js", "types.js")  # icons are called after what they look like
        for literal in literals(path)
        if literal in codes
    }
    assert named == set()


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.name)
def test_h3_no_sentence_stands_in_a_module(path: Path) -> None:
    """A capital, then words: what people read is in words/, whatever its language."""
    sentence = re.compile(r"(^|[>·—] ?)[A-Z][a-z]+( [a-z]+)+|[a-z]+ [a-z]+ [a-z]+[.!?]$")
    assert [literal for literal in literals(path) if sentence.search(literal)] == []


def test_there_are_modules_to_look_at() -> None:
    assert len(SHARED) >= 15 and len(EVERY) - len(SHARED) >= 15
