"""Passive authentication: the algorithms that states use, and each way in which a document can be false.

The authority that signs here was written independently of the code that verifies.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, core, pem, x509
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.certificate import CertificateError, parse_certificate
from gate_agent.emrtd.coding.errors import FileError
from gate_agent.emrtd.coding.reasons import REASONS
from gate_agent.emrtd.lds.lds import ImageFormat, parse_com, parse_dg1, parse_dg2
from gate_agent.emrtd.lds.sod import parse_sod
from gate_agent.emrtd.trust.passive_auth import authenticate, compare_hashes
from gate_agent.emrtd.trust.trust import TrustStore, build_store
from gate_agent.emrtd.trust.trust_directory import TrustDirectoryError, load_trust_directory
from gate_agent.evidence import CheckResult, Outcome
from gate_simulators.issuer.algorithms import SCHEMES
from gate_simulators.issuer.authority import COUNTRIES, Country, IssuingAuthority
from gate_simulators.issuer.certificates import Credential
from gate_simulators.issuer.keys import KeyStore

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SIGNED = datetime(2023, 2, 3, 4, 5, 6, tzinfo=UTC)
GROUPS = {1: b"\x61\x03one", 2: b"\x75\x03two"}

DATA = Path(os.environ.get("GATE_AGENT_TEST_DATA", "/nonexistent"))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyStore:
    return KeyStore(tmp_path_factory.mktemp("keys"), seed=3)


@pytest.fixture(scope="module")
def utopia(keys: KeyStore) -> IssuingAuthority:
    return IssuingAuthority(COUNTRIES["UTO"], keys)


def trusting(*authorities: IssuingAuthority) -> TrustStore:
    return build_store(("csca", a.csca(SIGNED.date()).certificate.dump()) for a in authorities)


def verdict(sod: bytes, trust: TrustStore, at: datetime = NOW) -> CheckResult:
    result = authenticate(parse_sod(sod), trust, at)
    assert set(result.reasons) <= set(REASONS)
    assert (result.outcome is Outcome.PASSED) == (not result.reasons)
    return result


# ---------------------------------------------------------------- genuine documents


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_signature_scheme_verifies(scheme: str, keys: KeyStore) -> None:
    authority = IssuingAuthority(Country("Test", "UT", "UTO", scheme), keys, house=scheme)
    result = verdict(authority.sign(GROUPS, SIGNED), trusting(authority))
    assert result.reasons == ()
    assert result.measured["signing_time"] == "2023-02-03"
    assert str(result.measured["signature_algorithm"]).startswith(scheme.split("-", maxsplit=1)[0])
    assert result.versions["trust_store"] == trusting(authority).version


def test_signer_and_authority_may_use_different_algorithms(keys: KeyStore) -> None:
    authority = IssuingAuthority(COUNTRIES["QOA"], keys)
    measured = verdict(authority.sign(GROUPS, SIGNED), trusting(authority)).measured
    assert (measured["signature_algorithm"], measured["csca_algorithm"]) == ("ecdsa-sha256", "ecdsa-sha384")


def test_validity_is_judged_when_the_document_was_signed(utopia: IssuingAuthority) -> None:
    """Years after signer and authority have expired the signature is as good as it was."""
    sod, trust = utopia.sign(GROUPS, SIGNED), trusting(utopia)
    assert verdict(sod, trust, at=datetime(2059, 1, 1, tzinfo=UTC)).outcome is Outcome.PASSED


def test_the_right_authority_is_found_among_several_of_one_name(
    keys: KeyStore, utopia: IssuingAuthority
) -> None:
    impostor = IssuingAuthority(COUNTRIES["UTO"], keys, house="impostor")
    trust = trusting(impostor, utopia, impostor)
    assert len(trust.anchors) == 2
    assert verdict(utopia.sign(GROUPS, SIGNED), trust).outcome is Outcome.PASSED


# ---------------------------------------------------------------- false documents


def test_an_unknown_authority(utopia: IssuingAuthority, keys: KeyStore) -> None:
    sod = utopia.sign(GROUPS, SIGNED)
    assert verdict(sod, TrustStore(())).reasons == ("CSCA_UNKNOWN",)
    assert verdict(sod, trusting(IssuingAuthority(COUNTRIES["QMA"], keys))).reasons == ("CSCA_UNKNOWN",)


def test_an_authority_that_borrows_a_trusted_name(utopia: IssuingAuthority, keys: KeyStore) -> None:
    impostor = IssuingAuthority(COUNTRIES["UTO"], keys, house="impostor")
    assert verdict(impostor.sign(GROUPS, SIGNED), trusting(utopia)).reasons == ("CSCA_UNKNOWN",)


def test_a_signature_by_somebody_else(utopia: IssuingAuthority) -> None:
    result = verdict(utopia.sign_with_foreign_key(GROUPS, SIGNED), trusting(utopia))
    assert result.reasons == ("SOD_SIGNATURE_INVALID",)


def test_a_signer_that_had_expired(utopia: IssuingAuthority) -> None:
    result = verdict(utopia.sign_after_expiry(GROUPS, SIGNED), trusting(utopia))
    assert result.reasons == ("DSC_EXPIRED_AT_SIGNING",)


def test_a_document_from_the_future(utopia: IssuingAuthority) -> None:
    result = verdict(utopia.sign(GROUPS, SIGNED), trusting(utopia), at=SIGNED - timedelta(days=3))
    assert result.reasons == ("SOD_SIGNED_IN_FUTURE",)


# ---------------------------------------------------------------- altered CMS structures


def altered(sod: bytes, change: Callable[[Any], None]) -> bytes:
    info = cms.ContentInfo.load(tlv.parse_one(sod).value)
    change(info["content"])
    return tlv.encode(0x77, info.dump(force=True))


def test_content_changed_after_signing(utopia: IssuingAuthority) -> None:
    def swap(signed: Any) -> None:
        content = bytes(signed["encap_content_info"]["content"])
        forged = content.replace(hashlib.sha256(GROUPS[2]).digest(), bytes(32))
        signed["encap_content_info"]["content"] = core.ParsableOctetString(forged)

    result = verdict(altered(utopia.sign(GROUPS, SIGNED), swap), trusting(utopia))
    assert result.reasons == ("SOD_DIGEST_MISMATCH",)


def test_a_signer_certificate_that_is_missing(utopia: IssuingAuthority) -> None:
    def drop(signed: Any) -> None:
        signed["certificates"] = []

    assert verdict(altered(utopia.sign(GROUPS, SIGNED), drop), trusting(utopia)).reasons == ("DSC_MISSING",)


def test_no_signed_attributes_is_malformed(utopia: IssuingAuthority) -> None:
    def drop(signed: Any) -> None:
        del signed["signer_infos"][0]["signed_attrs"]

    with pytest.raises(FileError) as caught:
        parse_sod(altered(utopia.sign(GROUPS, SIGNED), drop))
    assert caught.value.reason == "SOD_MALFORMED" and "signedAttrs" in caught.value.field


def resigned(authority: IssuingAuthority, change: Callable[[Any], None]) -> bytes:
    """A SOD whose signer info is changed and then signed again by the genuine signer."""
    signer = authority.signer(SIGNED.date())

    def apply(signed: Any) -> None:
        info = signed["signer_infos"][0]
        change(info)
        over = b"\x31" + info["signed_attrs"].dump(force=True)[1:]
        info["signature"] = signer.scheme.sign(signer.key, over)

    return altered(authority.sign(GROUPS, SIGNED), apply)


def test_the_signer_may_be_named_by_its_key_identifier(utopia: IssuingAuthority) -> None:
    identifier = utopia.signer(SIGNED.date()).certificate.key_identifier

    def by_key(info: Any) -> None:
        info["sid"] = cms.SignerIdentifier(name="subject_key_identifier", value=identifier)

    assert verdict(resigned(utopia, by_key), trusting(utopia)).outcome is Outcome.PASSED


def test_a_document_that_does_not_say_when_it_was_signed_is_judged_today(utopia: IssuingAuthority) -> None:
    def drop_time(info: Any) -> None:
        info["signed_attrs"] = cms.CMSAttributes(
            [a for a in info["signed_attrs"] if a["type"].native != "signing_time"]
        )

    sod, trust = resigned(utopia, drop_time), trusting(utopia)
    assert verdict(sod, trust).measured["signing_time"] == "not stated"
    assert "DSC_EXPIRED_AT_SIGNING" in verdict(sod, trust, at=datetime(2059, 1, 1, tzinfo=UTC)).reasons


def test_another_content_type_in_the_attributes(utopia: IssuingAuthority) -> None:
    def plain_data(info: Any) -> None:
        info["signed_attrs"][0]["values"] = ["data"]

    assert "SOD_DIGEST_MISMATCH" in verdict(resigned(utopia, plain_data), trusting(utopia)).reasons


def test_attributes_carried_out_of_order_but_signed_in_der_order(utopia: IssuingAuthority) -> None:
    sod = utopia.sign(GROUPS, SIGNED)
    attributes = parse_sod(sod).signers[0].attribute_forms[0]
    members = tlv.parse(tlv.parse_one(attributes).value)
    backwards = b"".join(tlv.encode(m.tag, m.value) for m in reversed(members))
    forwards = b"".join(tlv.encode(m.tag, m.value) for m in members)
    assert verdict(sod.replace(forwards, backwards), trusting(utopia)).outcome is Outcome.PASSED


# ---------------------------------------------------------------- certificates


def certificate_with(credential: Credential, change: Callable[[Any], None]) -> bytes:
    certificate = x509.Certificate.load(credential.certificate.dump())
    change(certificate["tbs_certificate"])
    return certificate.dump(force=True)


def test_explicit_parameters_with_a_generator_of_ones_own_are_refused(utopia: IssuingAuthority) -> None:
    def other_generator(tbs: Any) -> None:
        point = bytes(tbs["subject_public_key_info"]["public_key"])
        tbs["subject_public_key_info"]["algorithm"]["parameters"].chosen["base"] = point

    with pytest.raises(CertificateError) as caught:
        parse_certificate(certificate_with(utopia.csca(SIGNED.date()), other_generator))
    assert caught.value.reason == "CURVE_UNKNOWN"


def test_a_point_that_is_not_on_its_curve_is_refused(utopia: IssuingAuthority) -> None:
    def off_curve(tbs: Any) -> None:
        point = bytearray(bytes(tbs["subject_public_key_info"]["public_key"]))
        point[-1] ^= 1
        tbs["subject_public_key_info"]["public_key"] = bytes(point)

    with pytest.raises(CertificateError) as caught:
        parse_certificate(certificate_with(utopia.csca(SIGNED.date()), off_curve))
    assert caught.value.reason == "KEY_INVALID"


def test_a_bad_certificate_is_refused_with_its_own_reason_and_the_rest_is_loaded(
    utopia: IssuingAuthority, tmp_path: Path
) -> None:
    csca = utopia.csca(SIGNED.date()).certificate
    (tmp_path / "a.der").write_bytes(csca.dump())
    (tmp_path / "b.pem").write_bytes(_armor(csca.dump()) + _armor(csca.dump()))
    (tmp_path / "c.cer").write_bytes(csca.dump()[:-9])
    (tmp_path / "d.crt").write_bytes(bytes(1 << 21))
    (tmp_path / "README.txt").write_text("not a certificate")
    os.utime(tmp_path / "a.der", (0, 0))
    store = load_trust_directory(tmp_path)
    assert len(store.anchors) == 1
    assert [(r.name, r.reason) for r in store.refused] == [
        ("d.crt", "CERTIFICATE_UNREADABLE"),
        ("c.cer", "CERTIFICATE_MALFORMED"),
    ]
    age = store.age(datetime.now(UTC))
    assert age is not None and age < timedelta(hours=1)


def _armor(der: bytes) -> bytes:
    return pem.armor("CERTIFICATE", der)


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TrustDirectoryError):
        load_trust_directory(tmp_path / "absent")
    assert load_trust_directory(tmp_path) == TrustStore(())


def test_a_certificate_that_says_it_is_no_authority_is_not_trusted(utopia: IssuingAuthority) -> None:
    def no_authority(tbs: Any) -> None:
        for extension in tbs["extensions"]:
            if extension["extn_id"].native == "basic_constraints":
                extension["extn_value"] = {"ca": False}

    store = build_store([("x", certificate_with(utopia.csca(SIGNED.date()), no_authority))])
    assert [r.reason for r in store.refused] == ["CERTIFICATE_NOT_CA"]


# ---------------------------------------------------------------- hashes


def test_hashes_are_compared_over_raw_bytes(utopia: IssuingAuthority) -> None:
    sod = parse_sod(utopia.sign(GROUPS, SIGNED))
    assert compare_hashes(sod, GROUPS, (1, 2)).outcome is Outcome.PASSED
    changed = compare_hashes(sod, {**GROUPS, 2: b"\x75\x03twO"}, (1, 2))
    assert (changed.reasons, changed.measured["dg2"]) == (("DG_HASH_MISMATCH",), "mismatch")
    assert compare_hashes(sod, {**GROUPS, 3: b""}, (1, 2)).reasons == ("DG_NOT_IN_SOD",)
    assert compare_hashes(sod, GROUPS, (1, 2, 14)).reasons == ("DG_NOT_IN_SOD",)


# ---------------------------------------------------------------- anything at all


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_security_object_is_refused_or_fails(data: st.DataObject) -> None:
    sod = bytearray(_sample())
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(sod) - 1))
        sod[position] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(sod)))
    raw = bytes(sod[:cut]) if data.draw(st.booleans()) else bytes(sod)
    try:
        result = authenticate(parse_sod(raw), TrustStore(()), NOW)
    except FileError as error:
        assert error.reason in REASONS
    else:
        assert result.outcome is Outcome.FAILED


@cache
def _sample() -> bytes:
    authority = IssuingAuthority(COUNTRIES["UTO"], KeyStore(Path("/nonexistent"), 3))
    return authority.sign(GROUPS, datetime(2023, 2, 3, tzinfo=UTC))


# ---------------------------------------------------------------- data that others made


@pytest.fixture
def silver() -> Path:
    folder = DATA / "emrtd" / "bsi_silver"
    if not folder.is_dir():
        pytest.skip("the BSI TR-03105-5 reference data set is not here (GATE_AGENT_TEST_DATA)")
    return folder


def test_the_bsi_reference_data_set_is_read(silver: Path) -> None:
    assert parse_com((silver / "EF_COM.bin").read_bytes()).data_groups == (1, 2, 3, 14)
    zone = parse_dg1((silver / "EF_DG1.bin").read_bytes())
    assert (zone.issuing_state, zone.date_of_expiry) == ("D", "131031")
    portrait = parse_dg2((silver / "EF_DG2.bin").read_bytes())
    assert (portrait.format, portrait.width, portrait.height) == (ImageFormat.JP2, 337, 449)


def test_the_bsi_reference_data_set_has_matching_hashes(silver: Path) -> None:
    sod = parse_sod((silver / "EF_SOD.bin").read_bytes())
    files = {n: (silver / f"EF_DG{n}.bin").read_bytes() for n in (1, 2, 3, 14)}
    assert compare_hashes(sod, files, (1, 2, 3, 14)).outcome is Outcome.PASSED
    (signer,) = sod.signers
    assert signer.message_digest == hashlib.sha1(sod.content).digest()
    # brainpoolP224r1, which the `cryptography` library does not have, and a CSCA that nobody published.
    result = authenticate(sod, TrustStore(()), NOW)
    assert result.measured["signature_valid"] is True
    assert result.reasons == ("DSC_EXPIRED_AT_SIGNING", "CSCA_UNKNOWN")


def test_the_german_master_list_is_accounted_for() -> None:
    lists = sorted((DATA / "emrtd" / "masterlist").glob("*.ml"))
    if not lists:
        pytest.skip("the German CSCA master list is not here (GATE_AGENT_TEST_DATA)")
    certificates = list(_master_list(lists[-1].read_bytes()))
    store = build_store(certificates)
    assert len(store.anchors) + len(store.refused) == len(certificates) == 588
    assert {r.reason for r in store.refused} <= {"CERTIFICATE_NOT_CA"}
    assert len(store.refused) <= 7
    roots = [
        a for a in store.anchors if a.authority_key_id in (None, a.subject_key_id) and a.subject == a.issuer
    ]
    verified = [a for a in roots if a.issued(a)]
    assert len(roots) > 300 and len(verified) == len(roots)


def _master_list(raw: bytes) -> list[tuple[str, bytes]]:
    class Certificates(core.SetOf):
        _child_spec = x509.Certificate

    class MasterList(core.Sequence):
        _fields = [("version", core.Integer), ("list", Certificates)]  # noqa: RUF012

    signed = cms.ContentInfo.load(raw)["content"]
    decoded = MasterList.load(bytes(signed["encap_content_info"]["content"]))
    return [(str(number), item.dump()) for number, item in enumerate(decoded["list"])]
