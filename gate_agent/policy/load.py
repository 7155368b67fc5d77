"""A policy file (TOML) and its signature, read, verified and proved before anything trusts it.

The signature is checked first: an unsigned file is not even parsed. Then every fault of the file is
reported at once, each with its line and rule.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import AwareDatetime, Field, StringConstraints, ValidationError

from gate_agent.decision import Verdict
from gate_agent.policy.condition import Condition, ConditionError
from gate_agent.policy.facts import CheckTable
from gate_agent.policy.policy import Policy, Rule, Stage
from gate_agent.policy.signature import SignatureError, load_public_keys, verify
from gate_agent.settings import Settings
from gate_agent.toml_source import ConfigProblem, Problems, TomlSource, closest

FORMAT = "gate-agent-policy/1"

_Complain: TypeAlias = Callable[[str, str, str], ConfigProblem]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class PolicyError(Problems):
    """The policy cannot be used; `problems` hold file, line and rule of each reason."""


class PolicySettings(Settings):
    """Which policy the station obeys, and whose word it takes for it."""

    file: Path = Field(description="policy file; its signature lies beside it as <file>.sig")
    public_key: Path | None = Field(
        None, description="Ed25519 public key file (64 hex digits or PEM) of the policy's issuer"
    )
    allow_unsigned: bool = Field(False, description="use a policy without signature: for authors only")


class RuleFile(Settings):
    """One ``[[rule]]``."""

    id: Name = Field(description="the rule's name in decisions: lower case, digits, '.', '_', '-'")
    stage: Stage = Field(description="'document': before the entry opens; 'final': before the way out opens")
    when: str = Field(description="CEL condition over checks.<id>.outcome, .reasons, .measured.<name>")
    verdict: Verdict = Field(description="one of those that a machine may give at this kind of station")
    reason: str = Field(description="one of the kind's reason codes")
    explain: tuple[str, ...] = Field(
        (), max_length=8, description="checks whose own reasons are given instead"
    )


class PolicyFile(Settings):
    """The whole file."""

    format: Literal["gate-agent-policy/1"] = Field(description=f"write {FORMAT!r}")
    id: Name = Field(description="the policy's name: lower case, digits, '.', '_', '-'")
    version: Name = Field(description="grows with every change, for example 2026.1")
    issued_at: AwareDatetime = Field(description="a time with offset, for example 2026-01-31T12:00:00Z")
    valid_until: AwareDatetime = Field(description="from then on everybody is referred")
    required: tuple[str, ...] = Field(min_length=1, description="checks that must have passed to admit")
    rule: tuple[RuleFile, ...] = Field(min_length=1, max_length=200, description="at least one [[rule]]")


def load_policy(
    path: Path,
    public_key: Path | Sequence[Ed25519PublicKey] | None,
    *,
    allow_unsigned: bool = False,
    table: CheckTable,
) -> Policy:
    """Load, verify and prove a policy of a kind of station, whose checks, verdicts and reasons `table` holds.

    `public_key` is a key file or keys. Raises PolicyError.
    """
    try:
        source = TomlSource.read(path)
        if not allow_unsigned:
            verify(path, source.raw, _keys(public_key))
    except SignatureError as error:
        # The signature's own path is named where it, rather than the policy, is at fault.
        problem = ConfigProblem("", 0, error.what, error.advice, error.field or str(path))
        raise PolicyError([problem]) from error
    except Problems as error:
        raise PolicyError(error.problems) from error
    return _parse(source, table)


def _keys(public_key: Path | Sequence[Ed25519PublicKey] | None) -> tuple[Ed25519PublicKey, ...]:
    if public_key is None:
        raise SignatureError(
            "no public key is configured", advice="set public_key, or allow_unsigned = true for authors"
        )
    return load_public_keys(public_key) if isinstance(public_key, Path) else tuple(public_key)


def _parse(source: TomlSource, table: CheckTable) -> Policy:
    try:
        file = PolicyFile.model_validate(source.data)
    except ValidationError as error:
        raise PolicyError(source.explain(error, PolicyFile)) from error
    problems = list(_contradictions(source, file, table))
    rules: list[Rule] = []
    for index, entry in enumerate(file.rule):
        try:
            condition = Condition.compile(entry.when, table)
        except ConditionError as error:
            what = f"{error.field}: {error.what}" if error.field else error.what
            problems.append(_in_rule(source, file, index)("when", what, error.advice))
        else:
            rules.append(Rule(entry.id, entry.stage, condition, entry.verdict, entry.reason, entry.explain))
    if problems:
        raise PolicyError(problems)
    return Policy(
        id=file.id,
        version=file.version,
        digest=hashlib.sha256(source.raw).hexdigest(),
        issued_at=_utc(file.issued_at),
        valid_until=_utc(file.valid_until),
        required=file.required,
        rules=tuple(rules),
        table=table,
    )


def _contradictions(source: TomlSource, file: PolicyFile, table: CheckTable) -> Iterator[ConfigProblem]:
    if file.valid_until <= file.issued_at:
        yield source.problem(("valid_until",), "is not after issued_at")
    for index, check in enumerate(file.required):
        if check not in table.checks:
            yield source.problem(
                ("required", index), f"unknown check {check!r}", closest(check, table.checks)
            )
    times = Counter(entry.id for entry in file.rule)
    for index, entry in enumerate(file.rule):
        complain = _in_rule(source, file, index)
        if times[entry.id] > 1:
            yield complain("id", "stands for several rules", "name each rule once")
        if entry.verdict not in table.verdicts:
            yield complain(
                "verdict", f"a machine decides {table.verdicts}", "other verdicts are for officers"
            )
        elif entry.stage == "document" and entry.verdict is table.verdicts.passes:
            yield complain(
                "verdict", f"{entry.verdict.value}s at the document stage", "only the final stage does"
            )
        if entry.reason not in table.reasons:
            yield complain("reason", f"unknown code {entry.reason!r}", closest(entry.reason, table.reasons))
        for check in entry.explain:
            if check not in table.checks:
                yield complain("explain", f"unknown check {check!r}", closest(check, table.checks))


def _in_rule(source: TomlSource, file: PolicyFile, index: int) -> _Complain:
    """Makes the problems of one rule: called with key, message and advice."""
    name = file.rule[index].id
    return lambda key, message, advice: source.problem(
        ("rule", index, key), f"rule {name!r}: {message}", advice
    )


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
