"""The simulated kiosk: its reader on a pseudo-terminal, and travellers who lay documents on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from gate_agent.station.settings import StationConfig
from gate_simulators.demo.environment import Environment
from gate_simulators.demo.officer_watch import OfficerWatch
from gate_simulators.demo.scenario import Expected, WaitedInVain
from gate_simulators.demo.simulated_station import Hurry, SimulatedStation
from gate_simulators.device.mrz_scanner import MrzScanner
from gate_simulators.device.site import Site, settings_of
from gate_simulators.issuer.mrz import MrzFields, td3

SCENARIOS: Mapping[str, Expected] = {
    "genuine": Expected("admit", frozenset({"ALL_CHECKS_PASSED"})),
    "expired": Expected("refer", frozenset({"DOCUMENT_EXPIRED"})),
}
LOOKS_S = 6.0
"""How long a traveller reads the screen, and the next one takes to come."""


def document(scenario: str) -> tuple[str, ...]:
    """The printed zone of a traveller who does not exist."""
    expires = date(2020, 1, 1) if scenario == "expired" else date(2034, 1, 1)
    return td3(MrzFields("Eriksson", "Anna Maria", "L898902C3", date(1974, 8, 12), expires, "F"))


class KioskSite(Site):
    """The kiosk's one device."""

    def __init__(self, config: StationConfig, seed: int = 0) -> None:
        self.reader = MrzScanner(
            "reader", Path(settings_of(config, "reader", "mrz-serial").device), seed=seed
        )
        super().__init__((self.reader,))


class KioskEnvironment(Environment[KioskSite]):
    """``with KioskEnvironment(...)`` leaves a running, ready kiosk."""

    def prepare(self) -> dict[str, object]:
        return {"devices.reader.device": str(self.state / "reader.tty")}

    def build_site(self, loaded: StationConfig) -> KioskSite:
        return KioskSite(loaded, self.seed)


@dataclass
class Traveller:
    """Lays a document on the reader, looks at the screen, and goes."""

    site: KioskSite
    pace: float = 1.0
    patience_s: float = 30.0
    say: Callable[[str], None] = lambda _text: None
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, scenario: str) -> str:
        self.say("lays the document on the reader")
        self.site.reader.present(document(scenario))
        try:
            if self.stop.wait(LOOKS_S):
                raise WaitedInVain("the end of the demonstration")
        finally:
            self.site.reader.remove()
        return ""


class Officer(OfficerWatch[KioskSite]):
    """Opens a kiosk that was closed."""

    def act(self, phase: str, snapshot: Mapping[str, Any]) -> None:
        if phase == "out_of_service" and self.all_up(snapshot):
            self._environment.order("in_service", "sim-officer", "kiosk was checked")


def _prepare(config: Path, _seed: int) -> Path:
    state = config.absolute().parent / "run"
    state.mkdir(parents=True, exist_ok=True)
    return state


STATION = SimulatedStation(
    kind="kiosk",
    title="kiosk",
    visitors="travellers",
    config=Path("kiosk.toml"),
    scenarios=SCENARIOS,
    environment=KioskEnvironment,
    site=lambda loaded, _pace, seed: KioskSite(loaded, seed),
    prepare=_prepare,
    visitor=lambda site, _state, pace, _seed: Traveller(site, pace),
    officers=Officer,
    reaction_s=4.0,
    headless=Hurry(pace=1.0, reaction_s=0.4),
    draw=lambda _seen: "",
)
