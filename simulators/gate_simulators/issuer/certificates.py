"""CSCA and document signer certificates by the profile of Doc 9303-12 §7.1.

Built with asn1crypto, because explicit EC parameters are part of the profile and common X.509 builders
only write named curves.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import core, x509

from gate_simulators.issuer.algorithms import PrivateKey, Scheme

DOCUMENT_TYPE_LIST = "2.23.136.1.1.6.2"
"""id-icao-mrtd-security-extensions-documentTypeList (Doc 9303-12 §7.1)."""


@dataclass(frozen=True, slots=True)
class Period:
    """A time span; UTC, whole seconds."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a certificate is for: two-letter country, its three-letter code, common name."""

    country: str
    state_code: str
    common_name: str

    def name(self) -> x509.Name:
        fields = {"country_name": self.country, "common_name": self.common_name}
        return x509.Name.build(fields, use_printable=True)


@dataclass(frozen=True, slots=True)
class Credential:
    """A private key with its certificate and the scheme it signs with."""

    scheme: Scheme
    key: PrivateKey
    certificate: x509.Certificate
    identity: Identity


def issue_csca(
    identity: Identity, scheme: Scheme, key: PrivateKey, *, validity: Period, key_usage: Period
) -> Credential:
    """A self-signed country signing CA root."""
    info = scheme.public_key_info(key)
    own_id = _key_identifier(info)
    extensions = [
        _extension("authority_key_identifier", {"key_identifier": own_id}),
        _extension("key_identifier", own_id),
        _extension("key_usage", {"key_cert_sign", "crl_sign"}, critical=True),
        _private_key_usage(key_usage),
        *_alternative_names(identity, identity),
        _extension("basic_constraints", {"ca": True, "path_len_constraint": 0}, critical=True),
        _crl_distribution(identity),
    ]
    root = _Signatory(identity, scheme, key)
    certificate = _certify(root, identity, info, validity, extensions)
    return Credential(scheme, key, certificate, identity)


def issue_signer(
    issuer: Credential,
    identity: Identity,
    scheme: Scheme,
    key: PrivateKey,
    *,
    validity: Period,
    key_usage: Period,
) -> Credential:
    """A document signer certificate for passports (document type P)."""
    info = scheme.public_key_info(key)
    extensions = [
        _extension("authority_key_identifier", {"key_identifier": issuer.certificate.key_identifier}),
        _extension("key_identifier", _key_identifier(info)),
        _extension("key_usage", {"digital_signature"}, critical=True),
        _private_key_usage(key_usage),
        *_alternative_names(identity, issuer.identity),
        _crl_distribution(issuer.identity),
        _document_types("P"),
    ]
    signatory = _Signatory(issuer.identity, issuer.scheme, issuer.key)
    certificate = _certify(signatory, identity, info, validity, extensions)
    return Credential(scheme, key, certificate, identity)


@dataclass(frozen=True, slots=True)
class _Signatory:
    """Who signs a certificate, with what."""

    identity: Identity
    scheme: Scheme
    key: PrivateKey


def _certify(
    signatory: _Signatory,
    subject: Identity,
    info: x509.PublicKeyInfo,
    validity: Period,
    extensions: list[x509.Extension],
) -> x509.Certificate:
    algorithm = signatory.scheme.algorithm()
    tbs = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": _serial_number(subject, info, validity),
            "signature": algorithm,
            "issuer": signatory.identity.name(),
            "validity": {"not_before": _time(validity.start), "not_after": _time(validity.end)},
            "subject": subject.name(),
            "subject_public_key_info": info,
            "extensions": extensions,
        }
    )
    return x509.Certificate(
        {
            "tbs_certificate": tbs,
            "signature_algorithm": algorithm,
            "signature_value": signatory.scheme.sign(signatory.key, tbs.dump()),
        }
    )


def _serial_number(subject: Identity, info: x509.PublicKeyInfo, validity: Period) -> int:
    """Positive and at most 20 octets (Doc 9303-12 §7.1); the same for the same certificate."""
    told_apart_by = f"{subject.common_name}/{validity.start}/{validity.end}/".encode() + info.dump()
    return int.from_bytes(hashlib.sha256(told_apart_by).digest()[:8], "big") >> 1 | 1 << 62


def _time(at: datetime) -> x509.Time:
    """UTCTime through 2049, GeneralizedTime after (RFC 5280 §4.1.2.5)."""
    if at.year < 2050:
        return x509.Time(name="utc_time", value=core.UTCTime(at))
    return x509.Time(name="general_time", value=core.GeneralizedTime(at))


# ---------------------------------------------------------------- extensions


def _extension(extension_id: str, value: object, *, critical: bool = False) -> x509.Extension:
    return x509.Extension({"extn_id": extension_id, "critical": critical, "extn_value": value})


def _key_identifier(info: x509.PublicKeyInfo) -> bytes:
    """SHA-1 over the public key's bit string (RFC 5280 §4.2.1.2, method 1)."""
    return info.sha1


def _private_key_usage(period: Period) -> x509.Extension:
    value = {"not_before": core.GeneralizedTime(period.start), "not_after": core.GeneralizedTime(period.end)}
    return _extension("private_key_usage_period", value)


def _alternative_names(subject: Identity, issuer: Identity) -> list[x509.Extension]:
    """Doc 9303-12 §7.1: both carry the three-letter code of the state as localityName."""
    return [
        _extension("issuer_alt_name", _state_name(issuer)),
        _extension("subject_alt_name", _state_name(subject)),
    ]


def _state_name(identity: Identity) -> x509.GeneralNames:
    name = x509.Name.build({"locality_name": identity.state_code}, use_printable=True)
    return x509.GeneralNames([x509.GeneralName(name="directory_name", value=name)])


def _crl_distribution(issuer: Identity) -> x509.Extension:
    url = f"http://csca.example/{issuer.state_code}.crl"
    full_name = [x509.GeneralName(name="uniform_resource_identifier", value=url)]
    point = {"distribution_point": x509.DistributionPointName(name="full_name", value=full_name)}
    return _extension("crl_distribution_points", [point])


class _DocumentTypes(core.SetOf):
    _child_spec = core.PrintableString


class _DocumentTypeList(core.Sequence):
    _fields = [("version", core.Integer), ("doc_type_list", _DocumentTypes)]  # noqa: RUF012


def _document_types(*types: str) -> x509.Extension:
    value = _DocumentTypeList({"version": 0, "doc_type_list": list(types)})
    return _extension(DOCUMENT_TYPE_LIST, core.ParsableOctetString(value.dump()))
