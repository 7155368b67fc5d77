"""``gate-agent yard``: codes and sizes at the command line, and that one view alone confirms nothing."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from gate_agent.cli.vehicle import app
from gate_simulators.vehicle.container_side import Layout, Side, render

CODE = "CSQU3054383"


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, done.output


def test_codes_are_checked_and_check_digits_computed() -> None:
    code, output = run("code", "CSQU 305438 3", "csqu305438", "CSQU3054384")
    assert code == 1
    assert output.count("CSQU 305438 3: freight container") == 2
    assert "the check digit is 3, not 4" in output
    code, output = run("code", "MSKU6011672", "--json")
    assert (code, json.loads(output)[0]["owner"]) == (0, "Maersk")
    code, output = run("code", CODE, "nonsense")
    assert code == 2
    assert "characters" in output


def test_size_codes_are_told() -> None:
    assert run("size", "22G1") == (
        0,
        "22G1: 20 ft, general purpose, without ventilation; 6058 x 2438 x 2591 mm\n",
    )
    assert json.loads(run("size", "45R1", "--json")[1])["height_mm"] == 2895
    code, output = run("size", "Q2G1")
    assert (code, "size and type[0]" in output) == (1, True)


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("sides")
    layouts: tuple[Layout, ...] = ("horizontal", "vertical")
    paths = [folder / f"{layout}.png" for layout in layouts]
    for seed, (layout, path) in enumerate(zip(layouts, paths, strict=True)):
        picture = render(Side(CODE, layout=layout, wear=0.0, letter_height=32, seed=seed))
        cv2.imwrite(str(path), picture[:, :, ::-1])
    return paths


def test_pictures_of_one_named_view_do_not_confirm_each_other(sides: list[Path]) -> None:
    code, output = run("read", *(f"left={path}" for path in sides), "--json")
    found = json.loads(output)
    assert (code, found["support"], found["code"]) == (1, "single", CODE)
    assert found["check"]["reasons"] == ["CONTAINER_CODE_UNCONFIRMED"]
    assert [each["view"] for each in found["pictures"]] == ["left", "left"]


def test_two_views_or_the_manifest_confirm(sides: list[Path]) -> None:
    code, output = run("read", f"left={sides[0]}", f"rear={sides[1]}")
    assert code == 0
    assert "CSQU 305438 3: views" in output
    code, output = run("read", sides[0], "--declared", CODE, "--json")
    assert (code, json.loads(output)["support"]) == (0, "declared")


def test_what_cannot_be_looked_at_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    for words in (
        ["read", tmp_path / "text.png"],
        ["read", tmp_path / "absent.png"],
        ["read", "x", "--declared", "?"],
    ):
        code, output = run(*words)
        assert code == 2
        assert output.strip()
