"""``gate-agent scan``: lint, triage, comparison with a manifest, and render from the command line."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.uid import generate_uid
from typer.testing import CliRunner

from gate_agent.cli.scan import app
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


def picture(path: Path, how: int = cv2.IMREAD_COLOR) -> NDArray[np.integer | np.floating]:
    """What the file shows to a program that knows nothing of scans."""
    read = cv2.imread(str(path), how)
    assert read is not None, f"{path} is no picture"
    return read


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
    assert picture(shown).shape[2] == 3


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


# ---------------------------------------------------------------- manifests

CODE = "CSQU3054383"


def manifest(path: Path, *containers: str, **fields: object) -> Path:
    """All containers declared alike."""
    consignment: dict[str, object] = {"fullness": "full", "lot": "LOT-9", **fields}
    path.write_text(
        json.dumps(
            {
                "format": "gate-agent-manifest/1",
                "id": "MAN-7",
                "issued_at": datetime.now(UTC).isoformat(),
                "consignments": [{"container": each, **consignment} for each in containers],
            }
        )
    )
    return path


def test_triage_with_a_manifest_tells_what_agrees_and_exits_1_when_something_does_not(
    files: dict[str, Path], tmp_path: Path
) -> None:
    both = ("triage", "--pair", files["low"], files["high"], "--curves", files["wedge"], "--container", CODE)
    truth = manifest(tmp_path / "m.json", CODE, goods=[{"hs": "1701"}, {"hs": "4818"}])
    code, output = run(*both, "--manifest", truth, "--json")
    checks = {each["check"]: each for each in json.loads(output)["checks"]}
    assert code == 0
    assert checks["declared_empty"]["outcome"] == "passed"
    assert checks["manifest_found"]["versions"] == {"manifest": "MAN-7"}
    assert checks["mass_agreement"]["reasons"] == ["MASS_NOT_DECLARED"]
    lie = manifest(tmp_path / "m.json", CODE, fullness="empty", tare_mass_kg=3900, vehicle_mass_kg=14000)
    code, output = run(*both, "--manifest", lie, "--weight-kg", 17900)
    assert code == 1
    assert "DECLARED_EMPTY_LOADED" in output
    assert "The picture shows more mass than the scale." in " ".join(output.split())


def test_the_container_is_taken_from_the_file_name_and_sisters_from_the_files(
    files: dict[str, Path], tmp_path: Path
) -> None:
    codes = (CODE, "MSKU6011672", "TGHU7663321")
    names = [tmp_path / f"lane1_{code}_front.jpg" for code in codes]
    for name in names:
        shutil.copy(files["jpeg"], name)
    declared = manifest(tmp_path / "m.json", *codes[:2])
    code, output = run("triage", *names, "--manifest", declared, "--json")
    found = [json.loads(line)["checks"] for line in output.splitlines() if line.startswith("{")]
    lots = [each for checks in found for each in checks if each["check"] == "lot_anomaly"]
    assert code == 1
    assert [each["measured"] for each in lots] == [{"sisters": 1, "distance": 0.0}] * 2
    assert [each["reasons"] for each in found[2]] == [["MANIFEST_MISSING"]]


def test_one_container_code_is_not_given_to_several_scans(files: dict[str, Path]) -> None:
    assert run("triage", files["jpeg"], files["jpeg"], "--container", CODE)[0] == 2
    assert run("triage", files["jpeg"], files["jpeg"], "--weight-kg", 20000)[0] == 2


def test_a_bad_manifest_is_told_before_anything_is_looked_at(files: dict[str, Path], tmp_path: Path) -> None:
    bad = manifest(tmp_path / "m.json", "CSQU3054384", fullness="half")
    code, output = run("triage", files["jpeg"], "--manifest", bad)
    assert code == 1
    assert "check digit" in output
    assert "fill" not in output


def test_manifest_check_names_every_field(tmp_path: Path) -> None:
    good, bad = (
        manifest(tmp_path / "good.json", CODE),
        manifest(tmp_path / "bad.json", CODE, lot="?", goods=3),
    )
    assert run("manifest", "check", good) == (0, f"{good}: in order, 1 container\n")
    code, output = run("manifest", "check", good, bad)
    assert code == 1
    assert "consignments.0.goods: " in output
    assert "consignments.0.lot: " in output
    code, output = run("manifest", "check", bad, "--json")
    assert [each["field"] for each in json.loads(output)[str(bad)]] == [
        "consignments.0.goods",
        "consignments.0.lot",
    ]
    code, output = run("manifest", "schema")
    assert (code, json.loads(output)["title"]) == (0, "ManifestFile")


def test_lot_ranks_scans_by_how_little_they_resemble_the_others(
    files: dict[str, Path], tmp_path: Path
) -> None:
    turned = tmp_path / "turned.png"
    cv2.imwrite(str(turned), picture(files["jpeg"], cv2.IMREAD_GRAYSCALE)[:, ::-1])
    other = simulate(random_scene(Fill.FULL, 5, kind="40GP"), SETUPS["mv-6-9"], 5).image
    strange = tmp_path / "strange.png"
    cv2.imwrite(str(strange), display_picture(other, 1, jpeg=False))
    code, output = run("lot", files["jpeg"], turned, strange, "--json")
    found = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    assert code == 0
    assert found[0]["file"] == str(strange)
    assert found[0]["distance"] > 3 * found[0]["sisters_distance"]
    assert run("lot", files["jpeg"])[1].count("not comparable") == 1


def test_render_gives_grey_or_pseudo_colour(files: dict[str, Path], tmp_path: Path) -> None:
    plain, colour = tmp_path / "plain.png", tmp_path / "colour.png"
    assert run("render", files["high"], "--plain", "--out", plain)[0] == 0
    assert run("render", files["low"], files["high"], "--out", colour)[0] == 0
    assert picture(plain, cv2.IMREAD_UNCHANGED).ndim == 2
    shown = picture(colour).astype(int)
    assert np.abs(shown[:, :, 0] - shown[:, :, 2]).max() > 60
