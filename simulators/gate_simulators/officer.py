"""A simulated officer: watches the console and does what a person there would do, after a while."""

from __future__ import annotations

import threading
import time
from typing import Any

from gate_simulators.stage import Stage

OFFICER = "sim-officer"


class Officer:
    """Takes over referred travellers, clears left objects, puts the lane back into service.

    `reaction_s` is how long the officer takes to come; a person at the console may be quicker.
    """

    def __init__(self, stage: Stage, reaction_s: float) -> None:
        self._stage = stage
        self._reaction_s = reaction_s
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="officer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        self._thread.join(5.0)

    def _serve(self) -> None:
        since, before = time.monotonic(), ""
        while not self._ending.wait(0.15):
            snapshot = self._stage.snapshot()
            phase = str(snapshot.get("phase", ""))
            if phase != before:
                since, before = time.monotonic(), phase
            if time.monotonic() - since >= self._reaction_s:
                self._act(phase, snapshot)

    def _act(self, phase: str, snapshot: dict[str, Any]) -> None:
        lane: dict[str, Any] = snapshot.get("lane", {})
        transaction: dict[str, Any] = snapshot.get("transaction") or {}
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
        elif phase == "out_of_service" and not lane.get("persons_inside") and self._all_up(snapshot):
            self._stage.order("in_service", OFFICER, "lane was checked")

    @staticmethod
    def _all_up(snapshot: dict[str, Any]) -> bool:
        return all(device.get("state") == "up" for device in snapshot.get("devices", ()))
