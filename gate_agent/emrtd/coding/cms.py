"""CMS SignedData as eMRTDs use it (RFC 5652 §5): security objects, master lists, deviation lists.

Everything is decoded eagerly and kept as received, because the signature is over those very bytes. Who
signed, and whether to believe it, is for :mod:`gate_agent.emrtd.trust.passive_auth`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from gate_agent.emrtd.coding import asn1, tlv
from gate_agent.emrtd.coding.certificate import Certificate, CertificateError, from_decoded
from gate_agent.emrtd.coding.errors import FileError
from gate_agent.emrtd.coding.signatures import AlgorithmError, SignatureScheme, known_hash, scheme_of

_MAX_SIGNERS = 4
_MAX_CERTIFICATES = 8


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
class SignedObject:
    """A decoded SignedData. `unusable` holds the reasons for which certificates were left out."""

    content_type: str
    content: bytes
    certificates: tuple[Certificate, ...]
    unusable: tuple[str, ...]
    signers: tuple[Signer, ...]


Failure = Callable[[str, str], FileError]
"""Makes the error for (what is wrong, where): each kind of signed object names itself."""


def parse_signed(raw: bytes, content_types: frozenset[str], failure: Failure) -> SignedObject:
    """The SignedData in a ContentInfo. Raises what `failure` makes, with ALGORITHM_UNSUPPORTED as it is."""
    try:
        with asn1.decoding(lambda what: failure(what, "")):
            return _Decoder(failure).decode(raw, content_types)
    except AlgorithmError as error:
        made = failure(error.what, error.field)
        raise FileError(error.what, field=made.field, reason=error.reason) from error


@dataclass(frozen=True, slots=True)
class _Decoder:
    failure: Failure

    def _refuse(self, what: str, where: str) -> NoReturn:
        raise self.failure(what, where)

    def decode(self, raw: bytes, content_types: frozenset[str]) -> SignedObject:
        info: Any = asn1.ContentInfo.load(raw, strict=True)
        if info["content_type"].native != "signed_data":
            self._refuse("is not CMS SignedData", "content type")
        signed = info["content"]
        encapsulated = signed["encap_content_info"]
        content_type = str(encapsulated["content_type"].dotted)
        if content_type not in content_types:
            self._refuse(f"content {content_type} is not what is expected here", "content type")
        certificates, unusable = self._certificates(signed["certificates"])
        signers = signed["signer_infos"]
        if not 1 <= len(signers) <= _MAX_SIGNERS:
            self._refuse(f"{len(signers)} signers, 1 to {_MAX_SIGNERS} are accepted", "signerInfos")
        return SignedObject(
            content_type=content_type,
            content=bytes(encapsulated["content"]),
            certificates=certificates,
            unusable=unusable,
            signers=tuple(self._signer(signer) for signer in signers),
        )

    def _certificates(self, choices: Any) -> tuple[tuple[Certificate, ...], tuple[str, ...]]:
        """The usable certificates; one that cannot be used is left out with its reason."""
        if choices.native is None:
            return (), ()
        if len(choices) > _MAX_CERTIFICATES:
            self._refuse(
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

    def _signer(self, info: Any) -> Signer:
        attributes = info["signed_attrs"]
        if attributes.native is None:
            # RFC 5652 §5.3: required for any content but plain data, which an LDS security object is not.
            self._refuse("are missing", "signedAttrs")
        values = {str(item["type"].native): item["values"] for item in attributes}
        if len(values) != len(attributes):
            self._refuse("an attribute is repeated", "signedAttrs")
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
            content_type=str(self._only(values, "content_type").dotted),
            message_digest=bytes(self._only(values, "message_digest").native),
            signing_time=self._only(values, "signing_time").native if "signing_time" in values else None,
            signature=bytes(info["signature"].native),
        )

    def _only(self, values: Mapping[str, Any], name: str) -> Any:
        found = values.get(name)
        if found is None or len(found) != 1:
            self._refuse("is missing or has several values", name)
        return found[0]


def _attribute_forms(attributes: Any) -> tuple[bytes, ...]:
    # RFC 5652 §5.4: signed as SET OF (tag 31), although they are carried under tag A0.
    received = attributes.dump()
    as_received = b"\x31" + received[1:]
    members = tlv.parse(attributes.contents)
    in_order = b"".join(sorted(attributes.contents[m.start : m.value_start] + m.value for m in members))
    sorted_form = tlv.encode(0x31, in_order)
    return (as_received,) if sorted_form == as_received else (as_received, sorted_form)
