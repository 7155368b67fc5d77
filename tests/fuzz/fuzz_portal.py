"""Coverage-guided fuzzing of the portal's lines: ``python tests/fuzz/fuzz_portal.py [corpus]``.

Needs atheris. Any bytes must be readings or GarbledReadings that name their field; any readings must make
profiles that can be judged.
"""

from __future__ import annotations

import sys

try:
    import atheris
except ImportError:
    sys.exit("fuzzing needs atheris: python -m pip install atheris")

with atheris.instrument_imports(include=["gate_agent.radiation", "gate_drivers.radiation"]):
    from gate_agent.devices import GarbledReading
    from gate_agent.radiation.check import radiation_check
    from gate_agent.radiation.occupancy import Occupancies
    from gate_agent.radiation.settings import RadiationSettings
    from gate_drivers.radiation.portal_lines import portal_decoder

SETTINGS = RadiationSettings()


def one_input(data: bytes) -> None:
    decoder, occupancies = portal_decoder(), Occupancies(SETTINGS)
    for number, line in enumerate(data.splitlines(keepends=True)):
        for item in decoder.feed(line, number * 0.2):
            if isinstance(item, GarbledReading):
                assert item.field
                assert item.advice
                occupancies.lost()
            elif (profile := occupancies.feed(item)) is not None:
                radiation_check(profile, SETTINGS).to_json()


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
