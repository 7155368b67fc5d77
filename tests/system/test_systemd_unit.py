"""The unit is valid, hardened to an exposure of 1.5 or better, and says what the agent relies on."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"
UNIT = UNITS / "gate-agent@.service"


def run(*command: str, needs: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(needs) is None:
        pytest.skip(f"{needs} is not installed")
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def settings() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if re.match(r"[A-Z][A-Za-z]+=", line):
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    return found


def test_exposure_is_at_most_1_5() -> None:
    done = run(
        "systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", str(UNIT),
        needs="systemd-analyze",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-500:] + done.stderr


def test_systemd_finds_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    """Verified as installed, but for the program's path, which does not exist on a build machine."""
    installed = tmp_path / UNIT.name
    true = shutil.which("true") or "/bin/true"
    installed.write_text(UNIT.read_text().replace("/opt/gate-agent/bin/gate-agent", true))
    done = run(
        "systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(installed),
        needs="systemd-analyze",
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "gate-agent" in line]
    assert (done.returncode, ours) == (0, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Type", "notify"),
        ("Restart", "always"),
        ("LimitCORE", "0"),
        ("StateDirectoryMode", "0700"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("MemoryDenyWriteExecute", "yes"),
    ],
)
def test_what_the_agents_promises_rest_on(name: str, value: str) -> None:
    assert settings()[name] == [value]


def test_a_stop_leaves_time_to_close_the_doors_and_the_watchdog_bites_sooner() -> None:
    found = settings()
    assert int(found["TimeoutStopSec"][0]) >= 30
    assert 2 <= int(found["WatchdogSec"][0]) <= 30


def test_the_user_of_the_unit_is_made_by_sysusers(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/group").write_text("dialout:x:20:\nvideo:x:44:\n")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    done = run(
        "systemd-sysusers", f"--root={root}", str((UNITS / "gate-agent.sysusers").absolute()),
        needs="systemd-sysusers",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [user] = [
        line for line in (root / "etc/passwd").read_text().splitlines() if line.startswith("gate-agent:")
    ]
    assert user.endswith("/nologin")
    groups = (root / "etc/group").read_text()
    assert all(f"{name}:" in groups for name in settings()["SupplementaryGroups"][0].split())
    assert groups.count(":gate-agent") == 2


def test_tmpfiles_accepts_its_lines_and_keeps_secrets_to_root(tmp_path: Path) -> None:
    rules = (UNITS / "gate-agent.tmpfiles").read_text()
    root = tmp_path / "root"
    root.mkdir()
    # Owners need a user database of the target machine; here only the paths and modes are made.
    (tmp_path / "rules.conf").write_text(re.sub(r"(d \S+ \d+) \S+ \S+ -", r"\1 - - -", rules))
    done = run(
        "systemd-tmpfiles",
        "--create",
        f"--root={root}",
        str(tmp_path / "rules.conf"),
        needs="systemd-tmpfiles",
    )
    assert done.returncode == 0, done.stderr
    assert (root / "etc/gate-agent/credentials").stat().st_mode & 0o777 == 0o700
    assert "d /etc/gate-agent/credentials 0700 root root" in rules
