"""Certificates and security objects of the simulated authority, judged by the OpenSSL command line.

OpenSSL refuses explicit EC parameters in a chain, so those schemes are checked by their signatures and their
parameters against ``openssl ecparam``; chains are verified for the named twins.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, keys, x509

from gate_simulators.chip import ber
from gate_simulators.issuer.algorithms import SCHEMES, EcdsaScheme
from gate_simulators.issuer.authority import (
    COUNTRIES,
    TRUSTED,
    UTOPIA,
    Country,
    IssuingAuthority,
    write_trust_directory,
)
from gate_simulators.issuer.curves import CURVES, Curve
from gate_simulators.issuer.keys import KeyStore

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="the openssl command line is not installed")

SIGNED_AT = datetime(2024, 5, 6, 10, 0, tzinfo=UTC)
GROUPS = {1: b"first", 2: b"second"}
NAMED = [name for name, s in SCHEMES.items() if not isinstance(s, EcdsaScheme) or not s.explicit]


@pytest.fixture(scope="module")
def key_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests: an RSA key takes a while."""
    return tmp_path_factory.mktemp("keys")


def authority(directory: Path, scheme: str) -> IssuingAuthority:
    return IssuingAuthority(replace(UTOPIA, scheme=scheme), KeyStore(directory, seed=1))


def openssl(*arguments: str) -> str:
    assert OPENSSL is not None
    done = subprocess.run([OPENSSL, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def save(directory: Path, name: str, content: bytes) -> str:
    path = directory / name
    path.write_bytes(content)
    return str(path)


def to_pem(directory: Path, name: str, certificate: x509.Certificate) -> str:
    der = save(directory, f"{name}.der", certificate.dump())
    openssl("x509", "-inform", "DER", "-in", der, "-out", str(directory / f"{name}.pem"))
    return str(directory / f"{name}.pem")


# ---------------------------------------------------------------- OpenSSL's verdict


@needs_openssl
@pytest.mark.parametrize("scheme", SCHEMES)
def test_openssl_verifies_the_signature_over_the_security_object(
    scheme: str, key_directory: Path, tmp_path: Path
) -> None:
    ((_, signed_data),) = ber.decode(authority(key_directory, scheme).sign(GROUPS, SIGNED_AT))
    sod = save(tmp_path, "sod.der", signed_data)
    out = tmp_path / "content.der"
    openssl("cms", "-verify", "-inform", "DER", "-in", sod, "-noverify", "-out", str(out))
    content = cms.ContentInfo.load(signed_data)["content"]["encap_content_info"]["content"]
    assert out.read_bytes() == content.parsed.dump()


@needs_openssl
@pytest.mark.parametrize("scheme", NAMED)
def test_openssl_verifies_the_whole_chain(scheme: str, key_directory: Path, tmp_path: Path) -> None:
    house = authority(key_directory, scheme)
    csca = to_pem(tmp_path, "csca", house.csca(SIGNED_AT.date()).certificate)
    signer = to_pem(tmp_path, "signer", house.signer(SIGNED_AT.date()).certificate)
    at = str(int(SIGNED_AT.timestamp()))
    assert "OK" in openssl("verify", "-x509_strict", "-check_ss_sig", "-attime", at, "-CAfile", csca, signer)
    ((_, signed_data),) = ber.decode(house.sign(GROUPS, SIGNED_AT))
    sod = save(tmp_path, "sod.der", signed_data)
    openssl(
        *("cms", "-verify", "-inform", "DER", "-in", sod, "-CAfile", csca, "-purpose", "any"),
        *("-attime", at, "-out", str(tmp_path / "content")),
    )


@needs_openssl
@pytest.mark.parametrize("scheme", SCHEMES)
def test_openssl_verifies_the_signature_over_the_card_security(
    scheme: str, key_directory: Path, tmp_path: Path
) -> None:
    infos = ber.encode(0x31, b"\x30\x03\x06\x01\x2a")
    signed = authority(key_directory, scheme).sign_card_security(infos, SIGNED_AT)
    out = tmp_path / "content.der"
    openssl(
        *("cms", "-verify", "-inform", "DER", "-in", save(tmp_path, "security.der", signed)),
        *("-noverify", "-out", str(out)),
    )
    assert out.read_bytes() == infos


@needs_openssl
@pytest.mark.parametrize("scheme", NAMED)
def test_openssl_finds_a_revoked_signer_on_the_list(scheme: str, key_directory: Path, tmp_path: Path) -> None:
    house = authority(key_directory, scheme)
    ((_, signed_data),) = ber.decode(house.sign_with_revoked_signer(GROUPS, SIGNED_AT))
    revoked = cms.ContentInfo.load(signed_data)["content"]["certificates"][0].chosen
    ((generation, listed),) = house.revocation_lists(SIGNED_AT)
    assert generation == 2020
    crl = save(tmp_path, "list.der", listed)
    openssl("crl", "-inform", "DER", "-in", crl, "-out", str(tmp_path / "list.pem"))
    at = str(int(SIGNED_AT.timestamp()))
    anchors = to_pem(tmp_path, "csca", house.csca(SIGNED_AT.date()).certificate)
    checked = (
        "verify",
        "-crl_check",
        "-CRLfile",
        str(tmp_path / "list.pem"),
        "-attime",
        at,
        "-CAfile",
        anchors,
    )
    assert "OK" in openssl(*checked, to_pem(tmp_path, "good", house.signer(SIGNED_AT.date()).certificate))
    with pytest.raises(AssertionError, match="certificate revoked"):
        openssl(*checked, to_pem(tmp_path, "stolen", revoked))


@needs_openssl
def test_openssl_rejects_a_security_object_signed_with_a_foreign_key(
    key_directory: Path, tmp_path: Path
) -> None:
    forged = authority(key_directory, "ecdsa-p256").sign_with_foreign_key(GROUPS, SIGNED_AT)
    ((_, signed_data),) = ber.decode(forged)
    sod = save(tmp_path, "sod.der", signed_data)
    with pytest.raises(AssertionError, match=r"[Vv]erification failure"):
        openssl("cms", "-verify", "-inform", "DER", "-in", sod, "-noverify", "-out", str(tmp_path / "out"))


@needs_openssl
@pytest.mark.parametrize("curve", CURVES, ids=lambda c: c.name)
def test_explicit_parameters_equal_openssls(curve: Curve, tmp_path: Path) -> None:
    name = {"secp256r1": "prime256v1", "brainpoolp256r1": "brainpoolP256r1"}.get(curve.name, curve.name)
    path = tmp_path / "curve.der"
    openssl(
        *("ecparam", "-name", name, "-param_enc", "explicit", "-no_seed"),
        "-outform",
        "DER",
        "-out",
        str(path),
    )
    theirs = keys.ECDomainParameters.load(path.read_bytes()).chosen
    ours = curve.parameters(explicit=True).chosen
    for field in ("field_id", "base", "order", "cofactor"):
        assert ours[field].native == theirs[field].native, field
    for coefficient in ("a", "b"):
        # OpenSSL drops leading zeros; SEC 1 §2.3.5 wants the full width of the field.
        assert int.from_bytes(ours["curve"][coefficient].native) == int.from_bytes(
            theirs["curve"][coefficient].native
        )


# ---------------------------------------------------------------- the profile of Doc 9303-12 §7.1


def extensions(certificate: Any) -> dict[str, tuple[bool, object]]:
    return {
        e["extn_id"].native: (e["critical"].native, e["extn_value"].native)
        for e in certificate["tbs_certificate"]["extensions"]
    }


def test_the_csca_certificate_follows_its_profile(key_directory: Path) -> None:
    certificate = authority(key_directory, "ecdsa-p256").csca(date(2024, 5, 6)).certificate
    found = extensions(certificate)
    assert found["basic_constraints"] == (True, {"ca": True, "path_len_constraint": 0})
    assert found["key_usage"] == (True, {"key_cert_sign", "crl_sign"})
    assert {"key_identifier", "private_key_usage_period", "crl_distribution_points"} <= found.keys()
    assert certificate.issuer == certificate.subject
    assert certificate.subject.native["country_name"] == "UT"


def test_the_signer_certificate_follows_its_profile(key_directory: Path) -> None:
    house = authority(key_directory, "ecdsa-p256")
    certificate = house.signer(date(2024, 5, 6)).certificate
    found = extensions(certificate)
    assert found["key_usage"] == (True, {"digital_signature"})
    assert "basic_constraints" not in found
    assert "2.23.136.1.1.6.2" in found
    assert certificate.authority_key_identifier == house.csca(date(2024, 5, 6)).certificate.key_identifier
    assert certificate.not_valid_before <= SIGNED_AT <= certificate.not_valid_after


@pytest.mark.parametrize(
    "scheme", [s for s in SCHEMES.values() if isinstance(s, EcdsaScheme)], ids=lambda s: s.name
)
def test_ec_parameters_are_explicit_unless_named(scheme: EcdsaScheme, key_directory: Path) -> None:
    certificate = authority(key_directory, scheme.name).csca(date(2024, 5, 6)).certificate
    form = certificate.public_key["algorithm"]["parameters"].name
    assert form == ("specified" if scheme.explicit else "named")


def test_a_signer_may_use_another_algorithm_than_its_csca(key_directory: Path) -> None:
    mixed = Country("Freedonia", "QO", "QOA", "ecdsa-p384", "ecdsa-p256")
    house = IssuingAuthority(mixed, KeyStore(key_directory, seed=1))
    assert house.csca(date(2024, 5, 6)).scheme.name == "ecdsa-p384"
    certificate: Any = house.signer(date(2024, 5, 6)).certificate
    assert certificate["signature_algorithm"]["algorithm"].native == "sha384_ecdsa"
    assert house.signer(date(2024, 5, 6)).scheme.name == "ecdsa-p256"


@pytest.mark.parametrize("day", [date(2020, 1, 1), date(2024, 2, 29), date(2024, 12, 31), date(2025, 1, 1)])
def test_every_day_has_a_signer_that_is_valid_for_ten_years(day: date, key_directory: Path) -> None:
    certificate = authority(key_directory, "ecdsa-p256").signer(day).certificate
    assert certificate.not_valid_before.date() <= day
    assert certificate.not_valid_after.date() >= day.replace(year=day.year + 10, day=min(day.day, 28))


# ---------------------------------------------------------------- sameness


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (authority(tmp_path / name, "ecdsa-p256") for name in "ab")
    assert first.sign(GROUPS, SIGNED_AT) == second.sign(GROUPS, SIGNED_AT)


def test_rsa_keys_are_kept_between_runs(key_directory: Path) -> None:
    first, second = (authority(key_directory, "rsa-2048") for _ in range(2))
    assert first.sign(GROUPS, SIGNED_AT) == second.sign(GROUPS, SIGNED_AT)
    assert all(path.stat().st_mode & 0o077 == 0 for path in key_directory.glob("*.pem"))


def test_two_houses_of_one_country_share_a_name_and_no_key(key_directory: Path) -> None:
    store = KeyStore(key_directory, seed=1)
    official, impostor = IssuingAuthority(UTOPIA, store), IssuingAuthority(UTOPIA, store, "impostor")
    a, b = official.csca(date(2024, 1, 1)).certificate, impostor.csca(date(2024, 1, 1)).certificate
    assert a.subject == b.subject
    assert a.key_identifier != b.key_identifier


def test_the_trust_directory_holds_der_certificates_of_three_generations(
    key_directory: Path, tmp_path: Path
) -> None:
    house = authority(key_directory, "ecdsa-p256")
    paths = write_trust_directory(tmp_path / "trust", [house], date(2026, 6, 1))
    assert [p.name for p in paths] == [f"CSCA-UTO-{year}.der" for year in (2015, 2020, 2025)]
    for path in paths:
        assert x509.Certificate.load(path.read_bytes()).ca


def test_one_country_is_known_but_not_trusted() -> None:
    assert len(COUNTRIES) == len(TRUSTED) + 1
