"""Simulated officers of a scanner station: they watch the console and order what people there would.

A truck that waits for review is sent to inspection, or, where the script says so, released: by one officer
where nothing was found on it, by two where something was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gate_simulators.demo.console_client import seen
from gate_simulators.demo.officer_watch import OfficerWatch
from gate_simulators.nii.site import YardSite
from gate_simulators.nii.truck_drivers import SCENARIOS

OFFICERS: Final = ("sim-officer-1", "sim-officer-2")


class Officers(OfficerWatch[YardSite]):
    """Do by each truck what its scenario says."""

    def act(self, phase: str, snapshot: Mapping[str, Any]) -> None:
        yard = seen(snapshot)
        transaction: Mapping[str, Any] = snapshot.get("transaction") or {}
        if phase == "review":
            self._decide(str(transaction.get("id", "")))
        elif phase == "out_of_service" and not yard.get("vehicles") and self.all_up(snapshot):
            self._environment.order("in_service", OFFICERS[0], "lane was checked")

    def _decide(self, transaction: str) -> None:
        expected = SCENARIOS.get(self.scenario)
        if expected is None or expected.closing != "release":
            self._environment.order("inspect", OFFICERS[0], "to be opened", transaction)
            return
        for officer in OFFICERS:
            # Where nothing was found the first order releases, and the second one finds nothing to do.
            self._environment.order("release", officer, "papers were corrected", transaction)
