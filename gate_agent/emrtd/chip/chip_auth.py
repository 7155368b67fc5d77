"""Chip authentication version 1 (Doc 9303-11 §6.2): a static key agreement that a copied chip cannot follow.

The chip agrees on new keys with the private half of the key in DG14, and secure messaging goes on with
them. "Done" from the chip proves nothing: the proof is the first answer that the new keys open, and it
counts only where DG14 was signed by the issuer.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from gate_agent.emrtd.chip.apdu import CommandApdu
from gate_agent.emrtd.chip.ciphers import CipherSuite, cipher_suite
from gate_agent.emrtd.chip.key_agreement import AgreementError, EcDomain
from gate_agent.emrtd.chip.key_derivation import Cipher, session_keys
from gate_agent.emrtd.chip.protocol import Protocol, Random, transceive
from gate_agent.emrtd.coding import oid, tlv
from gate_agent.emrtd.coding.errors import ChipError, StatusError
from gate_agent.emrtd.lds.security_infos import (
    ChipAuthenticationInfo,
    ChipAuthenticationPublicKey,
    SecurityInfos,
)

_STEP = "chip authentication"
_CA_DH_3DES, _CA_ECDH_3DES = (oid.encoded(f"0.4.0.127.0.7.2.2.3.{n}.1") for n in (1, 2))


@dataclass(frozen=True, slots=True)
class Offer:
    """A key and the variant to use it with."""

    info: ChipAuthenticationInfo
    public_key: ChipAuthenticationPublicKey


@dataclass(frozen=True, slots=True)
class Agreement:
    """The new keys, not yet proven, and the terminal's ephemeral key that TA refers to (§7.1.3)."""

    suite: CipherSuite
    offer: Offer
    terminal_key: bytes


def choose(infos: SecurityInfos) -> Offer | None:
    """The strongest variant for which DG14 has a key; None where there is none."""
    offers = [
        Offer(info, key)
        for info, key in itertools.product(infos.chip_authentication, infos.chip_keys)
        if isinstance(key.key.domain, EcDomain) == info.elliptic and info.key_id in (None, key.key_id)
    ]
    if not infos.chip_authentication:
        # First-generation documents have a key only: triple DES is what they mean.
        offers = [Offer(_first_generation(key), key) for key in infos.chip_keys]
    return max(offers, key=lambda offer: _strength(offer.info), default=None)


def _strength(info: ChipAuthenticationInfo) -> tuple[bool, int]:
    return info.cipher is not Cipher.TRIPLE_DES, info.cipher.key_length


def _first_generation(key: ChipAuthenticationPublicKey) -> ChipAuthenticationInfo:
    elliptic = isinstance(key.key.domain, EcDomain)
    identifier = _CA_ECDH_3DES if elliptic else _CA_DH_3DES
    return ChipAuthenticationInfo(identifier, elliptic, Cipher.TRIPLE_DES, 1, key.key_id)


def chip_authentication(offer: Offer, random: Random) -> Protocol[Agreement]:
    """Agree on new keys (§6.2.3). The caller restarts the channel with them. Raises ChipError."""
    domain = offer.public_key.key.domain
    private = domain.private_key(random)
    own = domain.public_key(private)
    if offer.info.cipher is Cipher.TRIPLE_DES:
        yield from _set_key_agreement_template(own, offer.public_key.key_id)
    else:
        yield from _set_authentication_template(offer)
        yield from _general_authenticate(own)
    try:
        secret = domain.agree(private, offer.public_key.key.public)
    except AgreementError as error:
        raise ChipError(error.what, reason="CHIP_KEY_UNUSABLE", field=_STEP) from error
    suite = cipher_suite(offer.info.cipher, session_keys(offer.info.cipher, secret))
    return Agreement(suite, offer, domain.compressed(own))


def _set_key_agreement_template(own: bytes, key_id: int | None) -> Protocol[None]:
    """MSE:Set KAT (§6.2.4.1), the command of triple DES."""
    data = tlv.encode(0x91, own) + _reference(key_id)
    response = yield from transceive(CommandApdu(0x00, 0x22, 0x41, 0xA6, data))
    if not response.ok:
        raise StatusError(f"{_STEP} MSE:Set KAT", response.sw, reason="CHIP_NOT_GENUINE")


def _set_authentication_template(offer: Offer) -> Protocol[None]:
    """MSE:Set AT (§6.2.4.2)."""
    data = tlv.encode(0x80, offer.info.oid) + _reference(offer.public_key.key_id)
    response = yield from transceive(CommandApdu(0x00, 0x22, 0x41, 0xA4, data))
    if not response.ok:
        raise StatusError(f"{_STEP} MSE:Set AT", response.sw, reason="CHIP_NOT_GENUINE")


def _general_authenticate(own: bytes) -> Protocol[None]:
    data = tlv.encode(0x7C, tlv.encode(0x80, own))
    response = yield from transceive(CommandApdu(0x00, 0x86, 0x00, 0x00, data, le=256))
    if not response.ok:
        raise StatusError(f"{_STEP} GENERAL AUTHENTICATE", response.sw, reason="CHIP_NOT_GENUINE")


def _reference(key_id: int | None) -> bytes:
    if key_id is None:
        return b""
    return tlv.encode(0x84, key_id.to_bytes(max(1, (key_id.bit_length() + 7) // 8), "big"))
