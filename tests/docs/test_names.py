"""Names of modules, classes and functions in the pages are names in the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Set
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("gate_agent", "gate_drivers", "gate_models", "gate_simulators", "gate_testing")


def spans(page: Path) -> Set[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return set(re.findall(r"`([^`\n]+)`", text))


@pytest.fixture(scope="session")
def members() -> Mapping[str, Set[str]]:
    """What each class of the code defines or sets on itself, by the class's name."""
    found: dict[str, set[str]] = {}
    for top in ("gate_agent", "drivers", "models", "simulators"):
        for file in (ROOT / top).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.ClassDef):
                    found.setdefault(node.name, set()).update(_names(node))
    return found


def _names(node: ast.ClassDef) -> Set[str]:
    names = {n.name for n in ast.walk(node) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    names |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return names | {
        n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)
    }


def resolves(dotted: str) -> bool:
    """Whether it is a module, or something in one."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


def test_every_dotted_name_of_our_packages_resolves(page: Path) -> None:
    shape = re.compile(rf"({'|'.join(PACKAGES)})(\.\w+)+")
    groups = re.compile(
        r"gate_agent\.(drivers|stations|capabilities)|gate_simulators\.(stations|benches)"
    )  # entry points
    named = {s for s in (span.removesuffix("()") for span in spans(page)) if shape.fullmatch(s)}
    assert {name for name in named if not groups.fullmatch(name) and not resolves(name)} == set()


def test_every_method_that_a_page_names_is_one_of_its_class(
    page: Path, members: Mapping[str, Set[str]]
) -> None:
    wrong: set[str] = set()
    for span in spans(page):
        if (named := re.match(r"([A-Z]\w+)\.([a-z_]\w*)", span)) and named[1] in members:
            wrong |= {named[0]} - ({named[0]} if named[2] in members[named[1]] else set())
    assert wrong == set()


def test_every_module_that_is_run_with_python_is_one() -> None:
    pattern = re.compile(r"python -m ((?:gate_agent|gate_drivers|gate_models|gate_simulators)[\w.]*)")
    pages = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("models/**/*.md"),
        *ROOT.glob("benchmarks/**/*.md"),
    ]
    named = {module for page in pages for module in pattern.findall(page.read_text())}
    tops = {
        "gate_agent": "",
        "gate_drivers": "drivers",
        "gate_models": "models",
        "gate_simulators": "simulators",
    }
    files = {m: ROOT / tops[m.split(".")[0]] / (m.replace(".", "/") + ".py") for m in named}
    assert {
        m
        for m, file in files.items()
        if not file.exists() and not (file.with_suffix("") / "__main__.py").exists()
    } == set()


def test_the_number_of_chips_that_the_first_page_states_is_the_simulators() -> None:
    from gate_simulators.issuer.catalogue import SPECIMENS

    stated = re.findall(r"one of (\d+) chips", (ROOT / "README.md").read_text())
    assert [int(number) for number in stated] == [len(SPECIMENS)]
