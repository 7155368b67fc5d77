"""What a demonstration showed: each traveller's decision beside the expected one, times, receipts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gate_simulators.hub import Hub
from gate_simulators.travellers import EXPECTED


@dataclass(frozen=True, slots=True)
class Result:
    """One traveller. Seconds; `software_share` is software seconds over the transaction's."""

    traveller: int
    scenario: str
    expected: str
    expected_reasons: list[str]
    actual: str
    reasons: list[str]
    rules: list[str]
    events: list[str]
    as_expected: bool
    transaction: str
    receipt: str
    total_s: float
    software_s: float
    software_share: float
    steps: list[dict[str, Any]]
    trouble: str = ""


def judge(number: int, scenario: str, records: Sequence[Any], trouble: str) -> Result:
    """Compare what reached the hub since this traveller came with what the scenario must come to."""
    expected = EXPECTED[scenario]
    decisions = [r for r in records if r.kind == "decision"]
    first = decisions[0] if decisions else None
    decision: dict[str, Any] = first.entry["body"]["decision"] if first is not None else {}
    events = [r.entry["body"]["reason"] for r in records if r.kind == "lane_event"]
    finished = [
        r.entry["body"]
        for r in records
        if r.kind == "lifecycle" and r.entry["body"].get("event") == "transaction_finished"
    ]
    times: dict[str, Any] = finished[0] if finished else {}
    reasons = list(decision.get("reasons", ()))
    total, software = float(times.get("total_s", 0.0)), float(times.get("software_s", 0.0))
    return Result(
        traveller=number,
        scenario=scenario,
        expected=expected.verdict,
        expected_reasons=sorted(expected.reasons),
        actual=str(decision.get("verdict", "none")),
        reasons=reasons,
        rules=[rule["rule"] for rule in decision.get("rules", ())],
        events=events,
        as_expected=(
            decision.get("verdict") == expected.verdict
            and expected.reasons <= set(reasons)
            and expected.events <= set(events)
            and len({d.transaction for d in decisions}) == 1
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


def write(path: Path, results: Sequence[Result], *, seed: int, pace: float, broker: str, hub: Hub) -> bool:
    """Write the report; True when every traveller came out as expected and the hub saw no trouble."""
    good = [r for r in results if r.as_expected]
    problems = [asdict(p) for p in hub.problems()]
    ok = len(good) == len(results) and not problems and bool(results)
    summary = {
        "as_expected": len(good),
        "travellers": len(results),
        "ok": ok,
        "seed": seed,
        "pace": pace,
        "broker": broker,
        "hub_problems": problems,
        "results": [asdict(r) for r in results],
    }
    path.write_text(json.dumps(summary, indent=2, default=str) + "\n")
    return ok
