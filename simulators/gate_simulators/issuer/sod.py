"""EF.SOD: the document security object (Doc 9303-10 §4.6.2, Doc 9303-11 §5.1; CMS by RFC 5652 §5)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from asn1crypto import algos, cms, core

from gate_simulators.chip import ber
from gate_simulators.issuer.algorithms import PrivateKey
from gate_simulators.issuer.certificates import Credential

EF_SOD = 0x77
LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
"""id-icao-mrtd-security-ldsSecurityObject."""


class DataGroupHash(core.Sequence):
    _fields = [("number", core.Integer), ("value", core.OctetString)]  # noqa: RUF012


class DataGroupHashes(core.SequenceOf):
    _child_spec = DataGroupHash


class LdsSecurityObject(core.Sequence):
    """Version 0, the one without ldsVersionInfo."""

    _fields = [  # noqa: RUF012
        ("version", core.Integer),
        ("hash_algorithm", algos.DigestAlgorithm),
        ("hashes", DataGroupHashes),
    ]


def lds_security_object(data_groups: Mapping[int, bytes], digest: str) -> bytes:
    """The hash of each data group's file, in ascending order of their numbers."""
    hashes = [
        {"number": number, "value": hashlib.new(digest, content).digest()}
        for number, content in sorted(data_groups.items())
    ]
    value = {"version": 0, "hash_algorithm": {"algorithm": digest}, "hashes": hashes}
    return LdsSecurityObject(value).dump()


def document_security_object(
    data_groups: Mapping[int, bytes],
    signer: Credential,
    signing_time: datetime,
    *,
    signing_key: PrivateKey | None = None,
) -> bytes:
    """The whole file. `signing_key` other than the signer's own makes a forgery that looks right."""
    scheme = signer.scheme
    content = lds_security_object(data_groups, scheme.digest)
    attributes = _signed_attributes(content, scheme.digest, signing_time)
    # RFC 5652 §5.4: what is signed is the SET OF attributes in DER, not the [0] it is carried in.
    signature = scheme.sign(signing_key or signer.key, attributes.dump())
    digest = algos.DigestAlgorithm({"algorithm": scheme.digest})
    signer_info = {
        "version": "v1",
        "sid": cms.SignerIdentifier(name="issuer_and_serial_number", value=_issuer_and_serial(signer)),
        "digest_algorithm": digest,
        "signed_attrs": attributes,
        "signature_algorithm": scheme.algorithm(),
        "signature": signature,
    }
    signed = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [digest],
            "encap_content_info": {
                "content_type": LDS_SECURITY_OBJECT,
                "content": core.ParsableOctetString(content),
            },
            "certificates": [cms.CertificateChoices(name="certificate", value=signer.certificate)],
            "signer_infos": [signer_info],
        }
    )
    return ber.encode(EF_SOD, cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())


def _issuer_and_serial(signer: Credential) -> cms.IssuerAndSerialNumber:
    certificate = signer.certificate
    return cms.IssuerAndSerialNumber(
        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    )


def _signed_attributes(content: bytes, digest: str, signing_time: datetime) -> cms.CMSAttributes:
    values: list[tuple[str, object]] = [
        ("content_type", LDS_SECURITY_OBJECT),
        ("signing_time", cms.Time(name="utc_time", value=core.UTCTime(signing_time))),
        ("message_digest", hashlib.new(digest, content).digest()),
    ]
    return cms.CMSAttributes([cms.CMSAttribute({"type": kind, "values": [value]}) for kind, value in values])
