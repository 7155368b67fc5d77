"""Public keys and domain parameters for key agreement, in SubjectPublicKeyInfo (Doc 9303-11 §9.4-9.5).

Elliptic curves by name, by explicit parameters or by number; Diffie-Hellman groups of
PKCS #3 and of ANSI X9.42. A group that comes from a chip is bounded before it is computed with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gate_agent.emrtd.chip.domain_parameters import STANDARDISED
from gate_agent.emrtd.chip.key_agreement import AgreementError, DhDomain, Domain, EcDomain
from gate_agent.emrtd.coding import asn1, tlv
from gate_agent.emrtd.coding.oid import dotted
from gate_agent.emrtd.coding.signatures import curve_of

_EC_PUBLIC_KEY = "1.2.840.10045.2.1"
_STANDARDISED = "0.4.0.127.0.7.1.2"
_PKCS3 = "1.2.840.113549.1.3.1"
_X942 = "1.2.840.10046.2.1"

_MIN_BITS, _MAX_BITS = 1024, 4096


@dataclass(frozen=True, slots=True)
class AgreementKey:
    """A static key agreement key: its domain, and the public key in the protocols' encoding."""

    domain: Domain
    public: bytes


def parse_agreement_key(raw: bytes) -> AgreementKey:
    """The key in a SubjectPublicKeyInfo. Raises AgreementError, AlgorithmError or TlvError."""
    algorithm, subject_key = _two(tlv.parse_one(raw, 0x30))
    domain = _domain_of(algorithm)
    if subject_key.tag != 0x03 or subject_key.value[:1] != b"\x00":
        raise AgreementError("is no BIT STRING of whole bytes", field="subjectPublicKey")
    public = subject_key.value[1:]
    if isinstance(domain, DhDomain):
        number = _positive(tlv.parse_one(public, 0x02))
        if number >= domain.p:
            raise AgreementError("is larger than the prime", field="subjectPublicKey")
        public = number.to_bytes(domain.width, "big")
    domain.compressed(public)  # a point that is not on its curve ends here
    return AgreementKey(domain, public)


def parse_domain(raw: bytes) -> Domain:
    """The domain parameters in an AlgorithmIdentifier. Raises as :func:`parse_agreement_key`."""
    return _domain_of(tlv.parse_one(raw, 0x30))


def _two(item: tlv.Tlv) -> tuple[tlv.Tlv, tlv.Tlv]:
    children = item.children()
    if len(children) != 2:
        raise tlv.TlvError(f"has {len(children)} parts, 2 are expected", offset=item.start, tag=item.tag)
    return children[0], children[1]


def _domain_of(algorithm: tlv.Tlv) -> Domain:
    oid, parameters = _two(algorithm)
    kind = dotted(oid)
    if kind == _STANDARDISED:
        number = _positive(parameters)
        if number not in STANDARDISED:
            raise AgreementError(f"standardised parameters {number} are reserved", field="domain parameters")
        return STANDARDISED[number]
    if kind == _EC_PUBLIC_KEY:
        return _elliptic(parameters)
    if kind in (_PKCS3, _X942):
        return _prime_field(kind, parameters)
    raise AgreementError(f"keys of type {kind} do not agree on secrets", field="algorithm")


def _elliptic(parameters: tlv.Tlv) -> EcDomain:
    with asn1.decoding(lambda what: AgreementError(what, field="domain parameters")):
        decoded: Any = asn1.EcDomainParameters.load(tlv.encode(parameters.tag, parameters.value), strict=True)
        return EcDomain(curve_of(decoded, "domain parameters"))


def _prime_field(kind: str, parameters: tlv.Tlv) -> DhDomain:
    numbers = [_positive(child) for child in parameters.children() if child.tag == 0x02]
    if len(numbers) < (3 if kind == _X942 else 2):
        raise AgreementError("state no complete group", field="domain parameters")
    p, g = numbers[0], numbers[1]
    q = numbers[2] if kind == _X942 else None  # the third number of PKCS #3 is the private key's length
    sound = _MIN_BITS <= p.bit_length() <= _MAX_BITS and p % 2 == 1 and 1 < g < p - 1
    if not sound or (q is not None and (not 2**159 <= q < p or pow(g, q, p) != 1)):
        raise AgreementError("are no group that can be used", field="domain parameters")
    groups = (known for known in STANDARDISED.values() if isinstance(known, DhDomain))
    return next((known for known in groups if (known.p, known.g) == (p, g)), DhDomain(p, g, q))


def _positive(item: tlv.Tlv) -> int:
    if item.tag != 0x02 or not 1 <= len(item.value) <= _MAX_BITS // 8 + 1 or item.value[0] & 0x80:
        raise tlv.TlvError("is no positive INTEGER of a usable size", offset=item.start, tag=item.tag)
    return int.from_bytes(item.value, "big")
