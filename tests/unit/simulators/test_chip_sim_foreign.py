"""Chips and certificates that others made: dumps from a directory, and a test PKI for terminals.

The dumps are not part of the project; tests that need them skip unless GATE_AGENT_TEST_DATA names a folder
that holds them.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest
from asn1crypto import keys
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from gate_agent.emrtd.chip.apdu import CommandApdu, ResponseApdu
from gate_agent.emrtd.chip.bac import basic_access_control
from gate_agent.emrtd.chip.exchange import run
from gate_agent.emrtd.chip.files import select_application
from gate_agent.emrtd.lds.mrz import parse
from gate_simulators.chip import Chip, ber, cv_certificates
from gate_simulators.chip.foreign import ForeignChipError, load_foreign_chip
from gate_simulators.issuer import data_groups

DATA = Path(os.environ.get("GATE_AGENT_TEST_DATA", "/nonexistent")) / "emrtd"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the dumps are not here (GATE_AGENT_TEST_DATA)")

LINES = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")


def write(directory: Path, **files: bytes) -> Path:
    directory.mkdir()
    for name, content in files.items():
        (directory / f"{name}.bin").write_bytes(content)
    return directory


def read_with_agent(card: Chip, lines: tuple[str, ...], sfi: int) -> ResponseApdu:
    def transmit(apdu: bytes, _timeout_s: float) -> bytes:
        return card.process(apdu)

    run(select_application(), transmit)
    channel = run(basic_access_control(parse(lines).key(), secrets.token_bytes), transmit)
    command = CommandApdu(0x00, 0xB0, 0x80 | sfi, 0, le=65536)
    return channel.unprotect(ResponseApdu.decode(card.process(channel.protect(command).encode())))


# ---------------------------------------------------------------- directories


def test_a_dump_becomes_a_chip_that_its_printed_lines_open(tmp_path: Path) -> None:
    dg1 = data_groups.dg1(LINES)
    foreign = load_foreign_chip(write(tmp_path / "dump", EF_DG1=dg1, EF_COM=b"com", notes=b"ignored"))
    assert foreign.mrz_lines == LINES
    assert set(foreign.files) == {"DG1", "EF.COM"}
    assert read_with_agent(foreign.chip(), foreign.mrz_lines, 1).data == dg1


def test_keys_that_belong_to_the_files_are_used_and_others_left_out(tmp_path: Path) -> None:
    own, other = (rsa.generate_private_key(65537, 1024) for _ in range(2))
    spki = own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    dump = write(tmp_path / "dump", DG1=data_groups.dg1(LINES), DG15=ber.encode(0x6F, spki))
    for number, (key, left_out) in enumerate(((own, ()), (other, ("DG15",)))):
        directory = tmp_path / f"keys{number}"
        directory.mkdir()
        pkcs8 = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        (directory / "DG15_sk.pkcs8").write_bytes(pkcs8)
        foreign = load_foreign_chip(dump, directory)
        assert foreign.left_out == left_out
        assert (foreign.secrets.active_authentication is None) == bool(left_out)


def test_a_named_curve_key_of_dg14_is_found(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    protocol = ber.encode(0x06, bytes.fromhex("04007F00070202030202"))
    dump = write(tmp_path / "dump", DG1=data_groups.dg1(LINES), DG14=ber.encode(0x6E, protocol, point))
    directory = tmp_path / "keys"
    directory.mkdir()
    pkcs8 = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    (directory / "DG14_sk.pkcs8").write_bytes(pkcs8)
    (chip_key,) = load_foreign_chip(dump, directory).secrets.chip_keys
    assert chip_key.secret == key.private_numbers().private_value


@pytest.mark.parametrize(
    ("files", "what"),
    [({}, "no DG1"), ({"DG1": b"\x61\x03abc"}, "no machine readable zone"), ({"DG1": b""}, "no machine")],
)
def test_a_directory_that_is_no_dump_is_refused(files: dict[str, bytes], what: str, tmp_path: Path) -> None:
    with pytest.raises(ForeignChipError, match=what):
        load_foreign_chip(write(tmp_path / "dump", **files))


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    dump = write(tmp_path / "dump", DG1=data_groups.dg1(LINES))
    for name in ("DG14", "DG15"):
        directory = tmp_path / name
        directory.mkdir()
        (directory / f"{name}_sk.pkcs8").write_bytes(b"not a key")
        with pytest.raises(ForeignChipError, match="PKCS#8"):
            load_foreign_chip(dump, directory)


# ---------------------------------------------------------------- what others made


@needs_data
def test_the_silver_data_set_is_served_byte_for_byte() -> None:
    foreign = load_foreign_chip(DATA / "bsi_silver", DATA / "bsi_keys")
    # Neither key of bsi_keys belongs to bsi_silver's DG14 and DG15.
    assert foreign.left_out == ("DG14", "DG15")
    for name, sfi in (("EF.SOD", 0x1D), ("DG1", 1), ("DG11", 11), ("DG12", 12), ("DG14", 14), ("DG15", 15)):
        assert read_with_agent(foreign.chip(), foreign.mrz_lines, sfi).data == foreign.files[name], name


@needs_data
def test_the_keys_answer_for_the_data_groups_that_they_belong_to(tmp_path: Path) -> None:
    silver, own = DATA / "bsi_silver", DATA / "bsi_keys"
    info = keys.PublicKeyInfo.load((own / "DG14_pk.bin").read_bytes()).dump()
    dg14 = ber.encode(0x6E, ber.encode(0x06, bytes.fromhex("04007F00070202030201")), info)
    dump = write(
        tmp_path / "dump",
        EF_DG1=(silver / "EF_DG1.bin").read_bytes(),
        EF_DG14=dg14,
        EF_DG15=(own / "Datagroup15.bin").read_bytes(),
    )
    foreign = load_foreign_chip(dump, own)
    assert foreign.left_out == ()
    assert foreign.secrets.active_authentication is not None
    (chip_key,) = foreign.secrets.chip_keys
    assert chip_key.group.order.bit_length() == 224


@needs_data
def test_the_chip_believes_a_chain_of_another_test_pki() -> None:
    chain = [
        cv_certificates.parse_file((DATA / "eac" / "IS" / name).read_bytes())
        for name in ("CVCA_Cert_01.cvcert", "dv_is_cert_1.cvcert", "is_cert_1.cvcert")
    ]
    key = chain[0].key(None)
    for certificate in chain:
        assert key.verifies(certificate.signature, certificate.body)
        key = certificate.key(key)
    assert [c.holder for c in chain] == ["DEISCVCA00001", "DEDVIS00001", "DETESTIS00001"]
    assert [c.role >> 6 for c in chain] == [0b11, 0b10, 0b00]
