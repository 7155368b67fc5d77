"""Chips from a directory of files that somebody else issued, with their private keys where they are known.

Files are named after the EF, as dumps are: ``EF_COM.bin``, ``EF.SOD``, ``EF_DG1.bin``, ``DG14.bin``. Keys are
PKCS#8 files ``DG14_sk.pkcs8`` (chip authentication) and ``DG15_sk.pkcs8`` (active authentication). A key that
does not belong to the data group is left out: the chip is then what a clone would be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asn1crypto import keys
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

from gate_agent.errors import BadInput
from gate_simulators.chip import ber, elliptic
from gate_simulators.chip.active_authentication import RsaAuthenticationKey
from gate_simulators.chip.card import Chip
from gate_simulators.chip.chip_authentication import ChipKey
from gate_simulators.chip.domain_parameters import CURVES, CurveDomain
from gate_simulators.chip.filesystem import FILE_IDS
from gate_simulators.chip.key_agreement import on_curve
from gate_simulators.chip.personalization import Personalization
from gate_simulators.chip.profile import ORDINARY, ChipProfile
from gate_simulators.chip.protocols import CA_PROTOCOLS, Agreement

MAX_FILE = 1 << 20
_NAME = re.compile(r"(?:EF[._])?(COM|SOD|DG(?:1[0-6]|[1-9])|CardAccess|CardSecurity|CVCA|DIR)(?:\.bin)?")


class ForeignChipError(BadInput):
    """A directory that is no dump of a chip. `field` is the path."""


@dataclass(frozen=True, slots=True)
class ForeignChip:
    """Files and secrets of a chip, and which keys were left out because they belong to another chip."""

    files: Mapping[str, bytes]
    secrets: Personalization
    mrz_lines: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    def chip(self, profile: ChipProfile = ORDINARY) -> Chip:
        return Chip(self.files, self.secrets, profile)


def load_foreign_chip(directory: Path, key_directory: Path | None = None) -> ForeignChip:
    """The chip whose files lie in `directory`. Raises ForeignChipError."""
    files = dict(_files(directory))
    if "DG1" not in files:
        raise ForeignChipError("holds no DG1", field=str(directory), advice="name the files EF_DG1.bin, ...")
    lines = _mrz_lines(files["DG1"], directory)
    left_out: list[str] = []
    chip_keys: tuple[ChipKey, ...] = ()
    active: RsaAuthenticationKey | None = None
    if key_directory is not None:
        if (path := key_directory / "DG14_sk.pkcs8").exists():
            chip_keys = _chip_keys(path, files.get("DG14", b""))
            left_out += [] if chip_keys else ["DG14"]
        if (path := key_directory / "DG15_sk.pkcs8").exists():
            active = _active_key(path, files.get("DG15", b""))
            left_out += [] if active else ["DG15"]
    secrets = Personalization(
        mrz_information=_mrz_information(lines), chip_keys=chip_keys, active_authentication=active
    )
    return ForeignChip(files, secrets, lines, tuple(left_out))


def _files(directory: Path) -> Iterator[tuple[str, bytes]]:
    if not directory.is_dir():
        raise ForeignChipError("is not a directory", field=str(directory))
    for path in sorted(directory.iterdir()):
        found = _NAME.fullmatch(path.name)
        if found is None or not path.is_file():
            continue
        if path.stat().st_size > MAX_FILE:
            raise ForeignChipError(f"more than {MAX_FILE} bytes", field=str(path))
        name = found[1] if found[1].startswith("DG") else f"EF.{found[1]}"
        assert name in FILE_IDS
        yield name, path.read_bytes()


# ---------------------------------------------------------------- the printed zone

_LINE_LENGTHS = {88: 44, 72: 36, 90: 30}


def _mrz_lines(dg1: bytes, directory: Path) -> tuple[str, ...]:
    try:
        ((_, content),) = ber.decode(dg1)
        zone = dict(ber.decode(content))[0x5F1F].decode("ascii")
        length = _LINE_LENGTHS[len(zone)]
    except (ValueError, KeyError) as error:
        raise ForeignChipError("DG1 holds no machine readable zone", field=str(directory)) from error
    return tuple(zone[at : at + length] for at in range(0, len(zone), length))


def _mrz_information(lines: tuple[str, ...]) -> str:
    """Number, birth and expiry with their check digits (Doc 9303-11 §9.7.2), by the zone's format."""
    if len(lines) == 3:  # TD1
        return lines[0][5:15] + lines[1][0:7] + lines[1][8:15]
    lower = lines[1]  # TD2 and TD3 have them in the same places
    return lower[0:10] + lower[13:20] + lower[21:28]


# ---------------------------------------------------------------- keys


def _chip_keys(path: Path, dg14: bytes) -> tuple[ChipKey, ...]:
    """The key with the protocols that DG14 lists, if its public half is the one in DG14."""
    try:
        info = keys.PrivateKeyInfo.load(path.read_bytes())
        curve = _curve(info)
        private_key: Any = info["private_key"]
        secret: int = private_key.parsed["private_key"].native
    except (ValueError, TypeError, KeyError, StopIteration) as error:
        raise ForeignChipError("is no PKCS#8 key on a curve that is known here", field=str(path)) from error
    group = on_curve(curve)
    if group.public_key(secret) not in dg14:
        return ()
    listed = (oid for oid in CA_PROTOCOLS if ber.encode(0x06, oid) in dg14)
    protocols = tuple(p for oid in listed if (p := CA_PROTOCOLS[oid]).agreement is Agreement.ECDH)
    return (ChipKey(group, secret, protocols),) if protocols else ()


def _curve(info: keys.PrivateKeyInfo) -> CurveDomain:
    algorithm: Any = info["private_key_algorithm"]
    parameters = algorithm["parameters"]
    if parameters.name == "named":
        return next(curve for curve in CURVES.values() if curve.name.lower() == parameters.native)
    domain = parameters.native
    for curve in CURVES.values():
        if domain["base"] == elliptic.encode(curve, (curve.gx, curve.gy)) and domain["order"] == curve.n:
            return curve
    raise ValueError("an unknown curve")


def _active_key(path: Path, dg15: bytes) -> RsaAuthenticationKey | None:
    try:
        key = load_der_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise ForeignChipError("is no PKCS#8 key", field=str(path)) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ForeignChipError("is no RSA key", field=str(path))
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    return RsaAuthenticationKey(key) if public in dg15 else None
