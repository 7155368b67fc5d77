"""The page's colours keep WCAG 2.2 AA: 4.5:1 for text (1.4.3), 3:1 for focus and controls (1.4.11)."""

from __future__ import annotations

import re
from importlib import resources

import pytest

CSS = (resources.files("gate_agent") / "console/static/css/tokens.css").read_text(encoding="utf-8")
TEXT = [
    ("ink", "page"),
    ("ink", "panel"),
    ("ink", "sunken"),
    ("ink", "floor"),
    ("ink", "step-a"),
    ("ink", "step-b"),
    ("muted", "page"),
    ("muted", "panel"),
    ("muted", "sunken"),
    ("muted", "floor"),
    ("accent", "panel"),
    ("on-accent", "accent"),
    ("panel", "bad"),
    *((front, "stage") for front in ("on-stage", "found", "known", "marked", "truth")),
    ("stage", "marked"),
    *((tone, f"{tone}-tint") for tone in ("good", "bad", "warn", "calm", "idle")),
    *((tone, "panel") for tone in ("good", "bad", "warn", "calm", "idle")),
    *(("ink", f"{tone}-tint") for tone in ("good", "bad", "warn", "calm", "idle")),
    *(("muted", f"{tone}-tint") for tone in ("good", "bad", "warn", "calm", "idle")),
]
PARTS = [
    ("focus", "panel"),
    ("focus", "page"),
    ("line-strong", "panel"),
    ("glass", "floor"),
    ("wall", "floor"),
    ("person", "sunken"),
    ("software-ink", "step-a"),
    ("software-ink", "step-b"),
]


def colours(theme: str) -> dict[str, str]:
    light, dark = CSS.split("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found if theme == "light" else found | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark))


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_is_21_to_1() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), TEXT)
def test_text_is_readable(theme: str, front: str, back: str) -> None:
    table = colours(theme)
    assert contrast(table[front], table[back]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), PARTS)
def test_parts_and_focus_can_be_told_apart(theme: str, front: str, back: str) -> None:
    table = colours(theme)
    assert contrast(table[front], table[back]) >= 3
