"""Mass attenuation coefficients against NIST's published values."""

from __future__ import annotations

import numpy as np
import pytest

from gate_agent.scans.attenuation import MATERIALS, mass_attenuation

# NIST SRD 126, cm²/g at 100 keV, 1 MeV and 6 MeV.
PUBLISHED = {
    "H": (0.2944, 0.1263, 0.04498),
    "C": (0.1514, 0.06361, 0.02469),
    "O": (0.1551, 0.06372, 0.02552),
    "Al": (0.1704, 0.06146, 0.02655),
    "Fe": (0.3717, 0.05995, 0.03057),
    "Cu": (0.4584, 0.05901, 0.03108),
    "W": (4.438, 0.06618, 0.04210),
    "Pb": (5.549, 0.07102, 0.04391),
    "U": (1.954, 0.07896, 0.04583),
}
WATER = {100: 0.1707, 150: 0.1505, 1000: 0.07072, 1250: 0.06323, 6000: 0.02770}


@pytest.mark.parametrize("element", PUBLISHED)
def test_elements_have_the_published_coefficients(element: str) -> None:
    found = mass_attenuation(element, np.array([100.0, 1000.0, 6000.0]))
    np.testing.assert_allclose(found, PUBLISHED[element], rtol=1e-3)


def test_water_follows_from_its_elements() -> None:
    energies = np.array(list(WATER), float)
    np.testing.assert_allclose(MATERIALS["water"].coefficient(energies), list(WATER.values()), rtol=3e-3)


def test_between_the_table_s_energies_interpolation_is_good_to_a_percent() -> None:
    # NIST XCOM: iron at 662 keV (Cs-137) is 0.0737, at 1173 keV (Co-60) 0.0553 cm²/g.
    np.testing.assert_allclose(mass_attenuation("Fe", np.array([661.7, 1173.2])), [0.0737, 0.0553], rtol=0.01)


def test_lead_has_its_k_edge_at_88_kev() -> None:
    below, above = mass_attenuation("Pb", np.array([87.9, 88.1]))
    assert above / below == pytest.approx(4.0, rel=0.05)


@pytest.mark.parametrize("material", MATERIALS.values(), ids=lambda m: m.name)
def test_weight_fractions_are_whole_and_coefficients_fall(material: object) -> None:
    assert sum(material.fractions.values()) == pytest.approx(1.0)  # type: ignore[attr-defined]
    found = material.coefficient(np.array([150.0, 300.0, 600.0, 1000.0, 2000.0]))  # type: ignore[attr-defined]
    assert (np.diff(found) < 0).all()
