"""Loads the trust store from a directory: CSCA certificates, revocation lists, deviation lists.

Files named ``*.der *.cer *.crt *.pem`` are certificates, ``*.dsc`` those of document signers, ``*.crl`` and
``*.dl`` the lists, in DER; the newest modification time is the store's date. Lists are verified against the
certificates each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from gate_agent.emrtd.coding.asn1 import pem
from gate_agent.emrtd.coding.certificate import Certificate, CertificateError, parse_certificate
from gate_agent.emrtd.coding.errors import FileError
from gate_agent.emrtd.trust import crl, deviation_list
from gate_agent.emrtd.trust.passive_auth import authenticate
from gate_agent.emrtd.trust.trust import Refusal, TrustStore, build_store, with_revocations
from gate_agent.errors import BadInput
from gate_agent.evidence import Outcome
from gate_agent.files import read_bounded
from gate_agent.times import utc_now

_SUFFIXES = frozenset({".der", ".cer", ".crt", ".pem"})
_MAX_FILES = 5000
_MAX_FILE_SIZE = 1 << 20
_UNREADABLE = "CERTIFICATE_UNREADABLE"


class TrustDirectoryError(BadInput):
    """The directory itself cannot be used."""


def load_trust_directory(directory: Path) -> TrustStore:
    """The store in `directory`. A bad certificate is refused, a bad directory raises."""
    if not directory.is_dir():
        raise TrustDirectoryError(
            "is not a directory", field=str(directory), advice="put CSCA certificates there"
        )
    files = sorted(
        path for path in directory.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file()
    )
    if len(files) > _MAX_FILES:
        raise TrustDirectoryError(f"{len(files)} files, at most {_MAX_FILES} are read", field=str(directory))
    certificates: list[tuple[str, bytes]] = []
    refused: list[Refusal] = []
    for path in files:
        try:
            certificates += _certificates(path)
        except (BadInput, ValueError) as error:
            refused.append(Refusal(path.name, _UNREADABLE, str(error)))
    newest = max((path.stat().st_mtime for path in files), default=None)
    store = build_store(certificates, None if newest is None else datetime.fromtimestamp(newest, UTC))
    store = _with_signers(store, _contents(directory, ".dsc", _MAX_FILE_SIZE, refused))
    store = with_revocations(store, _contents(directory, ".crl", crl.MAX_SIZE, refused))
    store = _with_deviations(store, _contents(directory, ".dl", deviation_list.MAX_SIZE, refused))
    return replace(store, refused=(*refused, *store.refused))


def _contents(
    directory: Path, suffix: str, max_size: int, refused: list[Refusal]
) -> Iterator[tuple[str, bytes]]:
    for path in sorted(directory.glob(f"*{suffix}"))[:_MAX_FILES]:
        try:
            yield path.name, read_bounded(path, max_size)
        except BadInput as error:
            refused.append(Refusal(path.name, _UNREADABLE, error.what))


def _with_signers(store: TrustStore, certificates: Iterator[tuple[str, bytes]]) -> TrustStore:
    signers: list[Certificate] = []
    refused: list[Refusal] = []
    for name, raw in certificates:
        try:
            signers.append(parse_certificate(raw))
        except CertificateError as error:
            refused.append(Refusal(name, error.reason, str(error)))
    return replace(store, signers=tuple(signers), refused=(*store.refused, *refused))


def _with_deviations(store: TrustStore, lists: Iterator[tuple[str, bytes]]) -> TrustStore:
    for name, raw in lists:
        try:
            found = deviation_list.parse_deviation_list(raw)
        except FileError as error:
            store = replace(store, refused=(*store.refused, Refusal(name, error.reason, str(error))))
            continue
        verdict = authenticate(found.signed, store, utc_now())
        if verdict.outcome is Outcome.PASSED:
            store = replace(store, deviations=(*store.deviations, *found.deviations))
        else:
            detail = ", ".join(verdict.reasons)
            refusal = Refusal(name, "DEVIATION_LIST_NOT_TRUSTED", detail)
            store = replace(store, refused=(*store.refused, refusal))
    return store


def _certificates(path: Path) -> Iterator[tuple[str, bytes]]:
    content = read_bounded(path, _MAX_FILE_SIZE, field=path.name)
    if not pem.detect(content):
        yield path.name, content
        return
    for number, (kind, _, der) in enumerate(pem.unarmor(content, multiple=True), 1):
        if kind == "CERTIFICATE":
            yield f"{path.name}#{number}", der
