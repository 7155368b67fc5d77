"""SecurityInfos: what a chip says it can do (Doc 9303-11 §9.2), in EF.CardAccess, EF.CardSecurity and DG14.

Chips fill these sets freely: an entry that is not known is skipped, one that is known and malformed is
left out and counted, and the others still hold. Nothing here is believed before passive authentication.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from gate_agent.emrtd.chip.agreement_keys import AgreementKey, parse_agreement_key, parse_domain
from gate_agent.emrtd.chip.key_agreement import Domain
from gate_agent.emrtd.chip.key_derivation import Cipher
from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.errors import FileError
from gate_agent.emrtd.coding.oid import dotted
from gate_agent.errors import BadInput

_BSI = "0.4.0.127.0.7.2.2"
_PK, _TA, _CA, _PACE = f"{_BSI}.1", f"{_BSI}.2", f"{_BSI}.3", f"{_BSI}.4"
_AA = "2.23.136.1.1.5"
_ECDSA_PLAIN = "0.4.0.127.0.7.1.1.4.1"

_CIPHERS = {1: Cipher.TRIPLE_DES, 2: Cipher.AES_128, 3: Cipher.AES_192, 4: Cipher.AES_256}
_PLAIN_HASHES = {1: "sha1", 2: "sha224", 3: "sha256", 4: "sha384", 5: "sha512"}
_MAX_INFOS = 64


class NonceMapping(StrEnum):
    """How PACE turns the nonce into a generator (§4.4.3.3)."""

    GENERIC = "GM"
    INTEGRATED = "IM"
    CHIP_AUTHENTICATION = "CAM"


# §9.2.4: the number behind id-PACE -> (elliptic curves, mapping).
_PACE_PROTOCOLS = {
    1: (False, NonceMapping.GENERIC),
    2: (True, NonceMapping.GENERIC),
    3: (False, NonceMapping.INTEGRATED),
    4: (True, NonceMapping.INTEGRATED),
    6: (True, NonceMapping.CHIP_AUTHENTICATION),
}


@dataclass(frozen=True, slots=True)
class PaceInfo:
    """PACEInfo (§9.2.4). `oid` is the object identifier's value, as commands carry it."""

    oid: bytes
    mapping: NonceMapping
    elliptic: bool
    cipher: Cipher
    parameter_id: int | None

    def __str__(self) -> str:
        return f"PACE-{'ECDH' if self.elliptic else 'DH'}-{self.mapping}-{self.cipher}"


@dataclass(frozen=True, slots=True)
class PaceDomainParameterInfo:
    """PACEDomainParameterInfo (§9.2.5): the chip's own domain parameters for PACE."""

    parameter_id: int | None
    domain: Domain


@dataclass(frozen=True, slots=True)
class ChipAuthenticationInfo:
    """ChipAuthenticationInfo (§9.2.6)."""

    oid: bytes
    elliptic: bool
    cipher: Cipher
    version: int
    key_id: int | None

    def __str__(self) -> str:
        return f"CA-{'ECDH' if self.elliptic else 'DH'}-{self.cipher}"


@dataclass(frozen=True, slots=True)
class ChipAuthenticationPublicKey:
    """ChipAuthenticationPublicKeyInfo (§9.2.7)."""

    key: AgreementKey
    key_id: int | None


@dataclass(frozen=True, slots=True)
class ActiveAuthenticationInfo:
    """ActiveAuthenticationInfo (§9.2.9): the hash of an ECDSA active authentication key."""

    hash: str


@dataclass(frozen=True, slots=True)
class SecurityInfos:
    """One decoded set. `entries` are the raw members, for comparison between files; `malformed` counts."""

    pace: tuple[PaceInfo, ...] = ()
    pace_domains: tuple[PaceDomainParameterInfo, ...] = ()
    chip_authentication: tuple[ChipAuthenticationInfo, ...] = ()
    chip_keys: tuple[ChipAuthenticationPublicKey, ...] = ()
    active_authentication: tuple[ActiveAuthenticationInfo, ...] = ()
    terminal_authentication: bool = False
    entries: frozenset[bytes] = frozenset()
    malformed: int = 0


_Entry = (
    PaceInfo
    | PaceDomainParameterInfo
    | ChipAuthenticationInfo
    | ChipAuthenticationPublicKey
    | ActiveAuthenticationInfo
    | None
)


def parse_security_infos(raw: bytes, where: str) -> SecurityInfos:
    """The SET in `raw`. Raises FileError when it is no set at all; `where` names the file."""
    try:
        outer = tlv.parse_one(raw, 0x31)
        members = outer.children()
    except tlv.TlvError as error:
        raise FileError(error.what, field=f"{where} {error.field}") from error
    if len(members) > _MAX_INFOS:
        raise FileError(f"{len(members)} entries, at most {_MAX_INFOS} are accepted", field=where)
    parsed: list[_Entry] = []
    malformed, terminal = 0, False
    for member in members:
        try:
            oid, *arguments = member.children()
            identifier = dotted(oid)
            terminal = terminal or identifier == _TA
            parsed.append(_entry(identifier, oid.value, tuple(arguments)))
        except (
            BadInput,
            ValueError,
            LookupError,
        ):  # an argument or arc that is not there counts as malformed
            malformed += 1
    return SecurityInfos(
        pace=tuple(e for e in parsed if isinstance(e, PaceInfo)),
        pace_domains=tuple(e for e in parsed if isinstance(e, PaceDomainParameterInfo)),
        chip_authentication=tuple(e for e in parsed if isinstance(e, ChipAuthenticationInfo)),
        chip_keys=tuple(e for e in parsed if isinstance(e, ChipAuthenticationPublicKey)),
        active_authentication=tuple(e for e in parsed if isinstance(e, ActiveAuthenticationInfo)),
        terminal_authentication=terminal,
        entries=frozenset(member.value for member in members),
        malformed=malformed,
    )


def _entry(identifier: str, oid: bytes, arguments: tuple[tlv.Tlv, ...]) -> _Entry:
    parent, _, last = identifier.rpartition(".")
    if identifier == _AA:
        return ActiveAuthenticationInfo(_plain_hash(dotted(arguments[1])))
    if parent == _PK:
        return ChipAuthenticationPublicKey(_key(arguments[0]), _integer(arguments[1:]))
    if parent == _PACE:
        return PaceDomainParameterInfo(_integer(arguments[1:]), _domain(arguments[0]))
    grandparent, _, protocol = parent.rpartition(".")
    known = _PROTOCOLS.get(grandparent)
    return None if known is None else known(int(protocol), _CIPHERS[int(last)], oid, arguments)


def _pace(protocol: int, cipher: Cipher, oid: bytes, arguments: tuple[tlv.Tlv, ...]) -> _Entry:
    elliptic, mapping = _PACE_PROTOCOLS[protocol]
    if _integer(arguments[:1]) != 2:
        raise ValueError("only version 2 of PACE is defined")
    return PaceInfo(oid, mapping, elliptic, cipher, _integer(arguments[1:]))


def _chip_authentication(protocol: int, cipher: Cipher, oid: bytes, arguments: tuple[tlv.Tlv, ...]) -> _Entry:
    version = _integer(arguments[:1]) or 1
    return ChipAuthenticationInfo(
        oid, {1: False, 2: True}[protocol], cipher, version, _integer(arguments[1:])
    )


_PROTOCOLS: Mapping[str, Callable[[int, Cipher, bytes, tuple[tlv.Tlv, ...]], _Entry]] = MappingProxyType(
    {_PACE: _pace, _CA: _chip_authentication}
)


def _integer(arguments: tuple[tlv.Tlv, ...]) -> int | None:
    """The first INTEGER of what is left, None where there is nothing left."""
    if not arguments:
        return None
    if arguments[0].tag != 0x02 or not 1 <= len(arguments[0].value) <= 4:
        raise ValueError("an INTEGER of at most four bytes is expected")
    return int.from_bytes(arguments[0].value, "big")


def _key(argument: tlv.Tlv) -> AgreementKey:
    return parse_agreement_key(tlv.encode(argument.tag, argument.value))


def _domain(argument: tlv.Tlv) -> Domain:
    return parse_domain(tlv.encode(argument.tag, argument.value))


def _plain_hash(identifier: str) -> str:
    parent, _, last = identifier.rpartition(".")
    if parent != _ECDSA_PLAIN:
        raise ValueError("only plain ECDSA is allowed here")  # §9.2.9
    return _PLAIN_HASHES[int(last)]
