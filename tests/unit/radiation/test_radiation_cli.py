"""``gate-agent radiation``: what an officer or an engineer asks of a document."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from gate_agent.cli.radiation import app
from gate_agent.radiation.alarm import judge
from gate_agent.radiation.n42 import read, write
from gate_agent.radiation.n42_model import Instrument
from gate_agent.radiation.profile import Background, OccupancyProfile
from gate_agent.radiation.record import document_of
from gate_agent.radiation.settings import RadiationSettings

RUN = CliRunner()


def written(path: Path, counts: float) -> Path:
    profile = OccupancyProfile(
        gamma=np.full((40, 4), counts),
        neutron=np.zeros((8, 4)),
        gamma_alarms=np.zeros(40, np.bool_),
        neutron_alarms=np.zeros(8, np.bool_),
        background=Background((400.0,) * 4, (0.6,) * 4, 1.0),
        speed_km_h=8.0,
    )
    document = document_of(
        profile,
        judge(profile, RadiationSettings()),
        Instrument("TSA", "VM-250", "Portal Monitor"),
        started=datetime(2026, 3, 1, tzinfo=UTC),
        item="CSQU3054383",
    )
    path.write_bytes(write(document))
    return path


def test_judge_says_why_and_exits_accordingly(tmp_path: Path) -> None:
    calm = RUN.invoke(app, ["judge", str(written(tmp_path / "calm.n42", 70.0))])
    assert (calm.exit_code, calm.output.split()[0]) == (0, "passed")
    hot = RUN.invoke(app, ["judge", str(written(tmp_path / "hot.n42", 100.0)), "--json"])
    assert hot.exit_code == 1
    assert "RPM_GAMMA_ALARM" in json.loads(hot.output)["reasons"]


def test_show_tells_item_alarms_and_repairs(tmp_path: Path) -> None:
    path = written(tmp_path / "hot.n42", 100.0)
    path.write_bytes(path.read_bytes()[:-30])
    shown = RUN.invoke(app, ["show", str(path)])
    assert shown.exit_code == 0
    assert "CSQU3054383" in shown.output
    assert "alarm" in shown.output
    assert "repaired" in shown.output


def test_convert_writes_the_edition_of_2011(tmp_path: Path) -> None:
    path = written(tmp_path / "one.n42", 70.0)
    assert RUN.invoke(app, ["convert", str(path), str(tmp_path / "two.n42")]).exit_code == 0
    one, two = (read((tmp_path / name).read_bytes()) for name in ("one.n42", "two.n42"))
    assert one.item == two.item
    assert len(one.measurements) == len(two.measurements)


def test_what_is_no_document_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "no.n42").write_text("<html/>")
    for command in ("show", "judge"):
        result = RUN.invoke(app, [command, str(tmp_path / "no.n42")])
        assert result.exit_code == 2
    assert RUN.invoke(app, ["show", str(tmp_path / "absent.n42")]).exit_code == 2
