"""Every specimen gets the verdict that it was made for, from the agent's own inspection.

Over a modelled link where the specimen has one: time passes on the model's clock only.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import skimage.data

from gate_agent.devices import CardLost, DeviceTimeout
from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.inspection import Inspection, inspect, interrupted
from gate_agent.emrtd.lds.mrz import parse
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.emrtd.trust.trust_directory import load_trust_directory
from gate_agent.evidence import CheckResult, Outcome
from gate_simulators.chip import link
from gate_simulators.chip.link import ContactlessLink, LinkParameters
from gate_simulators.issuer.catalogue import SPECIMENS
from gate_simulators.issuer.passports import PassportOffice
from gate_simulators.issuer.specimens import Specimen, Verdict

TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PHOTOGRAPH = skimage.data.astronaut()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> PassportOffice:
    return PassportOffice(tmp_path_factory.mktemp("office"), seed=7, today=TODAY)


@pytest.fixture(scope="module")
def trust(office: PassportOffice, tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    directory = tmp_path_factory.mktemp("trust")
    office.write_trust_directory(directory)
    SPECIMENS["signer-revoked"].passport(office, PHOTOGRAPH)
    office.write_revocation_lists(directory)
    return load_trust_directory(directory)


class Clock:
    """Passes when the link says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_time(self, seconds: float) -> None:
        self.now += seconds


def inspected(specimen: Specimen, office: PassportOffice, trust: TrustStore) -> Inspection:
    passport = specimen.passport(office, PHOTOGRAPH)
    clock = Clock()
    parameters = specimen.link or LinkParameters()
    card = ContactlessLink(specimen.card(passport), parameters, clock.pass_time)

    def transmit(apdu: bytes, timeout_s: float) -> bytes:
        sent_at = clock.now
        try:
            response = card.process(apdu)
        except link.CardLost:
            raise CardLost("left the field") from None
        if clock.now - sent_at > timeout_s:
            raise DeviceTimeout("no answer in time")
        return response

    zone = parse(passport.lines)
    try:
        return run(inspect(zone.key(), zone, trust, NOW), transmit, clock=clock)
    except (CardLost, DeviceTimeout) as error:
        return interrupted(error)


def speaks_against(result: CheckResult) -> bool:
    """A check that did not pass, other than one of something that the document does not have."""
    return result.outcome is not Outcome.PASSED and bool(result.reasons)


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_specimen_gets_its_verdict(name: str, office: PassportOffice, trust: TrustStore) -> None:
    specimen = SPECIMENS[name]
    inspection = inspected(specimen, office, trust)
    against = {result.check for result in inspection.results if speaks_against(result)}
    assert against >= set(specimen.expected.caught_by)
    assert bool(against) == (specimen.expected.verdict is Verdict.REFUSE)
    if specimen.expected.access:
        assert inspection.access == specimen.expected.access


def test_there_are_enough_of_both_kinds() -> None:
    verdicts = [specimen.expected.verdict for specimen in SPECIMENS.values()]
    assert verdicts.count(Verdict.ACCEPT) >= 60
    assert verdicts.count(Verdict.REFUSE) >= 40


def test_the_same_seed_gives_the_same_specimen(office: PassportOffice) -> None:
    first, second = (SPECIMENS["pace-ca"].passport(office, PHOTOGRAPH) for _ in range(2))
    assert first.files == second.files
