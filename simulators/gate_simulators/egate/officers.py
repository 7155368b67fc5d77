"""A simulated officer at an e-gate: does what a person at its console would do, after a while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gate_simulators.demo.officer_watch import Attendance
from gate_simulators.device.site import LaneSite

OFFICER = "sim-officer"


class Officer(Attendance[LaneSite]):
    """Takes over referred travellers, clears left objects, puts the lane back into service."""

    def act(self, phase: str, snapshot: Mapping[str, Any]) -> None:
        lane: Mapping[str, Any] = snapshot.get("lane", {})
        transaction: Mapping[str, Any] = snapshot.get("transaction") or {}
        plant = self._stage.site.plant
        if phase == "referred" and lane.get("persons_inside"):
            open_case = not transaction.get("finished", True)
            decided = transaction.get("verdict") == "refuse"
            if open_case and not decided:
                self._stage.order("refuse", OFFICER, "taken over at the lane")
        elif phase == "referred":
            if plant.object_inside:
                plant.object_inside = False
            else:
                self._stage.order("reset", OFFICER, "lane is clear")
        elif phase == "out_of_service" and not lane.get("persons_inside") and self.all_up(snapshot):
            self._stage.order("in_service", OFFICER, "lane was checked")
