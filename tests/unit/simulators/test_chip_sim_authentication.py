"""Chip, active and terminal authentication, card side.

The terminal's halves are written here, from the standards; its secure messaging is the agent's.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gate_agent.emrtd.chip.apdu import CommandApdu, ResponseApdu
from gate_agent.emrtd.chip.bac import basic_access_control
from gate_agent.emrtd.chip.ciphers import cipher_suite
from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.chip.files import select_application
from gate_agent.emrtd.chip.key_derivation import Cipher as AgentCipher
from gate_agent.emrtd.chip.key_derivation import session_keys
from gate_agent.emrtd.chip.secure_messaging import SecureChannel
from gate_agent.emrtd.coding.errors import ChannelLost
from gate_agent.emrtd.lds.mrz import parse
from gate_simulators.chip import PROFILES, Chip, ber
from gate_simulators.chip.active_authentication import (
    TRAILERS,
    EcdsaAuthenticationKey,
    RsaAuthenticationKey,
)
from gate_simulators.chip.chip_authentication import ChipKey
from gate_simulators.chip.protocols import Cipher, contents
from gate_simulators.issuer import cvca
from gate_simulators.issuer.chip_security import ACTIVE_KEYS, BAC_ONLY, ChipSecurity, KeyChoice, holder
from gate_simulators.issuer.cvca import Holder
from gate_simulators.issuer.passports import Passport, PassportOffice

TODAY = date(2026, 6, 1)
NOISE = np.random.default_rng(1).integers(0, 256, (320, 240, 3), dtype=np.uint8)
AGENT_CIPHERS = {
    Cipher.TRIPLE_DES: AgentCipher.TRIPLE_DES,
    Cipher.AES_128: AgentCipher.AES_128,
    Cipher.AES_192: AgentCipher.AES_192,
    Cipher.AES_256: AgentCipher.AES_256,
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> PassportOffice:
    return PassportOffice(tmp_path_factory.mktemp("office"), seed=7, today=TODAY)


def issue(office: PassportOffice, security: ChipSecurity, groups: Sequence[int] = ()) -> Passport:
    return office.issue("Eriksson", "Anna", NOISE, date(1974, 8, 12), security=security, groups=groups)


class Terminal:
    """A chip that was opened by BAC, and the channel to it."""

    def __init__(self, passport: Passport, card: Chip | None = None) -> None:
        self.card = card or passport.chip()
        self.identity = passport.secrets.mrz_information or ""
        run(select_application(), self._transmit)
        key = parse(passport.lines).key()
        self.channel: SecureChannel = run(basic_access_control(key, secrets.token_bytes), self._transmit)

    def _transmit(self, apdu: bytes, _timeout_s: float) -> bytes:
        return self.card.process(apdu)

    def send(self, ins: int, p1p2: int, data: bytes = b"", le: int | None = None) -> ResponseApdu:
        command = CommandApdu(0x00, ins, p1p2 >> 8, p1p2 & 0xFF, data, le)
        answer = self.card.process(self.channel.protect(command).encode())
        return self.channel.unprotect(ResponseApdu.decode(answer))

    def read(self, name: str, sfi: int) -> int:
        return self.send(0xB0, 0x8000 | sfi << 8, le=8).sw


def chip_authenticated(terminal: Terminal, key: ChipKey, cipher: Cipher) -> bytes:
    """Runs chip authentication; the new channel is the terminal's. Returns the compressed terminal key."""
    secret = key.group.private_key(secrets.token_bytes)
    public = key.group.public_key(secret)
    reference = b"" if key.key_id is None else ber.encode(0x84, bytes([key.key_id]))
    if cipher is Cipher.TRIPLE_DES:
        assert terminal.send(0x22, 0x41A6, ber.encode(0x91, public) + reference).ok
    else:
        protocol = next(p for p in key.protocols if p.cipher is cipher)
        assert terminal.send(0x22, 0x41A4, ber.encode(0x80, contents(protocol.oid)) + reference).ok
        answer = terminal.send(0x86, 0, ber.encode(0x7C, ber.encode(0x80, public)), 256)
        assert answer == ResponseApdu(bytes.fromhex("7C00"), 0x9000)
    assert key.secret is not None
    shared = key.group.agree(secret, key.group.public_key(key.secret))
    kind = AGENT_CIPHERS[cipher]
    terminal.channel = SecureChannel(cipher_suite(kind, session_keys(kind, shared)), 0)
    return key.group.compressed(public)


# ---------------------------------------------------------------- chip authentication


@pytest.mark.parametrize("cipher", Cipher)
@pytest.mark.parametrize("parameter_id", [0, 2, 11, 12, 13, 18])
def test_the_genuine_chip_answers_under_the_new_keys(
    parameter_id: int, cipher: Cipher, office: PassportOffice
) -> None:
    passport = issue(office, ChipSecurity(chip_keys=(KeyChoice(parameter_id, (cipher,)),)))
    terminal = Terminal(passport)
    chip_authenticated(terminal, passport.secrets.chip_keys[0], cipher)
    assert terminal.read("DG1", 1) == 0x9000


def test_a_clone_says_done_and_cannot_answer_under_the_new_keys(office: PassportOffice) -> None:
    passport = issue(office, ChipSecurity(chip_keys=(KeyChoice(12),)))
    (key,) = passport.secrets.chip_keys
    clone = Chip(passport.files, replace(passport.secrets, chip_keys=(replace(key, secret=None),)))
    terminal = Terminal(passport, clone)
    chip_authenticated(terminal, key, Cipher.AES_128)
    with pytest.raises(ChannelLost):
        terminal.read("DG1", 1)


def test_key_ids_choose_among_several_keys(office: PassportOffice) -> None:
    choices = (KeyChoice(12, key_id=1), KeyChoice(13, key_id=2), KeyChoice(0, (Cipher.TRIPLE_DES,), key_id=3))
    passport = issue(office, ChipSecurity(chip_keys=choices))
    for key, choice in zip(passport.secrets.chip_keys, choices, strict=True):
        terminal = Terminal(passport)
        chip_authenticated(terminal, key, choice.ciphers[0])
        assert terminal.read("DG1", 1) == 0x9000


def test_several_keys_need_an_id_and_no_other_id_will_do(office: PassportOffice) -> None:
    passport = issue(office, ChipSecurity(chip_keys=(KeyChoice(12, key_id=1), KeyChoice(13, key_id=2))))
    terminal = Terminal(passport)
    protocol = ber.encode(0x80, bytes.fromhex("04007F00070202030202"))
    assert terminal.send(0x22, 0x41A4, protocol).sw == 0x6A88
    assert terminal.send(0x22, 0x41A4, protocol + ber.encode(0x84, b"\x07")).sw == 0x6A88
    assert terminal.send(0x22, 0x41A4, protocol + ber.encode(0x84, b"\x02")).ok


def test_chip_authentication_needs_an_open_chip(office: PassportOffice) -> None:
    card = issue(office, ChipSecurity(chip_keys=(KeyChoice(12),))).chip()
    card.process(bytes.fromhex("00A4040C07A0000002471001"))
    assert card.process(bytes.fromhex("002241A40C800A04007F00070202030202")).hex() == "6982"


# ---------------------------------------------------------------- active authentication


def active(office: PassportOffice, name: str, le: int, profile: str = "ordinary") -> tuple[bytes, Passport]:
    passport = issue(office, replace(BAC_ONLY, active=name))
    terminal = Terminal(passport, passport.chip(PROFILES[profile]))
    answer = terminal.send(0x88, 0, b"RND.IFD8", le)
    assert answer.ok
    return answer.data, passport


@pytest.mark.parametrize("name", [name for name in ACTIVE_KEYS if name.startswith("rsa")])
def test_rsa_signatures_recover_their_message(name: str, office: PassportOffice) -> None:
    """ISO/IEC 9796-2 §8.2: open the signature, find header, hash and trailer, compare the hash."""
    signature, passport = active(office, name, 65536)
    key = passport.secrets.active_authentication
    assert isinstance(key, RsaAuthenticationKey)
    public = key.key.public_key().public_numbers()
    octets = (public.n.bit_length() + 7) // 8
    opened = pow(int.from_bytes(signature, "big"), public.e, public.n).to_bytes(octets, "big")
    trailer = TRAILERS[key.digest]
    size = hashlib.new(key.digest).digest_size
    assert opened[:1] == b"\x6a"
    assert opened.endswith(trailer)
    digest = opened[: -len(trailer)][-size:]
    recovered = opened[1 : -len(trailer) - size]
    assert hashlib.new(key.digest, recovered + b"RND.IFD8").digest() == digest


@pytest.mark.parametrize("name", [name for name in ACTIVE_KEYS if name.startswith("ecdsa")])
def test_ecdsa_signatures_are_plain_unless_the_chip_is_odd(name: str, office: PassportOffice) -> None:
    signature, passport = active(office, name, 256)
    key = passport.secrets.active_authentication
    assert isinstance(key, EcdsaAuthenticationKey)
    half = len(signature) // 2
    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    der = signature if key.der else encode_dss_signature(r, s)
    key.key.public_key().verify(der, b"RND.IFD8", ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.key.public_key().verify(der, b"RND.IFD9", ec.ECDSA(hashes.SHA256()))


def test_active_authentication_needs_an_open_chip(office: PassportOffice) -> None:
    card = issue(office, replace(BAC_ONLY, active="ecdsa-p256")).chip()
    card.process(bytes.fromhex("00A4040C07A0000002471001"))
    assert card.process(bytes.fromhex("0088000008000000000000000000")).hex() == "6982"


# ---------------------------------------------------------------- terminal authentication

EAC = ChipSecurity(chip_keys=(KeyChoice(12),), terminal=True)


def present(terminal: Terminal, authority: str, certificate: bytes) -> int:
    """MSE:Set DST and PSO:Verify Certificate."""
    response = terminal.send(0x22, 0x81B6, ber.encode(0x83, authority.encode()))
    if not response.ok:
        return response.sw
    ((_, value),) = ber.decode(certificate)
    return terminal.send(0x2A, 0x00BE, value).sw


def authenticate(terminal: Terminal, system: Holder, compressed: bytes) -> int:
    """MSE:Set AT, GET CHALLENGE and EXTERNAL AUTHENTICATE."""
    response = terminal.send(0x22, 0x81A4, ber.encode(0x83, system.reference.encode()))
    if not response.ok:
        return response.sw
    challenge = terminal.send(0x84, 0, le=8).data
    signed = terminal.identity[:10].encode() + challenge + compressed
    return terminal.send(0x82, 0, system.sign(signed)).sw


@pytest.fixture
def eac(office: PassportOffice) -> tuple[Terminal, bytes]:
    passport = issue(office, EAC, (3, 4))
    terminal = Terminal(passport)
    compressed = chip_authenticated(terminal, passport.secrets.chip_keys[0], Cipher.AES_128)
    return terminal, compressed


def presented(terminal: Terminal, chain: Sequence[bytes]) -> list[int]:
    authorities = ("UTCVCA00001", "UTDVXX00001")
    return [present(terminal, name, cert) for name, cert in zip(authorities, chain, strict=True)]


@pytest.mark.parametrize(
    ("role", "dg3", "dg4"), [(3, 0x9000, 0x9000), (1, 0x9000, 0x6982), (0, 0x6982, 0x6982)]
)
def test_fingerprints_and_irises_open_by_the_terminals_rights(
    role: int, dg3: int, dg4: int, eac: tuple[Terminal, bytes], office: PassportOffice
) -> None:
    terminal, compressed = eac
    assert terminal.read("DG3", 3) == 0x6982
    system, chain = office.inspection_system(role)
    assert presented(terminal, chain) == [0x9000, 0x9000]
    assert authenticate(terminal, system, compressed) == 0x9000
    assert (terminal.read("DG3", 3), terminal.read("DG4", 4)) == (dg3, dg4)


def test_an_expired_inspection_system_is_refused(eac: tuple[Terminal, bytes], office: PassportOffice) -> None:
    terminal, _ = eac
    root, system = (_holder(office, reference) for reference in ("UTCVCA00001", "UTISXX00001"))
    verifier = _holder(office, "UTDVXX00001")
    fresh = cvca.certify(root, verifier, cvca.DOMESTIC_VERIFIER | 3, TODAY, date(2027, 1, 1))
    stale = cvca.certify(verifier, system, 3, date(2025, 1, 1), date(2026, 1, 1))
    assert presented(terminal, (fresh, stale)) == [0x9000, 0x6A80]


def _holder(office: PassportOffice, reference: str) -> Holder:
    return holder(office.keys, reference)


def test_a_link_certificate_makes_a_new_trust_point_that_a_reset_keeps(
    eac: tuple[Terminal, bytes], office: PassportOffice
) -> None:
    terminal, _ = eac
    old, new = _holder(office, "UTCVCA00001"), _holder(office, "UTCVCA00002")
    link = cvca.certify(old, new, cvca.CVCA | 3, date(2026, 1, 1), date(2040, 1, 1))
    assert present(terminal, "UTCVCA00001", link) == 0x9000
    terminal.card.reset()
    passport = issue(office, EAC, (3, 4))
    again = Terminal(passport, terminal.card)
    compressed = chip_authenticated(again, passport.secrets.chip_keys[0], Cipher.AES_128)
    verifier, system = _holder(office, "UTDVXX00001"), _holder(office, "UTISXX00001")
    until = date(2030, 1, 1)
    chain = (
        cvca.certify(new, verifier, cvca.FOREIGN_VERIFIER | 3, TODAY, until),
        cvca.certify(verifier, system, 3, TODAY, until),
    )
    assert present(again, "UTCVCA00002", chain[0]) == 0x9000
    assert present(again, "UTDVXX00001", chain[1]) == 0x9000
    assert authenticate(again, system, compressed) == 0x9000


def test_rights_are_the_least_of_the_whole_chain(eac: tuple[Terminal, bytes], office: PassportOffice) -> None:
    terminal, compressed = eac
    root, verifier, system = (_holder(office, r) for r in ("UTCVCA00001", "UTDVXX00001", "UTISXX00001"))
    until = date(2030, 1, 1)
    chain = (
        cvca.certify(root, verifier, cvca.DOMESTIC_VERIFIER | 1, TODAY, until),
        cvca.certify(verifier, system, 3, TODAY, until),
    )
    assert presented(terminal, chain) == [0x9000, 0x9000]
    assert authenticate(terminal, system, compressed) == 0x9000
    assert (terminal.read("DG3", 3), terminal.read("DG4", 4)) == (0x9000, 0x6982)


def test_forged_and_misplaced_certificates_are_refused(
    eac: tuple[Terminal, bytes], office: PassportOffice
) -> None:
    terminal, compressed = eac
    root, system, stranger = (_holder(office, r) for r in ("UTCVCA00001", "UTISXX00001", "XXCVCA00001"))
    until = date(2030, 1, 1)
    forged = cvca.certify(replace(stranger, reference=root.reference), system, 3, TODAY, until)
    skipping = cvca.certify(root, system, 3, TODAY, until)
    assert present(terminal, "UTCVCA00001", forged) == 0x6A80
    assert present(terminal, "UTCVCA00001", skipping) == 0x6A80  # a CVCA does not certify terminals
    assert present(terminal, "XXCVCA00001", skipping) == 0x6A88
    assert authenticate(terminal, system, compressed) == 0x6A88


def test_a_terminal_that_cannot_sign_reads_no_fingerprints(
    eac: tuple[Terminal, bytes], office: PassportOffice
) -> None:
    terminal, compressed = eac
    system, chain = office.inspection_system()
    presented(terminal, chain)
    thief = replace(system, key=_holder(office, "thief").key)
    assert authenticate(terminal, thief, compressed) == 0x6300
    assert terminal.read("DG3", 3) == 0x6982


def test_terminal_authentication_needs_chip_authentication(office: PassportOffice) -> None:
    terminal = Terminal(issue(office, EAC, (3,)))
    assert present(terminal, "UTCVCA00001", office.inspection_system()[1][0]) == 0x6982
