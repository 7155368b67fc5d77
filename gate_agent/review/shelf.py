"""The shelf: the last inspections of the station on disk, each whole or not at all.

    <folder>/<case id>/case.json   the record (:class:`StoredCase`), with the hash of every other file
                       low.png … mask.png, operator-1.dcs …

A case is built beside its place and renamed into it, so that a crash leaves the old one or the new one. What
does not match its record is reported and left out; it never stops the station. Count and bytes are bounded,
the oldest case goes first.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from gate_agent.errors import BadInput, GateError
from gate_agent.files import read_bounded, sync_folder, write_whole
from gate_agent.review.case import ReviewCase
from gate_agent.review.errors import NotThere
from gate_agent.review.planes import Picture, Pixels, decode, encode, picture_of, region_of
from gate_agent.review.record import Annotation, KeptFile, Settled, StoredCase, check_case_id
from gate_agent.review.settings import DeskSettings

_RECORD: Final = "case.json"
_BUILDING: Final = ".new-"
_REPLACED: Final = ".old-"
_LARGEST_RECORD: Final = 4_000_000
_CASE = TypeAdapter(StoredCase)


class ShelfError(GateError):
    """The shelf cannot keep or give a case: the disk, or a file that is not what its record says."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A folder that cannot be used, and why."""

    id: str
    what: str
    size: int = 0


class Shelf:
    """Threads may share it. `put` is called by the station, everything else by the desk."""

    def __init__(self, folder: Path, settings: DeskSettings) -> None:
        """Open the shelf, and take what is on it. Raises ShelfError when the folder cannot be used."""
        self._folder = folder
        self._settings = settings
        self._lock = threading.RLock()
        self._cases: dict[str, StoredCase] = {}
        self._listeners: list[Callable[[StoredCase], None]] = []
        self.damaged: list[Damage] = []
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._recover()
            for place in sorted(folder.iterdir()):
                if place.is_dir():
                    self._take(place)
        except OSError as error:
            raise _disk(error, folder) from error

    def listen(self, listener: Callable[[StoredCase], None]) -> None:
        """Call `listener` with every case that is put on the shelf, in the thread that puts it."""
        self._listeners.append(listener)

    # ------------------------------------------------------------ writing

    def put(self, case: ReviewCase) -> None:
        """Keep a case; one of the same id is replaced, with its officers' marks kept. Raises ShelfError."""
        if type(case) is not ReviewCase:
            raise BadInput(f"a {type(case).__name__} is no case", field="case")
        picture = picture_of(case.image, case.report) if case.image is not None else None
        new = self._folder / f"{_BUILDING}{case.id}"
        try:
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            shelved = _record(case, picture, _write_planes(new, picture))
            with self._lock:
                shelved = self._place(shelved, new)
                self._cases[case.id] = shelved
                self._bound(keep=case.id)
        except OSError as error:
            shutil.rmtree(new, ignore_errors=True)  # a full disk must not stay full of halves
            raise _disk(error, self._folder) from error
        for listener in self._listeners:
            listener(shelved)

    def _place(self, case: StoredCase, new: Path) -> StoredCase:
        """Rename the finished folder into its place; officers' marks on an earlier one move along."""
        place, before = self._folder / case.id, self._cases.get(case.id)
        if before is not None:
            for report in before.reports:
                shutil.copyfile(place / report.name, new / report.name)
            case = replace(
                case,
                annotations=before.annotations,
                reports=before.reports,
                settled=before.settled,
                filed_by=before.filed_by,
            )
        write_whole(new / _RECORD, _dump(case))
        if place.exists():
            old = self._folder / f"{_REPLACED}{case.id}"
            shutil.rmtree(old, ignore_errors=True)
            place.rename(old)
            new.rename(place)
            shutil.rmtree(old, ignore_errors=True)
        else:
            new.rename(place)
        sync_folder(self._folder)
        return case

    def annotate(self, case: str, annotation: Annotation, write_report: Callable[[Path], None] | None) -> int:
        """Keep an officer's marks; `write_report` writes their TDR first. Returns the number of TDRs."""
        with self._lock:
            kept = self.case(case)
            reports = kept.reports
            try:
                if write_report is not None:
                    name = f"operator-{len(reports) + 1}.dcs"
                    path = self._folder / case / name
                    write_report(path)
                    reports = (*reports, _kept(name, path.read_bytes()))
                    annotation = replace(annotation, report=name)
                self._rewrite(replace(kept, annotations=(*kept.annotations, annotation), reports=reports))
            except OSError as error:
                raise _disk(error, self._folder) from error
            return len(reports)

    def settle(self, case: str, settled: Settled) -> None:
        """An officer has ended the case."""
        with self._lock:
            self._rewrite(replace(self.case(case), settled=settled))

    def file_away(self, case: str, officer: str) -> None:
        """The case's documentation is done."""
        with self._lock:
            self._rewrite(replace(self.case(case), filed_by=officer))

    def _rewrite(self, case: StoredCase) -> None:
        try:
            write_whole(self._folder / case.id / _RECORD, _dump(case))
        except OSError as error:
            raise _disk(error, self._folder) from error
        self._cases[case.id] = case

    # ------------------------------------------------------------ reading

    def case(self, case: str) -> StoredCase:
        """Raises NotThere."""
        with self._lock:
            found = self._cases.get(case)
        if found is None:
            raise NotThere(
                "there is no such scan", field="scan", advice="it may have made room for newer ones"
            )
        return found

    def cases(self) -> Sequence[StoredCase]:
        """Newest first."""
        with self._lock:
            return sorted(self._cases.values(), key=_age, reverse=True)

    def last_of(self, container: str, before: str) -> StoredCase | None:
        """The last scan of this container that has a picture, older than the case `before`."""
        with self._lock:
            limit = _age(self._cases[before]) if before in self._cases else None
            return next(
                (
                    case
                    for case in self.cases()
                    if container
                    and case.container == container
                    and case.picture is not None
                    and case.id != before
                    and (limit is None or _age(case) < limit)
                ),
                None,
            )

    def pixels(self, case: str, number: int) -> Pixels:
        """One plane as it was kept. Raises NotThere or ShelfError."""
        kept = self.case(case)
        if kept.picture is None or not 0 <= number < len(kept.planes):
            raise NotThere("there is no such plane", field="plane")
        data = self._read(kept, kept.planes[number])
        try:
            return decode(data, kept.picture.planes[number], kept.picture.rows, kept.picture.columns)
        except BadInput as error:
            raise self._damage(kept.id, f"{kept.planes[number].name}: {error.what}") from error

    def report(self, case: str, number: int) -> bytes:
        """An OPERATOR TDR as a DICOS file; the first is number 1."""
        kept = self.case(case)
        if not 1 <= number <= len(kept.reports):
            raise NotThere("there is no such report", field="report")
        return self._read(kept, kept.reports[number - 1])

    def _read(self, case: StoredCase, file: KeptFile) -> bytes:
        try:
            data = read_bounded(self._folder / case.id / file.name, file.size, field=file.name)
        except BadInput as error:
            raise self._damage(case.id, f"{file.name}: {error.what}") from error
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise self._damage(case.id, f"{file.name}: changed since it was kept")
        return data

    def _damage(self, case: str, what: str) -> ShelfError:
        damage = Damage(case, what)
        if damage not in self.damaged:
            self.damaged.append(damage)
        return ShelfError(f"a file of {case} is damaged: {what}", field="scan", advice="check the disk")

    # ------------------------------------------------------------ opening and bounds

    def _recover(self) -> None:
        """Finish or undo what a crash interrupted."""
        for place in self._folder.iterdir():
            if place.name.startswith(_BUILDING):
                shutil.rmtree(place, ignore_errors=True)
        for place in list(self._folder.iterdir()):
            if place.name.startswith(_REPLACED):
                wanted = self._folder / place.name.removeprefix(_REPLACED)
                if wanted.exists():
                    shutil.rmtree(place, ignore_errors=True)
                else:
                    place.rename(wanted)

    def _take(self, place: Path) -> None:
        try:
            check_case_id(place.name)
            case = _CASE.validate_json(read_bounded(place / _RECORD, _LARGEST_RECORD, field=_RECORD))
            if case.id != place.name:
                raise BadInput("is of another case", field=_RECORD)
            for file in (*case.planes, *case.reports):
                if Path(file.name).name != file.name or (place / file.name).stat().st_size != file.size:
                    raise BadInput("is not as long as it was", field=file.name)
        except (OSError, ValidationError, BadInput) as error:
            what = f"{_RECORD} is malformed" if isinstance(error, ValidationError) else str(error)
            size = sum(file.stat().st_size for file in place.iterdir() if file.is_file())
            self.damaged.append(Damage(place.name, what, size))
        else:
            self._cases[case.id] = case

    def _bound(self, keep: str) -> None:
        """Damaged folders make room first, then the oldest cases."""
        limits = self._settings
        unusable = [damage for damage in self.damaged if damage.id not in self._cases]
        oldest = [case for case in sorted(self._cases.values(), key=_age) if case.id != keep]
        count = len(self._cases) + len(unusable)
        size = sum(map(_size, self._cases.values())) + sum(damage.size for damage in unusable)
        for gone in (*unusable, *oldest):
            if count <= limits.max_scans and size <= limits.max_bytes:
                return
            count -= 1
            if isinstance(gone, Damage):
                self.damaged.remove(gone)
                size -= gone.size
            else:
                del self._cases[gone.id]
                size -= _size(gone)
            shutil.rmtree(self._folder / gone.id, ignore_errors=True)


def _record(case: ReviewCase, picture: Picture | None, planes: tuple[KeptFile, ...]) -> StoredCase:
    image, report = case.image, case.report
    return StoredCase(
        id=case.id,
        container=case.container,
        at=case.at,
        verdict=case.verdict,
        reasons=case.reasons,
        checks=case.checks,
        needs_review=case.needs_review,
        picture=picture.layout if picture is not None else None,
        findings=case.findings(),
        figures=case.figures(),
        planes=planes,
        energies_kev=tuple(c.effective_kev or c.peak_kev / 3 for c in image.channels) if image else (),
        loading_space=region_of(report.container.inner) if report and report.container else None,
        study_uid=image.provenance.study_uid if image else "",
        instance_uids=image.provenance.instance_uids if image else (),
        binning=image.binning if image else 1,
        station=image.provenance.station if image else "",
    )


def _write_planes(folder: Path, picture: Picture | None) -> tuple[KeptFile, ...]:
    if picture is None:
        return ()
    kept: list[KeptFile] = []
    for info in picture.layout.planes:
        data = encode(picture.pixels[info.name])
        write_whole(folder / f"{info.name}.png", data)
        kept.append(_kept(f"{info.name}.png", data))
    return tuple(kept)


def _dump(case: StoredCase) -> bytes:
    # Evidence holds read-only mappings, which pydantic does not know: `fallback` makes them plain.
    return _CASE.dump_json(case, fallback=dict, warnings="none")


def _kept(name: str, data: bytes) -> KeptFile:
    return KeptFile(name, hashlib.sha256(data).hexdigest(), len(data))


def _age(case: StoredCase) -> tuple[str, str]:
    return case.at, case.id


def _size(case: StoredCase) -> int:
    return sum(file.size for file in (*case.planes, *case.reports))


def _disk(error: OSError, folder: Path) -> ShelfError:
    return ShelfError(
        f"the shelf cannot be used: {error.strerror or error}",
        field=str(folder),
        advice="check space and permissions of the station's state directory",
    )
