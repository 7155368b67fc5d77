"""The issuing authorities (CSCA) whose passports this gate believes (Doc 9303-12 §5).

Candidates for a document signer are found by key identifier, by name and by country, in this order,
and each is tried: real lists hold several keys under one name and several certificates for one key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gate_agent.emrtd.coding.certificate import Certificate, CertificateError, parse_certificate
from gate_agent.emrtd.trust.crl import CrlError, RevocationList, parse_crl
from gate_agent.emrtd.trust.deviation_list import Deviation


@dataclass(frozen=True, slots=True)
class Refusal:
    """A certificate that was not taken into the store, and why. `name` says where it came from."""

    name: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class TrustStore:
    """Trusted CSCA certificates, what they revoked, and what issuers say is wrong with their documents.

    `as_of` is when the newest part of the store was delivered (UTC). `signers` are document signers for
    documents that do not carry their own; they are believed no more than one that came with a document.
    """

    anchors: tuple[Certificate, ...]
    refused: tuple[Refusal, ...] = ()
    as_of: datetime | None = None
    revocations: tuple[RevocationList, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    signers: tuple[Certificate, ...] = field(default=(), repr=False)

    def age(self, at: datetime) -> timedelta | None:
        """How old the store is; None when that is not known."""
        return None if self.as_of is None else at - self.as_of

    def alarms(self, at: datetime, max_age_days: float) -> tuple[str, ...]:
        """What about the store needs attention, in words: its age, lists past their date, gaps."""
        found: list[str] = []
        age = self.age(at)
        if age is not None and age > timedelta(days=max_age_days):
            found.append(f"the store is {age.days} days old, at most {max_age_days:g} are allowed")
        for country in sorted({anchor.country for anchor in self.anchors}):
            own = [anchor for anchor in self.anchors if anchor.country == country]
            if not any(anchor.valid_at(at) for anchor in own):
                found.append(f"no authority of {country} is valid today")
            lists = [self.revocation_list(anchor) for anchor in own]
            if any(known is not None and known.is_stale(at) for known in lists):
                found.append(f"the revocation list of {country} is past its date")
        return tuple(found)

    @property
    def version(self) -> str:
        """Names the exact anchors and revocation lists, in whatever order they were loaded (SHA-256)."""
        lists = (hashlib.sha256(known.raw).hexdigest() for known in self.revocations)
        prints = sorted((*(anchor.fingerprint for anchor in self.anchors), *lists))
        return hashlib.sha256("".join(prints).encode()).hexdigest()[:16]

    def named_by(self, signer: Certificate) -> tuple[Certificate, ...]:
        """The anchors whose key identifier the signer's certificate names as its authority."""
        wanted = signer.authority_key_id
        return tuple(a for a in self.anchors if wanted is not None and a.subject_key_id == wanted)

    def revocation_list(self, authority: Certificate) -> RevocationList | None:
        """The newest list that this authority issued; lists are verified when they are loaded."""
        lists = (known for known in self.revocations if known.issuer == authority.subject)
        return max(lists, key=lambda known: known.this_update, default=None)

    def known_defects(self, number: str, document_type: str, signer: Certificate | None) -> tuple[str, ...]:
        """What issuers say is wrong with this document; an explanation for the officer, never an excuse."""
        concerned = (d for d in self.deviations if d.concerns(number, document_type, signer))
        return tuple(dict.fromkeys(kind for deviation in concerned for kind in deviation.kinds))

    def candidates(self, signer: Certificate) -> tuple[Certificate, ...]:
        """Every anchor that may have issued the signer's certificate, the likeliest first."""
        return tuple(dict.fromkeys(self._in_order_of_likelihood(signer)))

    def _in_order_of_likelihood(self, signer: Certificate) -> Iterator[Certificate]:
        yield from self.named_by(signer)
        yield from (a for a in self.anchors if a.subject == signer.issuer)
        yield from (a for a in self.anchors if a.country == signer.country)


def with_revocations(store: TrustStore, lists: Iterable[tuple[str, bytes]]) -> TrustStore:
    """The store with those (name, DER) lists that one of its authorities signed; the others are refused."""
    accepted, refused = list(store.revocations), list(store.refused)
    for name, raw in lists:
        try:
            known = parse_crl(raw)
            if not any(known.issued_by(anchor) for anchor in store.anchors):
                raise CrlError("was signed by no authority in the store", reason="CRL_ISSUER_UNKNOWN")
        except CrlError as error:
            refused.append(Refusal(name, error.reason, str(error)))
        else:
            accepted.append(known)
    return replace(store, revocations=tuple(accepted), refused=tuple(refused))


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
