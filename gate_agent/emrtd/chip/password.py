"""Passwords of PACE: the printed zone, the card access number, or a PIN (Doc 9303-11 §4.4.1, §9.7.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum

from gate_agent.emrtd.chip.key_derivation import Cipher, KeyUse, derive_key, password_secret
from gate_agent.emrtd.lds.mrz import MrzKey
from gate_agent.errors import BadInput


class PasswordError(BadInput):
    """Something that cannot be a password of this kind. Never quotes it."""


class PasswordKind(IntEnum):
    """The reference in MSE:Set AT (§4.4.4.1)."""

    MRZ = 1
    CAN = 2
    PIN = 3


@dataclass(frozen=True, slots=True)
class Password:
    """One shared password. `secret` is f(π); `mrz` is kept where basic access control may need it."""

    kind: PasswordKind
    secret: bytes = field(repr=False)
    mrz: MrzKey | None = field(default=None, repr=False)

    @classmethod
    def from_mrz(cls, key: MrzKey) -> Password:
        return cls(PasswordKind.MRZ, password_secret(key), key)

    @classmethod
    def from_can(cls, number: str) -> Password:
        """The card access number printed on the document: six digits, some issuers use more."""
        if not re.fullmatch(r"[0-9]{6,10}", number):
            raise PasswordError("must be 6 to 10 digits", field="can")
        return cls(PasswordKind.CAN, number.encode("ascii"))

    @classmethod
    def from_pin(cls, number: str) -> Password:
        if not re.fullmatch(r"[0-9]{4,16}", number):
            raise PasswordError("must be 4 to 16 digits", field="pin")
        return cls(PasswordKind.PIN, number.encode("ascii"))

    def key(self, cipher: Cipher) -> bytes:
        """K_π, which the chip's nonce is encrypted with."""
        return derive_key(cipher, self.secret, KeyUse.PASSWORD)
