"""Card verifiable certificates by OpenPACE: ``cvc-create``'s for the chip, ours for ``cvc-print``."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from gate_simulators.chip import ber, cv_certificates
from gate_simulators.chip.apdu import Command
from gate_simulators.chip.session import Session
from gate_simulators.chip.terminal_authentication import TerminalAuthentication
from gate_simulators.issuer import cvca
from gate_simulators.issuer.chip_security import cvca_certificate
from gate_simulators.issuer.keys import KeyStore

CREATE, PRINT = shutil.which("cvc-create"), shutil.which("cvc-print")
pytestmark = pytest.mark.skipif(not (CREATE and PRINT), reason="openpace is not installed (Debian: openpace)")

CA, DV, IS = "UTCVCA00009", "UTDVXX00009", "UTISXX00009"


def tool(*arguments: str) -> str:
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def create(directory: Path, reference: str, role: str, scheme: str, key: Path, signed_as: str = "") -> bytes:
    """One certificate; below the CVCA the tool makes the holder's key."""
    certificate = directory / f"{reference}.cvcert"
    tool(
        *(str(CREATE), "--role", role, "--type", "is", "--chr", reference, "--scheme", scheme),
        *("--sign-with", str(key), "--issued", "260101", "--expires", "300101"),
        *("--read-finger", "--read-iris", "--out-cert", str(certificate)),
        *(("--sign-as", str(directory / f"{signed_as}.cvcert")) if signed_as else ()),
        *(("--out-key", str(directory / f"{reference}.pkcs8")) if signed_as else ()),
    )
    return certificate.read_bytes()


def chain(directory: Path, scheme: str, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> list[bytes]:
    root = directory / f"{CA}.pkcs8"
    root.write_bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    return [
        create(directory, CA, "cvca", scheme, root),
        create(directory, DV, "dv_domestic", scheme, root, CA),
        create(directory, IS, "terminal", scheme, directory / f"{DV}.pkcs8", DV),
    ]


# Not PSS: the tool signs with the longest salt, TR-03110-3 §A.6.4.1 wants it as long as the digest.
SCHEMES = {
    "ECDSA_SHA_256": lambda: ec.generate_private_key(ec.BrainpoolP256R1()),
    "ECDSA_SHA_512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "RSA_v1_5_SHA_256": lambda: rsa.generate_private_key(65537, 2048),
    "RSA_v1_5_SHA_512": lambda: rsa.generate_private_key(65537, 2048),
}
ALGORITHMS = {
    "ECDSA_SHA_256": ("ECDSA", "sha256"),
    "ECDSA_SHA_512": ("ECDSA", "sha512"),
    "RSA_v1_5_SHA_256": ("RSA", "sha256"),
    "RSA_v1_5_SHA_512": ("RSA", "sha512"),
}


class Presented:
    """Terminal authentication alone, as after chip authentication."""

    def __init__(self, anchor: bytes) -> None:
        self.chip = TerminalAuthentication(
            cv_certificates.parse_file(anchor), date(2026, 1, 1), lambda count: bytes(range(count))
        )
        self.session = Session(access=True, chip_identity=b"L898902C<3", terminal_key=bytes(32))
        # Only that there is a channel matters here.
        self.session.channel = object()  # pyright: ignore[reportAttributeAccessIssue]

    def send(self, ins: int, p1p2: int, data: bytes = b"", ne: int = 0) -> bytes:
        command = Command(0, ins, p1p2 >> 8, p1p2 & 0xFF, data, ne)
        response = self.chip.answer(command, self.session)
        assert response is not None
        return response.encode()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_chip_believes_what_openpace_certified(scheme: str, tmp_path: Path) -> None:
    anchor, *others = chain(tmp_path, scheme, SCHEMES[scheme]())
    card = Presented(anchor)
    for authority, certificate in zip((CA, DV), others, strict=True):
        assert card.send(0x22, 0x81B6, ber.encode(0x83, authority.encode())) == b"\x90\x00"
        ((_, value),) = ber.decode(certificate)
        assert card.send(0x2A, 0x00BE, value) == b"\x90\x00"
    assert card.send(0x22, 0x81A4, ber.encode(0x83, IS.encode())) == b"\x90\x00"
    challenge = card.send(0x84, 0, ne=8)[:-2]
    key = load_der_private_key((tmp_path / f"{IS}.pkcs8").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    terminal = cvca.Holder(IS, key, cvca.algorithm(*ALGORITHMS[scheme]))
    signed = card.session.chip_identity + challenge + card.session.terminal_key
    assert card.send(0x82, 0, terminal.sign(signed)) == b"\x90\x00"
    assert card.session.rights == {"DG3", "DG4"}


def test_openpace_prints_our_certificate(tmp_path: Path) -> None:
    path = tmp_path / "ours.cvcert"
    path.write_bytes(cvca_certificate(KeyStore(tmp_path, seed=1)))
    printed = tool(str(PRINT), "--cvc", str(path))
    assert "UTCVCA00001" in printed
