"""Loads the trust store from a directory of CSCA certificates, DER or PEM: this room's one file access.

Files named ``*.der *.cer *.crt *.pem`` count; the newest modification time is the store's date.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from gate_agent.emrtd.asn1 import pem
from gate_agent.emrtd.trust import Refusal, TrustStore, build_store
from gate_agent.errors import BadInput

_SUFFIXES = frozenset({".der", ".cer", ".crt", ".pem"})
_MAX_FILES = 5000
_MAX_FILE_SIZE = 1 << 20


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
        except (OSError, ValueError) as error:
            refused.append(Refusal(path.name, "CERTIFICATE_UNREADABLE", str(error)))
    newest = max((path.stat().st_mtime for path in files), default=None)
    store = build_store(certificates, None if newest is None else datetime.fromtimestamp(newest, UTC))
    return TrustStore(store.anchors, (*refused, *store.refused), store.as_of)


def _certificates(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.stat().st_size > _MAX_FILE_SIZE:
        raise ValueError(f"more than {_MAX_FILE_SIZE} bytes")
    content = path.read_bytes()
    if not pem.detect(content):
        yield path.name, content
        return
    for number, (kind, _, der) in enumerate(pem.unarmor(content, multiple=True), 1):
        if kind == "CERTIFICATE":
            yield f"{path.name}#{number}", der
