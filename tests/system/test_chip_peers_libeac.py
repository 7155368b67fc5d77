"""The chip and its issuer against OpenPACE's libeac (Debian: libeac3), which none of us wrote.

libeac is the terminal: PACE with generic mapping over curves and primes, secure messaging on the keys that
come of it, certificates and signatures of terminal authentication. It knows neither integrated nor chip
authentication mapping, and chip authentication of version 2 only. What a terminal signs without auxiliary
data is the same in both versions.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gate_agent.emrtd.chip.cvc import parse_certificate
from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.chip.terminal_auth import Terminal, load_terminal
from gate_agent.emrtd.inspection import inspect
from gate_agent.emrtd.lds.mrz import parse
from gate_agent.emrtd.reading import Plan, Reading
from gate_agent.emrtd.trust.trust import TrustStore
from gate_simulators.chip import Chip, ber, cv_certificates
from gate_simulators.chip.key_agreement import ModpGroup
from gate_simulators.chip.pace import PaceOffer
from gate_simulators.chip.personalization import Personalization
from gate_simulators.chip.protocols import PACE_PROTOCOLS, Agreement, NonceMapping, contents
from gate_simulators.issuer import cvca
from gate_simulators.issuer.algorithms import SCHEMES
from gate_simulators.issuer.chip_security import PACE_AND_CA, cvca_certificate, holder, inspection_chain
from gate_simulators.issuer.keys import KeyStore
from gate_simulators.issuer.passports import PassportOffice

_LIBRARY = ctypes.util.find_library("eac")
pytestmark = pytest.mark.skipif(_LIBRARY is None, reason="libeac is not installed (Debian: libeac3)")

CAN = 2
EF_COM = ber.encode(0x60, b"something to read")


class _Buffer(ctypes.Structure):
    """BUF_MEM of OpenSSL."""

    _fields_ = [
        ("length", ctypes.c_size_t),
        ("data", ctypes.c_void_p),
        ("max", ctypes.c_size_t),
        ("flags", ctypes.c_ulong),
    ]


class Eac:
    """libeac's functions by their names; octets go in and come out as bytes."""

    def __init__(self) -> None:
        assert _LIBRARY is not None
        self._library = ctypes.CDLL(_LIBRARY)
        self._openssl = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
        self._library.EAC_init()

    def nid(self, oid: str) -> int:
        return self._openssl.OBJ_txt2nid(oid.encode())

    def handle(self, name: str, *arguments: object) -> ctypes.c_void_p:
        """A function that makes an object."""
        function = getattr(self._library, name)
        function.restype = ctypes.c_void_p
        made = function(*map(_argument, arguments))
        assert made, name
        return ctypes.c_void_p(made)

    def succeeds(self, name: str, *arguments: object) -> bool:
        """A function that gives 1 for success."""
        return getattr(self._library, name)(*map(_argument, arguments)) == 1

    def octets(self, name: str, *arguments: object) -> bytes:
        """A function that gives octets."""
        function = getattr(self._library, name)
        function.restype = ctypes.POINTER(_Buffer)
        found = function(*map(_argument, arguments))
        assert found, name
        return ctypes.string_at(found.contents.data, found.contents.length)


def _argument(value: object) -> object:
    """Octets as a BUF_MEM; everything else as it is."""
    if not isinstance(value, bytearray):
        return value
    storage = ctypes.create_string_buffer(bytes(value), len(value))
    buffer = _Buffer(len(value), ctypes.cast(storage, ctypes.c_void_p), len(value), 0)
    pointer = ctypes.pointer(buffer)
    pointer.storage = storage  # pyright: ignore[reportAttributeAccessIssue] - lives as long as the pointer
    return pointer


@pytest.fixture(scope="module")
def eac() -> Eac:
    return Eac()


GENERIC = [p for p in PACE_PROTOCOLS.values() if p.mapping is NonceMapping.GENERIC]
OFFERS = [
    *(PaceOffer(p, 0 if p.agreement is Agreement.DH else 13) for p in GENERIC),
    *(PaceOffer(p, number) for p in GENERIC[:1] for number in (1, 2)),
    *(PaceOffer(p, number) for p in GENERIC[5:6] for number in (8, 10, 12, 14, 15, 16, 17, 18)),
]


def send(chip: Chip, cla: int, step: bytes) -> dict[int, bytes]:
    template = ber.encode(0x7C, step)
    extended = len(template) > 255
    lc = b"\x00" + len(template).to_bytes(2, "big") if extended else bytes([len(template)])
    answer = chip.process(bytes([cla, 0x86, 0, 0]) + lc + template + bytes(2 if extended else 1))
    assert answer[-2:] == b"\x90\x00", answer.hex()
    ((_, objects),) = ber.decode(answer[:-2])
    return dict(ber.decode(objects))


def opened(eac: Eac, chip: Chip, offer: PaceOffer) -> ctypes.c_void_p:
    """PACE with libeac as the terminal; its context, ready for secure messaging."""
    context = eac.handle("EAC_CTX_new")
    assert eac.succeeds("EAC_CTX_init_pace", context, eac.nid(offer.protocol.oid), offer.parameter_id)
    password = eac.handle("PACE_SEC_new", b"123456", ctypes.c_size_t(6), CAN)
    template = ber.encode(0x80, contents(offer.protocol.oid)) + ber.encode(0x83, bytes([CAN]))
    assert chip.process(b"\x00\x22\xc1\xa4" + bytes([len(template)]) + template) == b"\x90\x00"
    encrypted = send(chip, 0x10, b"")[0x80]
    assert eac.succeeds("PACE_STEP2_dec_nonce", context, password, bytearray(encrypted))
    mapping = eac.octets("PACE_STEP3A_generate_mapping_data", context)
    answer = send(chip, 0x10, ber.encode(0x81, mapping))[0x82]
    assert eac.succeeds("PACE_STEP3A_map_generator", context, bytearray(answer))
    own = eac.octets("PACE_STEP3B_generate_ephemeral_key", context)
    theirs = send(chip, 0x10, ber.encode(0x83, own))[0x84]
    assert eac.succeeds("PACE_STEP3B_compute_shared_secret", context, bytearray(theirs))
    assert eac.succeeds("PACE_STEP3C_derive_keys", context)
    token = eac.octets("PACE_STEP3D_compute_authentication_token", context, bytearray(theirs))
    answer = send(chip, 0x00, ber.encode(0x85, token))[0x86]
    assert eac.succeeds("PACE_STEP3D_verify_authentication_token", context, bytearray(answer))
    assert eac.succeeds("EAC_CTX_set_encryption_ctx", context, 0)
    return context


def protected(eac: Eac, context: ctypes.c_void_p, chip: Chip, header: bytes, objects: bytes) -> bytes:
    """One command under libeac's secure messaging; the decrypted answer."""
    assert eac.succeeds("EAC_increment_ssc", context)
    padded = eac.octets("EAC_add_iso_pad", context, bytearray(header))
    text = eac.octets("EAC_add_iso_pad", context, bytearray(padded + objects))
    data = objects + ber.encode(0x8E, eac.octets("EAC_authenticate", context, bytearray(text)))
    answer = chip.process(header + bytes([len(data)]) + data + b"\x00")
    assert eac.succeeds("EAC_increment_ssc", context)
    answered = dict(ber.decode(answer[:-2]))
    covered = answer[: -2 - 10]
    text = eac.octets("EAC_add_iso_pad", context, bytearray(covered))
    assert eac.succeeds("EAC_verify_authentication", context, bytearray(text), bytearray(answered[0x8E]))
    if 0x87 not in answered:
        return b""
    padded = eac.octets("EAC_decrypt", context, bytearray(answered[0x87][1:]))
    return eac.octets("EAC_remove_iso_pad", bytearray(padded))


def met(
    eac: Eac, offer: PaceOffer, secrets: Personalization, monkeypatch: pytest.MonkeyPatch
) -> tuple[Chip, ctypes.c_void_p]:
    """A chip that libeac opened.

    Of a shared secret of DH libeac drops the leading zeros, which PKCS #3 §7.3 keeps: one time in 256 the two
    do not understand each other. That, and nothing else, is a reason to draw new keys.
    """
    agreed: list[bytes] = []
    original = ModpGroup.agree

    def agree(group: ModpGroup, secret: int, peer: bytes) -> bytes:
        agreed.append(original(group, secret, peer))
        return agreed[-1]

    monkeypatch.setattr(ModpGroup, "agree", agree)
    while True:
        chip = Chip({"EF.COM": EF_COM}, secrets)
        try:
            return chip, opened(eac, chip, offer)
        except AssertionError:
            if not agreed or agreed[-1][0]:
                raise


@pytest.mark.parametrize("offer", OFFERS, ids=lambda o: f"{o.protocol.name}-{o.parameter_id}")
def test_libeac_opens_and_reads_the_chip(offer: PaceOffer, eac: Eac, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = Personalization(mrz_information="L898902C<369080619406236", can="123456", pace=(offer,))
    chip, context = met(eac, offer, secrets, monkeypatch)
    aid = eac.octets("EAC_add_iso_pad", context, bytearray.fromhex("A0000002471001"))
    # SELECT's data have to be encrypted under the counter of their own command.
    assert eac.succeeds("EAC_increment_ssc", context)
    cryptogram = ber.encode(0x87, b"\x01", eac.octets("EAC_encrypt", context, bytearray(aid)))
    assert eac.succeeds("EAC_set_ssc", context, ctypes.c_ulong(0))
    assert protected(eac, context, chip, bytes.fromhex("0CA4040C"), cryptogram) == b""
    assert protected(eac, context, chip, bytes.fromhex("0CB09E00"), ber.encode(0x97, b"\x00")) == EF_COM


# ---------------------------------------------------------------- certificates of terminal authentication


def imported(eac: Eac, anchor: bytes, *certificates: bytes) -> list[bool]:
    context = eac.handle("EAC_CTX_new")
    none = ctypes.c_void_p()
    size = ctypes.c_size_t
    assert eac.succeeds("EAC_CTX_init_ta", context, none, size(0), anchor, size(len(anchor)))
    return [eac.succeeds("TA_STEP2_import_certificate", context, c, size(len(c))) for c in certificates]


def test_libeac_accepts_the_chain_of_an_inspection_system(eac: Eac, tmp_path: Path) -> None:
    keys = KeyStore(tmp_path, seed=1)
    _, chain = inspection_chain(keys, 0x03, date.today())
    assert imported(eac, cvca_certificate(keys), *chain) == [True, True]


def test_libeac_accepts_a_link_certificate(eac: Eac, tmp_path: Path) -> None:
    keys, today = KeyStore(tmp_path, seed=1), date.today()
    old, new = holder(keys, "UTCVCA00001"), holder(keys, "UTCVCA00002")
    link = cvca.certify(old, new, cvca.CVCA | 3, today - timedelta(days=9), today + timedelta(days=900))
    assert imported(eac, cvca_certificate(keys), link) == [True]


def test_libeac_refuses_what_a_stranger_signed(eac: Eac, tmp_path: Path) -> None:
    _, chain = inspection_chain(KeyStore(tmp_path, seed=2), 0x03, date.today())
    assert imported(eac, cvca_certificate(KeyStore(tmp_path, seed=1)), chain[0]) == [False]


# ---------------------------------------------------------------- signatures of terminal authentication

IDENTITY, TERMINAL_KEY = b"I" * 32, b"K" * 32
NONE = ctypes.c_void_p()
ALGORITHMS = [("ECDSA", "sha256"), ("ECDSA", "sha512"), ("RSA", "sha256"), ("RSA-PSS", "sha256")]
# Its PSS signatures have the longest salt there is; TR-03110-3 wants one as long as the digest.
SIGNED_BY_LIBEAC = [algorithm for algorithm in ALGORITHMS if algorithm[0] != "RSA-PSS"]


def chain_with(kind: str, digest: str, keys: KeyStore) -> tuple[cvca.Holder, bytes, tuple[bytes, ...]]:
    """An inspection system with this algorithm, its authority's certificate, and its chain."""
    key = keys.key("terminal", SCHEMES["ecdsa-p256" if kind == "ECDSA" else "rsa-2048"])
    root, verifier, system = (
        cvca.Holder(reference, key, cvca.algorithm(kind, digest))
        for reference in ("UTCVCA00009", "UTDVXX00009", "UTISXX00009")
    )
    span = (date.today() - timedelta(days=9), date.today() + timedelta(days=90))
    return (
        system,
        cvca.certify(root, root, cvca.CVCA | 3, *span),
        (
            cvca.certify(root, verifier, cvca.DOMESTIC_VERIFIER | 3, *span),
            cvca.certify(verifier, system, cvca.INSPECTION_SYSTEM | 3, *span),
        ),
    )


def pkcs8(system: cvca.Holder) -> bytes:
    return system.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(("kind", "digest"), ALGORITHMS, ids=str)
def test_libeac_as_the_card_believes_our_terminal(kind: str, digest: str, eac: Eac, tmp_path: Path) -> None:
    system, anchor, chain = chain_with(kind, digest, KeyStore(tmp_path, seed=1))
    context, size = eac.handle("EAC_CTX_new"), ctypes.c_size_t
    assert eac.succeeds("EAC_CTX_init_ta", context, NONE, size(0), anchor, size(len(anchor)))
    for certificate in chain:
        assert eac.succeeds("TA_STEP2_import_certificate", context, certificate, size(len(certificate)))
    signed = IDENTITY + eac.octets("TA_STEP4_get_nonce", context) + TERMINAL_KEY
    signature = load_terminal(chain, pkcs8(system)).sign(signed)
    given = (bytearray(TERMINAL_KEY), bytearray(IDENTITY), NONE)
    assert eac.succeeds("TA_STEP6_verify", context, *given, bytearray(signature))
    signature = signature[:-1] + bytes([signature[-1] ^ 1])
    assert not eac.succeeds("TA_STEP6_verify", context, *given, bytearray(signature))


@pytest.mark.parametrize(("kind", "digest"), SIGNED_BY_LIBEAC, ids=str)
def test_our_chip_believes_libeac_as_the_terminal(kind: str, digest: str, eac: Eac, tmp_path: Path) -> None:
    """PACE and chip authentication by our reader, which asks libeac to sign; then the fingers open."""
    system, anchor, chain = chain_with(kind, digest, KeyStore(tmp_path, seed=1))
    context, size, key = eac.handle("EAC_CTX_new"), ctypes.c_size_t, pkcs8(system)
    assert eac.succeeds("EAC_CTX_init_ta", context, key, size(len(key)), chain[1], size(len(chain[1])))

    def sign(data: bytes) -> bytes:
        identity, nonce, own = data[:-40], data[-40:-32], data[-32:]
        assert eac.succeeds("TA_STEP4_set_nonce", context, bytearray(nonce))
        return eac.octets("TA_STEP5_sign", context, bytearray(own), bytearray(identity), NONE)

    office = PassportOffice(tmp_path / "office", seed=3)
    security = replace(PACE_AND_CA, terminal=True)
    noise = np.random.default_rng(1).integers(0, 256, (48, 36, 3), dtype=np.uint8)
    issued = office.issue("ERIKSSON", "ANNA", noise, date(1980, 8, 12), security=security, groups=(3,))
    root = cv_certificates.parse_file(anchor)
    files = {**issued.files, "EF.CVCA": cvca.ef_cvca(root)}
    chip = Chip(files, replace(issued.secrets, cvca=root))
    terminal = Terminal(tuple(map(parse_certificate, chain)), sign)
    printed, reading = parse(issued.lines), Reading()
    protocol = inspect(
        printed.key(),
        printed,
        TrustStore(()),
        datetime.now(UTC),
        plan=Plan(data_groups=(3,), terminal=terminal),
        reading=reading,
    )
    run(protocol, lambda command, _: chip.process(command))
    assert reading.files["DG3"] == issued.files["DG3"]
