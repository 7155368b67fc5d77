"""A simulated officer at an e-gate: does what a person at its console would do, after a while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gate_simulators.demo.console_client import seen
from gate_simulators.demo.officer_watch import OfficerWatch
from gate_simulators.egate.site import LaneSite

OFFICER = "sim-officer"


class Officer(OfficerWatch[LaneSite]):
    """Takes over referred travellers, clears left objects, puts the lane back into service."""

    def act(self, phase: str, snapshot: Mapping[str, Any]) -> None:
        lane = seen(snapshot)
        transaction: Mapping[str, Any] = snapshot.get("transaction") or {}
        plant = self._environment.site.plant
        if phase == "referred" and lane.get("persons_inside"):
            open_case = not transaction.get("finished", True)
            decided = transaction.get("verdict") == "refuse"
            if open_case and not decided:
                self._environment.order("refuse", OFFICER, "taken over at the lane")
        elif phase == "referred":
            if plant.object_inside:
                plant.object_inside = False
            else:
                self._environment.order("reset", OFFICER, "lane is clear")
        elif phase == "out_of_service" and not lane.get("persons_inside") and self.all_up(snapshot):
            self._environment.order("in_service", OFFICER, "lane was checked")
