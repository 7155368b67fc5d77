"""EF.SOD: the document security object (Doc 9303-10 §4.6.2).

A CMS SignedData whose content lists the hash of every data group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gate_agent.emrtd.coding import asn1, tlv
from gate_agent.emrtd.coding.cms import SignedObject, parse_signed
from gate_agent.emrtd.coding.errors import FileError
from gate_agent.emrtd.coding.signatures import AlgorithmError, known_hash
from gate_agent.emrtd.lds.lds import EF_SOD

# id-icao-mrtd-security-ldsSecurityObject, and what first-generation documents carry instead.
LDS_SECURITY_OBJECT = frozenset({"2.23.136.1.1.1", "1.3.27.1.1.1", "1.2.528.1.1006.1.20.1"})

_MAX_DATA_GROUPS = 16


@dataclass(frozen=True, slots=True)
class SecurityObject(SignedObject):
    """The decoded EF.SOD: `hashes` by data group number, under `hash_algorithm`."""

    version: int
    hash_algorithm: str
    hashes: Mapping[int, bytes]


def _malformed(what: str, where: str = "") -> FileError:
    return FileError(what, field=f"EF.SOD {where}".rstrip(), reason="SOD_MALFORMED")


def parse_sod(raw: bytes) -> SecurityObject:
    """EF.SOD. Raises FileError with reason SOD_MALFORMED or ALGORITHM_UNSUPPORTED."""
    try:
        outer = tlv.parse_one(raw, EF_SOD.tag, limits=tlv.Limits(size=EF_SOD.max_size))
    except tlv.TlvError as error:
        raise _malformed(error.what, error.field) from error
    signed = parse_signed(outer.value, LDS_SECURITY_OBJECT, _malformed)
    try:
        with asn1.decoding(_malformed):
            version, algorithm, hashes = _lds_security_object(signed.content)
    except AlgorithmError as error:
        raise FileError(error.what, field=f"EF.SOD {error.field}", reason=error.reason) from error
    return SecurityObject(
        content_type=signed.content_type,
        content=signed.content,
        certificates=signed.certificates,
        unusable=signed.unusable,
        signers=signed.signers,
        version=version,
        hash_algorithm=algorithm,
        hashes=hashes,
    )


def _lds_security_object(content: bytes) -> tuple[int, str, dict[int, bytes]]:
    decoded: Any = asn1.LdsSecurityObject.load(content, strict=True)
    algorithm = known_hash(str(decoded["hash_algorithm"]["algorithm"].native), "hash algorithm")
    entries = decoded["hashes"]
    if not 1 <= len(entries) <= _MAX_DATA_GROUPS:
        raise _malformed(f"{len(entries)} data group hashes, 1 to 16 are accepted", "dataGroupHashValues")
    hashes = {int(entry["number"].native): bytes(entry["value"].native) for entry in entries}
    if len(hashes) != len(entries) or not all(1 <= number <= _MAX_DATA_GROUPS for number in hashes):
        raise _malformed("data group numbers repeat or are not 1 to 16", "dataGroupHashValues")
    return int(decoded["version"].native), algorithm, hashes
