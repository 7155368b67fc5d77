"""What commands print is whole at every width, never read for markup, and --help loads nothing."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gate_agent.app import doctor
from gate_agent.cli import console
from gate_agent.cli.main import ROOMS, app
from gate_agent.devices.registry import drivers
from gate_agent.errors import GateError
from gate_agent.toml_source import ConfigProblem, Problems

ROOT = Path(__file__).parents[3]
WIDTHS = (40, 80, 400)


def invoked(*arguments: str, columns: int = 80, code: int = 0) -> str:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": str(columns)})
    assert done.exit_code == code, done.output
    return done.output


# ---------------------------------------------------------------- tables

words = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(words, words, words), min_size=1, max_size=4), st.sampled_from(WIDTHS), st.booleans()
)
def test_u11_every_cell_of_a_table_is_whole_at_every_width(
    rows: list[tuple[str, str, str]], columns: int, headed: bool
) -> None:
    heads = ("[bold]name", "what :100: says", "do") if headed else ("", "", "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        output = _printed(heads, rows)
    for row in rows:
        for cell in row:
            assert cell in output


def _printed(heads: tuple[str, ...], rows: list[tuple[str, str, str]]) -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        console.print_table(heads, rows)
    return text.getvalue()


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("name", sorted(drivers()))
def test_u11_a_driver_s_example_can_be_pasted_from_any_terminal(name: str, columns: int) -> None:
    output = invoked("drivers", "show", name, columns=columns)
    example = output.split("In the station's configuration:\n\n")[1]
    lines = [line.split("= …")[0] + '= "…"' if "= …" in line else line for line in example.splitlines()]
    [table] = tomllib.loads("\n".join(lines))["devices"].values()
    assert table["driver"] == name
    for setting in drivers()[name].load().Config.model_fields.values():
        assert (setting.description or "") in output


@pytest.mark.parametrize("columns", WIDTHS)
def test_u11_the_doctor_s_advice_can_be_pasted_from_any_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, columns: int
) -> None:
    says = "/dev/serial/by-id/usb-ACME_[red]_Reader-if00:100: cannot be opened: permission denied"
    advice = "sudo usermod --append --groups dialout gate-agent, then `systemctl restart gate-agent@egate`"
    finding = doctor.Finding("mrz", "mrz-serial", False, says, advice, 0.25)
    monkeypatch.setattr(doctor, "findings", lambda _config: [finding])
    directory = f"trust.directory={tmp_path}"
    output = invoked(
        "doctor", "--config", str(ROOT / "config/egate.toml"), "--set", directory, columns=columns, code=1
    )
    assert says in output and advice in output and "fails" in output


@pytest.mark.parametrize("columns", WIDTHS)
def test_u11_a_problem_is_one_line_as_it_is_written(tmp_path: Path, columns: int) -> None:
    folder = tmp_path / "a folder with a long name [bold]in brackets[red] and :100: in it"
    folder.mkdir()
    file = folder / "station.toml"
    file.write_text("[station]\nkind = 3\n")
    output = invoked("check-config", str(file), columns=columns, code=1)
    assert any(line.startswith(f"{file}:2: station.kind: ") for line in output.splitlines())


def test_text_from_outside_cannot_command_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console.say("a\x1b]0;owned\x07b\x9b31m\u202e\udcff", style="red")
    console.print_table(("x", "y"), [("a\x1b[2J", "b\nc")])
    output = capsys.readouterr().out
    assert not {character for character in output if not character.isprintable()} - {"\n"}
    assert "\\x1b]0;owned" in output


def test_a_number_that_is_none_is_still_json(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_json({"a": [float("nan"), float("inf"), 1.5], "b": {"c": float("-inf")}})
    assert json.loads(capsys.readouterr().out) == {"a": [None, None, 1.5], "b": {"c": None}}


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (GateError("no [such] thing", field="a", advice="do :100:"), ["a: no [such] thing (do :100:)"]),
        (FileNotFoundError(2, "No such file", "x.toml"), ["x.toml: No such file"]),
        (Problems([ConfigProblem("a", 1, "x"), ConfigProblem("b", 2, "y")]), ["1: a: x", "2: b: y"]),
        (
            ExceptionGroup("g", [GateError("one"), ExceptionGroup("h", [GateError("two\nlines")])]),
            ["one", "two\\nlines"],
        ),
    ],
    ids=["typed", "file", "problems", "group"],
)
def test_each_error_is_a_line_on_stderr(
    capsys: pytest.CaptureFixture[str], error: Exception, lines: list[str]
) -> None:
    with pytest.raises(BaseException) as left:
        console.fail(error, 2)
    assert left.value.exit_code == 2  # pyright: ignore[reportAttributeAccessIssue]
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()) == ("", lines)


# ---------------------------------------------------------------- help, version, completion

HEAVY = ("rich", "pydantic", "numpy", "cv2", "cel", "pydicom", "onnxruntime", "fastapi", "structlog")


def _python(code: str, **environment: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin", **environment}
    )
    return done.stdout


def test_u12_help_loads_no_room_and_no_library_but_the_command_line() -> None:
    code = f"""
import sys
from gate_agent.cli.main import app
try:
    app(["--help"])
except SystemExit as left:
    assert left.code == 0
print([name for name in sys.modules if name.split(".")[0] in {HEAVY!r}])
print(sorted(name for name in sys.modules if name.startswith("gate_")))
"""
    heavy, own = _python(code).splitlines()[-2:]
    assert heavy == "[]"
    assert own == str(
        ["gate_agent", "gate_agent.cli", "gate_agent.cli.console", "gate_agent.cli.main", "gate_agent.errors"]
    )


def test_u12_rules_are_compiled_without_the_compiler_s_own_command_line() -> None:
    code = """
import sys
import gate_agent.policy
from gate_agent.policy import engine
print(bool(engine.compile("1 == 1")), "prompt_toolkit" in sys.modules, "typer" in sys.modules)
import cel as whole
print(whole.Context is engine.Context)
"""
    assert _python(code).split() == ["True", "False", "False", "True"]


@pytest.mark.parametrize("name", ROOMS)
def test_every_room_has_help_and_completion_is_in_one_place(name: str) -> None:
    output = invoked(name, "--help")
    assert ROOMS[name][1] in output
    assert "completion" not in output
    assert "--show-completion" in invoked("--help")
    assert "..." not in "".join(line for line in invoked("--help").splitlines() if name in line.split()[:1])


@pytest.mark.parametrize(
    ("typed", "offered"), [("gate-agent dri", "drivers"), ("gate-agent yard si", "size")]
)
def test_commands_are_completed(typed: str, offered: str) -> None:
    environment: dict[str, Any] = {"_GATE_AGENT_COMPLETE": "complete_bash", "COMP_WORDS": typed}
    environment["COMP_CWORD"] = str(len(typed.split()) - 1)
    code = "import sys; sys.argv = ['gate-agent']\nfrom gate_agent.cli.main import main\nmain()"
    assert _python(code, **environment).split() == [offered]


def test_the_version_is_the_package_s() -> None:
    assert invoked("--version").strip() == f"gate-agent {version('gate-agent')}"


@pytest.mark.parametrize("arguments", [["nothing"], ["check-config"], ["drivers", "show", "none"], ["run"]])
def test_a_command_that_is_used_wrongly_ends_with_2_and_no_traceback(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr and "Traceback" not in done.stderr and "│" not in done.stderr
