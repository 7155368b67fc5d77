"""Coverage is summed by room as the house has rooms, and a room under the goal needs its reason."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "coverage_by_room.py"


def summary(lines: int, of: int, branches: int = 0, of_branches: int = 0) -> dict[str, dict[str, int]]:
    names = ("covered_lines", "num_statements", "covered_branches", "num_branches")
    return {"summary": dict(zip(names, (lines, of, branches, of_branches), strict=True))}


@pytest.mark.parametrize(("covered", "status"), [(95, 0), (50, 1)])
def test_a_room_under_the_goal_that_nobody_explains_is_an_error(
    tmp_path: Path, covered: int, status: int
) -> None:
    files = {
        "gate_agent/somewhere/a.py": summary(covered, 100),
        "gate_agent/somewhere/deep/b.py": summary(0, 0),
        "drivers/gate_drivers/gates/c.py": summary(9, 9, 1, 1),
        "gate_agent/errors.py": summary(10, 10),
    }
    report = tmp_path / "coverage.json"
    report.write_text(json.dumps({"files": files}))
    done = subprocess.run([sys.executable, SCRIPT, report], capture_output=True, text=True, check=False)
    assert done.returncode == status
    names = [line.split(" %  ")[1] for line in done.stdout.splitlines()]
    assert {name.split()[0] for name in names} == {
        "gate_agent",
        "gate_agent/somewhere",
        "gate_drivers/gates",
    }
