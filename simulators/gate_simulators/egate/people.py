"""The people of the simulation: who they are, how they look, and which passport they carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from gate_simulators.egate.photographs import photographs
from gate_simulators.issuer.passports import Passport, PassportOffice, Variant
from gate_simulators.issuer.portrait import crop_around_face

Pixels = NDArray[np.uint8]

HEADS: Mapping[tuple[str, int], tuple[int, int, int, int]] = {
    ("president_a", 0): (353, 144, 260, 260),
    ("president_a", 1): (138, 255, 308, 308),
    ("president_a", 2): (636, 238, 340, 340),
    ("president_b", 0): (435, 217, 274, 274),
    ("astronaut", 0): (169, 67, 101, 101),
}
"""Where the face is in each photograph: left, top, width, height in pixels."""


@dataclass(frozen=True, slots=True)
class Traveller:
    """Who comes in a scenario: whose photograph is in the passport, and whose face comes to the gate."""

    passport: tuple[str, int]
    live: tuple[str, int]
    variant: Variant = Variant.GENUINE
    age_years: int = 40
    surname: str = "Specimen"
    given_names: str = "Robin"


TRAVELLERS: Mapping[str, Traveller] = {
    # The same person on another photograph than the passport's: what a gate meets every day.
    "genuine": Traveller(("president_a", 0), ("president_a", 2), given_names="Alex"),
    "impostor": Traveller(("president_a", 0), ("president_b", 0), given_names="Billie"),
    "tampered_dg2": Traveller(
        ("president_a", 1), ("president_b", 0), Variant.TAMPERED_PORTRAIT, given_names="Chris"
    ),
    "unknown_issuer": Traveller(("astronaut", 0), ("astronaut", 0), Variant.UNKNOWN_CSCA, given_names="Dana"),
    "expired": Traveller(("president_b", 0), ("president_b", 0), Variant.EXPIRED_DOCUMENT, given_names="Eli"),
    "watchlist": Traveller(("president_a", 1), ("president_a", 0), surname="Wanted", given_names="Francis"),
    "minor": Traveller(("astronaut", 0), ("astronaut", 0), age_years=12, given_names="Gabriel"),
    "dead_chip": Traveller(("president_b", 0), ("president_b", 0), given_names="Harper"),
    "card_pulled": Traveller(("president_a", 2), ("president_a", 0), given_names="Indigo"),
    "tailgater": Traveller(("president_a", 0), ("president_a", 1), given_names="Jamie"),
    "left_object": Traveller(("president_b", 0), ("president_b", 0), given_names="Kim"),
    "camera_frozen": Traveller(("astronaut", 0), ("astronaut", 0), given_names="Lou"),
}
"""Scenario -> who comes."""


class People:
    """Gives each traveller their passport and appearance. Photographs are loaded once."""

    def __init__(self, office: PassportOffice) -> None:
        self._office = office
        self._photographs = photographs()
        self._passports: dict[str, Passport] = {}

    def passport(self, scenario: str) -> Passport:
        """The passport that goes with a scenario; the same booklet each time."""
        if scenario not in self._passports:
            self._passports[scenario] = self._issue(TRAVELLERS[scenario])
        return self._passports[scenario]

    def appearance(self, scenario: str) -> Pixels:
        """The person as the lane's camera sees them: head and shoulders of the live photograph."""
        return self.standing(TRAVELLERS[scenario].live)

    def standing(self, who: tuple[str, int]) -> Pixels:
        picture = self._photographs[who[0]][who[1]]
        left, top, width, height = HEADS[who]
        rows, columns = picture.shape[:2]
        side = min(int(2.6 * height), rows, columns)
        x = min(max(0, left + width // 2 - side // 2), columns - side)
        y = min(max(0, top + height // 2 - side // 2), rows - side)
        return np.ascontiguousarray(picture[y : y + side, x : x + side])

    def _issue(self, traveller: Traveller) -> Passport:
        photograph = self._photographs[traveller.passport[0]][traveller.passport[1]]
        born = self._office.today - timedelta(days=int(traveller.age_years * 365.25) + 30)
        substitute = self._photographs[traveller.live[0]][traveller.live[1]]
        return self._office.issue(
            traveller.surname,
            traveller.given_names,
            photograph,
            date(born.year, born.month, born.day),
            variant=traveller.variant,
            access="PACE",
            crop=crop_around_face(photograph, *HEADS[traveller.passport]),
            substitute=substitute if traveller.variant is Variant.TAMPERED_PORTRAIT else None,
        )
