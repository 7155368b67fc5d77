"""Certificate revocation lists of issuing authorities (Doc 9303-12 §7.1.4, RFC 5280 §5).

A list counts only when the key of a trusted CSCA signed it. A revoked document signer's documents are not
authentic whenever they were signed: what made the signer untrustworthy is rarely dated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gate_agent.emrtd.coding import asn1
from gate_agent.emrtd.coding.certificate import Certificate
from gate_agent.emrtd.coding.signatures import AlgorithmError, SignatureScheme, scheme_of, verify
from gate_agent.errors import BadInput

MAX_SIZE = 8 << 20
_MAX_REVOKED = 100_000


class CrlError(BadInput):
    """A revocation list that cannot be used; `reason` says why."""

    def __init__(self, what: str, *, reason: str = "CRL_MALFORMED", field: str = "revocation list") -> None:
        super().__init__(what, field=field)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One list. `issuer` is comparable with :attr:`Certificate.subject`."""

    raw: bytes = field(repr=False)
    issuer: str
    country: str
    revoked: frozenset[int] = field(repr=False)
    this_update: datetime
    next_update: datetime | None
    tbs: bytes = field(repr=False)
    scheme: SignatureScheme
    signature: bytes = field(repr=False)

    def issued_by(self, authority: Certificate) -> bool:
        return self.issuer == authority.subject and verify(
            authority.key, self.scheme, self.signature, self.tbs
        )

    def is_stale(self, at: datetime) -> bool:
        return self.next_update is not None and at > self.next_update


def parse_crl(raw: bytes) -> RevocationList:
    """One DER list. Raises CrlError."""
    if len(raw) > MAX_SIZE:
        raise CrlError(f"{len(raw)} bytes, at most {MAX_SIZE} are accepted")
    try:
        with asn1.decoding(CrlError):
            return _decoded(raw)
    except AlgorithmError as error:
        raise CrlError(error.what, reason=error.reason, field=f"revocation list {error.field}") from error


def _decoded(raw: bytes) -> RevocationList:
    decoded: Any = asn1.CertificateList.load(raw, strict=True)
    tbs = decoded["tbs_cert_list"]
    entries = tbs["revoked_certificates"]
    listed: list[Any] = [] if isinstance(entries, asn1.Void) else list(entries)
    if len(listed) > _MAX_REVOKED:
        raise CrlError(f"{len(listed)} entries, at most {_MAX_REVOKED} are accepted")
    country = tbs["issuer"].native.get("country_name", "")
    return RevocationList(
        raw=raw,
        issuer=str(tbs["issuer"].hashable),
        country=country.upper() if isinstance(country, str) else "",
        revoked=frozenset(int(entry["user_certificate"].native) for entry in listed),
        this_update=tbs["this_update"].native,
        next_update=tbs["next_update"].native,
        tbs=tbs.dump(),
        scheme=scheme_of(decoded["signature_algorithm"], field="signature algorithm"),
        signature=bytes(decoded["signature"].native),
    )
