"""A signed policy at work: evidence in, decision out, every fired rule named.

How answers combine, so that nothing ever defaults to the verdict that lets pass (an e-gate's *admit*, a
scanner station's *release*; the others hold: *refer*; *review*, *inspect*):

* an error anywhere (a rule, the evidence, a policy outside its validity) holds;
* one rule that holds beats every rule that lets pass, and the gravest hold stands;
* to pass needs a rule that says so, every required check ``passed``, and nothing that holds.

Pure: no I/O, no clock. Time comes in as `at`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from gate_agent.decision import Decision, FiredRule, Verdict
from gate_agent.evidence import CheckResult, Evidence, Outcome
from gate_agent.policy import engine
from gate_agent.policy.condition import Condition, EvaluationError
from gate_agent.policy.facts import CheckTable, EvidenceError
from gate_agent.times import rfc3339

Stage: TypeAlias = Literal["document", "final"]

# Names of the policy's own referrals beside those of its rules; no rule's id can hold a colon.
_REQUIRED = "required:"  # a required check was done and did not pass
_MISSING = "missing:"  # a required check was not done


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `explain` names checks whose own reasons are more precise than `reason`."""

    rule: str
    stage: Stage
    when: Condition
    verdict: Verdict
    reason: str
    explain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules over the checks of one station. `digest` is the SHA-256 (hex) of the signed file."""

    id: str
    version: str
    digest: str
    issued_at: datetime
    valid_until: datetime
    required: tuple[str, ...]
    rules: tuple[Rule, ...]
    table: CheckTable

    @property
    def reference(self) -> str:
        """``<id>@<version>#<digest>``, as decisions name it."""
        return f"{self.id}@{self.version}#{self.digest}"

    def freshness(self, at: datetime) -> CheckResult:
        """The check ``policy_freshness`` at this moment."""
        reason = self._out_of_date(at)
        return CheckResult(
            check="policy_freshness",
            outcome=Outcome.FAILED if reason else Outcome.PASSED,
            reasons=(reason,) if reason else (),
            measured={"days_left": round((self.valid_until - at).total_seconds() / 86_400, 3)},
            versions={"policy": self.reference},
        )

    def decide(
        self, evidence: Evidence, stage: Stage, *, at: datetime, decided_by: str = "policy"
    ) -> Decision | None:
        """The decision on this evidence; None at the document stage while nothing holds.

        The final stage weighs the rules of both stages, so that a document rule cannot be passed by.
        Raises EvidenceError when the evidence has no canonical form (a check measured NaN).
        """
        if at.tzinfo is None:
            raise ValueError("the moment of a decision needs a time zone")
        verdicts = self.table.verdicts
        fired = tuple(self._fired(evidence, stage, at))
        holds = tuple(f for f in fired if f.verdict is not verdicts.passes)
        if stage == "document" and not holds:
            return None
        if stage == "final" and not fired:
            holds = fired = (self._internal("admission", "NO_RULE_ADMITS"),)
        return Decision(
            transaction=evidence.transaction,
            verdict=verdicts.gravest(f.verdict for f in fired),
            reasons=_causes(holds or fired),
            rules=fired,
            policy=self.reference,
            evidence_digest=_digest(evidence),
            decided_by=decided_by,
            decided_at=rfc3339(at),
        )

    def trace(self, evidence: Evidence) -> tuple[tuple[Rule, bool | EvaluationError], ...]:
        """Each rule and whether it is true for the evidence, for authors. Raises EvidenceError."""
        context = engine.Context(variables={"checks": self.table.view(evidence)})
        return tuple((rule, _holds(rule, context)) for rule in self.rules)

    def _fired(self, evidence: Evidence, stage: Stage, at: datetime) -> Iterator[FiredRule]:
        if reason := self._out_of_date(at):
            yield self._internal("validity", reason)
        try:
            answers = self.trace(evidence)
        except EvidenceError:
            yield self._internal("evidence", "EVIDENCE_MALFORMED")
            return
        for rule, answer in answers:
            if stage == "document" and rule.stage != "document":
                continue
            if isinstance(answer, EvaluationError):
                yield FiredRule(rule.rule, self.version, self.table.verdicts.hold, "RULE_ERROR")
            elif answer:
                for reason in self._reasons(rule, evidence):
                    yield FiredRule(rule.rule, self.version, rule.verdict, reason)
        if stage == "final":
            yield from self._not_passed(evidence)

    def _not_passed(self, evidence: Evidence) -> Iterator[FiredRule]:
        for check in self.required:
            result = evidence.result(check)
            if result is not None and result.outcome is Outcome.PASSED:
                continue
            absent = result is None or result.outcome is Outcome.NOT_DONE
            rule, fallback = (_MISSING, "CHECK_MISSING") if absent else (_REQUIRED, "CHECK_NOT_PASSED")
            for reason in (result.reasons if result else ()) or (fallback,):
                yield self._internal(rule + check, reason)

    def _reasons(self, rule: Rule, evidence: Evidence) -> tuple[str, ...]:
        results = (evidence.result(check) for check in rule.explain)
        found = [
            reason
            for result in results
            if result is not None and result.outcome in (Outcome.FAILED, Outcome.INCONCLUSIVE)
            for reason in result.reasons
        ]
        return tuple(dict.fromkeys(found)) or (rule.reason,)

    def _internal(self, rule: str, reason: str) -> FiredRule:
        return FiredRule(rule, self.version, self.table.verdicts.hold, reason)

    def _out_of_date(self, at: datetime) -> str:
        if at < self.issued_at:
            return "POLICY_NOT_YET_VALID"
        return "POLICY_STALE" if at >= self.valid_until else ""


def _digest(evidence: Evidence) -> str:
    try:
        return evidence.digest()
    except ValueError as error:
        raise EvidenceError("has no canonical form", field=evidence.transaction) from error


def _holds(rule: Rule, context: engine.Context) -> bool | EvaluationError:
    try:
        return rule.when.holds(context)
    except EvaluationError as error:
        return error


def _causes(fired: tuple[FiredRule, ...]) -> tuple[str, ...]:
    """The distinct reasons in rule order; checks that merely never ran follow from another cause."""
    causes = tuple(f for f in fired if not f.rule.startswith(_MISSING)) or fired
    return tuple(dict.fromkeys(f.reason for f in causes))
