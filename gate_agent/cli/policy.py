"""``gate-agent policy`` and ``gate-agent watchlist``: what authors of signed files need.

Exit codes: 0 fine, 1 the file is wrong, 2 the command was used wrongly.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, ValidationError

from gate_agent.cli.console import fail, print_json, print_table, room, say, told
from gate_agent.errors import BadInput
from gate_agent.evidence import CheckResult, Evidence, Outcome
from gate_agent.policy.condition import EvaluationError
from gate_agent.policy.load import load_policy
from gate_agent.policy.policy import Policy
from gate_agent.policy.signature import load_private_key, private_pem, public_pem, sign
from gate_agent.policy.watchlist import Subject, Watchlist, build_watchlist
from gate_agent.settings import Settings
from gate_agent.station.kind import KINDS, Kind
from gate_agent.toml_source import Problems, TomlSource
from gate_agent.words import Words, english

app = room()
watchlist_app = room()

_MAX_EVIDENCE = 1024 * 1024

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]
PublicKey = Annotated[Path | None, typer.Option("--public-key", help="also verify the signature")]
Station = Annotated[
    str, typer.Option("--station", help="kind of station it is for; else the first", metavar="KIND")
]
PrivateKey = Annotated[Path, typer.Option("--key", exists=True, dir_okay=False, help="PEM private key")]


def _kind(name: str) -> Kind:
    """The kind of station that a policy is for."""
    with told(2):
        return KINDS.load(name or KINDS.names()[0])


def _words(kind: Kind) -> Words:
    """What this kind of station says of its reasons."""
    return english(*kind.words)


@app.command()
def check(file: File, public_key: PublicKey = None, station: Station = "") -> None:
    """Prove a policy file: syntax, facts, reason codes, rules that can never fire."""
    with told():
        policy = load_policy(file, public_key, allow_unsigned=public_key is None, table=_kind(station).checks)
    fresh = policy.freshness(datetime.now(UTC))
    typer.echo(
        f"{policy.id}@{policy.version}: {len(policy.rules)} rules, {len(policy.required)} required checks"
    )
    for reason in fresh.reasons:
        say(f"{file}: {_words(_kind(station)).reason(reason)}", error=True)
    raise typer.Exit(0 if fresh.outcome is Outcome.PASSED else 1)


@app.command(name="sign")
def sign_command(file: File, key: PrivateKey, station: Station = "") -> None:
    """Sign a policy after proving it; writes FILE.sig."""
    with told():
        load_policy(file, None, allow_unsigned=True, table=_kind(station).checks)
        typer.echo(str(sign(file, load_private_key(key))))


@app.command()
def keygen(
    private: Annotated[Path, typer.Argument(help="new private key file (PEM, mode 0600)")],
    public: Annotated[Path, typer.Argument(help="new public key file (PEM), for the stations")],
) -> None:
    """Make an Ed25519 key pair for signing policies and watchlists."""
    key = Ed25519PrivateKey.generate()
    try:
        private.touch(mode=0o600, exist_ok=False)
        private.write_bytes(private_pem(key))
        public.write_bytes(public_pem(key))
    except OSError as error:
        fail(error)


@app.command()
def test(
    file: File,
    evidence: Annotated[Path, typer.Option("--evidence", exists=True, help="evidence as JSON")],
    at: Annotated[str, typer.Option(help="moment of the decision, RFC 3339; now when left out")] = "",
    station: Station = "",
) -> None:
    """Show each rule, whether it fires on this evidence, and the decisions of both stages."""
    with told():
        policy = load_policy(file, None, allow_unsigned=True, table=_kind(station).checks)
        facts = read_evidence(evidence)
        moment = _moment(at)
        answers = policy.trace(facts)
    rows = (
        (rule.rule, rule.stage, rule.verdict.value, rule.reason, _fires(answer)) for rule, answer in answers
    )
    print_table(("rule", "stage", "verdict", "reason", "fires"), rows)
    _print_decisions(policy, facts, moment, _words(_kind(station)))


def _fires(answer: bool | EvaluationError) -> str:
    return f"error: {answer.what}" if isinstance(answer, EvaluationError) else "yes" if answer else "no"


def _print_decisions(policy: Policy, facts: Evidence, at: datetime, said: Words) -> None:
    for stage in ("document", "final"):
        decision = policy.decide(facts, stage, at=at)
        if decision is None:
            say(f"{stage}: may enter")
            continue
        say(f"{stage}: {decision.verdict.value}")
        for fired in decision.rules:
            say(f"  {fired.rule} -> {fired.reason}  {said.reason(fired.reason)}")


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text) if text else datetime.now(UTC)
    except ValueError as error:
        raise BadInput("is not a time like 2026-01-31T12:00:00Z", field="--at") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


class _CheckFile(Settings):
    check: str
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    measured: dict[str, bool | int | float | str] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    clause: str = ""


class _EvidenceFile(Settings):
    transaction: str = "test"
    checks: tuple[_CheckFile, ...]


def read_evidence(file: Path) -> Evidence:
    """Evidence from the JSON form that the journal keeps. Raises BadInput."""
    raw = file.read_bytes()
    if len(raw) > _MAX_EVIDENCE:
        raise BadInput("is far too large", field=str(file))
    try:
        found = _EvidenceFile.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(first["msg"], field=f"{file}: {where}") from error
    return Evidence(
        found.transaction,
        tuple(
            CheckResult(c.check, c.outcome, c.reasons, c.measured, c.versions, c.clause) for c in found.checks
        ),
    )


# ---------------------------------------------------------------- watchlists


class _SubjectFile(Settings):
    """One plain ``[[entry]]``."""

    reference: str = Field(description="the list's own number for the entry, shown to the officer")
    document_number: str = Field("", description="as printed")
    issuing_state: str = Field("", description="three letters, Doc 9303-3 §5")
    surname: str = Field("", description="primary identifier")
    given_names: str = Field("", description="secondary identifier")
    date_of_birth: date | str = Field("", description="a date, or YYMMDD with '<' for what is unknown")


class _PlainFile(Settings):
    id: str = Field(description="the list's name")
    version: str = Field(description="grows with every issue")
    max_age_days: float = Field(7.0, description="how long stations may use this issue")
    entry: tuple[_SubjectFile, ...] = Field(description="[[entry]] tables")


@watchlist_app.command()
def build(
    plain: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="plain entries (TOML)")],
    out: Annotated[Path, typer.Argument(help="signed list to write")],
    key: PrivateKey,
) -> None:
    """Turn plain entries into a signed list of digests."""
    with told():
        source = TomlSource.read(plain, max_bytes=16 * 1024 * 1024)
        try:
            file = _PlainFile.model_validate(source.data)
        except ValidationError as error:
            raise Problems(source.explain(error, _PlainFile)) from error
        subjects = [Subject(**_fields(entry)) for entry in file.entry]
        build_watchlist(
            out,
            subjects,
            load_private_key(key),
            id=file.id,
            version=file.version,
            issued_at=datetime.now(UTC),
            max_age_days=file.max_age_days,
        )
    typer.echo(f"{out}: {len(subjects)} entries")


def _fields(entry: _SubjectFile) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in type(entry).model_fields}


@watchlist_app.command(name="check")
def check_watchlist(
    file: File,
    public_key: Annotated[Path, typer.Option("--public-key", exists=True, help="the issuer's public key")],
) -> None:
    """Verify a list's signature and age."""
    with told():
        watchlist = Watchlist.load(file, public_key)
    fresh = watchlist.freshness(datetime.now(UTC))
    summary = {"id": watchlist.id, "version": watchlist.version, "digests": len(watchlist.entries)}
    print_json(summary | dict(fresh.measured), None)
    raise typer.Exit(0 if fresh.outcome is Outcome.PASSED else 1)
