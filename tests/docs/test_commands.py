"""Every command in the pages exists, with the options that the page gives it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from gate_agent.cli.main import app as gate_agent
from gate_models.cli import app as gate_models
from gate_simulators.cli.main import app as gate_sim

ROOT = Path(__file__).parents[2]
PROGRAMS = {"gate-agent": gate_agent, "gate-sim": gate_sim, "gate-models": gate_models}
NAMED = re.compile(rf"(?:^|[ /])({'|'.join(PROGRAMS)}) (\S.*)")


def commands(page: Path) -> Iterator[tuple[str, Sequence[str]]]:
    """(program, words after it) of each command line in a code block or between backticks."""
    text = page.read_text().replace("\\\n", " ")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += [line for line in text.splitlines() if line.startswith("    ")]
    lines += re.findall(r"`([^`\n]+)`", text)
    for line in lines:
        if not (found := NAMED.search(line.partition(" #")[0])):
            continue
        words = re.split(r"[|<>;&]|…", found[2])[0]
        try:
            yield found[1], shlex.split(words)
        except ValueError:  # half a quotation: prose
            yield found[1], words.split()


def objections(program: str, words: Sequence[str]) -> list[str]:
    """What of a command line does not exist."""
    command: Any = get_command(PROGRAMS[program])
    path = [program]
    rest = list(words)
    while hasattr(command, "get_command") and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        inner = command.get_command(command.make_context("", [], resilient_parsing=True), name)
        if inner is None:
            return [f"{' '.join(path)} has no command {name!r}"]
        command, path = inner, [*path, name]
    known = {
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    asked = {word.split("=")[0] for word in rest if re.fullmatch(r"--?[a-z][\w-]*(=.*)?", word)}
    return [f"{' '.join(path)} has no option {option}" for option in sorted(asked - known - {"--help"})]


def test_every_command_of_ours_exists_with_its_options(page: Path) -> None:
    wrong = [what for program, words in commands(page) for what in objections(program, words)]
    assert wrong == []


@pytest.mark.parametrize(
    ("line", "objected"),
    [
        ("gate-agent check-config a.toml", 0),
        ("gate-agent journal verify --no-such-option", 1),
        ("gate-agent no-such-command", 1),
        ("gate-sim fault camera freeze", 0),
    ],
)
def test_a_wrong_command_would_be_noticed(line: str, objected: int, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Run\n\n```sh\n{line}\n```\n")
    found = [what for program, words in commands(page) for what in objections(program, words)]
    assert len(found) == objected


def test_every_target_of_make_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = page.read_text()
    lines = re.findall(r"^    make ([a-z-]+(?: [a-z-]+)*)", text, re.MULTILINE)
    lines += re.findall(r"`make ([a-z-]+(?: [a-z-]+)*)", text)
    assert {word for line in lines for word in line.split()} - targets == set()
