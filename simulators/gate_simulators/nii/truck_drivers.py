"""Scripted truck drivers: they heed signals and booms, and drive. They know nothing of the agent.

Every scenario says what the station must make of it: the verdict of its first decision, reason codes that
must be among its reasons, lane events that must follow, and how the case must end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from gate_simulators.demo.scenario import Expected, WaitedInVain
from gate_simulators.device.faults import FaultKind
from gate_simulators.nii.consignments import CONSIGNMENTS
from gate_simulators.nii.plant import Place, Truck, Way
from gate_simulators.nii.site import YardSite
from gate_simulators.nii.xray import Condition

_STEP_S: Final = 0.02
_COMES_FROM_MM: Final = -14_000.0
_GAP_MM: Final = 1_200.0
_MID_PORTAL_MM: Final = 12_500.0


_RELEASE: Final = Expected("release", frozenset({"ALL_CHECKS_PASSED"}), closing="release")


def _review(*reasons: str, closing: str = "inspect", events: tuple[str, ...] = ()) -> Expected:
    return Expected("review", frozenset(reasons), frozenset(events), closing)


def _inspect(*reasons: str, events: tuple[str, ...] = ()) -> Expected:
    return Expected("inspect", frozenset(reasons), frozenset(events), "inspect")


SCENARIOS: Final[Mapping[str, Expected]] = MappingProxyType(
    {
        "general_cargo": _RELEASE,
        "declared_empty": _RELEASE,
        "floor_load": _inspect("DECLARED_EMPTY_NEAR_EMPTY"),
        "hidden_object": _inspect("SCAN_DENSE_MATERIAL"),
        "overweight": _review("MASS_SCALE_ABOVE_DECLARED", "MASS_IMAGE_ABOVE_DECLARED"),
        "other_goods": _review("HS_MATERIAL_UNEXPECTED"),
        "seal_opened": _inspect("SEAL_OPENED"),
        "seal_differs": _inspect("SEAL_MISMATCH"),
        "gamma_source": _inspect("RPM_GAMMA_ALARM"),
        "neutron_source": _inspect("RPM_NEUTRON_ALARM"),
        "norm_cargo": _inspect("RPM_GAMMA_ALARM"),
        "code_unreadable": _review("CONTAINER_CODE_UNREADABLE"),
        "wrong_check_digit": _review("MANIFEST_MISSING"),
        "not_declared": _review("MANIFEST_MISSING"),
        "too_dense": _review("SCAN_NOT_INSPECTABLE"),
        "dead_detectors": _review("SCAN_ARTEFACTS"),
        "scan_cut_off": _review("MASS_IMAGE_BELOW_DECLARED", "MASS_IMAGE_BELOW_SCALE"),
        "scan_damaged": _review("SCAN_UNREADABLE"),
        "portal_unplugged": _inspect("RPM_PROFILE_INCOMPLETE", events=("DEVICE_FAULT:portal",)),
        "officers_release": _review("MASS_SCALE_ABOVE_DECLARED", closing="release"),
        "tailgater": _inspect("TAILGATING", events=("TAILGATING",)),
    }
)
"""Scenario -> what the station must make of it."""


@dataclass(slots=True)
class ScriptedTruckDriver:
    """How trucks come. `patience_s` is how long a driver stands still before giving up.

    `say` hears what the driver does, for people who watch.
    """

    site: YardSite
    patience_s: float = 40.0
    say: Callable[[str], None] = lambda _text: None
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, scenario: str, follow: Callable[[Truck], None] = lambda _truck: None) -> str:
        """Play one scenario until its trucks are out of the lane; what went wrong in the yard.
        Raises WaitedInVain.

        `follow` gets each truck before it moves, for those who want to see where it ends.
        """
        truck = self.truck(scenario)
        self.site.xray.condition = _CONDITIONS.get(scenario, Condition.SOUND)
        trucks = [truck]
        if scenario == "tailgater":
            trucks.append(self._follower(truck))
        watch = _WATCHES.get(scenario, _watch_nothing)
        for each in trucks:
            follow(each)
            self.site.plant.put(each)
        try:
            self._drive(trucks, watch)
        finally:
            for each in trucks:
                self.site.plant.take(each)
            self.site.xray.condition = Condition.SOUND
        return self._went_wrong(trucks, SCENARIOS[scenario].closing)

    def _went_wrong(self, trucks: list[Truck], closing: str) -> str:
        """Whatever was decided: which road trucks took, and whether two booms were up."""
        if self.site.plant.ever_two_open:
            return "two barriers were open together"
        released = [truck.name for truck in trucks if truck.way is Way.RELEASE]
        if released and closing != "release":
            return f"{', '.join(released)} left by the release road"
        return ""

    def truck(self, scenario: str) -> Truck:
        consignment = CONSIGNMENTS[scenario]
        return Truck(scenario, length_mm=consignment.truck_mm, front_mm=_COMES_FROM_MM, cargo=consignment)

    def _follower(self, leader: Truck) -> Truck:
        """Close behind, through the same opening of the entry."""
        follower = self.truck("general_cargo")
        follower.front_mm = leader.rear_mm - _GAP_MM
        follower.heeds_signals = False
        return follower

    def _drive(self, trucks: list[Truck], watch: Callable[[ScriptedTruckDriver, Truck], None]) -> None:
        plant, stood, before = self.site.plant, time.monotonic(), time.monotonic()
        said = ""
        while not all(self._away(truck) for truck in trucks):
            if self.stop.wait(_STEP_S):
                raise WaitedInVain("the end of the demonstration")
            now = time.monotonic()
            dt, before = (now - before) * self.site.pace, now
            driven = sum(plant.drive(truck, dt) for truck in trucks)
            watch(self, trucks[0])
            where = self._where(trucks[0])
            if where != said:
                said = where
                self.say(where)
            if driven > 0:
                stood = now
            elif now - stood > self.patience_s:
                raise WaitedInVain(f"a way on; the truck {where}")

    def _away(self, truck: Truck) -> bool:
        """Wholly past a boom on a way out, and off its safety loop."""
        layout = self.site.plant.layout
        return truck.way is not None and truck.rear_mm > layout.places[Place(truck.way)].end

    def _where(self, truck: Truck) -> str:
        layout = self.site.plant.layout
        if truck.way is not None and truck.front_mm > layout.hold_line:
            return f"turns to {truck.way.value.replace('_', ' ')}"
        if truck.front_mm >= layout.hold_line:
            return "stands at the hold line"
        if truck.front_mm > layout.boom_at["entry"]:
            return "drives through portal and scanner"
        return "comes to the entry"


def _watch_nothing(_driver: ScriptedTruckDriver, _truck: Truck) -> None:
    pass


def _unplug_portal(driver: ScriptedTruckDriver, truck: Truck) -> None:
    """The portal's line is cut while the truck is between its panels, and mended when it has left."""
    faults = driver.site.portal.faults
    if truck.way is not None:
        faults.clear(FaultKind.UNPLUG)
    elif truck.front_mm > _MID_PORTAL_MM and faults.active(FaultKind.UNPLUG) is None:
        faults.inject(FaultKind.UNPLUG)
        driver.say("loses the portal in the middle of its passage")


_WATCHES: Final[Mapping[str, Callable[[ScriptedTruckDriver, Truck], None]]] = MappingProxyType(
    {"portal_unplugged": _unplug_portal}
)
"""What somebody does while the truck is in the lane."""

_CONDITIONS: Final[Mapping[str, Condition]] = MappingProxyType(
    {
        "dead_detectors": Condition.DEAD_DETECTORS,
        "scan_cut_off": Condition.CUT_OFF,
        "scan_damaged": Condition.DAMAGED,
    }
)
"""How the scanner is while the truck passes."""
