"""Card verifiable certificates as the chip reads them (TR-03110-3 Appendix C and D).

A chip does not build chains: it is given one certificate at a time and checks each with a public key
that it already trusts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gate_simulators.chip import ber
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

_DIGESTS: Mapping[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


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
        digest = _DIGESTS[self.algorithm.digest]
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
        if algorithm.kind != "ECDSA":
            numbers = (int.from_bytes(objects.get(tag, b""), "big") for tag in (0x82, 0x81))
            return TerminalKey(algorithm, _checked(lambda: rsa.RSAPublicNumbers(*numbers).public_key()))
        curve = _curve(objects) or (issuer.key.curve if issuer and not _is_rsa(issuer) else None)
        if curve is None:
            raise CertificateRefused("the key is on no curve that the chip knows")
        point = objects.get(0x86, b"")
        return TerminalKey(
            algorithm, _checked(lambda: ec.EllipticCurvePublicKey.from_encoded_point(curve, point))
        )


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


def _is_rsa(key: TerminalKey) -> bool:
    return isinstance(key.key, rsa.RSAPublicKey)
