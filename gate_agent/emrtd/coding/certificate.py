"""CSCA and document signer certificates (Doc 9303-12 §7.1), decoded once and eagerly.

`cryptography` cannot load many of them (explicit curve parameters, odd encodings), so the structure
is decoded by asn1crypto and only key and signature are handed to `cryptography`. All bytes that are
hashed or verified are the ones that were received.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gate_agent.emrtd.coding import asn1
from gate_agent.emrtd.coding.signatures import (
    AlgorithmError,
    PublicKey,
    SignatureScheme,
    public_key,
    scheme_of,
    verify,
)
from gate_agent.errors import BadInput

MAX_SIZE = 16 * 1024


class CertificateError(BadInput):
    """A certificate that cannot be used; `reason` says why."""

    def __init__(
        self, what: str, *, reason: str = "CERTIFICATE_MALFORMED", field: str = "certificate"
    ) -> None:
        super().__init__(what, field=field)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the checks need of a certificate.

    `subject` and `issuer` are comparable forms that do not depend on string types (RFC 5280 §7.1);
    `is_ca` and `may_sign_data` are None when the certificate does not say.
    """

    raw: bytes
    tbs: bytes
    scheme: SignatureScheme
    signature: bytes
    key: PublicKey = field(compare=False)  # follows from `raw`, and cannot be hashed
    serial: int
    subject: str
    issuer: str
    country: str
    not_before: datetime
    not_after: datetime
    subject_key_id: bytes | None
    authority_key_id: bytes | None
    is_ca: bool | None
    may_sign_data: bool | None

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over the certificate."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def subject_hash(self) -> str:
        """SHA-256 (hex, 16 digits) over the subject: names an issuer in evidence."""
        return hashlib.sha256(self.subject.encode()).hexdigest()[:16]

    def valid_at(self, moment: datetime) -> bool:
        return self.not_before <= moment <= self.not_after

    def issued(self, other: Certificate) -> bool:
        """Whether this certificate's key made the other's signature. Names are not looked at."""
        return verify(self.key, other.scheme, other.signature, other.tbs)


def parse_certificate(raw: bytes) -> Certificate:
    """One DER certificate. Raises CertificateError."""
    if len(raw) > MAX_SIZE:
        raise CertificateError(f"{len(raw)} bytes, at most {MAX_SIZE} are accepted")
    with asn1.decoding(CertificateError):
        decoded: Any = asn1.X509Certificate.load(raw, strict=True)
        return from_decoded(decoded)


def from_decoded(decoded: Any) -> Certificate:
    """The certificate in an already decoded asn1crypto object. Raises CertificateError."""
    try:
        with asn1.decoding(CertificateError):
            return _from_decoded(decoded)
    except AlgorithmError as error:
        raise CertificateError(error.what, reason=error.reason, field=f"certificate {error.field}") from error


def _from_decoded(decoded: Any) -> Certificate:
    tbs = decoded["tbs_certificate"]
    usage = decoded.key_usage_value
    constraints = decoded.basic_constraints_value
    return Certificate(
        raw=decoded.dump(),
        tbs=tbs.dump(),
        scheme=scheme_of(decoded["signature_algorithm"], field="signature algorithm"),
        signature=bytes(decoded["signature_value"].native),
        key=public_key(tbs["subject_public_key_info"], field="public key"),
        serial=int(tbs["serial_number"].native),
        subject=str(tbs["subject"].hashable),
        issuer=str(tbs["issuer"].hashable),
        country=_country(tbs["subject"]),
        not_before=tbs["validity"]["not_before"].native,
        not_after=tbs["validity"]["not_after"].native,
        subject_key_id=decoded.key_identifier,
        authority_key_id=decoded.authority_key_identifier,
        is_ca=None if constraints is None else bool(constraints["ca"].native),
        may_sign_data=None if usage is None else "digital_signature" in usage.native,
    )


def _country(name: Any) -> str:
    """countryName of the subject in upper case (issuers write both), empty when there is none."""
    country = name.native.get("country_name", "")
    return country.upper() if isinstance(country, str) else ""
