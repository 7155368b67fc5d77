"""A third kind of station, from a wheel of its own, beside an agent of which no line was edited.

The kiosk of ``docs/examples/kiosk`` is built and installed; its process is explored, its policy proved, and
it is run: the real program in its own process with broker and hub, its reader on a pseudo-terminal, its page
in Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KIOSK = ROOT / "docs/examples/kiosk"
UV = shutil.which("uv") or str(ROOT / ".tool/bin/uv")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder with the kiosk's wheel unpacked, found by this process and by those that it starts."""
    if not Path(UV).exists():
        pytest.skip("no uv to build a wheel with: `make setup` brings it")
    source = shutil.copytree(KIOSK, tmp_path_factory.mktemp("kiosk") / "kiosk")
    site = tmp_path_factory.mktemp("site")
    command = [
        UV,
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--python",
        sys.executable,
        "--target",
        str(site),
        str(source),
    ]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode and "hatchling" in built.stderr:
        pytest.skip(f"the build tool cannot be had: {built.stderr.strip().splitlines()[-1]}")
    assert built.returncode == 0, built.stderr
    before = os.environ.get("PYTHONPATH", "")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(site), before))))
        yield site


def _agent(*words: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("gate-agent")
    return subprocess.run([program, *words], capture_output=True, text=True, check=False)


def test_its_process_is_safe_in_every_reachable_world(installed: Path) -> None:
    from gate_kiosk.model import Model, broken_rule  # pyright: ignore[reportMissingImports]

    from gate_simulators.proof.exploration import explore

    found = explore(Model(), broken_rule)
    assert found.broken is None, found.report()
    assert {phase.value for phase in found.phases} == {
        "idle",
        "deciding",
        "cleared",
        "referred",
        "out_of_service",
    }


def test_every_program_knows_it(installed: Path) -> None:
    listed = _agent("stations").stdout
    assert all(kind in listed for kind in ("egate", "nii", "kiosk"))
    assert "stateDiagram" in _agent("process", "kiosk").stdout
    proved = _agent("policy", "check", str(KIOSK / "kiosk.policy.toml"), "--station", "kiosk")
    assert proved.returncode == 0, proved.stderr
    wrong = _agent("policy", "check", str(ROOT / "config/policies/egate.toml"), "--station", "kiosk")
    assert wrong.returncode == 1


def test_its_words_are_whole(installed: Path) -> None:
    from gate_agent.app.console_page import console_words
    from gate_agent.station.kind import KINDS

    assert {"en", "de"} <= set(console_words(KINDS.load("kiosk")))


@pytest.fixture(scope="module")
def kiosk(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from gate_kiosk.simulated import KioskEnvironment  # pyright: ignore[reportMissingImports]

    folder = shutil.copytree(KIOSK, tmp_path_factory.mktemp("run") / "kiosk")
    config, state = folder / "kiosk.toml", folder / "state"
    with KioskEnvironment(config, state, private_ports=True) as environment:
        yield environment


def test_it_clears_refers_and_tells_the_hub(kiosk: Any) -> None:
    from gate_kiosk.simulated import document  # pyright: ignore[reportMissingImports]

    for scenario, phase, verdict in (("genuine", "cleared", "admit"), ("expired", "referred", "refer")):
        kiosk.wait_for_phase("idle")
        kiosk.site.reader.present(document(scenario))
        shown = kiosk.wait_for_phase(phase)
        assert shown["transaction"]["verdict"] == verdict
        kiosk.site.reader.remove()
    kiosk.wait_for_phase("idle")


def test_an_officer_closes_and_opens_it_on_its_page(kiosk: Any) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    kiosk.wait_for_phase("idle")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--headless", "--no-sandbox"])
        page = browser.new_page()
        page.goto(kiosk.console_url)
        sync_api.expect(page.locator("body")).to_contain_text("Please place your passport on the reader.")
        for key, phase in (("o", "out_of_service"), ("i", "idle")):
            page.keyboard.press(f"Alt+{key}")
            if page.locator("#sign-in-dialog").is_visible():  # any order asks who is there first
                page.locator("#officer").fill("B1234")
                page.locator("#token").fill(kiosk.console_token)
                page.keyboard.press("Enter")
            page.locator("#reason").fill("kiosk is cleaned")
            page.keyboard.press("Enter")
            kiosk.wait_for_phase(phase)
        browser.close()
