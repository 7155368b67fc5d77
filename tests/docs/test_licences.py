"""`docs/licences.md` lists each pinned package with the licence that its own metadata state."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import gate_agent

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def licences() -> ModuleType:
    spec = importlib.util.spec_from_file_location("licences", ROOT / "packaging/licences.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_pinned_package_is_on_the_page_and_no_other(licences: ModuleType) -> None:
    assert set(licences.stated(licences.PAGE.read_text())) == set(licences.pinned())


def test_the_page_states_what_installed_packages_say_of_themselves(licences: ModuleType) -> None:
    stated = licences.stated(licences.PAGE.read_text())
    said = {package: licences.licence(package) for package in stated}
    here = {package: licence for package, licence in said.items() if licence}
    assert len(here) > 50
    assert {package: stated[package] for package in here} == here


def test_every_package_has_a_licence(licences: ModuleType) -> None:
    stated = licences.stated(licences.PAGE.read_text())
    assert {p: s for p, s in stated.items() if s in ("", "not stated", "not installed here")} == {}


def test_every_model_card_of_the_project_is_under_a_licence_that_the_page_names() -> None:
    page = (ROOT / "docs/licences.md").read_text()
    cards = [*ROOT.glob("models/cards/*.toml"), *ROOT.glob("models/gate_models/**/*.toml")]
    assert cards
    for card in cards:
        licence = tomllib.loads(card.read_text())["licence"]
        if licence == "own work, under the project's licence":
            assert f"`{card.parent.relative_to(ROOT)}/`" in page
        else:
            assert licence in page


def test_the_version_is_that_of_the_installed_distribution() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.\w+)*", gate_agent.__version__)


def test_every_package_tells_type_checkers_that_it_is_typed() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert [p for p in wheel["packages"] if not (ROOT / p / "py.typed").exists()] == []
