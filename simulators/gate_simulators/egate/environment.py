"""Everything around one e-gate's agent: broker, hub, simulated lane, signed lists, the agent's process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_agent.app.config import StationConfig
from gate_agent.policy.signature import public_pem
from gate_agent.policy.watchlist import Subject, build_watchlist
from gate_simulators.demo.environment import Surroundings
from gate_simulators.device.ports import free_port
from gate_simulators.device.site import LaneSite
from gate_simulators.egate.passports import PassportOffice
from gate_simulators.egate.people import PARTS, Cast


@dataclass
class Stage(Surroundings[LaneSite]):
    """``with Stage(...) as stage`` leaves a running, ready lane."""

    cast: Cast = field(init=False)

    def prepare(self) -> dict[str, object]:
        self.say("issuing passports")
        office = PassportOffice(self.state / "issuer", self.seed)
        self.cast = Cast(office)
        replaced = self._replaced()
        office.write_trust_directory(self.state / "trust")
        return replaced

    def build_site(self, loaded: StationConfig) -> LaneSite:
        return LaneSite(loaded, pace=self.pace, seed=self.seed)

    def _replaced(self) -> dict[str, object]:
        """What differs from the file: own lists and, if wanted, free ports."""
        state = self.state
        public_key, watchlist = self._write_watchlist()
        replaced: dict[str, object] = {
            "devices.mrz.device": str(state / "mrz.tty"),
            "trust.directory": str(state / "trust"),
            "watchlist.file": str(watchlist),
            "watchlist.public_key": str(public_key),
        }
        if self.private_ports:
            replaced |= {
                "devices.chip.port": free_port(),
                "devices.camera.source.url": f"http://127.0.0.1:{free_port()}/lane.mjpg",
                "devices.lane.port": free_port(),
                "hub.port": free_port(),
                "console.port": free_port(),
            }
        return replaced

    def _write_watchlist(self) -> tuple[Path, Path]:
        """A list signed today that holds the traveller of the scenario ``watchlist``."""
        key = Ed25519PrivateKey.generate()
        public_key = self.state / "watchlist.pub.pem"
        public_key.write_bytes(public_pem(key))
        wanted = self.cast.passport("watchlist").fields
        subject = Subject(
            "SIM-0001",
            wanted.document_number,
            wanted.issuing_state,
            PARTS["watchlist"].surname,
            PARTS["watchlist"].given_names,
            wanted.date_of_birth,
        )
        path = build_watchlist(
            self.state / "watchlist.json",
            [subject],
            key,
            id="simulation",
            version="1",
            issued_at=datetime.now(UTC),
        )
        return public_key, path
