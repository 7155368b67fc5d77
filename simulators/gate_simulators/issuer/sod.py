"""EF.SOD and EF.CardSecurity (Doc 9303-10 §4.6.2 and §3.11.4, Doc 9303-11 §5.1; CMS by RFC 5652 §5)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import algos, cms, core, x509

from gate_simulators.chip import ber
from gate_simulators.chip.protocols import ID_SECURITY_OBJECT
from gate_simulators.issuer.algorithms import PrivateKey, Scheme
from gate_simulators.issuer.certificates import Credential

EF_SOD = 0x77
LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
"""id-icao-mrtd-security-ldsSecurityObject."""
LEGACY_LDS_SECURITY_OBJECT = "1.2.528.1.1006.1.20.1"
"""What passports of the first years have in its place."""
LDS_1_8 = "0108"


class DataGroupHash(core.Sequence):
    _fields = [("number", core.Integer), ("value", core.OctetString)]  # noqa: RUF012


class DataGroupHashes(core.SequenceOf):
    _child_spec = DataGroupHash


class LdsVersionInfo(core.Sequence):
    _fields = [  # noqa: RUF012
        ("lds_version", core.PrintableString),
        ("unicode_version", core.PrintableString),
    ]


class LdsSecurityObject(core.Sequence):
    """Version 0 has no ldsVersionInfo, version 1 has."""

    _fields = [  # noqa: RUF012
        ("version", core.Integer),
        ("hash_algorithm", algos.DigestAlgorithm),
        ("hashes", DataGroupHashes),
        ("version_info", LdsVersionInfo, {"optional": True}),
    ]


@dataclass(frozen=True, slots=True)
class SodForm:
    """How a state writes its security objects, where Doc 9303 or the field leave a choice.

    `digest` of the data groups: the signer's unless given. `signature`: the scheme that signs when it is
    not the one of the signer's certificate (an RSA key certified with PKCS#1 may sign with PSS).
    `utf8_issuer`: the signer's issuer is named in UTF8String where the certificate has PrintableString.
    `certificate` False leaves the signer's certificate to the public key directory.
    """

    version: int = 0
    content_type: str = LDS_SECURITY_OBJECT
    digest: str = ""
    signature: Scheme | None = None
    utf8_issuer: bool = False
    certificate: bool = True


ORDINARY_FORM = SodForm()


def lds_security_object(data_groups: Mapping[int, bytes], digest: str, version: int = 0) -> bytes:
    """The hash of each data group's file, in ascending order of their numbers."""
    hashes = [
        {"number": number, "value": hashlib.new(digest, content).digest()}
        for number, content in sorted(data_groups.items())
    ]
    value: dict[str, object] = {
        "version": version,
        "hash_algorithm": {"algorithm": digest},
        "hashes": hashes,
    }
    if version:
        value["version_info"] = {"lds_version": LDS_1_8, "unicode_version": "040000"}
    return LdsSecurityObject(value).dump()


def document_security_object(
    data_groups: Mapping[int, bytes],
    signer: Credential,
    signing_time: datetime,
    *,
    signing_key: PrivateKey | None = None,
    form: SodForm = ORDINARY_FORM,
) -> bytes:
    """EF.SOD. `signing_key` other than the signer's own makes a forgery that looks right."""
    content = lds_security_object(data_groups, form.digest or signer.scheme.digest, form.version)
    scheme = form.signature or signer.scheme
    data = signed_data(
        form.content_type,
        content,
        signer,
        signing_time,
        scheme,
        signing_key=signing_key,
        utf8_issuer=form.utf8_issuer,
        with_certificate=form.certificate,
    )
    return ber.encode(EF_SOD, data)


def card_security(infos: bytes, signer: Credential, signing_time: datetime) -> bytes:
    """EF.CardSecurity: signed SecurityInfos (Doc 9303-11 §9.2.11)."""
    return signed_data(ID_SECURITY_OBJECT, infos, signer, signing_time, signer.scheme)


def signed_data(
    content_type: str,
    content: bytes,
    signer: Credential,
    signing_time: datetime,
    scheme: Scheme,
    *,
    signing_key: PrivateKey | None = None,
    utf8_issuer: bool = False,
    with_certificate: bool = True,
) -> bytes:
    """A ContentInfo with SignedData, one signer and its certificate."""
    attributes = _signed_attributes(content_type, content, scheme.digest, signing_time)
    # RFC 5652 §5.4: what is signed is the SET OF attributes in DER, not the [0] it is carried in.
    signature = scheme.sign(signing_key or signer.key, attributes.dump())
    digest = algos.DigestAlgorithm({"algorithm": scheme.digest})
    signer_info = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            name="issuer_and_serial_number", value=_issuer_and_serial(signer, utf8=utf8_issuer)
        ),
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
                "content_type": content_type,
                "content": core.ParsableOctetString(content),
            },
            "signer_infos": [signer_info],
        }
    )
    if with_certificate:
        signed["certificates"] = [cms.CertificateChoices(name="certificate", value=signer.certificate)]
    return cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()


def _issuer_and_serial(signer: Credential, *, utf8: bool) -> cms.IssuerAndSerialNumber:
    certificate = signer.certificate
    issuer = x509.Name.build(certificate.issuer.native) if utf8 else certificate.issuer
    return cms.IssuerAndSerialNumber({"issuer": issuer, "serial_number": certificate.serial_number})


def _signed_attributes(
    content_type: str, content: bytes, digest: str, signing_time: datetime
) -> cms.CMSAttributes:
    values: list[tuple[str, object]] = [
        ("content_type", content_type),
        ("signing_time", cms.Time(name="utc_time", value=core.UTCTime(signing_time))),
        ("message_digest", hashlib.new(digest, content).digest()),
    ]
    return cms.CMSAttributes([cms.CMSAttribute({"type": kind, "values": [value]}) for kind, value in values])
