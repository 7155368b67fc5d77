"""Password Authenticated Connection Establishment (Doc 9303-11 §4.4, BSI TR-03110-3 §A.3).

Generic, Integrated and Chip Authentication Mapping, over elliptic curves and prime fields, with triple DES
or AES. The result is a secure messaging channel and, for Chip Authentication Mapping, what the chip says to
prove itself; that counts only with a key from the signed EF.CardSecurity (:func:`chip_is_genuine`).
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.constant_time import bytes_eq

from gate_agent.emrtd.chip.apdu import CommandApdu, ResponseApdu
from gate_agent.emrtd.chip.ciphers import (
    CipherSuite,
    aes_cbc_decrypt,
    aes_encrypt_block,
    cipher_suite,
    des_cbc_decrypt,
    unpad,
)
from gate_agent.emrtd.chip.domain_parameters import STANDARDISED
from gate_agent.emrtd.chip.key_agreement import AgreementError, Domain, EcDomain
from gate_agent.emrtd.chip.key_derivation import Cipher, KeyPair, session_keys
from gate_agent.emrtd.chip.nonce_mapping import nonce_length, pseudo_random_element
from gate_agent.emrtd.chip.password import Password
from gate_agent.emrtd.chip.protocol import Protocol, Random, transceive
from gate_agent.emrtd.chip.secure_messaging import SecureChannel
from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.errors import ChipError, StatusError
from gate_agent.emrtd.lds.security_infos import NonceMapping, PaceInfo, SecurityInfos

_STEPS = ("encrypted nonce", "map nonce", "key agreement", "mutual authentication")
_DYNAMIC_AUTHENTICATION = 0x7C

# What chips answer to a wrong password in the last step: 63xx, and some of these (§4.4.4.2).
_WRONG_PASSWORD = frozenset({0x6982, 0x6983, 0x6985, 0x6988, 0x6A80})


@dataclass(frozen=True, slots=True)
class ChipMapping:
    """What Chip Authentication Mapping left to verify: the chip's mapping key, and CA_IC (§4.4.3.5)."""

    domain: EcDomain
    mapping_key: bytes
    authentication_data: bytes


@dataclass(frozen=True, slots=True)
class PaceResult:
    """A completed PACE. `chip_key` is the chip's ephemeral key in compressed form (§7.1.3)."""

    channel: SecureChannel
    info: PaceInfo
    chip_key: bytes
    chip_mapping: ChipMapping | None


def choose(infos: SecurityInfos) -> tuple[PaceInfo, Domain] | None:
    """The best offer with domain parameters that are known here; None when there is none.

    Chip Authentication Mapping before the others, because it saves a protocol; then the longer key.
    """
    usable = [(info, domain) for info in infos.pace if (domain := _domain(info, infos)) is not None]
    return max(usable, key=_strength, default=None)


def _strength(offer: tuple[PaceInfo, Domain]) -> tuple[bool, bool, int, bool]:
    info, _ = offer
    is_chip = info.mapping is NonceMapping.CHIP_AUTHENTICATION
    return (is_chip, info.cipher is not Cipher.TRIPLE_DES, info.cipher.key_length, info.elliptic)


def _domain(info: PaceInfo, infos: SecurityInfos) -> Domain | None:
    own = next((o.domain for o in infos.pace_domains if o.parameter_id == info.parameter_id), None)
    domain = own or (None if info.parameter_id is None else STANDARDISED.get(info.parameter_id))
    integrated = info.mapping is NonceMapping.INTEGRATED
    if domain is None or isinstance(domain, EcDomain) != info.elliptic:
        return None
    return None if integrated and isinstance(domain, EcDomain) and domain.prime % 4 != 3 else domain


def pace(info: PaceInfo, domain: Domain, password: Password, random: Random) -> Protocol[PaceResult]:
    """Run PACE (§4.4.4). Raises ChipError; reason CHIP_ACCESS_DENIED: it is not this chip's password."""
    yield from _set_authentication_template(info, password)
    nonce = yield from _nonce(info, password)
    try:
        mapping_key, mapped = yield from _map(info, domain, nonce, random)
        private = mapped.private_key(random)
        own = mapped.public_key(private)
        peer = yield from _exchange(3, own)
        if bytes_eq(own, peer):
            raise ChipError(
                "answers with our own key", reason="CHIP_ACCESS_DENIED", field="PACE key agreement"
            )
        keys = session_keys(info.cipher, mapped.agree(private, peer))
        suite = cipher_suite(info.cipher, keys)
        answer = yield from _authenticate(info, mapped, suite, own, peer)
        chip_mapping = _chip_mapping(info, domain, mapping_key, keys, answer)
        return PaceResult(SecureChannel(suite, 0), info, mapped.compressed(peer), chip_mapping)
    except AgreementError as error:
        raise ChipError(error.what, reason="CHIP_ACCESS_DENIED", field=f"PACE {error.field}") from error


def _set_authentication_template(info: PaceInfo, password: Password) -> Protocol[None]:
    """MSE:Set AT (§4.4.4.1). Some chips insist on the domain parameters' number, some refuse it."""
    data = tlv.encode(0x80, info.oid) + tlv.encode(0x83, bytes([password.kind]))
    number = b"" if info.parameter_id is None else tlv.encode(0x84, bytes([info.parameter_id & 0xFF]))
    response = ResponseApdu(b"", 0)
    for attempt in dict.fromkeys((data + number, data)):
        response = yield from transceive(CommandApdu(0x00, 0x22, 0xC1, 0xA4, attempt))
        if response.ok or response.sw >> 4 == 0x63C:  # 63Cx: accepted, with so many tries left
            return
    blocked = response.sw in (0x6983, 0x6984)
    raise StatusError(
        "PACE MSE:Set AT",
        response.sw,
        reason="CHIP_ACCESS_DENIED" if blocked else "CHIP_ACCESS_UNSUPPORTED",
    )


def _nonce(info: PaceInfo, password: Password) -> Protocol[bytes]:
    encrypted = yield from _general_authenticate(1, b"", 0x80)
    # §4.4.3.3 asks for as many bits as the key has; some chips use one block with every cipher.
    block = 8 if info.cipher is Cipher.TRIPLE_DES else 16
    if not encrypted or len(encrypted) % block or len(encrypted) > nonce_length(info.cipher):
        raise _malformed(1, f"a nonce of {len(encrypted)} bytes")
    key = password.key(info.cipher)
    if info.cipher is Cipher.TRIPLE_DES:
        return des_cbc_decrypt(key, encrypted)
    return aes_cbc_decrypt(key, encrypted, bytes(16))


def _map(info: PaceInfo, domain: Domain, nonce: bytes, random: Random) -> Protocol[tuple[bytes, Domain]]:
    """The chip's mapping key (empty for Integrated Mapping) and the mapped domain (§4.4.3.3)."""
    if info.mapping is NonceMapping.INTEGRATED:
        own_nonce = random(info.cipher.key_length)
        # §4.4.4.4: the chip's mapping data are empty; some chips leave the data object out.
        yield from _general_authenticate(2, tlv.encode(0x81, own_nonce), None)
        element = pseudo_random_element(info.cipher, nonce, own_nonce, domain.prime)
        return b"", domain.mapped_to(element)
    private = domain.private_key(random)
    own = domain.public_key(private)
    peer = yield from _exchange(2, own)
    if bytes_eq(own, peer):
        raise ChipError("answers with our own key", reason="CHIP_ACCESS_DENIED", field="PACE map nonce")
    return peer, domain.mapped_generically(nonce, private, peer)


def _exchange(step: int, own: bytes) -> Protocol[bytes]:
    """Our public key out, the chip's in: tags 81/82 in step 2, 83/84 in step 3 (Table 4)."""
    tag = 0x81 if step == 2 else 0x83
    return (yield from _general_authenticate(step, tlv.encode(tag, own), tag + 1))


def _authenticate(
    info: PaceInfo, mapped: Domain, suite: CipherSuite, own: bytes, peer: bytes
) -> Protocol[tuple[tlv.Tlv, ...]]:
    """Exchange and check the tokens (§4.4.3.4); the data objects of the chip's answer."""
    token = suite.token(_token_input(info, mapped, peer))
    answer = yield from _transmit(4, tlv.encode(0x85, token))
    theirs = next((item.value for item in answer if item.tag == 0x86), b"")
    if not bytes_eq(theirs, suite.token(_token_input(info, mapped, own))):
        raise ChipError(
            "the chip's token does not hold", reason="CHIP_ACCESS_DENIED", field="PACE mutual authentication"
        )
    return answer


def _token_input(info: PaceInfo, mapped: Domain, public: bytes) -> bytes:
    return tlv.encode(0x7F49, tlv.encode(0x06, info.oid) + tlv.encode(mapped.public_key_tag, public))


def _general_authenticate(step: int, data: bytes, expected: int | None) -> Protocol[bytes]:
    answer = yield from _transmit(step, data)
    if expected is None:
        return b""
    found = next((item.value for item in answer if item.tag == expected), None)
    if found is None:
        raise _malformed(step, f"data object {expected:02X} is missing")
    return found


def _transmit(step: int, data: bytes) -> Protocol[tuple[tlv.Tlv, ...]]:
    """GENERAL AUTHENTICATE (§4.4.4.2): chained in all steps but the last."""
    template = tlv.encode(_DYNAMIC_AUTHENTICATION, data)
    large = len(template) > 0xFF  # a 2048-bit key is answered by one: both need extended length
    command = CommandApdu(
        0x10 if step < 4 else 0x00, 0x86, 0x00, 0x00, template, le=65536 if large else 256, extended=large
    )
    response = yield from transceive(command)
    if not response.ok:
        wrong = step == 4 and (response.sw >> 8 == 0x63 or response.sw in _WRONG_PASSWORD)
        raise StatusError(
            f"PACE {_STEPS[step - 1]}",
            response.sw,
            reason="CHIP_ACCESS_DENIED" if wrong else "CHIP_UNREADABLE",
        )
    try:
        return tlv.parse_one(response.data, _DYNAMIC_AUTHENTICATION).children() if response.data else ()
    except tlv.TlvError as error:
        raise _malformed(step, str(error)) from error


def _malformed(step: int, what: str) -> ChipError:
    return ChipError(what, reason="CHIP_UNREADABLE", field=f"PACE {_STEPS[step - 1]}")


# ---------------------------------------------------------------- Chip Authentication Mapping


def _chip_mapping(
    info: PaceInfo, domain: Domain, mapping_key: bytes, keys: KeyPair, answer: tuple[tlv.Tlv, ...]
) -> ChipMapping | None:
    """CA_IC from the encrypted chip authentication data (§4.4.3.5.1); None where the mapping is another."""
    if info.mapping is not NonceMapping.CHIP_AUTHENTICATION or not isinstance(domain, EcDomain):
        return None
    encrypted = next((item.value for item in answer if item.tag == 0x8A), b"")
    if not encrypted or len(encrypted) % 16:
        raise _malformed(4, "the encrypted chip authentication data are missing or not whole blocks")
    initial_vector = aes_encrypt_block(keys.encryption, b"\xff" * 16)
    data = unpad(aes_cbc_decrypt(keys.encryption, encrypted, initial_vector))
    return ChipMapping(domain, mapping_key, data)


def chip_is_genuine(mapping: ChipMapping, static_key: bytes) -> bool:
    """Whether CA_IC maps the chip's static key on its mapping key (§4.4.3.5.2).

    `static_key` must come from an EF.CardSecurity whose signature was verified.
    """
    try:
        agreed = mapping.domain.times(int.from_bytes(mapping.authentication_data, "big"), static_key)
    except AgreementError:
        return False
    return bytes_eq(agreed, mapping.mapping_key)
