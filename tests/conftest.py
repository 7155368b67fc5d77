"""What all tests share: how hypothesis searches, and one whole station for the tests of the system.

The station is real in everything but its hardware: the agent is the program itself in its own process,
with broker, hub and simulated devices around it. It is set up once; ``station`` hands it over at rest, and
takes it back only if its doors were never open together.
"""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:  # a unit test alone should not have to load the simulators
    from gate_simulators.egate.environment import EgateEnvironment
    from gate_simulators.egate.officers import Officer

# A busy machine makes single examples slow; that is no property of what is tested.
settings.register_profile("gate", deadline=None)
settings.load_profile("gate")

# A shell that runs something in the background has it ignore Ctrl-C, and so would every program started here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]
SLOW = (
    # Whole networks, again and again: what they give has to be the same to the bit.
    *(
        "unit/biometrics/test_face_parity",
        "unit/biometrics/test_face_parity_hundred",
        "unit/models/test_models_build",
    ),
    *("unit/models/test_models_cli", "unit/models/test_models_quantise", "unit/biometrics/test_face_foreign"),
    *(
        "unit/biometrics/test_face_watch",
        "unit/biometrics/test_face_liveness",
        "unit/biometrics/test_face_chain",
    ),
    *(
        "unit/biometrics/test_face_track",
        "unit/vehicle/test_container_recogniser",
        "unit/scans/test_scan_threats",
    ),
    # Many simulated scans and scenes.
    *("unit/scans/test_scan_triage", "unit/scans/test_scan_fuzz_cases", "unit/scans/test_scan_cli"),
    *("unit/simulators/test_nii_consignments", "unit/simulators/test_scene"),
    # Every specimen of a chip; any sequence, any value.
    *("unit/simulators/test_chip_sim_specimens", "unit/simulators/test_yard_controller"),
    *("unit/simulators/test_lane_controller", "unit/app/test_config_station", "unit/emrtd/test_emrtd_proofs"),
)
"""Modules of five seconds of processor time or more: two thirds of all that the tests in `unit/` take."""
CONFIG = ROOT / "config/egate.toml"
PACE = 3.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, so that ``-m "not slow"`` leaves it out."""
    slow = {ROOT / f"tests/{name}.py" for name in SLOW}
    for item in items:
        if item.path in slow:
            item.add_marker(pytest.mark.slow)


def environment_in(state: Path, **more: object) -> EgateEnvironment:
    """An environment with its own ports, and its own copy of the policy, so that a test may replace it."""
    from gate_simulators.egate.environment import EgateEnvironment
    from gate_simulators.egate.station import HEADLESS

    rules = state / "policy"
    shutil.copytree(CONFIG.parent / "policies", rules, dirs_exist_ok=True)
    own = {
        **HEADLESS.settings,
        "egate.timing.document_presented_s": 5.0,
        "egate.timing.entry_closing_s": 4.0,
        "hub.historical_after_s": 2.0,
        "policy.file": str(rules / "egate.toml"),
        "policy.public_key": str(CONFIG.parent / "keys/sample.pub.pem"),
        **more,
    }
    return EgateEnvironment(CONFIG, state, pace=PACE, seed=7, private_ports=True, settings=own)


@pytest.fixture
def environment(tmp_path: Path) -> EgateEnvironment:
    """An environment that nobody shares, not yet set up: ``with environment: ...``."""
    return environment_in(tmp_path / "station")


@pytest.fixture(scope="module")
def shared_station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EgateEnvironment]:
    """The one station of a module; gone before others ask whether anything was left behind."""
    with environment_in(tmp_path_factory.mktemp("station")) as running:
        yield running


@pytest.fixture
def station(shared_station: EgateEnvironment) -> Iterator[EgateEnvironment]:
    """The shared station: idle, healthy, empty, and nobody on duty."""
    bring_to_rest(shared_station)
    yield shared_station
    assert not shared_station.site.plant.ever_both_open, "both doors were open together"


@pytest.fixture
def officer(station: EgateEnvironment) -> Iterator[Officer]:
    """An officer on duty at the shared station."""
    from gate_simulators.egate.officers import Officer

    on_duty = Officer(station, reaction_s=0.3)
    on_duty.start()
    yield on_duty
    on_duty.stop()


def bring_to_rest(environment: EgateEnvironment) -> None:
    """Mend, clear and restart what a test before may have left behind."""
    environment.site.clear_faults()
    environment.site.scanner.remove()
    environment.site.slot.remove()
    plant = environment.site.plant
    with plant.lock:
        plant.persons.clear()
        plant.object_inside = plant.emergency = False
    if not environment.broker.running:
        environment.broker.start()
    if not environment.snapshot():
        environment.start_agent()

    def rests(snapshot: dict[str, Any]) -> bool:
        idle = snapshot["phase"] == "idle"
        if not idle:
            environment.order("reset", "tests", "made ready")
            time.sleep(0.2)
        return idle

    environment.wait_until(rests, "the lane to come to rest")
