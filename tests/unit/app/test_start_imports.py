"""What a station's agent does not load: libraries of other kinds of station, and command lines."""

from __future__ import annotations

import subprocess
import sys

import pytest

COMMAND_LINES = ("prompt_toolkit", "cel.cli")


@pytest.mark.parametrize(
    ("conductor", "others"),
    [
        ("gate_agent.egate.conduct", ("pydicom", "pynetdicom", "PIL", "gate_agent.scans.image")),
        ("gate_agent.nii.conduct", ("gate_agent.biometrics.face.chain", "gate_agent.emrtd.reading")),
    ],
)
def test_an_agent_loads_what_its_kind_needs(conductor: str, others: tuple[str, ...]) -> None:
    unwanted = (*COMMAND_LINES, *others)
    loaded = f"[name for name in {unwanted!r} if name in sys.modules]"
    code = f"import sys, gate_agent.app.agent, {conductor}; print({loaded})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_command_line_that_was_left_out_can_still_be_had() -> None:
    code = "import gate_agent.policy, cel.cli; assert cel.cli.__file__; assert cel.evaluate('1 + 1') == 2"
    subprocess.run([sys.executable, "-c", code], check=True)
