"""Specimens: passports with a story, each with the verdict that a gate must come to.

A specimen is data: how its passport is issued, what was done to it, how its chip behaves, who interferes,
over which link. The tables are :mod:`~gate_simulators.issuer.specimens_sound` (a reader must cope with
them) and :mod:`~gate_simulators.issuer.specimens_false` (a gate must refuse them), joined in
:mod:`~gate_simulators.issuer.catalogue`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from gate_simulators.chip.interference import Interposer
from gate_simulators.chip.link import Card, LinkParameters
from gate_simulators.chip.profile import ORDINARY, ChipProfile
from gate_simulators.issuer.alterations import Alteration, unaltered
from gate_simulators.issuer.chip_security import BAC_ONLY, ChipSecurity
from gate_simulators.issuer.portrait import Coding
from gate_simulators.issuer.sod import ORDINARY_FORM, SodForm
from gate_simulators.passports import Passport, PassportOffice, Variant


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
class Issue:
    """How the passport is made; see :meth:`PassportOffice.issue`."""

    variant: Variant = Variant.GENUINE
    security: ChipSecurity = BAC_ONLY
    groups: tuple[int, ...] = ()
    state: str | None = None
    form: SodForm = ORDINARY_FORM
    coding: Coding = Coding.JP2
    iso39794: bool = False


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
        """Issued and altered; always the same bearer."""
        how = self.issue
        issued = office.issue(
            "Eriksson",
            "Anna Maria",
            photograph,
            date(1974, 8, 12),
            sex="F",
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
