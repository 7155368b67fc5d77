"""Remembers what containers looked like, for the other containers of their lots.

Only the figures of :class:`~gate_agent.cargo.signature.LoadSignature` are kept, in one JSON file each, so
that a lot which arrives over days, or over a restart, can still be compared. The oldest go first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

from gate_agent.cargo.signature import LoadSignature, signature_from
from gate_agent.errors import GateError
from gate_agent.files import read_bounded, write_whole
from gate_agent.logs import get_logger

MAX_KEPT: Final = 2000
_MAX_BYTES: Final = 256 * 1024

log = get_logger(__name__)


class Sisters:
    """Signatures by container code, in `folder`. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, container: str, signature: LoadSignature) -> None:
        """Remember how a container looked; a later scan replaces an earlier. That it fails is only told."""
        content = json.dumps(signature.to_json(), separators=(",", ":")).encode()
        with self._lock:
            try:
                write_whole(self._place(container), content)
                self._bound()
            except OSError as error:
                log.warning("a load's signature was not kept", error=str(error.strerror))

    def of(self, containers: Iterable[str]) -> tuple[LoadSignature, ...]:
        """The signatures that are known of these; one that cannot be read any more is left out."""
        found = (self._read(self._place(container)) for container in containers)
        return tuple(each for each in found if each is not None)

    def _place(self, container: str) -> Path:
        if not container.isalnum() or not container.isascii():
            raise ValueError(f"{container!r} is no container code")
        return self._folder / f"{container}.json"

    def _read(self, place: Path) -> LoadSignature | None:
        if not place.exists():
            return None
        try:
            return signature_from(json.loads(read_bounded(place, _MAX_BYTES, field=place.name)))
        except (ValueError, GateError) as error:
            log.warning("a load's signature cannot be read", field=place.name, error=str(error))
            return None

    def _bound(self) -> None:
        kept = list(os.scandir(self._folder))
        if len(kept) <= MAX_KEPT:
            return
        kept.sort(key=lambda entry: entry.stat().st_mtime_ns)
        for entry in kept[: len(kept) - MAX_KEPT]:
            with suppress(OSError):
                Path(entry.path).unlink()
