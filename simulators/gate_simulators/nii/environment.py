"""Everything around one scanner station's agent: broker, hub, simulated yard, and the agent's process."""

from __future__ import annotations

from dataclasses import dataclass

from gate_agent.app.config import StationConfig
from gate_simulators.demo.environment import Environment
from gate_simulators.nii.site import VIEWS, YardSite


@dataclass
class NiiEnvironment(Environment[YardSite]):
    """``with NiiEnvironment(...) as environment`` leaves a running, ready scanner station."""

    ports = (
        "devices.yard.port",
        "devices.scanner.port",
        "devices.portal.line.port",
        "devices.seals.line.port",
        *(f"devices.camera_{view}.source.url" for view in VIEWS),
    )

    def prepare(self) -> dict[str, object]:
        (self.state / "spool").mkdir(exist_ok=True)
        return {
            "devices.scanner.spool": str(self.state / "spool"),
            "devices.scale.line.device": str(self.state / "scale.tty"),
        }

    def build_site(self, loaded: StationConfig) -> YardSite:
        return YardSite(loaded, pace=self.pace, seed=self.seed)
