"""The simulated cargo lane: where a truck is, and how drivers keep to booms, signals and distance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_simulators.nii.plant import LAYOUT, Place, Truck, Way, YardPlant

STEP_S = 0.1


def lane(*trucks: Truck) -> YardPlant:
    return YardPlant(trucks=list(trucks))


def drive(plant: YardPlant, truck: Truck, seconds: float = 60.0) -> float:
    """Drive on until the truck stands or the time is over; where its front is then."""
    for _ in range(round(seconds / STEP_S)):
        if plant.drive(truck, STEP_S) == 0.0:
            break
    return truck.front_mm


def let_in(plant: YardPlant) -> None:
    plant.booms["entry"].opening = 1.0
    plant.signals.entry = "enter"


def let_out(plant: YardPlant, way: Way) -> None:
    plant.booms[way].opening = 1.0
    plant.signals.hold = way


# ---------------------------------------------------------------- places


def test_a_long_truck_is_at_several_places() -> None:
    truck = Truck("truck", length_mm=16_500.0, front_mm=8_000.0)
    plant = lane(truck)
    assert [place for place in Place if plant.at(place)] == [Place.APPROACH, Place.ENTRY, Place.PORTAL]


def test_at_the_hold_line_the_longest_truck_stands_wholly_on_the_scale_and_clear_of_the_beam() -> None:
    truck = Truck("road train", length_mm=18_750.0, front_mm=LAYOUT.hold_line)
    plant = lane(truck)
    assert plant.share_on(truck, Place.SCALE) == 1.0
    assert plant.at(Place.HOLD) == (truck,)
    assert not plant.at(Place.SCANNER)
    assert not any(plant.under_boom(boom) for boom in plant.booms)


def test_a_scale_carries_the_part_that_stands_on_it() -> None:
    truck = Truck("truck", length_mm=16_000.0, front_mm=24_000.0)
    assert lane(truck).share_on(truck, Place.SCALE) == pytest.approx(0.25)


def test_only_trucks_of_a_way_out_are_on_it() -> None:
    truck = Truck("truck", front_mm=46_000.0, way=Way.INSPECTION)
    plant = lane(truck)
    assert plant.under_boom("inspection")
    assert not plant.under_boom("release")


def test_a_taken_truck_is_no_longer_there() -> None:
    truck = Truck("truck", front_mm=8_000.0)
    plant = lane()
    plant.put(truck)
    assert plant.at(Place.PORTAL) == (truck,)
    plant.take(truck)
    plant.take(truck)
    assert not plant.at(Place.PORTAL)


# ---------------------------------------------------------------- the rules of the road


def test_a_driver_waits_before_the_entry_on_its_loop() -> None:
    truck = Truck("truck")
    plant = lane(truck)
    assert drive(plant, truck) == -LAYOUT.stop_before_boom
    assert plant.at(Place.APPROACH) == (truck,)
    assert not plant.under_boom("entry")


@pytest.mark.parametrize(("opening", "signal"), [(0.7, "enter"), (1.0, "stop")])
def test_a_driver_needs_both_an_upright_boom_and_the_signal(opening: float, signal: str) -> None:
    truck = Truck("truck")
    plant = lane(truck)
    plant.booms["entry"].opening, plant.signals.entry = opening, signal
    assert drive(plant, truck) == -LAYOUT.stop_before_boom


def test_a_driver_who_heeds_no_signal_stops_only_for_booms() -> None:
    truck = Truck("tailgater", heeds_signals=False)
    plant = lane(truck)
    plant.booms["entry"].opening = 1.0
    assert drive(plant, truck) == LAYOUT.hold_line


def test_let_in_a_truck_drives_to_the_hold_line_and_no_further() -> None:
    truck = Truck("truck")
    plant = lane(truck)
    let_in(plant)
    assert drive(plant, truck) == LAYOUT.hold_line
    assert truck.way is None


@pytest.mark.parametrize("way", Way)
def test_a_truck_leaves_by_the_way_that_is_shown_and_open(way: Way) -> None:
    truck = Truck("truck", front_mm=LAYOUT.hold_line)
    plant = lane(truck)
    let_out(plant, way)
    drive(plant, truck)
    assert truck.way is way
    assert plant.left(truck)
    assert plant.gone(truck)
    assert not plant.between_barriers()


def test_an_officer_waves_a_truck_to_the_inspection_never_to_the_road() -> None:
    truck = Truck("truck", front_mm=LAYOUT.hold_line)
    plant = lane(truck)
    plant.signals.hold = "officer"
    plant.booms["release"].opening = 1.0
    assert drive(plant, truck) == LAYOUT.hold_line
    plant.booms["release"].opening, plant.booms["inspection"].opening = 0.0, 1.0
    drive(plant, truck)
    assert truck.way is Way.INSPECTION


def test_a_way_out_that_is_withdrawn_in_time_is_not_taken() -> None:
    truck = Truck("truck", front_mm=LAYOUT.hold_line)
    plant = lane(truck)
    let_out(plant, Way.RELEASE)
    plant.drive(truck, 0.5)
    assert truck.front_mm > LAYOUT.hold_line
    plant.booms["release"].opening, plant.signals.hold = 0.0, "stop"
    assert drive(plant, truck) == LAYOUT.boom_at["release"] - LAYOUT.stop_before_boom
    let_out(plant, Way.INSPECTION)
    drive(plant, truck)
    assert truck.way is Way.INSPECTION


def test_nobody_stops_under_a_boom_for_its_sake() -> None:
    truck = Truck("truck", front_mm=-1_000.0)
    plant = lane(truck)
    assert drive(plant, truck) == LAYOUT.hold_line


def test_a_second_truck_stops_behind_the_first() -> None:
    first, second = Truck("first", front_mm=LAYOUT.hold_line), Truck("second")
    plant = lane(first, second)
    let_in(plant)
    assert drive(plant, second) == first.rear_mm - 1_000.0
    assert len(plant.between_barriers()) == 2


def test_a_truck_in_the_inspection_area_is_in_nobody_s_way_to_the_road() -> None:
    inspected = Truck("inspected", front_mm=65_000.0, way=Way.INSPECTION)
    released = Truck("released", front_mm=LAYOUT.hold_line)
    plant = lane(inspected, released)
    let_out(plant, Way.RELEASE)
    drive(plant, released)
    assert plant.gone(released)


@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0.0, 3.0), st.sampled_from(["entry", *Way])), max_size=60)
)
def test_trucks_neither_reverse_nor_touch_nor_pass_a_closed_boom(moves: list[tuple[int, float, str]]) -> None:
    trucks = (Truck("first", front_mm=-2_000.0), Truck("second", front_mm=-21_000.0))
    plant = lane(*trucks)
    for which, seconds, boom in moves:
        for other in plant.booms:
            plant.booms[other].opening = float(other == boom)
        plant.signals.entry = "enter"
        plant.signals.hold = boom if boom != "entry" else "wait"
        truck = trucks[which]
        before = truck.front_mm
        assert plant.drive(truck, seconds) == truck.front_mm - before >= 0.0
        first, second = trucks
        assert second.front_mm < first.rear_mm or second.way not in (None, first.way)
        for name, at in LAYOUT.boom_at.items():
            if name in ("entry", truck.way) and before <= at - 1_500.0 and truck.front_mm > at:
                assert plant.booms[name].passable


# ---------------------------------------------------------------- ramming


def test_who_rams_breaks_the_booms_that_he_meets_and_no_others() -> None:
    truck = Truck("truck")
    plant = lane(truck)
    plant.ram(truck, 20.0)
    assert [name for name, boom in plant.booms.items() if boom.broken] == ["entry"]
    plant.ram(truck, 30.0)
    assert [name for name, boom in plant.booms.items() if boom.broken] == ["entry", "release"]


def test_an_upright_boom_is_not_broken() -> None:
    truck = Truck("truck")
    plant = lane(truck)
    plant.booms["entry"].opening = 1.0
    plant.ram(truck, 20.0)
    assert not plant.booms["entry"].broken
