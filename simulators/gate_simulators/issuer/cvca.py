"""A country verifying CA and the inspection systems below it (TR-03110-1 §2.2, TR-03110-3 Appendix C).

It decides who may read the fingerprints in its country's passports. Only ECDSA and RSA keys that the
`cryptography` package has; the chip's own view of such certificates is in
:mod:`gate_simulators.chip.cv_certificates`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gate_simulators.chip import ber, cv_certificates, elliptic
from gate_simulators.chip.cipher_suites import DIGESTS
from gate_simulators.chip.cv_certificates import ALGORITHMS, CvCertificate, TerminalAlgorithm
from gate_simulators.chip.domain_parameters import CURVES_BY_NAME, CurveDomain
from gate_simulators.chip.protocols import ID_ROLE_IS, contents
from gate_simulators.issuer.algorithms import PrivateKey

CVCA, DOMESTIC_VERIFIER, FOREIGN_VERIFIER, INSPECTION_SYSTEM = 0xC0, 0x80, 0x40, 0x00
"""Roles, to be joined with the rights READ_DG3 and READ_DG4."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a key of this infrastructure; `reference` is at most 16 characters."""

    reference: str
    key: PrivateKey = field(repr=False)
    algorithm: TerminalAlgorithm

    def sign(self, message: bytes) -> bytes:
        """As certificates and terminals sign: ECDSA plainly (§D.3.3), RSA as its algorithm says."""
        digest = DIGESTS[self.algorithm.digest]
        if isinstance(self.key, rsa.RSAPrivateKey):
            if self.algorithm.kind == "RSA-PSS":
                return self.key.sign(message, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
            return self.key.sign(message, padding.PKCS1v15(), digest)
        width = (self.key.curve.key_size + 7) // 8
        numbers = decode_dss_signature(self.key.sign(message, ec.ECDSA(digest)))
        return b"".join(number.to_bytes(width, "big") for number in numbers)

    def public_key_object(self, *, domain: bool) -> bytes:
        """DO'7F49' (§D.3); with the curve's parameters for CVCAs."""
        oid = ber.encode(0x06, contents(self.algorithm.oid))
        if isinstance(self.key, rsa.RSAPrivateKey):
            numbers = self.key.public_key().public_numbers()
            return ber.encode(
                cv_certificates.PUBLIC_KEY,
                oid,
                ber.encode(0x81, _unsigned(numbers.n)),
                ber.encode(0x82, _unsigned(numbers.e)),
            )
        curve = _domain(self.key)
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        before = [
            (0x81, _unsigned(curve.p)),
            (0x82, curve.a.to_bytes(curve.width, "big")),
            (0x83, curve.b.to_bytes(curve.width, "big")),
            (0x84, elliptic.encode(curve, (curve.gx, curve.gy))),
            (0x85, _unsigned(curve.n)),
        ]
        objects = [*(before if domain else []), (0x86, point), *([(0x87, b"\x01")] if domain else [])]
        return ber.encode(
            cv_certificates.PUBLIC_KEY, oid, *(ber.encode(tag, value) for tag, value in objects)
        )


def algorithm(kind: str, digest: str) -> TerminalAlgorithm:
    """The algorithm of that kind ("RSA", "RSA-PSS", "ECDSA") and digest. Raises StopIteration."""
    return next(a for a in ALGORITHMS.values() if (a.kind, a.digest) == (kind, digest))


def certify(issuer: Holder, subject: Holder, role: int, effective: date, expiration: date) -> bytes:
    """A certificate, DO'7F21'. A CVCA certifies itself, or its successor by a link certificate."""
    body = ber.encode(
        cv_certificates.BODY,
        ber.encode(cv_certificates.PROFILE, b"\x00"),
        ber.encode(cv_certificates.AUTHORITY_REFERENCE, issuer.reference.encode("iso-8859-1")),
        subject.public_key_object(domain=role & CVCA == CVCA),
        ber.encode(cv_certificates.HOLDER_REFERENCE, subject.reference.encode("iso-8859-1")),
        ber.encode(
            cv_certificates.AUTHORIZATION,
            ber.encode(0x06, contents(ID_ROLE_IS)),
            ber.encode(0x53, bytes([role])),
        ),
        ber.encode(cv_certificates.EFFECTIVE, _date(effective)),
        ber.encode(cv_certificates.EXPIRATION, _date(expiration)),
    )
    return ber.encode(
        cv_certificates.CERTIFICATE, body, ber.encode(cv_certificates.SIGNATURE, issuer.sign(body))
    )


def ef_cvca(*trust_points: CvCertificate) -> bytes:
    """EF.CVCA: references of the current trust point and the one before (TR-03110-1 §A.2)."""
    references = (ber.encode(0x42, point.holder.encode("iso-8859-1")) for point in trust_points)
    return b"".join(references).ljust(36, b"\x00")


def _domain(key: ec.EllipticCurvePrivateKey) -> CurveDomain:
    name = key.curve.name.replace("brainpoolp", "brainpoolP")
    return CURVES_BY_NAME[name]


def _unsigned(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _date(day: date) -> bytes:
    return bytes(int(digit) for digit in f"{day:%y%m%d}")
