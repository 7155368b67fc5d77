"""``gate-agent scan``: lint, triage and render from the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydicom.uid import generate_uid
from typer.testing import CliRunner

from gate_agent.scans.cli import app
from gate_agent.scans.dicos_header import Equipment, Scan
from gate_agent.scans.dicos_image import write_scan
from gate_agent.scans.dicos_lint import lint
from gate_agent.scans.dicos_tdr import read_tdr
from gate_simulators.scanner.beam import SETUPS
from gate_simulators.scanner.goods import Thing
from gate_simulators.scanner.loading import Fill
from gate_simulators.scanner.scan import simulate
from gate_simulators.scanner.scenario import display_picture, random_scene
from gate_simulators.scanner.wedge import step_wedge

AT = datetime(2026, 1, 2, tzinfo=UTC)
RUNNER = CliRunner()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One simulated truck with a false roof: as two DICOS files, as a JPEG, and its scanner's step wedge."""
    folder = tmp_path_factory.mktemp("scan")
    goods = [Thing("cellulose", 1000, 6000, 2200, 2371, 900), Thing("sugar", 2000, 9000, 0, 900, 1500)]
    made = random_scene(Fill.PARTIAL, 77, kind="40GP", goods=goods)
    image = simulate(made, SETUPS["mv-6-9"], 77).image
    equipment = Equipment("Maker", "Model", "1", "LANE1", AT)
    scan = Scan(made.container, generate_uid(), "1")
    low, high = write_scan(image, folder, scan=scan, equipment=equipment, at=AT)
    jpeg, wedge = folder / "screen.jpg", folder / "wedge.json"
    cv2.imwrite(str(jpeg), display_picture(image, 1, jpeg=False))
    wedge.write_text(json.dumps(step_wedge(SETUPS["mv-6-9"]).to_json()))
    return {"low": low, "high": high, "jpeg": jpeg, "wedge": wedge}


def run(*words: object) -> tuple[int, str]:
    done = RUNNER.invoke(app, [str(word) for word in words])
    return done.exit_code, done.output


def test_lint_says_in_order_or_what_is_wrong(files: dict[str, Path], tmp_path: Path) -> None:
    assert run("lint", files["low"]) == (0, f"{files['low']}: in order\n")
    bad = tmp_path / "bad.dcs"
    bad.write_bytes(b"nothing of the kind")
    code, output = run("lint", bad, "--json")
    assert code == 1
    assert json.loads(output)[str(bad)][0]["severity"] == "error"


def test_triage_of_both_energies_writes_picture_and_conforming_report(
    files: dict[str, Path], tmp_path: Path
) -> None:
    both = ("--pair", files["low"], files["high"], "--curves", files["wedge"])
    code, output = run("triage", *both, "--json", "--render", tmp_path / "png", "--tdr", tmp_path / "tdr")
    assert code == 0
    found = json.loads(output)
    assert found["fill"]["class"] == "partial"
    assert "SCAN_CONSTRUCTION" in found["reasons"]
    assert found["materials"]["curves"] == "wedge"
    assert found["materials"]["mass_kg"] > 1000
    (report,) = (tmp_path / "tdr").iterdir()
    assert lint(report) == []
    assert read_tdr(report).objects[0].description == "construction: roof"
    (shown,) = (tmp_path / "png").iterdir()
    assert cv2.imread(str(shown)).shape[2] == 3


def test_triage_of_a_jpeg_is_told_in_words(files: dict[str, Path]) -> None:
    code, output = run("triage", files["jpeg"])
    assert code == 0
    assert "SCAN_CALIBRATION_UNKNOWN" in output
    assert "mass" not in output.split("SCAN_")[0]


def test_one_bad_file_does_not_keep_the_others_from_being_looked_at(
    files: dict[str, Path], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n")
    code, output = run("triage", bad, files["jpeg"], "--json")
    assert code == 1
    assert any(line.startswith("{") for line in output.splitlines())


def test_render_gives_grey_or_pseudo_colour(files: dict[str, Path], tmp_path: Path) -> None:
    plain, colour = tmp_path / "plain.png", tmp_path / "colour.png"
    assert run("render", files["high"], "--plain", "--out", plain)[0] == 0
    assert run("render", files["low"], files["high"], "--out", colour)[0] == 0
    assert cv2.imread(str(plain), cv2.IMREAD_UNCHANGED).ndim == 2
    shown = cv2.imread(str(colour)).astype(int)
    assert np.abs(shown[:, :, 0] - shown[:, :, 2]).max() > 60
