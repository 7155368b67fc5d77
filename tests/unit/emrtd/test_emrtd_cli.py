"""``gate-agent chip`` and ``trust`` from the command line, on the wire of a virtual reader."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from gate_agent.cli import chip as cli
from gate_agent.cli import trust as trust_cli
from gate_agent.emrtd.dump import DumpError, load_dump
from gate_simulators.chip.vpcd_card import ChipSlot
from gate_simulators.device.faults import FaultKind
from gate_simulators.issuer.catalogue import SPECIMENS
from gate_simulators.issuer.chip_security import PACE_AND_CA
from gate_simulators.issuer.passports import Passport, PassportOffice, Variant

TODAY = datetime.now(UTC).date()
NOISE = np.random.default_rng(1).integers(0, 256, (240, 180, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> PassportOffice:
    return PassportOffice(tmp_path_factory.mktemp("office"), seed=9, today=TODAY)


@pytest.fixture(scope="module")
def trust(office: PassportOffice, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("trust")
    office.write_trust_directory(directory)
    return directory


@pytest.fixture(scope="module")
def passport(office: PassportOffice) -> Passport:
    return office.issue("ERIKSSON", "ANNA MARIA", NOISE, date(1980, 8, 12), access="PACE", groups=(11,))


@pytest.fixture
def slot() -> Iterator[tuple[ChipSlot, str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    chip = ChipSlot("chip", "127.0.0.1", port)
    chip.start()
    yield chip, f"vpcd:127.0.0.1:{port}"
    chip.stop()


def invoked(*arguments: str) -> tuple[int, str, str]:
    app = trust_cli.app if arguments[0] == "trust" else cli.app
    result = CliRunner().invoke(app, list(arguments[1:]))
    return result.exit_code, result.stdout, result.stderr


def zone(passport: Passport, directory: Path) -> str:
    path = directory / "mrz.txt"
    path.write_text("\n".join(passport.lines) + "\n")
    return str(path)


def test_reading_a_passport_writes_its_files_and_says_what_became_of_each_check(
    slot: tuple[ChipSlot, str], passport: Passport, trust: Path, tmp_path: Path
) -> None:
    chip, reader = slot
    chip.present(passport.chip())
    out = tmp_path / "out"
    options = ("--mrz", zone(passport, tmp_path), "--trust", str(trust), "--out", str(out), "--groups", "11")
    code, stdout, _ = invoked("chip", "read", "--reader", reader, *options, "--json")
    answer = json.loads(stdout)
    assert (code, answer["access"]) == (0, "PACE")
    outcomes = {check["check"]: check["outcome"] for check in answer["checks"]}
    assert outcomes["passive_authentication"] == outcomes["chip_authentication"] == "passed"
    assert outcomes["active_authentication"] == "not_done"
    assert (out / "EF_DG2.bin").read_bytes() == passport.files["DG2"]
    assert (out / "EF_DG11.bin").stat().st_mode & 0o077 == 0

    code, stdout, _ = invoked("chip", "inspect", str(out), "--trust", str(trust), "--json")
    assert code == 0
    assert {check["outcome"] for check in json.loads(stdout)["checks"]} == {"passed", "not_done"}


def terminal(office: PassportOffice, directory: Path) -> tuple[str, ...]:
    """The options that give the station its certificates and key."""
    system, chain = office.inspection_system()
    key = directory / "key"
    key.write_bytes(system.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    options = ["--key", str(key)]
    for number, certificate in enumerate(chain):
        path = directory / f"{number}.cvcert"
        path.write_bytes(certificate)
        options += ["--certificate", str(path)]
    return tuple(options)


def test_a_station_with_a_certificate_opens_the_fingers(
    slot: tuple[ChipSlot, str], office: PassportOffice, trust: Path, tmp_path: Path
) -> None:
    chip, reader = slot
    guarded = SPECIMENS["full"].passport(office, NOISE)
    chip.present(guarded.chip())
    out = tmp_path / "out"
    options = ("--mrz", zone(guarded, tmp_path), "--trust", str(trust), "--groups", "3,4", "--json")
    own = (*terminal(office, tmp_path), "--out", str(out))
    code, stdout, _ = invoked("chip", "read", "--reader", reader, *options, *own)
    outcomes = {check["check"]: check["outcome"] for check in json.loads(stdout)["checks"]}
    assert (code, outcomes["terminal_authentication"]) == (0, "passed")
    assert (out / "EF_DG3.bin").read_bytes() == guarded.files["DG3"]


def test_the_holders_pin_is_asked_for_and_opens_the_chip(
    slot: tuple[ChipSlot, str], office: PassportOffice, trust: Path
) -> None:
    chip, reader = slot
    security = replace(PACE_AND_CA, pin=True)
    passport = office.issue("ERIKSSON", "ANNA", NOISE, date(1980, 8, 12), security=security)
    assert passport.secrets.pin is not None
    chip.present(passport.chip())
    options = ["read", "--reader", reader, "--pin", "--trust", str(trust), "--json"]
    result = CliRunner().invoke(cli.app, options, input=passport.secrets.pin + "\n")
    assert (result.exit_code, json.loads(result.stdout)["access"]) == (0, "PACE")
    assert passport.secrets.pin not in result.output


def test_a_false_passport_is_told_in_words(
    slot: tuple[ChipSlot, str], office: PassportOffice, trust: Path, tmp_path: Path
) -> None:
    chip, reader = slot
    forged = office.issue("ERIKSSON", "ANNA", NOISE, date(1980, 8, 12), variant=Variant.FORGED_SOD)
    chip.present(forged.chip())
    fields = forged.fields
    keys = ("--document", fields.document_number, "--birth", f"{fields.date_of_birth:%y%m%d}")
    options = (*keys, "--expiry", f"{fields.date_of_expiry:%y%m%d}", "--trust", str(trust))
    code, stdout, _ = invoked("chip", "read", "--reader", reader, *options)
    assert code == 1
    assert "passive_authentication" in stdout and "failed" in stdout and "not offered" in stdout


def test_a_chip_that_was_lost_may_be_presented_again(
    slot: tuple[ChipSlot, str], passport: Passport, trust: Path, tmp_path: Path
) -> None:
    chip, reader = slot
    chip.faults.inject(FaultKind.CARD_LOST, parameters={"after": 14})
    chip.present(passport.chip())
    again = threading.Timer(1.0, lambda: chip.present(passport.chip()))
    again.start()
    options = ("--mrz", zone(passport, tmp_path), "--trust", str(trust), "--json")
    code, stdout, _ = invoked("chip", "read", "--reader", reader, *options)
    again.join()
    assert (code, json.loads(stdout)["access"]) == (0, "PACE")


def test_a_chip_that_never_comes(slot: tuple[ChipSlot, str]) -> None:
    code, stdout, _ = invoked(
        "chip", "read", "--reader", slot[1], "--can", "123456", "--wait", "0.3", "--json"
    )
    assert code == 1 and "CARD_LOST" in stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--reader", "usb", "--can", "123456"), "--reader"),
        (("--reader", "vpcd:127.0.0.1", "--can", "123456"), "--reader"),
        (("--reader", "vpcd:127.0.0.1:1", "--can", "12"), "can"),
        (("--reader", "vpcd:127.0.0.1:1"), "a key"),
        (("--reader", "vpcd:127.0.0.1:1", "--can", "123456", "--groups", "17"), "--groups"),
        (("--reader", "vpcd:127.0.0.1:1", "--can", "123456", "--key", "key"), "--certificate and --key"),
        (("--reader", "vpcd:127.0.0.1:1", "--can", "123456", "--trust", "/nonexistent"), "/nonexistent"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(arguments: tuple[str, ...], said: str) -> None:
    code, _, stderr = invoked("chip", "read", *arguments)
    assert code == 2 and said in stderr


def test_a_directory_without_a_passport(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(DumpError):
        load_dump(tmp_path)
    assert invoked("chip", "inspect", str(tmp_path))[0] == 2


def test_importing_and_showing(trust: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    files = [str(path) for path in sorted(trust.iterdir())]
    code, stdout, _ = invoked("trust", "import", *files, "--store", str(store), "--json")
    assert (code, json.loads(stdout)["accepted"]) == (0, {"root": len(files)})
    code, stdout, _ = invoked("trust", "import", *files, "--store", str(store))
    assert code == 0 and "known already" in stdout
    code, stdout, _ = invoked("trust", "show", "--store", str(store), "--json")
    shown = json.loads(stdout)
    assert (code, shown["anchors"]) == (1 if shown["alarms"] else 0, len(files))
    assert invoked("trust", "show", "--store", str(store), "--max-age-days", "0")[0] == 1


def test_a_refused_file_is_told(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.cer"
    garbage.write_bytes(b"\x30\x03\x02\x01\x00")
    code, stdout, _ = invoked("trust", "import", str(garbage), "--store", str(tmp_path / "store"))
    assert code == 1 and "CERTIFICATE_MALFORMED" in stdout
