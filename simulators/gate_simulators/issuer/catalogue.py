"""Every specimen by name: the sound ones first, then the false ones."""

from __future__ import annotations

from collections.abc import Mapping

from gate_simulators.issuer.specimens import Specimen
from gate_simulators.issuer.specimens_false import FALSE
from gate_simulators.issuer.specimens_sound import SOUND
from gate_simulators.issuer.specimens_zone import ZONES

SPECIMENS: Mapping[str, Specimen] = {specimen.name: specimen for specimen in (*SOUND, *ZONES, *FALSE)}
