"""Somebody who watches a station's console and acts after a while, as people there would.

What they do is each kind of station's own: :class:`~gate_simulators.egate.officers.Officer` at an e-gate,
:class:`~gate_simulators.nii.officers.Officers` at a scanner station.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic

from gate_simulators.demo.environment import Environment, SiteT

_LOOK_S = 0.15


class OfficerWatch(ABC, Generic[SiteT]):
    """`reaction_s` is how long it takes them in each phase; a person at the console may be quicker.

    ``scenario`` tells them which visitor it is, as a script must; nothing else does.
    """

    def __init__(self, environment: Environment[SiteT], reaction_s: float) -> None:
        self.scenario = ""
        self._environment = environment
        self._reaction_s = reaction_s
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="officer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        self._thread.join(5.0)

    @abstractmethod
    def act(self, phase: str, snapshot: Mapping[str, Any]) -> None:
        """The phase has lasted for longer than the reaction: do what is to be done."""

    def _serve(self) -> None:
        since, before = time.monotonic(), ""
        while not self._ending.wait(_LOOK_S):
            snapshot = self._environment.snapshot()
            phase = str(snapshot.get("phase", ""))
            if phase != before:
                since, before = time.monotonic(), phase
            if time.monotonic() - since >= self._reaction_s:
                self.act(phase, snapshot)

    @staticmethod
    def all_up(snapshot: Mapping[str, Any]) -> bool:
        """Whether every device works again."""
        return all(device.get("state") == "up" for device in snapshot.get("devices", ()))
