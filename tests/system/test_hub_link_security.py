"""Mutual TLS to a broker that asks for certificates, and a broker that dies with its owner."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gate_agent.hub import Command, CommandOutcome, HubLink, HubSettings
from gate_agent.journal import Journal, JournalSettings
from gate_simulators.hub.broker import Broker, BrokerError, Program, find_mosquitto

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed")


def certificate(directory: Path, name: str, issuer: str) -> None:
    """Write NAME.pem and NAME.key, signed by `issuer` (or by itself)."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = name == issuer
    signer = key
    if not own:
        loaded = serialization.load_pem_private_key((directory / f"{issuer}.key").read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        signer = loaded
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=own, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False)
        .sign(signer, hashes.SHA256())
    )
    (directory / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / f"{name}.key").write_bytes(key.private_bytes(*form))


async def first_word(settings: HubSettings, journal: Journal) -> str:
    """The link's first error after it has tried, or the hub's absence once it is connected."""

    async def on_command(_: Command) -> CommandOutcome:
        return CommandOutcome(done=True)

    link = HubLink(settings, journal, on_command=on_command)
    running = asyncio.create_task(link.run())
    while (error := link.view.error) in {"", "not connected yet"}:  # noqa: ASYNC110 (not ours to signal)
        await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    return error


def test_mutual_tls(tmp_path: Path) -> None:
    for name, issuer in (("ca", "ca"), ("broker", "ca"), ("egate-1", "ca"), ("other", "other")):
        certificate(tmp_path, name, issuer)
    broker = Broker(
        tmp_path / "broker",
        kind="mosquitto",
        anonymous=False,
        extra=[
            f"cafile {tmp_path / 'ca.pem'}",
            f"certfile {tmp_path / 'broker.pem'}",
            f"keyfile {tmp_path / 'broker.key'}",
            "require_certificate true",
            "use_identity_as_username true",
        ],
    )
    broker.start()

    def settings(ca: str, own: str) -> HubSettings:
        return HubSettings(
            port=broker.port,
            protocol="5",
            connect_timeout_s=2,
            ca_file=tmp_path / f"{ca}.pem",
            cert_file=tmp_path / f"{own}.pem",
            key_file=tmp_path / f"{own}.key",
        )

    try:
        with Journal.open(tmp_path / "j.sqlite", "egate-1", JournalSettings(ballast_bytes=0)) as journal:
            said = [
                asyncio.run(first_word(settings(ca, own), journal))
                for ca, own in (("ca", "egate-1"), ("other", "egate-1"), ("ca", "other"), ("ca", "absent"))
            ]
    finally:
        broker.stop()
    assert said[0] == "the hub is offline", "the station is at the broker"
    assert "certificate verify failed" in said[1]
    assert "hung up" in said[2] or "no connection" in said[2], "the broker does not know this station"
    assert said[3].startswith("hub.ca_file: TLS cannot be set up")


def test_the_broker_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from gate_simulators.hub.broker import Broker;"
        "b = Broker(Path(sys.argv[1])); b.start(); print(b._process.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-P", "-c", code, str(tmp_path / "broker")]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}/stat").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < until, "the broker outlived its owner"
        time.sleep(0.02)


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    first = Broker(tmp_path / "first", kind="mosquitto")
    first.start()
    try:
        with pytest.raises(BrokerError, match="something else listens"):
            Broker(tmp_path / "second", port=first.port).start()
    finally:
        first.stop()


def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "broker", kind="mosquitto", extra=["no_such_option true"])
    with pytest.raises(BrokerError, match="no_such_option"):
        broker.start()


def test_an_unpacked_mosquitto_is_found_with_its_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    monkeypatch.setattr("gate_simulators.hub.broker.shutil.which", lambda *_, **__: None)
    assert find_mosquitto(tmp_path) is None
    program = tmp_path / "usr/sbin/mosquitto"
    library = tmp_path / "usr/lib/x86_64-linux-gnu/libmosquitto.so.1"
    for file in (program, library):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert find_mosquitto(tmp_path) is None, "one that does not run is none"
    program.unlink()
    program.symlink_to(installed)
    assert find_mosquitto(tmp_path) == Program(program, library.parent)
