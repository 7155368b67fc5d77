"""What the yard's instruments notice of the trucks that pass: each at its place, in the order of the lane.

    seals heard  ->  portal  ->  sides and doors seen  ->  scanner  ->  scale

One thread looks at the plant, as loops and light barriers do. A truck's `cargo` is its
:class:`~gate_simulators.nii.consignments.Consignment`; a truck without one passes unnoticed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from gate_simulators.nii.cameras import LETTER_HEIGHT, SideCamera
from gate_simulators.nii.consignments import FRONT_M, Consignment
from gate_simulators.nii.plant import Place, Truck, YardPlant
from gate_simulators.nii.xray import XrayScanner
from gate_simulators.radiation.passage import Passage, drive
from gate_simulators.radiation.passage import Truck as Passing
from gate_simulators.radiation.portal import PortalSimulator
from gate_simulators.vehicle.scale import STEP_KG, ScaleSimulator
from gate_simulators.vehicle.seals import SealReaderSimulator

_TICK_S: Final = 0.02
_SEALS_MM: Final = 1_000.0
_BEFORE_PANELS_MM: Final = 1_500.0
"""A portal's occupancy sensors see a truck so far before the panels' plane (radiation.passage)."""
_SIDES_MM: Final = (9_000.0, 40_000.0)
"""The side cameras look along the lane: a container is in view while its middle is here."""
_DOORS_MM: Final = (6_000.0, 38_000.0)
"""And the rear camera, while the truck's rear is here."""


@dataclass(slots=True, eq=False)
class _Visit:
    """What has happened to one truck so far."""

    truck: Truck
    consignment: Consignment
    number: int
    scan: Future[list[Path]]
    heard: bool = False
    counted: bool = False
    scanned: bool = False


@dataclass(slots=True)
class Instruments:
    """``start()`` and ``stop()`` the looking; the devices themselves are the site's to start."""

    plant: YardPlant
    portal: PortalSimulator
    scale: ScaleSimulator
    seals: SealReaderSimulator
    cameras: Mapping[str, SideCamera]
    xray: XrayScanner
    seed: int = 0
    _visits: dict[int, _Visit] = field(default_factory=dict[int, _Visit])
    _number: int = 0
    _on_scale: float = 0.0
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._ending.clear()
        self.xray.start()
        self._thread = threading.Thread(target=self._run, name="sim-instruments", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        thread, self._thread = self._thread, None
        self._ending.set()
        if thread is not None:
            thread.join()
        self.xray.stop()

    def _run(self) -> None:
        while not self._ending.wait(_TICK_S):
            self.look()

    def look(self) -> None:
        """Once along the lane."""
        with self.plant.lock:
            trucks = [truck for truck in self.plant.trucks if isinstance(truck.cargo, Consignment)]
            for truck in trucks:
                self._pass(self._visit(truck))
            for gone in self._visits.keys() - {id(truck) for truck in trucks}:
                self._leave(self._visits.pop(gone))
            self._weigh()
            self._watch()

    def _visit(self, truck: Truck) -> _Visit:
        visit = self._visits.get(id(truck))
        if visit is None:
            assert isinstance(truck.cargo, Consignment)
            self._number += 1
            scan = self.xray.approach(truck.cargo)
            visit = self._visits[id(truck)] = _Visit(truck, truck.cargo, self._number, scan)
        return visit

    def _pass(self, visit: _Visit) -> None:
        truck, places = visit.truck, self.plant.layout.places
        panels = (places[Place.PORTAL].begin + places[Place.PORTAL].end) / 2
        if not visit.heard and truck.front_mm > _SEALS_MM:
            visit.heard = True
            if visit.consignment.seal is not None:
                self.seals.put(visit.consignment.seal)
        if not visit.counted and truck.front_mm >= panels - _BEFORE_PANELS_MM:
            visit.counted = True
            self.portal.pass_vehicle(self._counts(visit))
        if not visit.scanned and truck.rear_mm >= places[Place.SCANNER].end:
            visit.scanned = True
            self.xray.leave(visit.scan)

    def _leave(self, visit: _Visit) -> None:
        if visit.consignment.seal is not None:
            self.seals.take(visit.consignment.seal)

    def _counts(self, visit: _Visit) -> Passage:
        passing = Passing(
            length_m=visit.truck.length_mm / 1000,
            speed_m_s=visit.truck.speed_mm_s / 1000,
            sources=visit.consignment.sources,
        )
        return drive(np.random.default_rng((self.seed, visit.number)), passing, self.portal.portal)

    def _weigh(self) -> None:
        """A truck that rolls on loads the platform axle by axle; here, evenly with its length."""
        kg = sum(
            visit.consignment.weight_kg * self.plant.share_on(visit.truck, Place.SCALE)
            for visit in self._visits.values()
        )
        if abs(kg - self._on_scale) >= STEP_KG:
            self._on_scale = kg
            self.scale.load(kg)

    def _watch(self) -> None:
        """Of several trucks in view, a camera shows the foremost."""
        foremost = sorted(self._visits.values(), key=lambda visit: -visit.truck.front_mm)
        for view, camera in self.cameras.items():
            seen = next((visit for visit in foremost if _in_view(view, visit)), None)
            if seen is None:
                camera.show_nothing()
            else:
                camera.show_side(seen.consignment.side(view, LETTER_HEIGHT))


def _in_view(view: str, visit: _Visit) -> bool:
    truck = visit.truck
    if view == "rear":
        return _DOORS_MM[0] < truck.rear_mm < _DOORS_MM[1]
    middle = (truck.front_mm - 1000 * FRONT_M + truck.rear_mm) / 2
    return _SIDES_MM[0] < middle < _SIDES_MM[1]
