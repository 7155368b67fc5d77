"""``gate-sim chip``: the list, and a chip laid on a listening reader until a signal takes it away."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gate_simulators.cli.chip import app
from gate_simulators.issuer.catalogue import SPECIMENS

SERVE = [sys.executable, "-c", "from gate_simulators.cli.chip import app; app()", "serve"]


def invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, list(arguments))
    return result.exit_code, result.output


def test_profiles_lists_every_specimen_with_its_verdict() -> None:
    code, output = invoke("profiles")
    assert code == 0
    assert f"{len(SPECIMENS)} specimens" in output
    assert "pace-ca" in output
    code, refused = invoke("profiles", "--verdict", "refuse")
    assert code == 0
    assert "clone-ca" in refused
    assert "pace-only" not in refused


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--profile", "nonsense"), "nonsense"),
        (("--vpcd", "nowhere"), "HOST:PORT"),
        (("--bit-rate", "9600"), "106000"),
        (("--directory", "/nonexistent"), "not a directory"),
    ],
)
def test_serve_says_what_is_wrong(arguments: tuple[str, ...], what: str, tmp_path: Path) -> None:
    code, output = invoke("serve", "--state", str(tmp_path), *arguments)
    assert code != 0
    assert what in output


def test_a_served_chip_answers_a_listening_reader(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20.0)
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        command = [
            *SERVE,
            "--vpcd",
            address,
            "--profile",
            "bac",
            "--state",
            str(tmp_path),
            "--bit-rate",
            "848000",
        ]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                card, _ = listener.accept()
                with card:
                    card.settimeout(10.0)
                    select = bytes.fromhex("00A4040C07A0000002471001")
                    card.sendall(len(select).to_bytes(2, "big") + select)
                    assert card.recv(4) == bytes.fromhex("00029000")
            finally:
                process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=10)
        assert process.returncode == 0
    assert "P<UTOERIKSSON" in said
    assert (tmp_path / "mrz.txt").read_text().count("\n") == 2
    assert list((tmp_path / "trust").glob("CSCA-*.der"))
