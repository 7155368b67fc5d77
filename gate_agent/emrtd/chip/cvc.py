"""Card verifiable certificates of inspection systems (BSI TR-03110-3 Appendix C; Doc 9303-11 §7.1).

CVCA, document verifier and inspection system each certify the next; what a terminal may read is what all of
them allow. Dates are inclusive. The chip decides: what is parsed here chooses what to send it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum

from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.oid import dotted
from gate_agent.errors import BadInput

_CERTIFICATE, _BODY, _SIGNATURE = 0x7F21, 0x7F4E, 0x5F37
_ROLE_INSPECTION_SYSTEM = "0.4.0.127.0.7.3.1.2.1"
_MAX_SIZE = 8 * 1024


class CvcError(BadInput):
    """A card verifiable certificate that cannot be used. `field` names the data object."""


class Role(IntEnum):
    """The two highest bits of the authorisation (§C.4.1)."""

    INSPECTION_SYSTEM = 0
    FOREIGN_VERIFIER = 1
    DOMESTIC_VERIFIER = 2
    CVCA = 3


@dataclass(frozen=True, slots=True)
class CvCertificate:
    """One certificate. `body` and `signature` are the data objects as received; `rights` bits 0 and 1
    allow DG3 and DG4; `algorithm` is the object identifier of the holder's key."""

    authority: bytes
    holder: bytes
    role: Role
    rights: int
    effective: date
    expiration: date
    algorithm: str
    body: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    def valid_on(self, day: date) -> bool:
        return self.effective <= day <= self.expiration


def parse_certificate(raw: bytes) -> CvCertificate:
    """A whole certificate (tag 7F21). Raises CvcError."""
    try:
        outer = tlv.parse_one(raw, _CERTIFICATE, limits=tlv.Limits(size=_MAX_SIZE))
        body, signature = outer.require(_BODY), outer.require(_SIGNATURE)
        authorisation = body.require(0x7F4C)
        if dotted(authorisation.require(0x06)) != _ROLE_INSPECTION_SYSTEM:
            raise CvcError("is not for inspection systems", field="certificate holder authorization")
        rights = authorisation.require(0x53).value
        if len(rights) != 1:
            raise CvcError("is not one byte", field="certificate holder authorization")
        return CvCertificate(
            authority=_reference(body, 0x42),
            holder=_reference(body, 0x5F20),
            role=Role(rights[0] >> 6),
            rights=rights[0] & 0x3F,
            effective=_date(body, 0x5F25),
            expiration=_date(body, 0x5F24),
            algorithm=dotted(body.require(0x7F49).require(0x06)),
            body=tlv.encode(_BODY, body.value),
            signature=tlv.encode(_SIGNATURE, signature.value),
        )
    except tlv.TlvError as error:
        raise CvcError(error.what, field=f"certificate {error.field}") from error


def _reference(body: tlv.Tlv, tag: int) -> bytes:
    """Country, mnemonic and sequence number (§C.1.4): at most 16 characters."""
    value = body.require(tag).value
    if not 8 <= len(value) <= 16:
        raise CvcError(f"{len(value)} bytes are no reference", field=f"certificate tag {tag:02X}")
    return value


def _date(body: tlv.Tlv, tag: int) -> date:
    """Six unpacked digits YYMMDD of this century (§C.1.5)."""
    digits = body.require(tag).value
    if len(digits) != 6 or max(digits) > 9:
        raise CvcError("is not six digits", field=f"certificate tag {tag:02X}")
    year, month, day = (10 * digits[i] + digits[i + 1] for i in (0, 2, 4))
    try:
        return date(2000 + year, month, day)
    except ValueError as error:
        raise CvcError("is no day", field=f"certificate tag {tag:02X}") from error


def chain(certificates: tuple[CvCertificate, ...], trusted: tuple[bytes, ...]) -> tuple[CvCertificate, ...]:
    """The certificates from one that a `trusted` authority issued down to the inspection system.

    Link certificates may stand in between. Raises CvcError when there is no such chain.
    """
    last = next((c for c in certificates if c.role is Role.INSPECTION_SYSTEM), None)
    path: list[CvCertificate] = []
    while last is not None and last not in path:
        path.insert(0, last)
        if last.authority in trusted:
            return tuple(path)
        wanted = last.authority
        last = next((c for c in certificates if c.holder == wanted and c.authority != c.holder), None)
    known = ", ".join(reference.decode("latin-1") for reference in trusted)
    raise CvcError(f"leads to none of the chip's authorities ({known})", field="terminal certificates")


def effective_rights(path: tuple[CvCertificate, ...]) -> int:
    """What every certificate of the chain allows (§C.4.1)."""
    rights = 0x3F
    for certificate in path:
        rights &= certificate.rights
    return rights
