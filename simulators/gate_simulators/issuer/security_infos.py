"""SecurityInfos: what a chip says that it can do (Doc 9303-11 §9.2), for EF.CardAccess, EF.CardSecurity
and DG14. Protocols, keys and their identifiers in; DER out.
"""

from __future__ import annotations

from collections.abc import Iterable

from asn1crypto import core

from gate_simulators.chip import ber, key_agreement
from gate_simulators.chip.chip_authentication import ChipKey
from gate_simulators.chip.domain_parameters import CURVES, GROUPS
from gate_simulators.chip.key_agreement import EllipticGroup, Group, ModpGroup
from gate_simulators.chip.pace import PaceOffer
from gate_simulators.chip.protocols import (
    BSI,
    ID_ACTIVE_AUTHENTICATION,
    ID_TA,
)
from gate_simulators.issuer.curves import parameters

STANDARDIZED_DOMAIN_PARAMETERS = f"{BSI}.1.2"
"""standardizedDomainParameters (§9.5.1): an algorithm identifier with just a number."""

_DHX_PUBLIC_NUMBER = "1.2.840.10046.2.1"
_EC_PUBLIC_KEY = "1.2.840.10045.2.1"

# TR-03111 §5.2.1: plain ECDSA signatures, by digest.
ECDSA_PLAIN = {
    digest: f"{BSI}.1.1.4.1.{arc}"
    for arc, digest in enumerate(("sha1", "sha224", "sha256", "sha384", "sha512"), 1)
}


def security_infos(infos: Iterable[bytes]) -> bytes:
    """The SET OF them, in DER order."""
    return ber.encode(0x31, *sorted(infos))


OWN_PARAMETERS = 32
"""The first identifier that is not of standardized domain parameters (§9.5.1)."""


def pace_info(offer: PaceOffer) -> bytes:
    """PACEInfo (§9.2.1), version 2, standardized domain parameters."""
    return _info(offer.protocol.oid, _integer(2), _integer(offer.parameter_id))


def pace_infos_with_own_parameters(offer: PaceOffer) -> list[bytes]:
    """PACEInfo and PACEDomainParameterInfo (§9.2.2): the same parameters, written out."""
    arc = offer.protocol.oid.rpartition(".")[0]
    written_out = explicit_algorithm(key_agreement.standardized(offer.parameter_id))
    return [
        _info(offer.protocol.oid, _integer(2), _integer(OWN_PARAMETERS)),
        _info(arc, written_out, _integer(OWN_PARAMETERS)),
    ]


def chip_authentication_infos(key: ChipKey) -> list[bytes]:
    """One ChipAuthenticationInfo (§9.2.5) for each protocol that the key is for."""
    return [_info(protocol.oid, _integer(1), *_key_id(key)) for protocol in key.protocols]


def chip_authentication_public_key_info(key: ChipKey, *, standardized: bool = False) -> bytes:
    """ChipAuthenticationPublicKeyInfo (§9.2.6); the parameters in full unless `standardized`."""
    return public_key_info(key, key.group.public_key(_secret(key)), standardized=standardized)


def public_key_info(key: ChipKey, public_key: bytes, *, standardized: bool = False) -> bytes:
    """The same for a public key whose private half is not known: a cloned chip's."""
    if isinstance(key.group, ModpGroup):
        public_key = _integer(int.from_bytes(public_key, "big"))
    algorithm = standardized_algorithm(key.group) if standardized else explicit_algorithm(key.group)
    subject = ber.encode(0x30, algorithm, ber.encode(0x03, b"\x00", public_key))
    return _info(key.protocols[0].key_oid, subject, *_key_id(key))


def terminal_authentication_info() -> bytes:
    """TerminalAuthenticationInfo (TR-03110-3 §A.1.1.3), version 1."""
    return _info(ID_TA, _integer(1))


def active_authentication_info(digest: str) -> bytes:
    """ActiveAuthenticationInfo (§9.2.3): with which digest an ECDSA key signs."""
    return _info(ID_ACTIVE_AUTHENTICATION, _integer(1), core.ObjectIdentifier(ECDSA_PLAIN[digest]).dump())


def explicit_algorithm(group: Group) -> bytes:
    """AlgorithmIdentifier with explicit parameters: dhpublicnumber (RFC 3279 §2.3.3) or ecPublicKey."""
    if isinstance(group, EllipticGroup):
        domain = parameters(group.domain, explicit=True).dump()
        return ber.encode(0x30, core.ObjectIdentifier(_EC_PUBLIC_KEY).dump(), domain)
    assert isinstance(group, ModpGroup)
    numbers = (group.domain.p, group.domain.g, group.domain.q)
    domain = ber.encode(0x30, *map(_integer, numbers))
    return ber.encode(0x30, core.ObjectIdentifier(_DHX_PUBLIC_NUMBER).dump(), domain)


def standardized_algorithm(group: Group) -> bytes:
    identifier = core.ObjectIdentifier(STANDARDIZED_DOMAIN_PARAMETERS).dump()
    return ber.encode(0x30, identifier, _integer(_parameter_id(group)))


def _parameter_id(group: Group) -> int:
    known = CURVES if isinstance(group, EllipticGroup) else GROUPS
    assert isinstance(group, EllipticGroup | ModpGroup)
    return next(number for number, domain in known.items() if domain == group.domain)


def _secret(key: ChipKey) -> int:
    if key.secret is None:
        raise ValueError("the private key is not known")
    return key.secret


def _key_id(key: ChipKey) -> list[bytes]:
    return [] if key.key_id is None else [_integer(key.key_id)]


def _info(oid: str, *elements: bytes) -> bytes:
    return ber.encode(0x30, core.ObjectIdentifier(oid).dump(), *elements)


def _integer(value: int) -> bytes:
    return core.Integer(value).dump()
