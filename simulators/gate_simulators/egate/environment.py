"""Everything around one e-gate's agent: broker, hub, simulated lane, signed lists, the agent's process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_agent.app.config import StationConfig
from gate_agent.policy.signature import public_pem
from gate_agent.policy.watchlist import Subject, build_watchlist
from gate_simulators.demo.environment import Environment
from gate_simulators.egate.people import TRAVELLERS, People
from gate_simulators.egate.site import LaneSite
from gate_simulators.issuer.passports import PassportOffice


@dataclass
class EgateEnvironment(Environment[LaneSite]):
    """``with EgateEnvironment(...) as environment`` leaves a running, ready lane."""

    people: People = field(init=False)

    ports = ("devices.chip.port", "devices.camera.source.url", "devices.lane.port")

    def prepare(self) -> dict[str, object]:
        self.say("issuing passports ...")
        office = PassportOffice(self.state / "issuer", self.seed)
        self.people = People(office)
        public_key, watchlist = self._write_watchlist()
        office.write_trust_directory(self.state / "trust")
        return {
            "devices.mrz.device": str(self.state / "mrz.tty"),
            "trust.directory": str(self.state / "trust"),
            "watchlist.file": str(watchlist),
            "watchlist.public_key": str(public_key),
        }

    def build_site(self, loaded: StationConfig) -> LaneSite:
        return LaneSite(loaded, pace=self.pace, seed=self.seed)

    def _write_watchlist(self) -> tuple[Path, Path]:
        """A list signed today that holds the traveller of the scenario ``watchlist``."""
        key = Ed25519PrivateKey.generate()
        public_key = self.state / "watchlist.pub.pem"
        public_key.write_bytes(public_pem(key))
        wanted = self.people.passport("watchlist").fields
        subject = Subject(
            "SIM-0001",
            wanted.document_number,
            wanted.issuing_state,
            TRAVELLERS["watchlist"].surname,
            TRAVELLERS["watchlist"].given_names,
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
