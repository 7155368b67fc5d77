"""CSCA master lists: many states' authorities, vouched for by one (Doc 9303-12 §8).

A CMS SignedData whose content is a set of certificates. The list is believed only when its signer's
certificate was issued by an authority that is trusted already; the signature covers every byte of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.cms import SignedObject, parse_signed
from gate_agent.emrtd.coding.errors import FileError
from gate_agent.emrtd.trust.passive_auth import authenticate
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.evidence import CheckResult

MASTER_LIST = frozenset({"2.23.136.1.1.2"})  # id-icao-cscaMasterList
MAX_SIZE = 16 << 20
_MAX_CERTIFICATES = 4096


@dataclass(frozen=True, slots=True)
class MasterList:
    """A decoded list: `certificates` are raw, because one that cannot be used must not hide the others."""

    signed: SignedObject
    certificates: tuple[bytes, ...]

    @property
    def signed_at(self) -> datetime | None:
        return self.signed.signers[0].signing_time


def parse_master_list(raw: bytes) -> MasterList:
    """One list. Raises FileError (reason MASTER_LIST_MALFORMED or ALGORITHM_UNSUPPORTED)."""
    if len(raw) > MAX_SIZE:
        raise _malformed(f"{len(raw)} bytes, at most {MAX_SIZE} are accepted", "")
    signed = parse_signed(raw, MASTER_LIST, _malformed)
    limits = tlv.Limits(size=MAX_SIZE, count=_MAX_CERTIFICATES, depth=3)
    try:
        version, certificates = tlv.parse_one(signed.content, 0x30, limits=limits).children()
        if version.tag != 0x02 or certificates.tag != 0x31:
            raise _malformed("is no version and set of certificates", "certList")
        found = tuple(tlv.encode(item.tag, item.value) for item in certificates.children())
    except (tlv.TlvError, ValueError) as error:
        raise _malformed(str(error), "certList") from error
    return MasterList(signed, found)


def verify_master_list(master_list: MasterList, trust: TrustStore, at: datetime) -> CheckResult:
    """Whether an authority in `trust` vouches for the list: the same proof as for a document (§8.2)."""
    return authenticate(master_list.signed, trust, at)


def _malformed(what: str, where: str) -> FileError:
    return FileError(what, field=f"master list {where}".rstrip(), reason="MASTER_LIST_MALFORMED")
