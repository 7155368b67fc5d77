"""A watchlist that can lie on a gate: signed, dated, and without a readable name in it.

An entry is found by two HMAC-SHA-256 digests (RFC 2104) under the list's own key: one over issuing state
and document number, one over name and date of birth as the machine readable zone prints them (Doc 9303-3
§4.6, §6; names as cut to the lengths of TD3, TD2 and TD1). The key lies in the file, so this keeps names
from being read or leaked in passing; it does not stop somebody who has the file and guesses names.

A hit never says more than the list's own reference for the entry. A list older than its maximum age, or
than the station's, fails the check ``watchlist_freshness``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import AwareDatetime, Field, StringConstraints, ValidationError

from gate_agent.errors import BadInput, GateError
from gate_agent.evidence import CheckResult, Outcome
from gate_agent.files import read_bounded, write_whole
from gate_agent.policy.signature import load_public_keys, sign, verify
from gate_agent.settings import Settings

MAX_BYTES = 32 * 1024 * 1024
_CLOCK_TOLERANCE = timedelta(minutes=5)
_NAME_LENGTHS = (39, 31, 30)  # name field of TD3, TD2, TD1 (Doc 9303-4, -6, -5)

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$")]


class WatchlistError(GateError):
    """The watchlist is missing, malformed or not signed by the configured key."""


class WatchlistSettings(Settings):
    """Which watchlist the station uses, and how old it may become."""

    file: Path = Field(description="watchlist file; its signature lies beside it as <file>.sig")
    public_key: Path = Field(description="Ed25519 public key file (64 hex digits or PEM) of the issuer")
    max_age_days: float = Field(
        7.0, gt=0, le=3650, description="older lists refer everybody, even if they allow themselves more"
    )


class WatchlistEntryFile(Settings):
    """Digests of one entry; `persons` has one for each length at which a zone cuts the name."""

    reference: Reference
    documents: tuple[Digest, ...] = Field((), max_length=50)
    persons: tuple[Digest, ...] = Field((), max_length=50)


class WatchlistFile(Settings):
    """The file as it is signed."""

    format: Literal["gate-agent-watchlist/1"]
    id: Reference
    version: Reference
    issued_at: AwareDatetime
    max_age_days: float = Field(gt=0, le=3650)
    key: Digest
    entries: tuple[WatchlistEntryFile, ...] = Field(max_length=1_000_000)


@dataclass(frozen=True, slots=True, repr=False)
class Subject:
    """Whom or what an entry means. Give a document, or a person, or both.

    `date_of_birth` is a date, or YYMMDD as the zone prints it.
    """

    reference: str = ""
    document_number: str = ""
    issuing_state: str = ""
    surname: str = ""
    given_names: str = ""
    date_of_birth: date | str = ""


@dataclass(frozen=True, slots=True)
class Watchlist:
    """A verified list, ready to be asked. `entries` maps each digest to the entry's reference."""

    id: str
    version: str
    issued_at: datetime
    max_age: timedelta
    key: bytes
    entries: Mapping[str, str]

    @classmethod
    def load(
        cls,
        path: Path,
        public_key: Path | Sequence[Ed25519PublicKey],
        *,
        max_age_days: float | None = None,
    ) -> Watchlist:
        """Read and verify a list. Raises WatchlistError or SignatureError."""
        raw = read_bounded(path, MAX_BYTES, WatchlistError)
        keys = load_public_keys(public_key) if isinstance(public_key, Path) else tuple(public_key)
        verify(path, raw, keys)
        try:
            file = WatchlistFile.model_validate_json(raw)
        except ValidationError as error:
            raise WatchlistError.complaint(error, str(path)) from error
        return cls._from_file(file, max_age_days)

    @classmethod
    def _from_file(cls, file: WatchlistFile, max_age_days: float | None) -> Watchlist:
        days = min(file.max_age_days, max_age_days or file.max_age_days)
        entries = {
            digest: entry.reference
            for entry in reversed(file.entries)  # the first entry wins a digest that several share
            for digest in (*entry.documents, *entry.persons)
        }
        return cls(
            id=file.id,
            version=file.version,
            issued_at=file.issued_at.astimezone(UTC),
            max_age=timedelta(days=days),
            key=bytes.fromhex(file.key),
            entries=entries,
        )

    def check(
        self,
        *,
        document_number: str,
        issuing_state: str,
        surname: str,
        given_names: str,
        date_of_birth: date | str,
    ) -> CheckResult:
        """The check ``watchlist`` for the holder of one document, as its zone or DG1 names them."""
        subject = Subject("", document_number, issuing_state, surname, given_names, date_of_birth)
        try:
            document, *_ = _document_digests(self.key, subject) or ("",)
            person, *_ = _person_digests(self.key, subject, lengths=(max(_NAME_LENGTHS),)) or ("",)
        except BadInput:
            return self._result(Outcome.INCONCLUSIVE, ("WATCHLIST_UNAVAILABLE",))
        reference = self.entries.get(document) or self.entries.get(person)
        if reference is not None:
            return self._result(Outcome.FAILED, ("WATCHLIST_HIT",), {"reference": reference})
        if not document or not person:
            return self._result(Outcome.INCONCLUSIVE, ("WATCHLIST_UNAVAILABLE",))
        return self._result(Outcome.PASSED)

    def freshness(self, at: datetime) -> CheckResult:
        """The check ``watchlist_freshness`` at this moment."""
        age = at - self.issued_at
        fresh = -_CLOCK_TOLERANCE <= age <= self.max_age
        return CheckResult(
            check="watchlist_freshness",
            outcome=Outcome.PASSED if fresh else Outcome.FAILED,
            reasons=() if fresh else ("WATCHLIST_STALE",),
            measured={"age_days": round(age.total_seconds() / 86_400, 3)},
            versions=self._versions,
        )

    @property
    def _versions(self) -> dict[str, str]:
        return {"watchlist": f"{self.id}@{self.version}"}

    def _result(
        self, outcome: Outcome, reasons: tuple[str, ...] = (), measured: Mapping[str, str] | None = None
    ) -> CheckResult:
        return CheckResult("watchlist", outcome, reasons, measured=measured or {}, versions=self._versions)


def build_watchlist(
    path: Path,
    subjects: Iterable[Subject],
    private_key: Ed25519PrivateKey,
    *,
    id: str,
    version: str,
    issued_at: datetime,
    max_age_days: float = 7.0,
) -> Path:
    """Write a signed list of `subjects` to `path`, under a fresh list key. Raises BadInput."""
    key = secrets.token_bytes(32)
    entries = [_entry(key, index, subject) for index, subject in enumerate(subjects)]
    content: dict[str, Any] = {
        "format": "gate-agent-watchlist/1",
        "id": id,
        "version": version,
        "issued_at": issued_at.astimezone(UTC).isoformat(timespec="seconds"),
        "max_age_days": max_age_days,
        "key": key.hex(),
        "entries": entries,
    }
    try:
        WatchlistFile.model_validate_json(json.dumps(content))
    except ValidationError as error:
        raise BadInput.complaint(error) from error
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(content, indent=1).encode() + b"\n")
    sign(path, private_key)
    return path


def _entry(key: bytes, index: int, subject: Subject) -> dict[str, Any]:
    documents = _document_digests(key, subject)
    persons = _person_digests(key, subject)
    if not documents and not persons:
        raise BadInput(
            "names neither a document nor a person",
            field=f"entry[{index}]",
            advice="give document_number and issuing_state, or surname and date_of_birth",
        )
    return {"reference": subject.reference, "documents": documents, "persons": persons}


def _document_digests(key: bytes, subject: Subject) -> tuple[str, ...]:
    number = re.sub(r"[^A-Z0-9]", "", subject.document_number.upper())
    state = re.sub(r"[^A-Z]", "", subject.issuing_state.upper())
    return (_digest(key, "document", state, number),) if number and state else ()


def _person_digests(
    key: bytes, subject: Subject, lengths: tuple[int, ...] = _NAME_LENGTHS
) -> tuple[str, ...]:
    surname = _zone_name(subject.surname)
    born = _born(subject.date_of_birth)
    if not surname or not born:
        return ()
    name = f"{surname}<<{_zone_name(subject.given_names)}"
    cut = dict.fromkeys(name[:length].rstrip("<") for length in lengths)
    return tuple(_digest(key, "person", each, born) for each in cut)


def _digest(key: bytes, *parts: str) -> str:
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()


# Doc 9303-3 §6 table A, where it differs from leaving out the accent.
_TRANSLITERATION = str.maketrans(
    {"Ä": "AE", "Ö": "OE", "Ü": "UE", "ß": "SS", "ẞ": "SS", "Æ": "AE", "Ø": "OE", "Å": "AA", "Œ": "OE"}
    | {"Þ": "TH", "Ð": "D", "Đ": "D", "Ł": "L", "Ħ": "H", "Ŧ": "T", "Ĳ": "IJ", "ı": "I", "Ŋ": "N"}
)


def _zone_name(name: str) -> str:
    """A name as the zone prints it: A-Z with '<' between the words; apostrophes are left out (§4.6)."""
    upper = unicodedata.normalize("NFC", name).upper().translate(_TRANSLITERATION)
    plain = "".join(c for c in unicodedata.normalize("NFKD", upper) if not unicodedata.combining(c))
    plain = re.sub(r"['’.]", "", plain)
    if re.search(r"[^A-Z<,\s-]", plain):
        raise BadInput("has letters that Doc 9303-3 §6 needs transliterated", field="name")
    return "<".join(re.findall(r"[A-Z]+", plain))


def _born(born: date | str) -> str:
    """YYMMDD; '<' stands for what the document does not say (§4.8)."""
    text = born.strftime("%y%m%d") if isinstance(born, date) else born
    if text and not re.fullmatch(r"[0-9<]{6}", text):
        raise BadInput("is neither a date nor YYMMDD", field="date_of_birth")
    return text
