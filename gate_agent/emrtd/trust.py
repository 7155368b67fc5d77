"""The issuing authorities (CSCA) whose passports this gate believes (Doc 9303-12 §5).

Candidates for a document signer are found by key identifier, by name and by country, in this order,
and each is tried: real lists hold several keys under one name and several certificates for one key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from gate_agent.emrtd.certificate import Certificate, CertificateError, parse_certificate


@dataclass(frozen=True, slots=True)
class Refusal:
    """A certificate that was not taken into the store, and why. `name` says where it came from."""

    name: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class TrustStore:
    """Trusted CSCA certificates. `as_of` is when the newest of them was delivered (UTC)."""

    anchors: tuple[Certificate, ...]
    refused: tuple[Refusal, ...] = ()
    as_of: datetime | None = None

    def age(self, at: datetime) -> timedelta | None:
        """How old the store is; None when that is not known."""
        return None if self.as_of is None else at - self.as_of

    @property
    def version(self) -> str:
        """Names the exact set of anchors, whatever order they were loaded in (SHA-256, 16 digits)."""
        prints = sorted(anchor.fingerprint for anchor in self.anchors)
        return hashlib.sha256("".join(prints).encode()).hexdigest()[:16]

    def named_by(self, signer: Certificate) -> tuple[Certificate, ...]:
        """The anchors whose key identifier the signer's certificate names as its authority."""
        wanted = signer.authority_key_id
        return tuple(a for a in self.anchors if wanted is not None and a.subject_key_id == wanted)

    def candidates(self, signer: Certificate) -> tuple[Certificate, ...]:
        """Every anchor that may have issued the signer's certificate, the likeliest first."""
        return tuple(dict.fromkeys(self._in_order_of_likelihood(signer)))

    def _in_order_of_likelihood(self, signer: Certificate) -> Iterator[Certificate]:
        yield from self.named_by(signer)
        yield from (a for a in self.anchors if a.subject == signer.issuer)
        yield from (a for a in self.anchors if a.country == signer.country)


def build_store(certificates: Iterable[tuple[str, bytes]], as_of: datetime | None = None) -> TrustStore:
    """A store of these (name, DER) pairs; one that cannot be used is refused with its own reason."""
    anchors: dict[str, Certificate] = {}
    refused: list[Refusal] = []
    for name, raw in certificates:
        try:
            certificate = parse_certificate(raw)
            if certificate.is_ca is False:
                raise CertificateError("is not a certification authority", reason="CERTIFICATE_NOT_CA")
        except CertificateError as error:
            refused.append(Refusal(name, error.reason, str(error)))
        else:
            anchors.setdefault(certificate.fingerprint, certificate)
    return TrustStore(tuple(anchors.values()), tuple(refused), as_of)
