"""Reading a configuration, or asking for help, must not cost the second that OpenCV and onnxruntime take."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from gate_agent.biometrics.face.settings import FaceSettings


@pytest.mark.parametrize("module", ["gate_agent.biometrics.face.settings", "gate_agent.cli.face"])
def test_settings_and_commands_load_no_network(module: str) -> None:
    code = f"import sys, {module}; print([m for m in ('cv2', 'onnxruntime', 'onnx') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("wrong", [{"threads": 0}, {"smallest_face_share": 2}, {"detectr": "x"}])
def test_what_a_station_cannot_mean_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FaceSettings.model_validate(wrong)
