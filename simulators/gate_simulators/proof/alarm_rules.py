"""The rules of a process's alarms, for any kind of station: what was told ends, and is told to have ended.

Nothing is remembered of what was told, and nothing need be: an alarm that is raised is active, and what is
active no longer is told to be over. So whatever was told without its end is active, and at rest nothing is.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from gate_agent.station.skeleton import Process
from gate_agent.station.vocabulary import Alarm, AlarmOver
from gate_simulators.proof.exploration import Effects, StepRule


def alarm_rules(process: Process[Any, Any, Any, Any]) -> dict[str, StepRule]:
    active, raised = cache(process.active), process.alarms()

    def raised_while_active(_before: Any, after: Any, effects: Effects) -> bool:
        told = {e.reason for e in effects if isinstance(e, Alarm)}
        return told <= active(after) | process.until_acknowledged

    def told_to_be_over(before: Any, after: Any, effects: Effects) -> bool:
        over = {e.reason for e in effects if isinstance(e, AlarmOver)}
        return over == active(before) - active(after)

    def none_at_rest(_before: Any, after: Any, _effects: Effects) -> bool:
        return after.phase is not process.idle or not active(after) & raised

    return {
        "an alarm is raised while it is active": raised_while_active,
        "the end of an alarm is told": told_to_be_over,
        "a station at rest has no alarm left": none_at_rest,
    }
