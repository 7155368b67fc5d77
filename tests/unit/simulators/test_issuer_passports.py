"""The passport office gives what it was asked for: sound passports, and each forgery in its own way."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from asn1crypto import cms, x509

from gate_agent.emrtd.lds.mrz import parse
from gate_simulators.chip import ber
from gate_simulators.issuer.passports import Passport, PassportOffice, Variant
from gate_simulators.issuer.sod import LdsSecurityObject

TODAY = date(2026, 6, 1)
PHOTOGRAPH = skimage.data.astronaut()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> PassportOffice:
    return PassportOffice(tmp_path_factory.mktemp("office"), seed=7, today=TODAY)


def issue(office: PassportOffice, variant: Variant = Variant.GENUINE) -> Passport:
    return office.issue("Eriksson", "Anna Maria", PHOTOGRAPH, date(1974, 8, 12), sex="F", variant=variant)


def signed_data(passport: Passport) -> Any:
    """The CMS SignedData; asn1crypto does not say what types its members are of."""
    ((_, content),) = ber.decode(passport.files["EF.SOD"])
    return cms.ContentInfo.load(content)["content"]


def signer(passport: Passport) -> x509.Certificate:
    return signed_data(passport)["certificates"][0].chosen


def signed_hashes(passport: Passport) -> dict[int, bytes]:
    content = signed_data(passport)["encap_content_info"]["content"].native
    security_object: Any = LdsSecurityObject.load(content)
    return {h["number"]: h["value"] for h in security_object["hashes"].native}


def actual_hashes(passport: Passport) -> dict[int, bytes]:
    return {n: hashlib.sha256(passport.files[f"DG{n}"]).digest() for n in (1, 2)}


def test_a_genuine_passport_is_consistent(office: PassportOffice) -> None:
    passport = issue(office)
    assert signed_hashes(passport) == actual_hashes(passport)
    zone = parse(passport.lines)
    assert zone.issuing_state == zone.nationality == "UTO"
    assert passport.files["DG1"].endswith("".join(passport.lines).encode())


def test_the_chip_opens_with_the_printed_zone(office: PassportOffice) -> None:
    chip = issue(office).chip()
    assert chip.process(bytes.fromhex("00A4040C07A0000002471001")) == b"\x90\x00"


@pytest.mark.parametrize("variant", Variant)
def test_equal_requests_give_equal_passports(variant: Variant, tmp_path: Path) -> None:
    first, second = (issue(PassportOffice(tmp_path, 7, TODAY), variant) for _ in range(2))
    assert (first.lines, first.files) == (second.lines, second.files)


def test_another_seed_gives_another_document_number(tmp_path: Path) -> None:
    first, second = (issue(PassportOffice(tmp_path, seed, TODAY)) for seed in (1, 2))
    assert first.fields.document_number != second.fields.document_number


def test_only_the_portrait_of_a_tampered_passport_is_not_as_signed(office: PassportOffice) -> None:
    passport = issue(office, Variant.TAMPERED_PORTRAIT)
    signed, actual = signed_hashes(passport), actual_hashes(passport)
    assert signed[1] == actual[1]
    assert signed[2] != actual[2]


def test_a_tampered_passport_shows_the_substitute(office: PassportOffice) -> None:
    other = np.ascontiguousarray(PHOTOGRAPH[::-1])
    forged = office.issue(
        "Eriksson",
        "Anna Maria",
        PHOTOGRAPH,
        date(1974, 8, 12),
        variant=Variant.TAMPERED_PORTRAIT,
        substitute=other,
    )
    sound = office.issue("Eriksson", "Anna Maria", other, date(1974, 8, 12))
    assert forged.files["DG2"] == sound.files["DG2"]


def test_an_expired_passport_was_sound(office: PassportOffice) -> None:
    passport = issue(office, Variant.EXPIRED_DOCUMENT)
    assert passport.fields.date_of_expiry < TODAY
    assert signed_hashes(passport) == actual_hashes(passport)


def test_the_trust_directory_covers_the_expired_passport(office: PassportOffice, tmp_path: Path) -> None:
    anchors = {
        x509.Certificate.load(path.read_bytes()).key_identifier
        for path in office.write_trust_directory(tmp_path)
    }
    assert signer(issue(office, Variant.EXPIRED_DOCUMENT)).authority_key_identifier in anchors
    assert signer(issue(office, Variant.UNKNOWN_CSCA)).authority_key_identifier not in anchors
    assert signer(issue(office, Variant.IMPERSONATED_CSCA)).authority_key_identifier not in anchors


def test_a_forged_security_object_names_the_genuine_signer(office: PassportOffice) -> None:
    genuine, forged = issue(office), issue(office, Variant.FORGED_SOD)
    assert signer(genuine).dump() == signer(forged).dump()
    signatures = [signed_data(p)["signer_infos"][0]["signature"].native for p in (genuine, forged)]
    assert signatures[0] != signatures[1]


def test_an_expired_signer_had_run_out_at_signing(office: PassportOffice) -> None:
    passport = issue(office, Variant.SIGNER_EXPIRED)
    attributes = signed_data(passport)["signer_infos"][0]["signed_attrs"].native
    (signed_at,) = next(a["values"] for a in attributes if a["type"] == "signing_time")
    assert signer(passport).not_valid_after < signed_at.astimezone(UTC)


def test_an_impersonated_authority_bears_the_trusted_name(office: PassportOffice) -> None:
    genuine, false = signer(issue(office)), signer(issue(office, Variant.IMPERSONATED_CSCA))
    assert genuine.issuer == false.issuer
    assert genuine.authority_key_identifier != false.authority_key_identifier


def test_a_passport_for_an_infant_is_not_older_than_its_holder(office: PassportOffice) -> None:
    born = TODAY - timedelta(days=200)
    passport = office.issue("Eriksson", "Ida", PHOTOGRAPH, born, date_of_expiry=TODAY + timedelta(days=1500))
    attributes = signed_data(passport)["signer_infos"][0]["signed_attrs"].native
    (signed_at,) = next(a["values"] for a in attributes if a["type"] == "signing_time")
    assert born < signed_at.date() < TODAY


def test_an_unknown_state_is_refused(office: PassportOffice) -> None:
    with pytest.raises(ValueError, match="XYZ"):
        office.issue("Eriksson", "Anna", PHOTOGRAPH, date(1974, 8, 12), issuing_state="XYZ")
