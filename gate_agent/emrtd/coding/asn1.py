"""The ASN.1 structures of the security object, decoded by asn1crypto (Doc 9303-10 §4.6.2, Doc 9303-12).

asn1crypto carries no types and decodes lazily, with whatever exception its innards raise. Both end
here: its classes are typed Any, and :func:`decoding` makes one error of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, ClassVar

from asn1crypto import algos, cms, core, crl, keys, x509  # pyright: ignore[reportMissingTypeStubs]
from asn1crypto import pem as _pem  # pyright: ignore[reportMissingTypeStubs]

from gate_agent.errors import GateError

ContentInfo: Any = cms.ContentInfo
CertificateList: Any = crl.CertificateList
X509Certificate: Any = x509.Certificate
SubjectPublicKeyInfo: Any = keys.PublicKeyInfo
EcDomainParameters: Any = keys.ECDomainParameters
pem: Any = _pem
Void: Any = core.Void
_Sequence: Any = core.Sequence
_SequenceOf: Any = core.SequenceOf


class DataGroupHash(_Sequence):
    """DataGroupHash of Doc 9303-10 §4.6.2.3."""

    _fields: ClassVar[list[Any]] = [("number", core.Integer), ("value", core.OctetString)]


class DataGroupHashes(_SequenceOf):
    _child_spec = DataGroupHash


class LdsVersionInfo(_Sequence):
    _fields: ClassVar[list[Any]] = [
        ("lds_version", core.PrintableString),
        ("unicode_version", core.PrintableString),
    ]


class LdsSecurityObject(_Sequence):
    """LDSSecurityObject of Doc 9303-10 §4.6.2.3, version 0 and 1."""

    _fields: ClassVar[list[Any]] = [
        ("version", core.Integer),
        ("hash_algorithm", algos.DigestAlgorithm),
        ("hashes", DataGroupHashes),
        ("version_info", LdsVersionInfo, {"optional": True}),
    ]


@contextmanager
def decoding(failed: Callable[[str], GateError]) -> Generator[None]:
    """Turns any failure of the decoder into `failed(what)`."""
    try:
        yield
    except GateError:
        raise
    except Exception as error:  # the decoder documents no closed set of exceptions
        raise failed(f"is not well-formed ASN.1: {type(error).__name__}") from error
