"""What forgers and careless issuers do to a finished passport: each takes one and gives another.

Nobody here has the issuing state's keys; what is altered after signing stays altered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gate_simulators.chip import ber
from gate_simulators.chip.active_authentication import EcdsaAuthenticationKey, RsaAuthenticationKey
from gate_simulators.chip.protocols import Cipher, NonceMapping
from gate_simulators.issuer import data_groups, security_infos
from gate_simulators.issuer.chip_security import pace_offer
from gate_simulators.issuer.passports import Passport

Alteration: TypeAlias = Callable[[Passport], Passport]

ENDLESS = 0xFFFFF0
"""The length that an endless file claims."""


def unaltered(passport: Passport) -> Passport:
    return passport


def _with_files(passport: Passport, files: Mapping[str, bytes]) -> Passport:
    return replace(passport, files={**passport.files, **files})


def without(*names: str) -> Alteration:
    """The files are not on the chip; EF.COM and EF.SOD still speak of them."""

    def alter(passport: Passport) -> Passport:
        return replace(passport, files={n: c for n, c in passport.files.items() if n not in names})

    return alter


def truncated(name: str, octets: int) -> Alteration:
    def alter(passport: Passport) -> Passport:
        return _with_files(passport, {name: passport.files[name][:octets]})

    return alter


def with_file(name: str, content: bytes) -> Alteration:
    def alter(passport: Passport) -> Passport:
        return _with_files(passport, {name: content})

    return alter


def flipped(name: str) -> Alteration:
    """One bit in the middle of the file is another."""

    def alter(passport: Passport) -> Passport:
        content = bytearray(passport.files[name])
        content[len(content) // 2] ^= 1
        return _with_files(passport, {name: bytes(content)})

    return alter


def extra_data_group(passport: Passport) -> Passport:
    """DG13 was added after signing, and EF.COM lists it."""
    numbers = [n for n in range(1, 17) if f"DG{n}" in passport.files]
    extra = ber.encode(data_groups.DATA_GROUP_TAGS[13], b"\x04\x05extra")
    return _with_files(passport, {"DG13": extra, "EF.COM": data_groups.ef_com([*numbers, 13])})


def hidden_data_groups(*numbers: int) -> Alteration:
    """A clone leaves out what would give it away: the files are gone, and EF.COM does not list them."""

    def alter(passport: Passport) -> Passport:
        kept = [n for n in range(1, 17) if f"DG{n}" in passport.files and n not in numbers]
        bare = without(*(f"DG{n}" for n in numbers))(passport)
        return _with_files(bare, {"EF.COM": data_groups.ef_com(kept)})

    return alter


def cloned(passport: Passport) -> Passport:
    """All files, no private key: active authentication signs with a key of its own, CA and CAM guess."""
    key = passport.secrets.active_authentication
    if isinstance(key, RsaAuthenticationKey):
        key = replace(key, key=rsa.generate_private_key(65537, key.key.key_size))
    elif isinstance(key, EcdsaAuthenticationKey):
        key = replace(key, key=ec.generate_private_key(key.key.curve))
    chip_keys = tuple(replace(k, secret=None) for k in passport.secrets.chip_keys)
    secrets = replace(passport.secrets, active_authentication=key, chip_keys=chip_keys, mapping_key=None)
    return replace(passport, secrets=secrets)


def without_active_authentication(passport: Passport) -> Passport:
    """A clone that answers INTERNAL AUTHENTICATE with 6D00, although DG15 is there."""
    return replace(passport, secrets=replace(passport.secrets, active_authentication=None))


def without_chip_authentication(passport: Passport) -> Passport:
    """The same for chip authentication and DG14."""
    return replace(passport, secrets=replace(passport.secrets, chip_keys=()))


def pace_hidden(passport: Passport) -> Passport:
    """Somebody in between hides EF.CardAccess so that the reader falls back to BAC."""
    return without("EF.CardAccess")(passport)


def pace_weakened(passport: Passport) -> Passport:
    """EF.CardAccess offers 3DES alone, DG14 (which is signed) does not know of it."""
    weak = pace_offer(12, NonceMapping.GENERIC, Cipher.TRIPLE_DES)
    infos = security_infos.security_infos([security_infos.pace_info(weak)])
    altered = _with_files(passport, {"EF.CardAccess": infos})
    return replace(altered, secrets=replace(altered.secrets, pace=(*altered.secrets.pace, weak)))


def other_bearer(passport: Passport) -> Passport:
    """The chip of a genuine passport in another's booklet: the printed lines say somebody else."""
    upper, lower = passport.lines
    return replace(passport, lines=(upper.replace("ERIKSSON", "ERIKSSEN"), lower))


def misread_zeros(passport: Passport) -> Passport:
    """The page as a camera reads it that takes every zero of a date and its check digit for an O."""
    *above, lower = passport.lines
    dates = lower[13:28].replace("0", "O")
    return replace(passport, lines=(*above, lower[:13] + dates + lower[28:]))


def tlv_bomb(tag: int, depth: int) -> bytes:
    """A template in a template in a template."""
    content = b"\x04\x01x"
    for _ in range(depth):
        content = ber.encode(0x7F60, content)
    return ber.encode(tag, content)


def many_objects(tag: int, count: int) -> bytes:
    """A template with far more objects than any file has."""
    return ber.encode(tag, b"\x02\x01\x01" * count)


def endless(tag: int) -> bytes:
    """A file that claims sixteen megabytes and has the first 64 KiB of them."""
    return tag.to_bytes(1, "big") + b"\x83" + ENDLESS.to_bytes(3, "big") + bytes(1 << 16)


def indefinite(tag: int) -> bytes:
    """A file of indefinite length, which DER does not have."""
    return tag.to_bytes(1, "big") + b"\x80" + b"\x04\x01x" * 20 + b"\x00\x00"


def card_access_with_odd_entries(passport: Passport) -> Passport:
    """EF.CardAccess as some chips have it: an entry that is too short, unknown ones, not sorted."""
    genuine = [security_infos.pace_info(offer) for offer in passport.secrets.pace]
    unknown = ber.encode(0x30, bytes.fromhex("0603551D0F"), b"\x02\x01\x01", b"\x04\x02ab")
    too_short = ber.encode(0x30, bytes.fromhex("060A04007F00070202040202"))
    return _with_files(passport, {"EF.CardAccess": ber.encode(0x31, unknown, too_short, *genuine)})


def directory_of_several(passport: Passport) -> Passport:
    """EF.DIR with entries of other applications before the passport's."""
    aids = ("A0000002472001", "A0000002472002", "A0000002471001")
    entries = (ber.encode(0x61, ber.encode(0x4F, bytes.fromhex(aid))) for aid in aids)
    return _with_files(passport, {"EF.DIR": b"".join(entries)})
