"""Specimens: passports with a story, each with the verdict that a gate must come to.

A specimen is data: how its passport is issued, what was done to it, how its chip behaves, who interferes,
over which link. The tables are :mod:`~gate_simulators.issuer.specimens_sound` and
:mod:`~gate_simulators.issuer.specimens_zone` (a reader must cope with them) and
:mod:`~gate_simulators.issuer.specimens_false` (a gate must refuse them), joined in
:mod:`~gate_simulators.issuer.catalogue`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from gate_simulators.chip.interference import Interposer
from gate_simulators.chip.link import Card, LinkParameters
from gate_simulators.chip.profile import ORDINARY, ChipProfile
from gate_simulators.issuer import mrz
from gate_simulators.issuer.alterations import Alteration, unaltered
from gate_simulators.issuer.chip_security import BAC_ONLY, ChipSecurity
from gate_simulators.issuer.mrz import MrzFields
from gate_simulators.issuer.passports import Passport, PassportOffice, Variant
from gate_simulators.issuer.portrait import Coding
from gate_simulators.issuer.sod import ORDINARY_FORM, SodForm


class Verdict(StrEnum):
    """What becomes of the chip's bearer as far as the chip goes."""

    ACCEPT = "accept"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Expected:
    """`access` is the procedure that opens the chip ("BAC", "PACE", "PACE-CAM"), empty where it stays shut
    or does not matter. `caught_by` names the checks that must not pass; there are none for sound chips."""

    access: str = "BAC"
    caught_by: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return Verdict.REFUSE if self.caught_by else Verdict.ACCEPT


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose passport it is, and how the machine readable zone says so; see :mod:`.mrz`."""

    surname: str = "Eriksson"
    given_names: str = "Anna Maria"
    born: date = date(1974, 8, 12)
    sex: str = "F"
    document_number: str | None = None
    zone: Callable[[MrzFields], tuple[str, ...]] = mrz.td3
    document_code: str = "P"
    zero_for_nothing: bool = False


ORDINARY_BEARER = Bearer()


@dataclass(frozen=True, slots=True)
class Issue:
    """How the passport is made; see :meth:`PassportOffice.issue`."""

    variant: Variant = Variant.GENUINE
    security: ChipSecurity = BAC_ONLY
    groups: tuple[int, ...] = ()
    state: str | None = None
    form: SodForm = ORDINARY_FORM
    coding: Coding = Coding.JP2
    iso39794: bool = False
    bearer: Bearer = ORDINARY_BEARER


@dataclass(frozen=True, slots=True)
class Specimen:
    """One passport with a story."""

    name: str
    about: str
    expected: Expected = Expected()
    issue: Issue = field(default_factory=Issue)
    alteration: Alteration = unaltered
    manners: ChipProfile = ORDINARY
    interposer: Interposer | None = None
    link: LinkParameters | None = None

    def passport(self, office: PassportOffice, photograph: NDArray[np.uint8]) -> Passport:
        """Issued and altered."""
        how, bearer = self.issue, self.issue.bearer
        issued = office.issue(
            bearer.surname,
            bearer.given_names,
            photograph,
            bearer.born,
            sex=bearer.sex,
            document_number=bearer.document_number,
            zone=bearer.zone,
            document_code=bearer.document_code,
            zero_for_nothing=bearer.zero_for_nothing,
            variant=how.variant,
            security=how.security,
            groups=how.groups,
            issuing_state=how.state,
            form=how.form,
            coding=how.coding,
            iso39794=how.iso39794,
        )
        return self.alteration(issued)

    def card(self, passport: Passport) -> Card:
        """What lies on the reader, without the link: a new chip, and whoever is in between."""
        chip = passport.chip(self.manners)
        return chip if self.interposer is None else self.interposer(chip)
