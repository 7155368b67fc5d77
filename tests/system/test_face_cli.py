"""`gate-agent face` as an operator runs it: verdicts, advice, a report that needs nothing from outside."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from gate_agent.biometrics.face.cards import default_models
from gate_agent.cli.face import app
from gate_agent.errors import GateError
from gate_models.build import build
from gate_simulators.egate.photographs import fetch, photographs

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def pictures() -> Path:
    try:
        build(default_models())
        return fetch()
    except GateError as error:
        pytest.skip(f"no models or photographs: {error}")


@pytest.fixture(scope="module")
def data_set(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people, six pictures each, and one picture of nobody."""
    folder = tmp_path_factory.mktemp("people")
    for name, own in photographs().items():
        for number in range(6):
            pixels = own[0 if number < 3 else -1]
            scale = (480 + 10 * number) / pixels.shape[0]
            small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            cv2.imwrite(str(folder / f"{name}_{number:02}.jpg"), small[..., ::-1])
    cv2.imwrite(str(folder / "president_a_99.jpg"), np.full((120, 120, 3), 90, np.uint8))
    return folder


def test_the_same_person_is_a_match(pictures: Path) -> None:
    run = RUNNER.invoke(app, ["verify", str(pictures / "obama.jpg"), str(pictures / "obama2.jpg"), "--json"])
    assert run.exit_code == 0, run.output
    answer = json.loads(run.stdout)
    assert answer["matched"] is True
    assert answer["operating_point"] == "fmr-1e-3"
    assert answer["distance"] < answer["threshold"]


def test_somebody_else_is_not(pictures: Path) -> None:
    run = RUNNER.invoke(app, ["verify", str(pictures / "obama.jpg"), str(pictures / "biden.jpg")])
    assert run.exit_code == 3
    assert run.stdout.startswith("no match: distance")


def test_what_is_no_picture_is_named(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8 nothing")
    run = RUNNER.invoke(app, ["verify", str(tmp_path / "a.jpg"), str(pictures / "biden.jpg")])
    assert run.exit_code == 1
    assert "a.jpg" in run.stderr
    assert "Traceback" not in run.output


def test_quality_comes_as_numbers_and_as_advice(pictures: Path) -> None:
    run = RUNNER.invoke(app, ["quality", str(pictures / "obama.jpg"), "--json"])
    assert run.exit_code == 0, run.output
    answer = json.loads(run.stdout)
    assert answer["advice"] == []
    assert answer["inter_eye_distance_px"] == pytest.approx(106, abs=3)
    shown = RUNNER.invoke(app, ["quality", "--portrait", str(pictures / "obama.jpg")])
    assert "inter_eye_distance_px" in shown.stdout


class Page(HTMLParser):
    """Collects what a page would load, and whether its elements are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.open: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "data")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def evaluate(data_set: Path, out: Path, *options: str) -> tuple[dict[str, Any], str]:
    command = ["evaluate", "--images", str(data_set), "--out", str(out), "--quiet"]
    run = RUNNER.invoke(app, [*command, "--operating-point", "fmr-1e-2", *options])
    assert run.exit_code == 0, run.output
    assert not (out / "templates.partial.npz").exists()
    return json.loads((out / "report.json").read_text()), (out / "report.html").read_text()


def test_all_against_all_makes_a_report(data_set: Path, tmp_path: Path) -> None:
    groups = tmp_path / "groups.csv"
    groups.write_text("person,house\npresident_a,white\npresident_b,white\nastronaut,none\n")
    report, html = evaluate(data_set, tmp_path / "out", "--all", "--by", str(groups))
    assert report["standard"] == "ISO/IEC 19795-1"
    assert (report["pictures"], report["people"], report["no_face"]) == (19, 3, 1)
    assert report["failure_to_acquire"] == pytest.approx(1 / 19 + float(str(report["unclear"])) / 19)
    assert [g["group"] for g in report["groups"]] == ["none", "white"]
    page = Page()
    page.feed(html)
    assert (page.open, page.loads) == ([], [])
    assert page.tags.count("svg") == 2
    assert "<script" not in html


def test_named_pairs_are_a_protocol_of_their_own(data_set: Path, tmp_path: Path) -> None:
    lines = [
        "president_a\t0\t1",
        "president_b\t0\t1",
        "president_a\t0\tpresident_b\t0",
        "astronaut\t2\tpresident_b\t2",
    ]
    (tmp_path / "pairs.txt").write_text("\n".join(["4", *lines]))
    report, _ = evaluate(data_set, tmp_path / "out", "--pairs", str(tmp_path / "pairs.txt"))
    assert (report["protocol"], report["genuine"], report["impostor"]) == ("named pairs", 2, 2)


def test_either_all_or_pairs(data_set: Path, tmp_path: Path) -> None:
    run = RUNNER.invoke(app, ["evaluate", "--images", str(data_set), "--out", str(tmp_path)])
    assert run.exit_code == 2


def test_an_interrupted_run_resumes(data_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gate_agent.biometrics.lab.enrol as enrol_module
    from gate_agent.biometrics.face.chain import FaceChain, FaceSettings
    from gate_agent.biometrics.lab.dataset import list_samples
    from gate_agent.biometrics.lab.enrol import enrol

    monkeypatch.setattr(enrol_module, "_SAVED_EVERY", 4)
    chain = FaceChain.load(FaceSettings(operating_point="", augmentation="single", smallest_face_share=0.15))
    samples, keep = list_samples(data_set), tmp_path / "keep.npz"

    def interrupt(what: str, part: float) -> None:
        if part > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enrol(chain, samples, interrupt, keep=keep)
    resumed: list[float] = []
    again = enrol(chain, samples, lambda what, part: resumed.append(part), keep=keep)
    assert resumed[0] == pytest.approx(9 / len(samples))
    whole = enrol(chain, samples, lambda what, part: None)
    assert np.array_equal(again.vectors, whole.vectors, equal_nan=True)
    keep.write_bytes(b"damaged")
    assert np.array_equal(
        enrol(chain, samples, lambda what, part: None, keep=keep).agreement, whole.agreement
    )
