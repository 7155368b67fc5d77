"""What the agent finds out about every kind of passport that the simulated authority issues.

A forgery is only worth having if it is caught by the check that it was made to defeat, and by no other.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import skimage.data

from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.inspection import Inspection, inspect
from gate_agent.emrtd.lds.mrz import parse
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.emrtd.trust.trust_directory import load_trust_directory
from gate_agent.evidence import Outcome
from gate_simulators.chip import PROFILES
from gate_simulators.issuer.authority import TRUSTED
from gate_simulators.issuer.passports import Passport, PassportOffice, Variant

TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
PHOTOGRAPH = skimage.data.astronaut()

CAUGHT_BY = {
    Variant.GENUINE: None,
    Variant.EXPIRED_DOCUMENT: None,  # the chip is sound; the printed expiry is another check's business
    Variant.TAMPERED_PORTRAIT: ("dg_hashes", "DG_HASH_MISMATCH"),
    Variant.FORGED_SOD: ("passive_authentication", "SOD_SIGNATURE_INVALID"),
    Variant.UNKNOWN_CSCA: ("passive_authentication", "CSCA_UNKNOWN"),
    Variant.IMPERSONATED_CSCA: ("passive_authentication", "CSCA_UNKNOWN"),
    Variant.SIGNER_EXPIRED: ("passive_authentication", "DSC_EXPIRED_AT_SIGNING"),
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> PassportOffice:
    return PassportOffice(tmp_path_factory.mktemp("office"), seed=7, today=TODAY)


@pytest.fixture(scope="module")
def trust(office: PassportOffice, tmp_path_factory: pytest.TempPathFactory) -> TrustStore:
    directory = tmp_path_factory.mktemp("trust")
    office.write_trust_directory(directory)
    store = load_trust_directory(directory)
    assert not store.refused
    return store


def inspected(passport: Passport, trust: TrustStore, profile: str = "ordinary") -> Inspection:
    chip = passport.chip(PROFILES[profile])
    zone = parse(passport.lines)
    return run(inspect(zone.key(), zone, trust, NOW), lambda apdu, _timeout_s: chip.process(apdu))


def shortcomings(inspection: Inspection) -> list[tuple[str, str]]:
    return [
        (r.check, reason)
        for r in inspection.results
        if r.outcome is not Outcome.PASSED
        for reason in r.reasons
    ]


def issue(office: PassportOffice, state: str | None = None, variant: Variant = Variant.GENUINE) -> Passport:
    return office.issue(
        "Eriksson", "Anna Maria", PHOTOGRAPH, date(1974, 8, 12), sex="F", issuing_state=state, variant=variant
    )


@pytest.mark.parametrize("variant", CAUGHT_BY)
def test_each_forgery_is_caught_for_its_own_reason(
    variant: Variant, office: PassportOffice, trust: TrustStore
) -> None:
    caught_by = CAUGHT_BY[variant]
    found = shortcomings(inspected(issue(office, variant=variant), trust))
    assert found == ([] if caught_by is None else [caught_by])


@pytest.mark.parametrize("state", [country.state_code for country in TRUSTED])
def test_every_trusted_countrys_algorithms_verify(
    state: str, office: PassportOffice, trust: TrustStore
) -> None:
    assert shortcomings(inspected(issue(office, state), trust)) == []


@pytest.mark.parametrize("profile", PROFILES)
def test_every_chip_profile_is_read_in_full(profile: str, office: PassportOffice, trust: TrustStore) -> None:
    passport = issue(office)
    inspection = inspected(passport, trust, profile)
    assert shortcomings(inspection) == []
    assert inspection.portrait is not None
    assert passport.files["DG2"].endswith(inspection.portrait.image)
