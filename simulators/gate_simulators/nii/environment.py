"""Everything around one scanner station's agent: broker, hub, simulated yard, and the agent's process."""

from __future__ import annotations

from dataclasses import dataclass

from gate_agent.app.config import StationConfig
from gate_simulators.demo.environment import Surroundings
from gate_simulators.device.ports import free_port
from gate_simulators.nii.site import VIEWS, YardSite


@dataclass
class YardStage(Surroundings[YardSite]):
    """``with YardStage(...) as stage`` leaves a running, ready scanner station."""

    def prepare(self) -> dict[str, object]:
        (self.state / "spool").mkdir(exist_ok=True)
        replaced: dict[str, object] = {
            "devices.scanner.spool": str(self.state / "spool"),
            "devices.scale.line.device": str(self.state / "scale.tty"),
        }
        if self.private_ports:
            replaced |= {
                "devices.yard.port": free_port(),
                "devices.scanner.port": free_port(),
                "devices.portal.line.port": free_port(),
                "devices.seals.line.port": free_port(),
                "hub.port": free_port(),
                "console.port": free_port(),
            }
            replaced |= {
                f"devices.camera_{view}.source.url": f"http://127.0.0.1:{free_port()}/lane.mjpg"
                for view in VIEWS
            }
        return replaced

    def build_site(self, loaded: StationConfig) -> YardSite:
        return YardSite(loaded, pace=self.pace, seed=self.seed)
