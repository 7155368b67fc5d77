"""A folder of manifests: how each container was declared by the newest issue; a changed file is read again.

Whoever receives manifests (customs' system, a port community system) puts files ``*.json`` there and takes
them away. A file that is malformed, or still being written, is named and does not take away what the file
said before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias

from pydantic import Field

from gate_agent.cargo.consignment import Consignment
from gate_agent.cargo.errors import ManifestError
from gate_agent.cargo.manifest import Manifest, read_manifest
from gate_agent.settings import Settings

MAX_FILES: Final = 10_000
MAX_CONSIGNMENTS: Final = 500_000

Stamp: TypeAlias = tuple[int, int, int]
"""What changes when a file is replaced, even by one with an older date."""


class ManifestSettings(Settings):
    """Where manifests come from, and how old they may become."""

    directory: Path = Field(description="folder of manifest files, *.json")
    max_age_days: float = Field(60.0, gt=0, le=3650, description="a manifest issued earlier counts as stale")


@dataclass(slots=True)
class ManifestStore:
    """``refresh()`` (any thread) looks at the folder; ``find()`` answers from what was read last."""

    directory: Path
    _files: dict[Path, tuple[Stamp, Manifest | None]] = field(
        default_factory=dict[Path, tuple[Stamp, Manifest | None]]
    )
    _errors: dict[Path, ManifestError] = field(default_factory=dict[Path, ManifestError])
    _by_container: Mapping[str, Consignment] = field(default_factory=dict[str, Consignment])
    _by_lot: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    _left_out: tuple[ManifestError, ...] = ()

    def refresh(self) -> tuple[ManifestError, ...]:
        """Read what changed. Says what cannot be used; an empty answer means that all can."""
        try:
            stamps, overdue = self._stamps()
        except OSError as error:
            told = f"cannot be looked at: {error.strerror or type(error).__name__}"
            return (ManifestError(told, field=str(self.directory), advice="restore the folder"),)
        changed = self._files.keys() != stamps.keys()
        self._files = {path: known for path, known in self._files.items() if path in stamps}
        self._errors = {path: error for path, error in self._errors.items() if path in stamps}
        for path, stamp in stamps.items():
            known = self._files.get(path)
            if known is not None and known[0] == stamp:
                continue
            changed = True
            self._files[path] = stamp, self._read(path, None if known is None else known[1])
        if changed:
            self._left_out = self._index()
        return (*self._errors.values(), *overdue, *self._left_out)

    def find(self, container: str) -> Consignment | None:
        """The consignment of a container (eleven characters) in the newest issue that names it."""
        return self._by_container.get(container)

    def sisters(self, container: str) -> tuple[str, ...]:
        """The other containers of the same lot."""
        own = self.find(container)
        if own is None or not own.lot:
            return ()
        return tuple(sorted(each for each in self._by_lot.get(own.lot, ()) if each != container))

    @property
    def issued_at(self) -> datetime | None:
        """When the newest manifest was issued."""
        read = (manifest for _, manifest in self._files.values())
        return max((manifest.issue.issued_at for manifest in read if manifest is not None), default=None)

    def age(self, at: datetime) -> timedelta | None:
        """How long nothing new was declared; None when nothing ever was."""
        newest = self.issued_at
        return None if newest is None else max(at - newest, timedelta(0))

    def __len__(self) -> int:
        return len(self._by_container)

    def _stamps(self) -> tuple[dict[Path, Stamp], tuple[ManifestError, ...]]:
        found: dict[Path, Stamp] = {}
        for path in self.directory.iterdir():
            if path.suffix != ".json":
                continue
            with suppress(FileNotFoundError):  # taken away meanwhile
                stat = path.stat()
                found[path] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if len(found) <= MAX_FILES:
            return found, ()
        newest = sorted(found, key=lambda path: found[path], reverse=True)[:MAX_FILES]
        told = f"holds {len(found)} manifests, more than {MAX_FILES}: the oldest are left out"
        problem = ManifestError(told, field=str(self.directory), advice="move away what has been inspected")
        return {path: found[path] for path in newest}, (problem,)

    def _read(self, path: Path, before: Manifest | None) -> Manifest | None:
        try:
            manifest = read_manifest(path)
        except ManifestError as error:
            self._errors[path] = error
            return before
        self._errors.pop(path, None)
        return manifest

    def _index(self) -> tuple[ManifestError, ...]:
        """The newest issue wins; of issues of the same moment the one whose file name sorts last."""
        read = [(path, manifest) for path, (_, manifest) in self._files.items() if manifest is not None]
        read.sort(key=lambda each: (each[1].issue.issued_at, each[0].name), reverse=True)
        found: dict[str, Consignment] = {}
        left_out: tuple[ManifestError, ...] = ()
        for path, manifest in read:
            for consignment in manifest.consignments:
                found.setdefault(consignment.container, consignment)
            if len(found) > MAX_CONSIGNMENTS:
                told = f"more than {MAX_CONSIGNMENTS} containers: older manifests are left out"
                left_out = (ManifestError(told, field=str(path)),)
                break
        lots: dict[str, list[str]] = {}
        for consignment in found.values():
            if consignment.lot:
                lots.setdefault(consignment.lot, []).append(consignment.container)
        self._by_container, self._by_lot = found, lots
        return left_out
