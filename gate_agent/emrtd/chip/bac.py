"""Basic Access Control (Doc 9303-11 §4.3): the printed zone opens the chip.

GET CHALLENGE, then EXTERNAL AUTHENTICATE with both sides' random numbers and key halves; the result
is a triple DES secure messaging channel.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.constant_time import bytes_eq

from gate_agent.emrtd.chip.apdu import CommandApdu
from gate_agent.emrtd.chip.ciphers import TripleDesSuite, des_cbc_decrypt, des_cbc_encrypt, pad, retail_mac
from gate_agent.emrtd.chip.key_derivation import mrz_seed, triple_des_keys
from gate_agent.emrtd.chip.protocol import Protocol, Random, transceive
from gate_agent.emrtd.chip.secure_messaging import SecureChannel
from gate_agent.emrtd.coding.errors import ChipError, StatusError
from gate_agent.emrtd.lds.mrz import MrzKey

_GET_CHALLENGE = CommandApdu(0x00, 0x84, 0x00, 0x00, le=8)
_CRYPTOGRAM = 32
_MAC = 8

# What chips answer to a wrong key: 63xx, and 6982, 6985, 6988 or 6A80 from some operating systems.
_WRONG_KEY = frozenset({0x6982, 0x6983, 0x6985, 0x6988, 0x6A80})


def basic_access_control(key: MrzKey, random: Random) -> Protocol[SecureChannel]:
    """Authenticate with the keys of the zone (§4.3.4.1). Raises ChipError.

    Reason CHIP_ACCESS_DENIED means that the chip does not accept this zone, or proved by its answer
    that it does not know it.
    """
    keys = triple_des_keys(mrz_seed(key))
    challenge = yield from transceive(_GET_CHALLENGE)
    if not challenge.ok:
        raise StatusError("BAC GET CHALLENGE", challenge.sw, reason="CHIP_ACCESS_UNSUPPORTED")
    if len(challenge.data) != 8:
        raise ChipError(
            f"challenge of {len(challenge.data)} bytes, 8 expected",
            reason="CHIP_UNREADABLE",
            field="BAC GET CHALLENGE",
        )
    rnd_ic, rnd_ifd, k_ifd = challenge.data, random(8), random(16)
    e_ifd = des_cbc_encrypt(keys.encryption, rnd_ifd + rnd_ic + k_ifd)
    command = CommandApdu(0x00, 0x82, 0x00, 0x00, e_ifd + retail_mac(keys.mac, pad(e_ifd, 8)), le=40)
    answer = yield from transceive(command)
    if not answer.ok:
        raise StatusError("BAC EXTERNAL AUTHENTICATE", answer.sw, reason=_refusal(answer.sw))
    e_ic, checksum = answer.data[:_CRYPTOGRAM], answer.data[_CRYPTOGRAM:]
    if len(answer.data) != _CRYPTOGRAM + _MAC or not bytes_eq(retail_mac(keys.mac, pad(e_ic, 8)), checksum):
        raise _not_authentic("the checksum of the chip's answer does not hold")
    plain = des_cbc_decrypt(keys.encryption, e_ic)
    if not bytes_eq(plain[:16], rnd_ic + rnd_ifd):
        raise _not_authentic("the chip's answer belongs to another challenge")
    k_ic = plain[16:]
    session = triple_des_keys(bytes(a ^ b for a, b in zip(k_ifd, k_ic, strict=True)))
    # §9.8.6.3: the counter begins with the low halves of both random numbers.
    return SecureChannel(TripleDesSuite(session), int.from_bytes(rnd_ic[4:] + rnd_ifd[4:], "big"))


def _refusal(sw: int) -> str:
    return "CHIP_ACCESS_DENIED" if sw >> 8 == 0x63 or sw in _WRONG_KEY else "CHIP_UNREADABLE"


def _not_authentic(what: str) -> ChipError:
    return ChipError(what, reason="CHIP_ACCESS_DENIED", field="BAC EXTERNAL AUTHENTICATE")
