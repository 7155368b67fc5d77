"""The trust store: what is taken in and what is refused, revocation, known defects, alarms."""

from __future__ import annotations

import base64
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.emrtd.coding.certificate import parse_certificate
from gate_agent.emrtd.coding.errors import FileError
from gate_agent.emrtd.coding.oid import encoded
from gate_agent.emrtd.coding.reasons import REASONS
from gate_agent.emrtd.coding.tlv import encode
from gate_agent.emrtd.lds.sod import parse_sod
from gate_agent.emrtd.trust.crl import CrlError, parse_crl
from gate_agent.emrtd.trust.deviation_list import Deviation, parse_deviation_list
from gate_agent.emrtd.trust.ldif import LdifError, parse_ldif
from gate_agent.emrtd.trust.master_list import parse_master_list, verify_master_list
from gate_agent.emrtd.trust.passive_auth import authenticate
from gate_agent.emrtd.trust.trust import TrustStore, build_store, with_revocations
from gate_agent.emrtd.trust.trust_directory import load_trust_directory
from gate_agent.emrtd.trust.trust_import import TrustImport, write_store
from gate_agent.evidence import Outcome
from gate_simulators.issuer.authority import COUNTRIES, IssuingAuthority
from gate_simulators.issuer.certificates import Credential
from gate_simulators.issuer.keys import KeyStore
from gate_simulators.issuer.revocation import revocation_list
from gate_simulators.issuer.sod import SodForm, signed_data

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SIGNED = datetime(2024, 3, 1, tzinfo=UTC)
GROUPS = {1: b"\x61\x00", 2: b"\x75\x00"}
DATA = Path(os.environ.get("GATE_AGENT_TEST_DATA", "/nonexistent")) / "emrtd"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> IssuingAuthority:
    keys = KeyStore(tmp_path_factory.mktemp("keys"), 3)
    country = next(c for c in COUNTRIES.values() if "ecdsa" in c.scheme)
    return IssuingAuthority(country, keys)


@pytest.fixture(scope="module")
def csca(authority: IssuingAuthority) -> Credential:
    return authority.csca(SIGNED.date())


@pytest.fixture(scope="module")
def store(csca: Credential) -> TrustStore:
    return build_store([("csca", csca.certificate.dump())], NOW)


def master_list(signer: Credential, certificates: list[bytes], at: datetime = SIGNED) -> bytes:
    """A CSCA master list as Doc 9303-12 §8 builds it, signed with `signer`'s key."""

    class Certificates(core.SetOf):
        _child_spec = core.Any

    class List(core.Sequence):
        _fields = [("version", core.Integer), ("certificates", Certificates)]  # noqa: RUF012

    content = List({"version": 0, "certificates": [core.Any.load(raw) for raw in certificates]}).dump()
    return signed_content("2.23.136.1.1.2", content, signer, at)


def signed_content(content_type: str, content: bytes, signer: Credential, at: datetime) -> bytes:
    raw: bytes = signed_data(content_type, content, signer, at, signer.scheme)
    return raw


# ---------------------------------------------------------------- revocation


def test_a_revoked_signers_documents_are_not_authentic(
    authority: IssuingAuthority, csca: Credential, store: TrustStore
) -> None:
    sod = parse_sod(authority.sign(GROUPS, SIGNED))
    assert authenticate(sod, store, NOW).outcome is Outcome.PASSED
    signer = authority.signer(SIGNED.date())
    listed = with_revocations(store, [("x.crl", revocation_list(csca, [signer], NOW, 1))])
    result = authenticate(sod, listed, NOW)
    assert result.reasons == ("DSC_REVOKED",)
    assert result.measured["revocation_list"] == "current"
    assert listed.version != store.version


def test_a_list_that_names_others_or_nobody_revokes_nobody_else(
    authority: IssuingAuthority, csca: Credential, store: TrustStore
) -> None:
    sod = parse_sod(authority.sign(GROUPS, SIGNED))
    other = authority.signer(SIGNED.date() + timedelta(days=200))
    for revoked in ([other], []):
        listed = with_revocations(store, [("x.crl", revocation_list(csca, revoked, NOW, 1))])
        assert not listed.refused
        assert authenticate(sod, listed, NOW).outcome is Outcome.PASSED


def test_a_list_past_its_date_is_said_and_still_revokes(
    authority: IssuingAuthority, csca: Credential, store: TrustStore
) -> None:
    signer = authority.signer(SIGNED.date())
    old = revocation_list(csca, [signer], NOW - timedelta(days=400), 1)
    listed = with_revocations(store, [("x.crl", old)])
    result = authenticate(parse_sod(authority.sign(GROUPS, SIGNED)), listed, NOW)
    assert (result.reasons, result.measured["revocation_list"]) == (("DSC_REVOKED",), "stale")
    assert any("past its date" in alarm for alarm in listed.alarms(NOW, 90))


def test_a_list_by_somebody_else_is_refused(csca: Credential, store: TrustStore, tmp_path: Path) -> None:
    forger = IssuingAuthority(COUNTRIES["UTO"], KeyStore(tmp_path, 77), "impostor").csca(SIGNED.date())
    raw = bytearray(revocation_list(csca, [], NOW, 1))
    raw[-1] ^= 1
    for name, forged in (("forged", revocation_list(forger, [], NOW, 1)), ("altered", bytes(raw))):
        listed = with_revocations(store, [(name, forged)])
        assert [r.reason for r in listed.refused] == ["CRL_ISSUER_UNKNOWN"]
        assert not listed.revocations


@given(st.binary(max_size=200))
def test_any_bytes_are_a_revocation_list_or_a_named_error(raw: bytes) -> None:
    with pytest.raises(CrlError) as caught:
        parse_crl(raw)
    assert caught.value.reason in REASONS


# ---------------------------------------------------------------- master lists and directories


def test_a_master_list_is_believed_for_its_issuer(
    authority: IssuingAuthority, csca: Credential, store: TrustStore, tmp_path: Path
) -> None:
    other = IssuingAuthority(COUNTRIES["UTO"], KeyStore(tmp_path, 4)).csca(SIGNED.date())
    raw = master_list(authority.signer(SIGNED.date()), [other.certificate.dump(), b"\x30\x03\x02\x01\x05"])
    found = parse_master_list(raw)
    assert verify_master_list(found, store, NOW).outcome is Outcome.PASSED
    assert verify_master_list(found, TrustStore(()), NOW).reasons == ("CSCA_UNKNOWN",)
    importing = TrustImport(store, NOW)
    importing.add("list.ml", raw)
    report = importing.finish()
    assert report.accepted == Counter(root=1)
    assert [r.reason for r in report.refused] == ["CERTIFICATE_MALFORMED"]
    assert report.total == 2


def test_a_master_list_of_a_stranger_is_refused_as_a_whole(authority: IssuingAuthority) -> None:
    raw = master_list(authority.signer(SIGNED.date()), [authority.csca(SIGNED.date()).certificate.dump()])
    importing = TrustImport(TrustStore(()), NOW)
    importing.add("list.ml", raw)
    report = importing.finish()
    assert [r.reason for r in report.refused] == ["MASTER_LIST_NOT_TRUSTED"]
    assert not importing.files and not importing.store.anchors


def test_an_altered_master_list_is_refused(authority: IssuingAuthority, store: TrustStore) -> None:
    raw = bytearray(master_list(authority.signer(SIGNED.date()), [store.anchors[0].raw]))
    position = raw.find(store.anchors[0].raw) + 200
    raw[position] ^= 1
    importing = TrustImport(store, NOW)
    importing.add("list.ml", bytes(raw))
    assert [r.reason for r in importing.finish().refused] == ["MASTER_LIST_NOT_TRUSTED"]


def test_a_directory_in_ldif(authority: IssuingAuthority, csca: Credential, store: TrustStore) -> None:
    crl = base64.b64encode(revocation_list(csca, [], NOW, 1)).decode()
    signer = base64.b64encode(authority.signer(SIGNED.date()).certificate.dump()).decode()
    text = (
        "version: 1\n\ndn: o=crl\n# a comment\n"
        f"certificateRevocationList;binary:: {crl[:60]}\n {crl[60:]}\n\n"
        f"dn: o=dsc\nuserCertificate;binary:: {signer}\nsn: plain\n"
    )
    assert [(v.kind, v.line) for v in parse_ldif(text)] == [("crl", 5), ("certificate", 9)]
    importing = TrustImport(store, NOW)
    importing.add("pkd.ldif", text.encode())
    report = importing.finish()
    assert report.accepted == Counter({"revocation list": 1})
    assert [(r.name, r.reason) for r in report.refused] == [("pkd.ldif:9", "CERTIFICATE_NOT_CA")]


def test_document_signers_of_a_directory_are_for_documents_without_their_own(
    authority: IssuingAuthority, csca: Credential, store: TrustStore, tmp_path: Path
) -> None:
    signer = base64.b64encode(authority.signer(SIGNED.date()).certificate.dump()).decode()
    ldif = f"dn: o=dsc\nuserCertificate;binary:: {signer}\n".encode()
    sod = parse_sod(authority.sign(GROUPS, SIGNED, SodForm(certificate=False)))
    assert authenticate(sod, store, NOW).reasons == ("DSC_MISSING",)

    importing = TrustImport(TrustStore(()), NOW, keep_signers=True)
    importing.add("pkd.ldif", ldif)  # before its authority
    importing.add("csca.cer", csca.certificate.dump())
    assert importing.finish().accepted == Counter({"root": 1, "document signer": 1})
    write_store(tmp_path, importing.files)
    assert authenticate(sod, load_trust_directory(tmp_path), NOW).outcome is Outcome.PASSED


def test_a_document_signer_of_a_stranger_is_refused(
    authority: IssuingAuthority, store: TrustStore, tmp_path: Path
) -> None:
    stranger = IssuingAuthority(authority.country, KeyStore(tmp_path, 4))
    importing = TrustImport(store, NOW, keep_signers=True)
    importing.add("dsc.cer", stranger.signer(SIGNED.date()).certificate.dump())
    assert [r.reason for r in importing.finish().refused] == ["DOCUMENT_SIGNER_UNVERIFIED"]


def test_a_directory_that_is_none() -> None:
    with pytest.raises(LdifError) as caught:
        list(parse_ldif("dn: x\nuserCertificate;binary:: !!!\n"))
    assert caught.value.field == "line 2"


def test_a_link_certificate_needs_its_predecessor(
    authority: IssuingAuthority, csca: Credential, store: TrustStore
) -> None:
    """Here the document signer of one authority stands in for any certificate that another one issued."""
    root = csca.certificate.dump()
    changed = bytearray(root)
    changed[-1] ^= 1
    importing = TrustImport(TrustStore(()), NOW)
    importing.add("root.cer", root)
    importing.add("altered.cer", bytes(changed))
    importing.add("signer.cer", authority.signer(SIGNED.date()).certificate.dump())
    importing.add("again.cer", root)
    importing.add("nothing.cer", b"")
    report = importing.finish()
    assert report.accepted == Counter(root=1)
    assert report.known == 1
    assert [(r.name, r.reason) for r in report.refused] == [
        ("altered.cer", "CERTIFICATE_SELF_SIGNATURE_INVALID"),
        ("signer.cer", "CERTIFICATE_NOT_CA"),
        ("nothing.cer", "CERTIFICATE_MALFORMED"),
    ]
    assert report.total == 5


def test_the_store_on_disk_is_what_was_imported(csca: Credential, tmp_path: Path) -> None:
    importing = TrustImport(TrustStore(()), NOW)
    importing.add("crl.crl", revocation_list(csca, [], NOW, 1))  # before the authority that signed it
    importing.add("root.cer", csca.certificate.dump())
    assert importing.finish().accepted == Counter({"root": 1, "revocation list": 1})
    write_store(tmp_path / "store", importing.files)
    loaded = load_trust_directory(tmp_path / "store")
    assert not loaded.refused
    assert loaded.version == importing.store.version
    assert sorted(path.suffix for path in (tmp_path / "store").iterdir()) == [".crl", ".der"]


def test_alarms(store: TrustStore) -> None:
    assert store.alarms(NOW + timedelta(days=1), 90) == ()
    assert "days old" in store.alarms(NOW + timedelta(days=91), 90)[0]
    assert "is valid today" in store.alarms(NOW + timedelta(days=365 * 30), 1e6)[0]


# ---------------------------------------------------------------- known defects


def test_a_deviation_names_documents(authority: IssuingAuthority, store: TrustStore) -> None:
    signer = parse_certificate(authority.signer(SIGNED.date()).certificate.dump())
    known = Deviation(("LDS-DGMalformed",), signer.country, "P", numbers=frozenset({"X123"}))
    assert known.concerns("X123", "P", signer)
    assert not known.concerns("X124", "P", signer)
    assert not known.concerns("X123", "ID", signer)
    by_signer = Deviation(("Chip",), signer.country, signer_serial=signer.serial)
    assert by_signer.concerns("ANY", "P", signer)
    assert not replace(by_signer, signer_serial=1).concerns("ANY", "P", signer)
    assert not replace(by_signer, country="XX").concerns("ANY", "P", signer)


def test_a_deviation_list_needs_its_authority(
    authority: IssuingAuthority, store: TrustStore, tmp_path: Path
) -> None:
    raw = signed_content("2.23.136.1.1.7", _deviations(), authority.signer(SIGNED.date()), SIGNED)
    (known,) = parse_deviation_list(raw).deviations
    assert known.kinds == ("LDS-DGMalformed",) and known.numbers == {"X123"}
    for held, reason in ((store, None), (TrustStore(()), "DEVIATION_LIST_NOT_TRUSTED")):
        importing = TrustImport(held, NOW)
        importing.add("defects.dl", raw)
        assert [r.reason for r in importing.finish().refused] == ([reason] if reason else [])
    importing = TrustImport(TrustStore(()), NOW)
    importing.add("root", store.anchors[0].raw)
    importing.add("defects.dl", raw)
    importing.finish()
    write_store(tmp_path / "store", importing.files)
    assert load_trust_directory(tmp_path / "store").deviations == (known,)


def _deviations() -> bytes:
    """DeviationList of Doc 9303-12 §9: documents by number, "a data group is malformed"."""
    documents = encode(0x30, encode(0xA5, encode(0x13, b"X123")))
    description = encode(0x30, encode(0x06, encoded("2.23.136.1.1.7.2.1")))
    deviation = encode(0x30, documents + encode(0x31, description))
    return encode(0x30, encode(0x02, b"\x00") + encode(0x31, deviation))


@given(st.binary(max_size=100))
def test_any_bytes_are_a_list_or_a_named_error(raw: bytes) -> None:
    for parse in (parse_master_list, parse_deviation_list):
        with pytest.raises(FileError) as caught:
            parse(raw)
        assert caught.value.reason in REASONS


# ---------------------------------------------------------------- data that others made


@pytest.fixture(scope="module")
def german() -> Iterator[TrustImport]:
    lists = sorted((DATA / "masterlist").glob("*.ml"))
    if not lists:
        pytest.skip("the German CSCA master list is not here (GATE_AGENT_TEST_DATA)")
    importing = TrustImport(TrustStore(()), NOW)
    importing.add_anchor("anchor", (DATA / "masterlist" / "DE_ROOT_CA_CSCA07.cer").read_bytes())
    importing.add("german", lists[-1].read_bytes())
    importing.add("estonian", (DATA / "deviationlist" / "erpdeviationlist.bin").read_bytes())
    importing.finish()
    yield importing


def test_the_german_list_is_accounted_for_certificate_by_certificate(german: TrustImport) -> None:
    report = german.report
    listed = report.accepted["root"] + report.accepted["link"] - 1 + report.known + len(report.refused)
    assert listed == 588
    assert report.refusals_by_reason() == Counter(CERTIFICATE_NOT_CA=7)
    assert report.accepted["deviation list"] == 1


def test_nearly_every_link_of_the_german_list_leads_to_a_key_in_it(german: TrustImport) -> None:
    held = german.store
    links = [
        a for a in held.anchors if a.subject != a.issuer or a.authority_key_id not in {None, a.subject_key_id}
    ]
    proven = sum(any(issuer.issued(link) for issuer in held.candidates(link)) for link in links)
    assert len(links) == 206 and proven == 194  # the other keys are older than the list


def test_the_estonian_deviation_list(german: TrustImport) -> None:
    (known,) = german.store.deviations
    assert (known.kinds, known.country, len(known.numbers)) == (("LDS-SODSignatureWrong",), "EE", 169422)
