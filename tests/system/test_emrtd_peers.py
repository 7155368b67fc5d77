"""The chip room against software that others wrote: libeac's PACE, OpenSSL's CMS and X.509.

Each test skips, saying why, where the peer is not installed.
"""

from __future__ import annotations

import ctypes.util
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate_agent.emrtd.chip.cvc import Role, chain, parse_certificate
from gate_agent.emrtd.chip.exchange import Transmit, run
from gate_agent.emrtd.chip.key_agreement import DhDomain
from gate_agent.emrtd.chip.pace import choose, pace
from gate_agent.emrtd.chip.password import Password
from gate_agent.emrtd.coding import tlv
from gate_agent.emrtd.coding.errors import ChipError
from gate_agent.emrtd.lds.security_infos import parse_security_infos
from gate_agent.emrtd.lds.sod import parse_sod
from gate_agent.emrtd.trust.master_list import parse_master_list
from gate_agent.emrtd.trust.passive_auth import authenticate
from gate_agent.emrtd.trust.trust import TrustStore
from gate_agent.emrtd.trust.trust_import import TrustImport
from gate_simulators.issuer.authority import COUNTRIES, IssuingAuthority
from gate_simulators.issuer.keys import KeyStore

CARD = Path(__file__).with_name("libeac_card.py")
DATA = Path(os.environ.get("GATE_AGENT_TEST_DATA", "/nonexistent")) / "emrtd"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CAN = "123456"


# ---------------------------------------------------------------- libeac


def card_access(protocol: int, cipher: int, parameter: int) -> bytes:
    """EF.CardAccess with one PACEInfo: id-PACE-`protocol`-`cipher`, version 2."""
    oid = bytes.fromhex("04007F0007020204") + bytes([protocol, cipher])
    info = tlv.encode(0x06, oid) + b"\x02\x01\x02" + tlv.encode(0x02, bytes([parameter]))
    return tlv.encode(0x31, tlv.encode(0x30, info))


@contextmanager
def libeac_card(access: bytes, can: str = CAN) -> Iterator[Transmit]:
    if ctypes.util.find_library("eac") is None:
        pytest.skip("libeac is not installed (Debian: libeac3)")
    with subprocess.Popen(
        [sys.executable, str(CARD), access.hex(), can],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        requests, answers = process.stdin, process.stdout

        def transmit(command: bytes, timeout_s: float) -> bytes:
            requests.write(command.hex() + "\n")
            requests.flush()
            return bytes.fromhex(answers.readline())

        yield transmit
        requests.close()


@pytest.mark.parametrize("cipher", [1, 2, 3, 4], ids=["3DES", "AES-128", "AES-192", "AES-256"])
@pytest.mark.parametrize(
    ("protocol", "parameter"),
    [(2, 12), (2, 13), (2, 16), (2, 18), (1, 0), (1, 2)],
    ids=["P-256", "brainpoolP256r1", "brainpoolP384r1", "P-521", "MODP-1024", "MODP-2048"],
)
def test_pace_with_a_card_of_libeac(
    protocol: int, parameter: int, cipher: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = card_access(protocol, cipher, parameter)
    offer = choose(parse_security_infos(access, "EF.CardAccess"))
    assert offer is not None
    agreed = noted_agreements(monkeypatch)
    while True:
        with libeac_card(access) as transmit:
            try:
                # Both sides verify the other's token: they have the same keys.
                run(pace(*offer, Password.from_can(CAN), secrets.token_bytes), transmit)
            except ChipError:
                # Of a shared secret of DH libeac drops the leading zeros, which PKCS #3 §7.3 keeps: one time
                # in 256 the keys differ. That, and nothing else, is a reason to draw new ones.
                if protocol == 1 and agreed[-1][0] == 0:
                    continue
                raise
        return


def noted_agreements(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Collects the secrets that the reader agrees on by DH."""
    agreed: list[bytes] = []
    original = DhDomain.agree

    def agree(domain: DhDomain, private: int, peer: bytes) -> bytes:
        agreed.append(original(domain, private, peer))
        return agreed[-1]

    monkeypatch.setattr(DhDomain, "agree", agree)
    return agreed


def test_a_card_of_libeac_with_another_number() -> None:
    access = card_access(2, 2, 13)
    offer = choose(parse_security_infos(access, "EF.CardAccess"))
    assert offer is not None
    with libeac_card(access, "654321") as transmit, pytest.raises(ChipError) as caught:
        run(pace(*offer, Password.from_can(CAN), secrets.token_bytes), transmit)
    assert caught.value.reason == "CHIP_ACCESS_DENIED"


# ---------------------------------------------------------------- OpenSSL


@pytest.fixture(scope="module")
def openssl() -> str:
    found = shutil.which("openssl")
    if found is None:
        pytest.skip("the openssl command is not installed")
    return found


def verified_by_openssl(openssl: str, cms: bytes, directory: Path) -> bytes | None:
    """The signed content, where OpenSSL finds that the signature holds; the chain is not its business."""
    path, out = directory / "signed.der", directory / "content.bin"
    path.write_bytes(cms)
    command = [openssl, "cms", "-verify", "-inform", "DER", "-in", path, "-noverify", "-binary", "-out", out]
    done = subprocess.run(command, capture_output=True, check=False)
    return out.read_bytes() if done.returncode == 0 else None


@pytest.mark.parametrize("state", COUNTRIES)
def test_openssl_agrees_about_every_countrys_security_object(
    state: str, openssl: str, tmp_path: Path
) -> None:
    authority = IssuingAuthority(COUNTRIES[state], KeyStore(tmp_path / "keys", 3))
    raw = authority.sign({1: b"\x61\x00", 2: b"\x75\x00"}, datetime(2024, 3, 1, tzinfo=UTC))
    cms = tlv.parse_one(raw, 0x77).value
    for altered in (False, True):
        body = bytearray(cms)
        if altered:
            body[-5] ^= 1  # in the signature
        ours = authenticate(parse_sod(tlv.encode(0x77, bytes(body))), TrustStore(()), NOW)
        theirs = verified_by_openssl(openssl, bytes(body), tmp_path)
        assert ours.measured["signature_valid"] is (not altered)
        if not altered and theirs is None:
            pytest.skip("this OpenSSL does not use the signer's curve parameters")
        assert (theirs is not None) is (not altered)


def test_openssl_agrees_about_the_german_master_list(openssl: str, tmp_path: Path) -> None:
    lists = sorted((DATA / "masterlist").glob("*.ml"))
    if not lists:
        pytest.skip("the German CSCA master list is not here (GATE_AGENT_TEST_DATA)")
    raw = lists[-1].read_bytes()
    content = verified_by_openssl(openssl, raw, tmp_path)
    assert content == parse_master_list(raw).signed.content


def test_openssl_agrees_about_roots_with_named_curves_and_rsa(openssl: str, tmp_path: Path) -> None:
    """Explicit curve parameters are left out: OpenSSL refuses them in chains."""
    lists = sorted((DATA / "masterlist").glob("*.ml"))
    if not lists:
        pytest.skip("the German CSCA master list is not here (GATE_AGENT_TEST_DATA)")
    importing = TrustImport(TrustStore(()), NOW)
    importing.add_anchor("anchor", (DATA / "masterlist" / "DE_ROOT_CA_CSCA07.cer").read_bytes())
    importing.add("list", lists[-1].read_bytes())
    rsa = [a for a in importing.store.anchors if "rsa" in str(a.scheme) and a.issued(a)][:12]
    assert rsa
    for number, anchor in enumerate(rsa):
        path = tmp_path / f"{number}.der"
        path.write_bytes(anchor.raw)
        command = [openssl, "verify", "-check_ss_sig", "-no_check_time", "-CAfile", path, path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "signature failure" not in done.stdout + done.stderr


# ---------------------------------------------------------------- certificates of another card simulator


def test_card_verifiable_certificates_of_others() -> None:
    folder = DATA / "eac" / "IS"
    if not folder.is_dir():
        pytest.skip("no card verifiable certificates are here (GATE_AGENT_TEST_DATA)")
    found = tuple(parse_certificate(path.read_bytes()) for path in sorted(folder.glob("*.cvcert")))
    roots = [c for c in found if c.role is Role.CVCA]
    path = chain(found, tuple(root.holder for root in roots))
    assert [c.role for c in path] == [Role.DOMESTIC_VERIFIER, Role.INSPECTION_SYSTEM]
    assert path[-1].authority == path[0].holder
