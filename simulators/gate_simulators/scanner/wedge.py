"""A step wedge of each reference material, scanned: the calibration that a real scanner gets on site."""

from __future__ import annotations

import numpy as np

from gate_agent.scans.triage.curves import REFERENCES, Curve, MaterialCurves
from gate_simulators.scanner.beam import Setup

_STEPS = np.concatenate([[0.0], np.geomspace(0.8, 250.0, 24)])
_DARKEST = 3e-5


def step_wedge(setup: Setup, seed: int = 0) -> MaterialCurves:
    """What `setup` reads behind each step, averaged over many pixels, with what noise remains."""
    random = np.random.Generator(np.random.SFC64(seed))
    curves: dict[str, Curve] = {}
    for material in REFERENCES:
        low, high = (
            channel.transmission(material, _STEPS) * (1 + 0.001 * random.standard_normal(_STEPS.size))
            for channel in (setup.channels[0], setup.channels[-1])
        )
        low[0] = high[0] = 1.0
        through = (low > _DARKEST) & (high > _DARKEST)
        last = _STEPS.size if through.all() else max(3, int(np.argmin(through)))
        curves[material] = Curve(_STEPS[:last], -np.log(low[:last]), -np.log(high[:last]))
    return MaterialCurves(curves, "wedge")
