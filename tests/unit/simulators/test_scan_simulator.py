"""The simulated scanner: physics by the book, truth that adds up, imperfections of the stated size."""

from __future__ import annotations

import numpy as np
import pytest

from gate_agent.scans.attenuation import MATERIALS
from gate_simulators.scanner.beam import SETUPS
from gate_simulators.scanner.goods import Kind, Shape, Thing
from gate_simulators.scanner.loading import Fill
from gate_simulators.scanner.scan import CLASSES, METAL, ORGANIC, Frame, Scene, simulate
from gate_simulators.scanner.scenario import display_picture, random_scene
from gate_simulators.scanner.wedge import step_wedge

FRAME = Frame(2000, 1000, 10, 10)


def scene(*things: Thing) -> Scene:
    return Scene(tuple(things), FRAME)


def slab(material: str, areal: float, **changes: object) -> Thing:
    values: dict[str, object] = {"x0": 500, "x1": 1500, "y0": 200, "y1": 800} | changes
    return Thing(material, depth_mm=areal / MATERIALS[material].density * 10, **values)  # type: ignore[arg-type]


# ---------------------------------------------------------------- the beam


@pytest.mark.parametrize("setup", SETUPS.values(), ids=lambda s: s.name)
def test_spectra_are_normalised_and_the_second_energy_penetrates_more(setup: object) -> None:
    for channel in setup.channels:  # type: ignore[attr-defined]
        energies, share = channel.spectrum
        assert share.sum() == pytest.approx(1)
        assert energies.max() < channel.peak_kev
    through = [float(c.transmission("steel", np.array([20.0]))[0]) for c in setup.channels]  # type: ignore[attr-defined]
    assert through == sorted(through)


def test_a_6_mv_beam_is_halved_by_26_to_32_mm_of_steel() -> None:
    # The half-value layer of 6 MV bremsstrahlung in steel is about 28 mm (hardened, broad beam up to 31 mm).
    areal = np.linspace(0, 60, 600)
    through = SETUPS["mv-6-9"].channels[0].transmission("steel", areal)
    assert 17 <= areal[np.argmin(through > 0.5)] / 7.85 * 10 <= 32


def test_beams_harden_behind_matter() -> None:
    for setup in SETUPS.values():
        areal = np.array([0.0, 5.0, 10.0, 20.0])
        tau = -np.log(setup.channels[0].transmission("steel", areal))
        assert (np.diff(np.diff(tau) / np.diff(areal)) < 0).all()


def test_heavier_matter_has_a_smaller_ratio_of_attenuations_in_mv_beams_and_a_larger_in_kv() -> None:
    for name, rises in (("mv-6-9", False), ("kv-140-300", True)):
        low, high = SETUPS[name].channels
        areal = np.array([8.0])
        ratios = [
            float(np.log(low.transmission(m, areal))[0] / np.log(high.transmission(m, areal))[0])
            for m in ("polyethylene", "aluminium", "steel")
        ]
        assert ratios == sorted(ratios, reverse=not rises)


# ---------------------------------------------------------------- projection and truth


def test_without_noise_a_slab_is_what_beer_and_lambert_say() -> None:
    setup = SETUPS["mv-6-9"]
    scan = simulate(scene(slab("steel", 40.0), slab("water", 30.0, x0=1000, x1=1500)), setup, 1, noise=False)
    for channel, measured in zip(setup.channels, scan.image.channels, strict=True):
        steel = float(channel.transmission("steel", np.array([40.0]))[0])
        energies, share = channel.spectrum
        mu = 40 * MATERIALS["steel"].coefficient(energies) + 30 * MATERIALS["water"].coefficient(energies)
        assert measured.transmission[50, 80] == pytest.approx(steel, rel=1e-4)
        assert measured.transmission[50, 120] == pytest.approx(float(share @ np.exp(-mu)), rel=1e-4)
        assert measured.transmission[5, 5] == pytest.approx(1.0)


@pytest.mark.parametrize("shape", [Shape.BOX, Shape.DRUM, Shape.DISC])
def test_the_areal_density_map_weighs_what_the_thing_weighs(shape: Shape) -> None:
    thing = slab("water", 50.0, shape=shape, texture=0.2 if shape is Shape.BOX else 0.0)
    scan = simulate(scene(thing), SETUPS["mv-6"], 3, noise=False)
    assert float(scan.truth.goods.sum()) * 1.0 / 1000 == pytest.approx(thing.mass_kg, rel=0.01)
    assert scan.truth.mass_kg == pytest.approx(thing.mass_kg)


def test_the_truth_knows_classes_boxes_and_objects() -> None:
    hidden = slab("lead", 20.0, x0=1600, x1=1700, y0=300, y1=400, kind=Kind.OBJECT)
    scan = simulate(scene(slab("sugar", 20), hidden), SETUPS["mv-6"], 3, noise=False)
    assert scan.truth.classes[50, 100] == ORGANIC
    assert scan.truth.classes[65, 165] == CLASSES["lead"]
    assert scan.truth.classes[5, 5] == 0
    ((thing, box),) = scan.truth.objects
    assert (thing.material, box) == ("lead", (160, 60, 10, 10))


def test_structure_is_not_goods() -> None:
    scan = simulate(scene(slab("steel", 20, kind=Kind.STRUCTURE)), SETUPS["mv-6"], 3, noise=False)
    assert scan.truth.goods.max() == 0
    assert scan.truth.structure.max() == pytest.approx(20, rel=1e-5)
    assert METAL not in scan.truth.classes


# ---------------------------------------------------------------- imperfections


def test_one_seed_gives_one_scan() -> None:
    thing = slab("water", 30, texture=0.1)
    first, again, other = (simulate(scene(thing), SETUPS["mv-6-9"], seed).image.low for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_noise_follows_the_number_of_photons() -> None:
    quiet = SETUPS["mv-6"]
    scan = simulate(scene(slab("steel", 150)), quiet, 5)
    level = float(quiet.channels[0].transmission("steel", np.array([150.0]))[0])
    steps = np.diff(scan.image.high[30:70, 60:140], axis=0)
    expected = np.sqrt(level / quiet.channels[0].quanta + quiet.electronic**2)
    assert float(steps.std()) / np.sqrt(2) == pytest.approx(expected, rel=0.25)


def test_dead_detectors_and_missed_pulses_read_nothing() -> None:
    scan = simulate(scene(slab("water", 10)), SETUPS["mv-6"], 1, dead_rows=[20], missed_columns=[33, 34])
    assert scan.image.high[20].max() == 0
    assert scan.image.high[:, 33:35].max() == 0


def test_a_truck_that_drives_unevenly_moves_picture_and_truth_alike() -> None:
    wobbling = scene(*(slab("steel", 30, x0=x, x1=x + 60) for x in range(100, 1900, 120)))
    scan = simulate(wobbling, SETUPS["mv-6"], 9)
    there = scan.truth.goods > 0
    assert scan.image.high[there].mean() < 0.4
    assert np.corrcoef(scan.image.high[50], scan.truth.goods[50])[0, 1] < -0.95


# ---------------------------------------------------------------- scenes


@pytest.mark.parametrize("fill", Fill)
def test_loads_have_the_fill_that_was_asked_for(fill: Fill) -> None:
    low, high = {"empty": (0, 0), "near_empty": (0.01, 0.1), "partial": (0.15, 0.66), "full": (0.72, 1)}[fill]
    for seed in range(12):
        made = random_scene(fill, seed)
        x0, x1, y0, y1 = made.interior
        goods = [t for t in made.things if t.kind is Kind.GOODS]
        cover = sum((t.x1 - t.x0) * (t.y1 - t.y0) for t in goods) / ((x1 - x0) * (y1 - y0))
        assert low <= cover <= high, seed
        assert all(x0 <= t.x0 < t.x1 <= x1 + 1 and y0 <= t.y0 < t.y1 <= y1 + 1 for t in goods)


def test_display_pictures_keep_the_order_of_grey_values() -> None:
    image = simulate(random_scene(Fill.PARTIAL, 3), SETUPS["mv-6"], 3).image
    shown = display_picture(image, 3, jpeg=False)
    bright, dark = image.high > 0.9, image.high < 0.1
    assert shown[bright].min() > shown[dark].max()


def test_the_step_wedge_rises_at_both_energies() -> None:
    for setup in (SETUPS["mv-6-9"], SETUPS["kv-140-300"]):
        for curve in step_wedge(setup).curves.values():
            assert (np.diff(curve.low) > 0).all()
            assert (np.diff(curve.high) > 0).all()
