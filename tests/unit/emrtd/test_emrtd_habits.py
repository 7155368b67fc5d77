"""Chips with the manners of an old applet: what the reader learns of them, and keeps until they come back.

No file outside the application, no extended length, no short identifiers; an error ends the channel, and some
chips are then not opened again before they are reset.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from gate_agent.devices import CardLost
from gate_agent.emrtd.chip.exchange import Transmit, run
from gate_agent.emrtd.inspection import Inspection, inspect
from gate_agent.emrtd.lds.mrz import parse
from gate_agent.emrtd.reading import Reading
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.emrtd.trust.trust_directory import load_trust_directory
from gate_agent.evidence import Outcome
from gate_simulators.chip.card import Chip
from gate_simulators.chip.profile import ORDINARY
from gate_simulators.issuer import alterations
from gate_simulators.issuer.chip_security import BAC_ONLY
from gate_simulators.issuer.passports import Passport, PassportOffice

TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PHOTOGRAPH = np.tile(np.arange(120, dtype=np.uint8)[:, None, None], (1, 90, 3))

APPLET = replace(
    ORDINARY, application_only=True, extended_length=False, short_identifiers=False, errors_in_clear=True
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> PassportOffice:
    return PassportOffice(tmp_path_factory.mktemp("office"), seed=5, today=TODAY)


@pytest.fixture(scope="module")
def trust(office: PassportOffice, tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    directory: Path = tmp_path_factory.mktemp("trust")
    office.write_trust_directory(directory)
    return load_trust_directory(directory)


@pytest.fixture(scope="module")
def passport(office: PassportOffice) -> Passport:
    return office.issue("ERIKSSON", "ANNA MARIA", PHOTOGRAPH, date(1980, 8, 12))


@pytest.fixture
def inspected(passport: Passport, trust: TrustStore) -> Callable[[Transmit, Reading], Inspection]:
    printed = parse(passport.lines)
    return lambda transmit, reading: run(
        inspect(printed.key(), printed, trust, NOW, reading=reading), transmit
    )


def passed(inspection: Inspection) -> bool:
    return all(result.outcome is Outcome.PASSED for result in inspection.results[:5])


def test_extended_length_is_not_guessed_where_nothing_was_said_of_it(
    passport: Passport, inspected: Callable[[Transmit, Reading], Inspection]
) -> None:
    chip, sent = passport.chip(APPLET), list[bytes]()

    def transmit(command: bytes, timeout_s: float) -> bytes:
        sent.append(command)
        return chip.process(command)

    assert passed(inspected(transmit, Reading()))
    protected = [command for command in sent if command[0] & 0x0C == 0x0C]
    assert all(command[4] != 0 for command in protected)


def test_a_long_signature_comes_in_parts_where_there_is_no_extended_length(
    office: PassportOffice, trust: TrustStore
) -> None:
    security = replace(BAC_ONLY, active="rsa-2048-sha512")
    passport = office.issue("ERIKSSON", "ANNA", PHOTOGRAPH, date(1980, 8, 12), security=security)
    chip = passport.chip(replace(ORDINARY, extended_length=False, response_chaining=True))
    printed = parse(passport.lines)
    inspection = run(inspect(printed.key(), printed, trust, NOW), lambda command, _: chip.process(command))
    assert inspection.result("active_authentication").outcome is Outcome.PASSED


def test_a_chip_that_opens_once_is_read_when_it_is_presented_again(
    passport: Passport, inspected: Callable[[Transmit, Reading], Inspection]
) -> None:
    chip, reading = passport.chip(replace(APPLET, opens_once=True)), Reading()
    with pytest.raises(CardLost, match="not opened again"):
        inspected(lambda command, _: chip.process(command), reading)
    chip.reset()
    assert passed(inspected(lambda command, _: chip.process(command), reading))


def test_a_file_that_ends_the_channel_is_left_out_and_the_others_are_read(
    passport: Passport, trust: TrustStore
) -> None:
    without = alterations.without("DG2")(passport)
    chip: Chip = without.chip(replace(APPLET, opens_once=False))
    printed = parse(passport.lines)
    inspection = run(inspect(printed.key(), printed, trust, NOW), lambda command, _: chip.process(command))
    assert inspection.result("chip_read").reasons == ("CHIP_FILE_UNREADABLE",)
    assert inspection.result("dg_hashes").outcome is not Outcome.PASSED
    assert inspection.result("dg1_matches_mrz").outcome is Outcome.PASSED
    assert inspection.dg1 is not None
