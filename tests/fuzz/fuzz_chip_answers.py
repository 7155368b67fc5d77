"""Coverage-guided fuzzing of a whole inspection: ``python tests/fuzz/fuzz_chip_answers.py [corpus]``.

The input is what the chip answers, one response after the other (two bytes of length, then so many bytes);
when it is used up, the chip answers 6A82 for ever. ``chip_seeds.py`` records whole inspections to begin with.
Needs atheris. There is always an inspection, and it never passes.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

try:
    import atheris
except ImportError:
    sys.exit("fuzzing needs atheris: python -m pip install atheris")

with atheris.instrument_imports(include=["gate_agent.emrtd"]):
    from gate_agent.devices import CardLost
    from gate_agent.emrtd.chip.exchange import run
    from gate_agent.emrtd.inspection import CHECKS, inspect, interrupted
    from gate_agent.emrtd.lds.mrz import MrzKey
    from gate_agent.emrtd.trust.trust import TrustStore
    from gate_agent.evidence import Outcome

KEY = MrzKey("L898902C", "690806", "300623")
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def one_input(data: bytes) -> None:
    position = 0

    def transmit(command: bytes, timeout_s: float) -> bytes:
        nonlocal position
        if position >= len(data):
            return b"\x6a\x82"
        length = int.from_bytes(data[position : position + 2], "big")
        answer = data[position + 2 : position + 2 + length]
        position += 2 + length
        return answer if len(answer) >= 2 else b"\x6a\x82"

    # The terminal's random numbers are fixed, so that an input that was found stays one.
    try:
        inspection = run(inspect(KEY, None, TrustStore(()), NOW, random=bytes), transmit)
    except CardLost as error:  # one that is not opened again, and is to be presented again
        inspection = interrupted(error)
    assert tuple(result.check for result in inspection.results) == CHECKS
    assert inspection.result("passive_authentication").outcome is not Outcome.PASSED


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
