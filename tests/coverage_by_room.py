"""Branch coverage by room: ``python tests/coverage_by_room.py .coverage.json`` (``make coverage`` calls it).

A room under 90 % says why in the table of ``tests/README.md``; one that does not is an error.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
GOAL = 90.0
TOPS = {"drivers", "models", "simulators"}


def room(file: str) -> str:
    """`gate_agent/egate`, `gate_drivers/gates`, or the package itself for modules at its top."""
    parts = Path(file).parts
    parts = parts[1:] if parts[0] in TOPS else parts
    return "/".join(parts[:2] if len(parts) > 2 else parts[:1])


def by_room(report: dict[str, Any]) -> dict[str, float]:
    """Room -> per cent of its statements and branches that were taken."""
    taken: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for file, found in report["files"].items():
        summary, sums = found["summary"], taken[room(file)]
        sums[0] += summary["covered_lines"] + summary["covered_branches"]
        sums[1] += summary["num_statements"] + summary["num_branches"]
    return {name: 100 * done / all_ for name, (done, all_) in sorted(taken.items()) if all_}


def explained(page: str) -> set[str]:
    """Rooms of which the page says why they are under the goal."""
    section = page.partition("## Coverage")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)` \| [^|]+ \|$", section, re.MULTILINE))


def main(report: Path) -> int:
    rooms = by_room(json.loads(report.read_text()))
    known = explained((ROOT / "tests/README.md").read_text())
    for name, share in rooms.items():
        why = (
            "" if share >= GOAL else ("  why: tests/README.md" if name in known else "  and nobody says why")
        )
        print(f"{share:6.1f} %  {name}{why}")
    silent = [name for name, share in rooms.items() if share < GOAL and name not in known]
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
