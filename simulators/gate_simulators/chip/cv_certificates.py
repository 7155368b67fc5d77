"""Card verifiable certificates as the chip reads them (TR-03110-3 Appendix C and D).

A chip does not build chains: it is given one certificate at a time and checks each with a public key
that it already trusts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gate_simulators.chip import ber, elliptic
from gate_simulators.chip.cipher_suites import DIGESTS
from gate_simulators.chip.domain_parameters import CURVES_BY_NAME
from gate_simulators.chip.protocols import ID_ROLE_IS, ID_TA, contents

CERTIFICATE = 0x7F21
BODY = 0x7F4E
SIGNATURE = 0x5F37
PROFILE = 0x5F29
AUTHORITY_REFERENCE = 0x42
PUBLIC_KEY = 0x7F49
HOLDER_REFERENCE = 0x5F20
AUTHORIZATION = 0x7F4C
EFFECTIVE = 0x5F25
EXPIRATION = 0x5F24

_OID = 0x06
_DISCRETIONARY = 0x53

READ_DG3, READ_DG4 = 0x01, 0x02
"""Rights of an inspection system (TR-03110-1 §A.1): fingerprints and irises."""

IMPLEMENTATIONS: Mapping[str, ec.EllipticCurve] = {
    "secp224r1": ec.SECP224R1(),
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(),
    "brainpoolP384r1": ec.BrainpoolP384R1(),
    "brainpoolP512r1": ec.BrainpoolP512R1(),
}
"""The curves on which the `cryptography` package verifies."""


@dataclass(frozen=True, slots=True)
class TerminalAlgorithm:
    """A signature algorithm of terminal authentication (TR-03110-3 §A.6.4)."""

    arcs: str
    kind: str  # "RSA", "RSA-PSS" or "ECDSA"
    digest: str

    @property
    def oid(self) -> str:
        return f"{ID_TA}.{self.arcs}"


ALGORITHMS: Mapping[bytes, TerminalAlgorithm] = {
    contents(algorithm.oid): algorithm
    for algorithm in (
        TerminalAlgorithm("1.1", "RSA", "sha1"),
        TerminalAlgorithm("1.2", "RSA", "sha256"),
        TerminalAlgorithm("1.3", "RSA-PSS", "sha1"),
        TerminalAlgorithm("1.4", "RSA-PSS", "sha256"),
        TerminalAlgorithm("1.5", "RSA", "sha512"),
        TerminalAlgorithm("1.6", "RSA-PSS", "sha512"),
        *(
            TerminalAlgorithm(f"2.{arc}", "ECDSA", digest)
            for arc, digest in enumerate(("sha1", "sha224", "sha256", "sha384", "sha512"), 1)
        ),
    )
}


class CertificateRefused(ValueError):
    """No certificate, or not one that this chip accepts."""


@dataclass(frozen=True, slots=True)
class TerminalKey:
    """A terminal's public key; `curve` is inherited from the CVCA by those below it (§C.3.2)."""

    algorithm: TerminalAlgorithm
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey

    def verifies(self, signature: bytes, message: bytes) -> bool:
        digest = DIGESTS[self.algorithm.digest]
        try:
            if isinstance(self.key, rsa.RSAPublicKey):
                self.key.verify(signature, message, self._padding(digest), digest)
            else:
                self.key.verify(self._dss(signature), message, ec.ECDSA(digest))
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            return False
        return True

    def _padding(self, digest: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
        if self.algorithm.kind == "RSA-PSS":
            return padding.PSS(padding.MGF1(digest), digest.digest_size)
        return padding.PKCS1v15()

    @staticmethod
    def _dss(signature: bytes) -> bytes:
        half = len(signature) // 2
        return encode_dss_signature(
            int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
        )


@dataclass(frozen=True, slots=True)
class CvCertificate:
    """A certificate's body and signature; `role` is the CHAT's octet, role in the two highest bits."""

    authority: str
    holder: str
    role: int
    effective: date
    expiration: date
    public_key: bytes = field(repr=False)
    body: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def is_cvca(self) -> bool:
        return self.role >> 6 == 0b11

    @property
    def is_domestic_verifier(self) -> bool:
        return self.role >> 6 == 0b10

    @property
    def is_verifier(self) -> bool:
        return self.role >> 6 in (0b10, 0b01)

    def key(self, issuer: TerminalKey | None) -> TerminalKey:
        """The public key, on the issuer's curve when it names none. Raises CertificateRefused."""
        objects = _objects(self.public_key)
        algorithm = ALGORITHMS.get(objects.get(_OID, b""))
        if algorithm is None:
            raise CertificateRefused("the key is for no algorithm of terminal authentication")
        try:
            if algorithm.kind == "ECDSA":
                return TerminalKey(algorithm, _point(objects, issuer))
            exponent, modulus = (int.from_bytes(objects.get(tag, b""), "big") for tag in (0x82, 0x81))
            return TerminalKey(algorithm, rsa.RSAPublicNumbers(exponent, modulus).public_key())
        except (ValueError, UnsupportedAlgorithm) as error:
            raise CertificateRefused("the public key is none") from error


def parse(data: bytes) -> CvCertificate:
    """A body and a signature, as PSO:Verify Certificate carries them. Raises CertificateRefused."""
    outer = _objects(data)
    if set(outer) != {BODY, SIGNATURE}:
        raise CertificateRefused("is not a certificate body and a signature")
    objects = _objects(outer[BODY])
    authorization = _objects(objects.get(AUTHORIZATION, b""))
    rights = authorization.get(_DISCRETIONARY, b"")
    if objects.get(PROFILE) != b"\x00" or authorization.get(_OID) != contents(ID_ROLE_IS) or len(rights) != 1:
        raise CertificateRefused("is not a certificate for inspection systems")
    return CvCertificate(
        authority=_reference(objects, AUTHORITY_REFERENCE),
        holder=_reference(objects, HOLDER_REFERENCE),
        role=rights[0],
        effective=_date(objects, EFFECTIVE),
        expiration=_date(objects, EXPIRATION),
        public_key=objects.get(PUBLIC_KEY, b""),
        body=ber.encode(BODY, outer[BODY]),
        signature=outer[SIGNATURE],
    )


def parse_file(data: bytes) -> CvCertificate:
    """A whole certificate, DO'7F21'. Raises CertificateRefused."""
    outer = _objects(data)
    if set(outer) != {CERTIFICATE}:
        raise CertificateRefused("is not a card verifiable certificate")
    return parse(outer[CERTIFICATE])


def _point(objects: Mapping[int, bytes], issuer: TerminalKey | None) -> ec.EllipticCurvePublicKey:
    curve = _named_curve(objects)
    if curve is None:
        if issuer is None or not isinstance(issuer.key, ec.EllipticCurvePublicKey):
            raise CertificateRefused("the key names no curve, and its issuer has none")
        curve = issuer.key.curve
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, objects.get(0x86, b""))


def _named_curve(objects: Mapping[int, bytes]) -> ec.EllipticCurve | None:
    """The curve of the domain parameters (§D.3.3); None when there are none (conditional below CVCA)."""
    if 0x81 not in objects:
        return None
    given = tuple(int.from_bytes(objects.get(tag, b""), "big") for tag in (0x81, 0x82, 0x83, 0x85))
    for name, implementation in IMPLEMENTATIONS.items():
        known = CURVES_BY_NAME[name]
        generator = elliptic.encode(known, (known.gx, known.gy))
        if given == (known.p, known.a, known.b, known.n) and objects.get(0x84) == generator:
            return implementation
    raise CertificateRefused("the key is on no curve that the chip knows")


def _objects(data: bytes) -> dict[int, bytes]:
    try:
        objects = ber.decode(data)
    except ber.BerError as error:
        raise CertificateRefused("is not BER-TLV") from error
    if len(dict(objects)) != len(objects):
        raise CertificateRefused("has a data object twice")
    return dict(objects)


def _reference(objects: Mapping[int, bytes], tag: int) -> str:
    """Country, mnemonic and sequence number, at most 16 characters (§C.1.5)."""
    value = objects.get(tag, b"")
    if not 1 <= len(value) <= 16:
        raise CertificateRefused(f"reference {tag:X} has {len(value)} octets")
    return value.decode("iso-8859-1")


def _date(objects: Mapping[int, bytes], tag: int) -> date:
    """Six digits, one to an octet: YYMMDD of this century (§D.2.1.3)."""
    digits = objects.get(tag, b"")
    if len(digits) != 6 or max(digits) > 9:
        raise CertificateRefused(f"date {tag:X} is not six digits")
    year, month, day = (10 * digits[at] + digits[at + 1] for at in (0, 2, 4))
    try:
        return date(2000 + year, month, day)
    except ValueError as error:
        raise CertificateRefused(f"date {tag:X} is not in the calendar") from error
