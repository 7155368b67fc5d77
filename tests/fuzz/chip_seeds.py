"""Writes corpora for the chip's fuzz targets to begin with: ``python tests/fuzz/chip_seeds.py FOLDER``.

The seeds are the files of every sound specimen, and what its chip answers to a whole inspection; a folder for
each target. A fuzzer that begins at nothing spends its time on finding out what a tag is.
"""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.inspection import inspect
from gate_agent.emrtd.lds import lds
from gate_agent.emrtd.lds.mrz import MrzKey
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.errors import GateError
from gate_simulators.chip.profile import PROFILES
from gate_simulators.issuer.chip_security import BAC_ONLY, PACE_AND_CA, cvca_certificate
from gate_simulators.issuer.passports import Passport, PassportOffice
from gate_simulators.issuer.portrait import Coding
from gate_simulators.issuer.specimens_sound import SOUND

KEY = MrzKey("L898902C", "690806", "300623")
TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
NOISE = np.random.default_rng(1).integers(0, 256, (48, 36, 3), dtype=np.uint8)

# Which parser of which target a file is for: the first byte of an input chooses within a target.
_FILES = {
    "EF.COM": ("lds", 0),
    "DG1": ("lds", 1),
    "DG2": ("lds", 2),
    "DG11": ("lds", 3),
    "DG12": ("lds", 4),
    "DG16": ("lds", 5),
    "DG7": ("lds", 6),
    "DG3": ("lds", 7),
    "EF.SOD": ("signed", 0),
    "EF.CardSecurity": ("signed", 3),
    "EF.CardAccess": ("card_access", 0),
    "EF.DIR": ("card_access", 1),
    "EF.ATR/INFO": ("card_access", 2),
    "DG14": ("card_access", 3),
    "DG15": ("card_access", 4),
    "EF.CVCA": ("cvc", 1),
}


def answers(passport: Passport, profile: str) -> bytes:
    """What the chip says in one inspection, as ``fuzz_chip_answers.py`` reads it."""
    chip, said = passport.chip(PROFILES[profile]), b""

    def transmit(command: bytes, timeout_s: float) -> bytes:
        nonlocal said
        answer = chip.process(command)
        said += len(answer).to_bytes(2, "big") + answer
        return answer

    try:
        run(inspect(KEY, None, TrustStore(()), NOW, random=bytes), transmit)
    except GateError as error:
        print(f"{profile}: {error}", file=sys.stderr)
    return said


def seeds(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Pairs of target and input."""
    office = PassportOffice(folder, seed=7, today=TODAY)
    for specimen in SOUND:
        passport = specimen.passport(office, NOISE)
        for name, content in passport.files.items():
            target, parser = _FILES.get(name, ("", 0))
            if target:
                yield target, bytes([parser]) + content
                yield "tlv", content
    _, chain = office.inspection_system()
    for certificate in (*chain, cvca_certificate(office.keys)):
        yield "cvc", b"\x00" + certificate
    anchors = folder / "trust"
    office.write_trust_directory(anchors)
    yield from (("signed", b"\x04" + path.read_bytes()) for path in anchors.glob("*.der"))
    office.write_revocation_lists(anchors)
    yield from (("signed", b"\x05" + path.read_bytes()) for path in anchors.glob("*.crl"))
    birth, expiry = date(1969, 8, 6), date(2030, 6, 23)
    for security in (BAC_ONLY, PACE_AND_CA, replace(BAC_ONLY, active="ecdsa-p256")):
        passport = office.issue(
            "A",
            "B",
            NOISE,
            birth,
            date_of_expiry=expiry,
            document_number=KEY.document_number,
            security=security,
        )
        yield from (("answers", answers(passport, profile)) for profile in PROFILES)
    for coding in Coding:
        passport = office.issue("A", "B", NOISE, birth, coding=coding)
        yield "portrait", lds.parse_dg2(passport.files["DG2"]).image
    encoded = base64.b64encode(next(anchors.glob("*.der")).read_bytes()).decode()
    yield "ldif", f"dn: o=dsc,c=UT\nuserCertificate;binary:: {encoded[:70]}\n {encoded[70:]}\n".encode()


def main(folder: Path) -> None:
    with TemporaryDirectory() as office:
        for target, content in seeds(Path(office)):
            corpus = folder / target
            corpus.mkdir(parents=True, exist_ok=True)
            (corpus / hashlib.sha1(content).hexdigest()).write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
