"""The protocols of a chip by their object identifiers (Doc 9303-11 §9.2, TR-03110-3 Appendix A).

An identifier says everything about a variant: `id-PACE-ECDH-GM-AES-CBC-CMAC-128` is key agreement,
mapping and cipher at once. Identifiers travel as the contents of an OBJECT IDENTIFIER (DO'80', DO'06').
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from asn1crypto import core

from gate_simulators.chip.cipher_suites import SUITES, CipherSuite

BSI = "0.4.0.127.0.7"
ID_PK = f"{BSI}.2.2.1"
ID_TA = f"{BSI}.2.2.2"
ID_CA = f"{BSI}.2.2.3"
ID_PACE = f"{BSI}.2.2.4"
ID_SECURITY_OBJECT = f"{BSI}.3.2.1"
ID_ROLE_IS = f"{BSI}.3.1.2.1"
ID_ACTIVE_AUTHENTICATION = "2.23.136.1.1.5"


class Agreement(StrEnum):
    DH = "DH"
    ECDH = "ECDH"


class NonceMapping(StrEnum):
    """How PACE maps the nonce (§4.4.3.3)."""

    GENERIC = "GM"
    INTEGRATED = "IM"
    CHIP_AUTHENTICATION = "CAM"


class Cipher(IntEnum):
    """The last arc of the identifiers of PACE and chip authentication."""

    TRIPLE_DES = 1
    AES_128 = 2
    AES_192 = 3
    AES_256 = 4

    @property
    def suite(self) -> CipherSuite:
        return SUITES[self]


_PACE_ARCS: Mapping[tuple[Agreement, NonceMapping], int] = {
    (Agreement.DH, NonceMapping.GENERIC): 1,
    (Agreement.ECDH, NonceMapping.GENERIC): 2,
    (Agreement.DH, NonceMapping.INTEGRATED): 3,
    (Agreement.ECDH, NonceMapping.INTEGRATED): 4,
    (Agreement.ECDH, NonceMapping.CHIP_AUTHENTICATION): 6,
}
_AGREEMENT_ARCS: Mapping[Agreement, int] = {Agreement.DH: 1, Agreement.ECDH: 2}


@dataclass(frozen=True, slots=True)
class PaceProtocol:
    """One variant of PACE (§4.4.1)."""

    agreement: Agreement
    mapping: NonceMapping
    cipher: Cipher

    @property
    def oid(self) -> str:
        return f"{ID_PACE}.{_PACE_ARCS[self.agreement, self.mapping]}.{int(self.cipher)}"

    @property
    def name(self) -> str:
        """As in ``PACE-ECDH-GM-AES-128``."""
        return f"PACE-{self.agreement}-{self.mapping}-{self.cipher.name.replace('_', '-')}"


@dataclass(frozen=True, slots=True)
class ChipAuthenticationProtocol:
    """One variant of chip authentication (§6.2)."""

    agreement: Agreement
    cipher: Cipher

    @property
    def oid(self) -> str:
        return f"{ID_CA}.{_AGREEMENT_ARCS[self.agreement]}.{int(self.cipher)}"

    @property
    def key_oid(self) -> str:
        """id-PK-DH or id-PK-ECDH, the type of the static key."""
        return f"{ID_PK}.{_AGREEMENT_ARCS[self.agreement]}"


def contents(oid: str) -> bytes:
    """The content octets of an OBJECT IDENTIFIER."""
    octets = core.ObjectIdentifier(oid).contents
    assert octets is not None
    return octets


# CAM needs AES: the chip authentication data are encrypted with an IV (§4.4.3.5.1).
PACE_PROTOCOLS: Mapping[bytes, PaceProtocol] = {
    contents(protocol.oid): protocol
    for agreement, mapping in _PACE_ARCS
    for cipher in Cipher
    if (mapping, cipher) != (NonceMapping.CHIP_AUTHENTICATION, Cipher.TRIPLE_DES)
    for protocol in (PaceProtocol(agreement, mapping, cipher),)
}

CA_PROTOCOLS: Mapping[bytes, ChipAuthenticationProtocol] = {
    contents(protocol.oid): protocol
    for agreement in Agreement
    for cipher in Cipher
    for protocol in (ChipAuthenticationProtocol(agreement, cipher),)
}
