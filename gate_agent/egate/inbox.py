"""What waits for an e-gate's conductor beside the events of its process: a zone with its presentation."""

from __future__ import annotations

from dataclasses import dataclass

from gate_agent.emrtd.lds.mrz import Mrz
from gate_agent.evidence import CheckResult


@dataclass(frozen=True, slots=True)
class Presented:
    """A zone was read: what it says (None: it gives no key to the chip), and its checks."""

    mrz: Mrz | None
    results: tuple[CheckResult, ...]
