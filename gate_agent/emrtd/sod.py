"""EF.SOD: the document security object (Doc 9303-10 §4.6.2, RFC 5652 §5).

A CMS SignedData whose content lists the hash of every data group. Everything is decoded eagerly
and kept as received, because the signature is over those very bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gate_agent.emrtd import asn1, tlv
from gate_agent.emrtd.certificate import Certificate, CertificateError, from_decoded
from gate_agent.emrtd.errors import FileError
from gate_agent.emrtd.lds import EF_SOD
from gate_agent.emrtd.signatures import AlgorithmError, SignatureScheme, known_hash, scheme_of

# id-icao-mrtd-security-ldsSecurityObject, and what first-generation documents carry instead.
LDS_SECURITY_OBJECT = frozenset({"2.23.136.1.1.1", "1.3.27.1.1.1", "1.2.528.1.1006.1.20.1"})

_MAX_SIGNERS = 4
_MAX_CERTIFICATES = 8
_MAX_DATA_GROUPS = 16


@dataclass(frozen=True, slots=True)
class Signer:
    """One SignerInfo: who says to have signed (issuer and serial, or key identifier), and what.

    `attribute_forms` are the byte strings that the signature may be over: the signed attributes as
    received, and in DER order where they were not received so (RFC 5652 §5.4).
    """

    issuer: str
    serial: int
    key_id: bytes | None
    digest_algorithm: str
    scheme: SignatureScheme
    attribute_forms: tuple[bytes, ...]
    content_type: str
    message_digest: bytes
    signing_time: datetime | None
    signature: bytes

    def is_by(self, certificate: Certificate) -> bool:
        if self.key_id is not None:
            return certificate.subject_key_id == self.key_id
        return (certificate.issuer, certificate.serial) == (self.issuer, self.serial)


@dataclass(frozen=True, slots=True)
class SecurityObject:
    """The decoded EF.SOD. `unusable` holds the reasons for which certificates were left out."""

    content_type: str
    content: bytes
    version: int
    hash_algorithm: str
    hashes: Mapping[int, bytes]
    certificates: tuple[Certificate, ...]
    unusable: tuple[str, ...]
    signers: tuple[Signer, ...]


def _malformed(what: str, where: str = "") -> FileError:
    return FileError(what, field=f"EF.SOD {where}".rstrip(), reason="SOD_MALFORMED")


def parse_sod(raw: bytes) -> SecurityObject:
    """EF.SOD. Raises FileError with reason SOD_MALFORMED or ALGORITHM_UNSUPPORTED."""
    try:
        outer = tlv.parse_one(raw, EF_SOD.tag, limits=tlv.Limits(size=EF_SOD.max_size))
    except tlv.TlvError as error:
        raise _malformed(error.what, error.field) from error
    try:
        with asn1.decoding(_malformed):
            return _security_object(outer.value)
    except AlgorithmError as error:
        raise FileError(error.what, field=f"EF.SOD {error.field}", reason=error.reason) from error


def _security_object(cms: bytes) -> SecurityObject:
    info: Any = asn1.ContentInfo.load(cms, strict=True)
    if info["content_type"].native != "signed_data":
        raise _malformed("is not CMS SignedData", "content type")
    signed = info["content"]
    encapsulated = signed["encap_content_info"]
    content_type = str(encapsulated["content_type"].dotted)
    if content_type not in LDS_SECURITY_OBJECT:
        raise _malformed(f"content {content_type} is no LDS security object", "content type")
    content = bytes(encapsulated["content"])
    version, algorithm, hashes = _lds_security_object(content)
    certificates, unusable = _certificates(signed["certificates"])
    signers = signed["signer_infos"]
    if not 1 <= len(signers) <= _MAX_SIGNERS:
        raise _malformed(f"{len(signers)} signers, 1 to {_MAX_SIGNERS} are accepted", "signerInfos")
    return SecurityObject(
        content_type=content_type,
        content=content,
        version=version,
        hash_algorithm=algorithm,
        hashes=hashes,
        certificates=certificates,
        unusable=unusable,
        signers=tuple(_signer(signer) for signer in signers),
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


def _certificates(choices: Any) -> tuple[tuple[Certificate, ...], tuple[str, ...]]:
    """The usable certificates; one that cannot be used is left out with its reason."""
    if choices.native is None:
        return (), ()
    if len(choices) > _MAX_CERTIFICATES:
        raise _malformed(
            f"{len(choices)} certificates, at most {_MAX_CERTIFICATES} are accepted", "certificates"
        )
    usable: list[Certificate] = []
    unusable: list[str] = []
    for choice in choices:
        try:
            usable.append(from_decoded(choice.chosen))
        except CertificateError as error:
            unusable.append(error.reason)
    return tuple(usable), tuple(unusable)


def _signer(info: Any) -> Signer:
    attributes = info["signed_attrs"]
    if attributes.native is None:
        # RFC 5652 §5.3: required for any content but plain data, which an LDS security object is not.
        raise _malformed("are missing", "signedAttrs")
    values = {str(item["type"].native): item["values"] for item in attributes}
    if len(values) != len(attributes):
        raise _malformed("an attribute is repeated", "signedAttrs")
    digest_algorithm = known_hash(str(info["digest_algorithm"]["algorithm"].native), "digest algorithm")
    identifier = info["sid"]
    by_key = identifier.name == "subject_key_identifier"
    return Signer(
        issuer="" if by_key else str(identifier.chosen["issuer"].hashable),
        serial=0 if by_key else int(identifier.chosen["serial_number"].native),
        key_id=bytes(identifier.chosen.native) if by_key else None,
        digest_algorithm=digest_algorithm,
        scheme=scheme_of(
            info["signature_algorithm"], digest_algorithm=digest_algorithm, field="signature algorithm"
        ),
        attribute_forms=_attribute_forms(attributes),
        content_type=str(_only(values, "content_type").dotted),
        message_digest=bytes(_only(values, "message_digest").native),
        signing_time=_only(values, "signing_time").native if "signing_time" in values else None,
        signature=bytes(info["signature"].native),
    )


def _only(values: Mapping[str, Any], name: str) -> Any:
    found = values.get(name)
    if found is None or len(found) != 1:
        raise _malformed("is missing or has several values", name)
    return found[0]


def _attribute_forms(attributes: Any) -> tuple[bytes, ...]:
    # RFC 5652 §5.4: signed as SET OF (tag 31), although they are carried under tag A0.
    received = attributes.dump()
    as_received = b"\x31" + received[1:]
    members = tlv.parse(attributes.contents)
    in_order = b"".join(sorted(attributes.contents[m.start : m.value_start] + m.value for m in members))
    sorted_form = tlv.encode(0x31, in_order)
    return (as_received,) if sorted_form == as_received else (as_received, sorted_form)
