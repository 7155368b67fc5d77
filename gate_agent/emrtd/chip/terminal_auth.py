"""Terminal authentication version 1 (Doc 9303-11 §7.1, BSI TR-03110-1 §3.5): the station proves who it is.

It follows chip authentication: the terminal shows the chip certificates up to an authority that the chip
knows, and signs the chip's challenge together with its own ephemeral key. DG3 and DG4 open after that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_der_private_key

from gate_agent.emrtd.chip import cvc
from gate_agent.emrtd.chip.apdu import CommandApdu
from gate_agent.emrtd.chip.cvc import CvcError, CvCertificate, Role
from gate_agent.emrtd.chip.protocol import Protocol, transceive
from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.errors import ChipError, FileError, StatusError
from gate_agent.emrtd.coding.signatures import HASHES
from gate_agent.emrtd.lds.lds_files import EF_CVCA

_STEP = "terminal authentication"
_TA = "0.4.0.127.0.7.2.2.2"
_HASH_NAMES = {
    f"{_TA}.1.1": "sha1",
    f"{_TA}.1.2": "sha256",
    f"{_TA}.1.3": "sha1",
    f"{_TA}.1.4": "sha256",
    f"{_TA}.1.5": "sha512",
    f"{_TA}.1.6": "sha512",
    **{f"{_TA}.2.{n}": name for n, name in enumerate(("sha1", "sha224", "sha256", "sha384", "sha512"), 1)},
}
_PSS = frozenset({f"{_TA}.1.3", f"{_TA}.1.4", f"{_TA}.1.6"})


@dataclass(frozen=True, slots=True)
class Terminal:
    """The station's certificates, in any order, and its signature function."""

    certificates: tuple[CvCertificate, ...]
    sign: Callable[[bytes], bytes] = field(repr=False)

    @property
    def name(self) -> str:
        """The inspection system's holder reference."""
        own = (c for c in self.certificates if c.role is Role.INSPECTION_SYSTEM)
        return next((c.holder.decode("latin-1") for c in own), "")

    def valid_on(self, day: date) -> bool:
        """Whether the inspection system's own certificate is."""
        return any(c.valid_on(day) for c in self.certificates if c.role is Role.INSPECTION_SYSTEM)


def load_terminal(certificates: tuple[bytes, ...], private_key: bytes) -> Terminal:
    """A terminal from card verifiable certificates and a PKCS #8 key (DER). Raises CvcError."""
    parsed = tuple(cvc.parse_certificate(raw) for raw in certificates)
    own = next((c for c in parsed if c.role is Role.INSPECTION_SYSTEM), None)
    if own is None or own.algorithm not in _HASH_NAMES:
        raise CvcError("hold none of an inspection system with a usable key", field="terminal certificates")
    try:
        key = load_der_private_key(private_key, password=None)
    except (ValueError, TypeError) as error:
        raise CvcError("is no PKCS #8 key", field="terminal key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise CvcError("is neither RSA nor of an elliptic curve", field="terminal key")
    algorithm = own.algorithm
    return Terminal(parsed, lambda data: _sign(key, algorithm, data))


def _sign(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, algorithm: str, data: bytes) -> bytes:
    digest = HASHES[_HASH_NAMES[algorithm]]()
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
        return key.sign(data, pss if algorithm in _PSS else padding.PKCS1v15(), digest)
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
    width = (key.curve.group_order.bit_length() + 7) // 8
    return r.to_bytes(width, "big") + s.to_bytes(width, "big")


def parse_cvca(raw: bytes) -> tuple[bytes, ...]:
    """EF.CVCA (§3.5 of TR-03110-1): one or two references of authorities, filled with zeros."""
    try:
        objects = tlv.parse(raw.rstrip(b"\x00"), limits=tlv.Limits(size=EF_CVCA.max_size))
    except tlv.TlvError as error:
        raise FileError(error.what, field=f"EF.CVCA {error.field}") from error
    return tuple(item.value for item in objects if item.tag == EF_CVCA.tag)


def terminal_authentication(terminal: Terminal, chip_identity: bytes, terminal_key: bytes) -> Protocol[int]:
    """Authenticate to the chip; the effective rights. Raises ChipError or FileError.

    `chip_identity` and `terminal_key` are ID_PICC and Comp(PK_PCD) of §7.1.3.
    """
    trusted = yield from _authorities()
    try:
        path = cvc.chain(terminal.certificates, trusted)
    except CvcError as error:
        raise ChipError(error.what, reason="TERMINAL_NOT_ACCEPTED", field=_STEP) from error
    for certificate in path:
        yield from _show(certificate)
    yield from _command("MSE:Set AT", CommandApdu(0x00, 0x22, 0x81, 0xA4, tlv.encode(0x83, path[-1].holder)))
    challenge = yield from _command("GET CHALLENGE", CommandApdu(0x00, 0x84, 0x00, 0x00, le=8))
    signature = terminal.sign(chip_identity + challenge + terminal_key)
    yield from _command("EXTERNAL AUTHENTICATE", CommandApdu(0x00, 0x82, 0x00, 0x00, signature))
    return cvc.effective_rights(path)


def _authorities() -> Protocol[tuple[bytes, ...]]:
    command = CommandApdu(0x00, 0xB0, 0x80 | EF_CVCA.sfi, 0x00, le=EF_CVCA.max_size)
    return parse_cvca((yield from _command("READ EF.CVCA", command)))


def _show(certificate: CvCertificate) -> Protocol[None]:
    """MSE:Set DST and PSO:Verify Certificate (TR-03110-3 §B.11.4-B.11.5)."""
    authority = tlv.encode(0x83, certificate.authority)
    yield from _command("MSE:Set DST", CommandApdu(0x00, 0x22, 0x81, 0xB6, authority))
    whole = certificate.body + certificate.signature
    yield from _command("PSO:Verify Certificate", CommandApdu(0x00, 0x2A, 0x00, 0xBE, whole))


def _command(step: str, command: CommandApdu) -> Protocol[bytes]:
    response = yield from transceive(command)
    if not response.ok and not response.data:
        raise StatusError(f"{_STEP} {step}", response.sw, reason="TERMINAL_NOT_ACCEPTED")
    return response.data
