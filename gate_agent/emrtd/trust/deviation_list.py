"""Deviation lists: what issuers know to be wrong with their own documents (Doc 9303-12 §9).

A CMS SignedData. It explains a failure and never excuses one: an officer who sees that the issuer knows of
the defect can tell a clumsy document from a forged one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gate_agent.emrtd.coding import oid, tlv
from gate_agent.emrtd.coding.certificate import Certificate
from gate_agent.emrtd.coding.cms import SignedObject, parse_signed
from gate_agent.emrtd.coding.errors import FileError

DEVIATION_LIST = frozenset({"2.23.136.1.1.7"})  # id-icao-DeviationList
MAX_SIZE = 32 << 20
_LIMITS = tlv.Limits(size=MAX_SIZE, count=1 << 20, depth=10)

# §9.3: the arcs behind id-icao-DeviationList.
_KINDS = {
    "1.1": "CertOrKey-DSSignature",
    "1.2": "CertOrKey-DSEncoding",
    "1.3": "CertOrKey-CSCAEncoding",
    "1.4": "CertOrKey-AAKeyCompromised",
    "2.1": "LDS-DGMalformed",
    "2.3": "LDS-SODSignatureWrong",
    "2.4": "LDS-COMInconsistent",
    "3.1": "MRZ-WrongData",
    "3.2": "MRZ-WrongCheckDigit",
    "4": "Chip",
}


@dataclass(frozen=True, slots=True)
class Deviation:
    """Documents, and what is wrong with them. A condition that is empty holds for every document."""

    kinds: tuple[str, ...]
    country: str
    document_type: str = ""
    issued: tuple[str, str] = ("", "")
    numbers: frozenset[str] = field(default=frozenset(), repr=False)
    signer_key_id: bytes = b""
    signer_serial: int | None = None

    def concerns(self, number: str, document_type: str, signer: Certificate | None) -> bool:
        """Whether a document with this number and type, signed by `signer`, is among them."""
        if self.numbers and number not in self.numbers:
            return False
        if self.document_type and not document_type.startswith(self.document_type.rstrip("<")):
            return False
        if self.signer_serial is not None and (signer is None or signer.serial != self.signer_serial):
            return False
        if self.signer_key_id and (signer is None or signer.subject_key_id != self.signer_key_id):
            return False
        return signer is None or signer.country == self.country


@dataclass(frozen=True, slots=True)
class DeviationList:
    """A decoded list; `signed` is for whoever verifies it."""

    signed: SignedObject
    deviations: tuple[Deviation, ...]


def parse_deviation_list(raw: bytes) -> DeviationList:
    """One list. Raises FileError (reason DEVIATION_LIST_MALFORMED or ALGORITHM_UNSUPPORTED)."""
    if len(raw) > MAX_SIZE:
        raise _malformed(f"{len(raw)} bytes, at most {MAX_SIZE} are accepted", "")
    signed = parse_signed(raw, DEVIATION_LIST, _malformed)
    country = next((c.country for c in signed.certificates), "")
    try:
        outer = tlv.parse_one(signed.content, 0x30, limits=_LIMITS)
        return DeviationList(signed, tuple(_deviations(outer.require(0x31), country)))
    except (tlv.TlvError, UnicodeDecodeError) as error:
        raise _malformed(str(error), "deviations") from error


def _deviations(members: tlv.Tlv, country: str) -> Iterator[Deviation]:
    for member in members.children():
        documents, descriptions = member.require(0x30), member.require(0x31)
        kinds = tuple(_kind(description) for description in descriptions.children())
        conditions = {item.tag: item for item in documents.children()}
        serial, key_id = _signer(conditions.get(0xA1))
        yield Deviation(
            kinds=kinds,
            country=country,
            document_type=_text(conditions.get(0x80)),
            issued=_period(conditions.get(0xA4)),
            numbers=_numbers(conditions.get(0xA5)),
            signer_key_id=key_id,
            signer_serial=serial,
        )


def _kind(description: tlv.Tlv) -> str:
    dotted = oid.dotted(description.require(0x06))
    return _KINDS.get(dotted.removeprefix("2.23.136.1.1.7."), dotted)


def _text(item: tlv.Tlv | None) -> str:
    return "" if item is None else item.value.decode("ascii")


def _period(item: tlv.Tlv | None) -> tuple[str, str]:
    dates = [] if item is None else [child.value.decode("ascii") for child in item.children()]
    return (dates[0], dates[1]) if len(dates) == 2 else ("", "")


def _numbers(item: tlv.Tlv | None) -> frozenset[str]:
    return frozenset() if item is None else frozenset(_text(child) for child in item.children())


def _signer(item: tlv.Tlv | None) -> tuple[int | None, bytes]:
    """CertificateIdentifier: issuer and serial number, or subject key identifier."""
    for choice in () if item is None else item.children():
        if choice.tag == 0xA1:
            numbers = [child for child in choice.children() if child.tag == 0x02]
            return (int.from_bytes(numbers[-1].value, "big", signed=True) if numbers else None), b""
        if choice.tag in (0x82, 0xA2):
            return None, choice.value
    return None, b""


def _malformed(what: str, where: str) -> FileError:
    return FileError(what, field=f"deviation list {where}".rstrip(), reason="DEVIATION_LIST_MALFORMED")
