"""What a demonstration showed: each visitor's decision beside the expected one, times, receipts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gate_simulators.demo.scenario import Expected
from gate_simulators.hub.hub import Hub


@dataclass(frozen=True, slots=True)
class VisitorResult:
    """One visitor, by its `number`. Seconds; `software_share` is software seconds over the
    transaction's. `verdicts` are those of all its decisions, in order."""

    number: int
    scenario: str
    expected: str
    expected_reasons: list[str]
    expected_closing: str
    actual: str
    reasons: list[str]
    rules: list[str]
    events: list[str]
    verdicts: list[str]
    as_expected: bool
    transaction: str
    receipt: str
    total_s: float
    software_s: float
    software_share: float
    steps: list[dict[str, Any]]
    trouble: str = ""


def judge(
    number: int, scenario: str, expected: Expected, records: Sequence[Any], trouble: str
) -> VisitorResult:
    """Compare what reached the hub since this visitor came with what the scenario must come to."""
    decisions = [r for r in records if r.kind == "decision"]
    first = decisions[0] if decisions else None
    decision: dict[str, Any] = first.entry["body"]["decision"] if first is not None else {}
    verdicts = [str(d.entry["body"]["decision"].get("verdict", "none")) for d in decisions]
    events = [r.entry["body"]["reason"] for r in records if r.kind == "lane_event"]
    times = _times(records)
    reasons = list(decision.get("reasons", ()))
    total, software = float(times.get("total_s", 0.0)), float(times.get("software_s", 0.0))
    return VisitorResult(
        number=number,
        scenario=scenario,
        expected=expected.verdict,
        expected_reasons=sorted(expected.reasons),
        expected_closing=expected.closing,
        actual=str(decision.get("verdict", "none")),
        reasons=reasons,
        rules=[rule["rule"] for rule in decision.get("rules", ())],
        events=events,
        verdicts=verdicts,
        as_expected=(
            decision.get("verdict") == expected.verdict
            and expected.reasons <= set(reasons)
            and expected.events <= set(events)
            and len({d.transaction for d in decisions}) == 1
            and expected.closing in ("", verdicts[-1])
            and not trouble
        ),
        transaction=first.transaction if first is not None else "",
        receipt=first.receipt if first is not None else "",
        total_s=total,
        software_s=software,
        software_share=round(software / total, 4) if total else 0.0,
        steps=list(times.get("steps", ())),
        trouble=trouble,
    )


def _times(records: Sequence[Any]) -> dict[str, Any]:
    """Where the transaction's time went, as its end told."""
    bodies = (r.entry["body"] for r in records if r.kind == "lifecycle")
    return next((dict(body) for body in bodies if body.get("event") == "transaction_finished"), {})


def summary(
    results: Sequence[VisitorResult], *, who: str, seed: int, pace: float, broker: str, hub: Hub
) -> dict[str, Any]:
    """The report; its ``ok`` is True when every visitor came out as expected and the hub saw no trouble.

    `who` names the visitors: ``travellers``, ``trucks``.
    """
    good = [r for r in results if r.as_expected]
    problems = [asdict(p) for p in hub.problems()]
    return {
        "as_expected": len(good),
        who: len(results),
        "ok": len(good) == len(results) and not problems and bool(results),
        "seed": seed,
        "pace": pace,
        "broker": broker,
        "hub_problems": problems,
        "results": [asdict(r) for r in results],
    }


def write(path: Path, report: dict[str, Any]) -> None:
    path.write_text(json.dumps(report, indent=2, default=str) + "\n")
