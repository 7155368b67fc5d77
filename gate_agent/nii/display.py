"""What officers may see of a cargo lane, put on the board."""

from __future__ import annotations

from gate_agent.devices import YardReading
from gate_agent.nii.inspection import Inspection
from gate_agent.station.display import Display

OF_THE_TRUCK = "truck"
"""The source of what was found out about the truck in the lane: it stays known until that truck has left."""


class YardDisplay(Display):
    """The cargo lane's hand on the board."""

    def yard(self, reading: YardReading) -> None:
        self.saw(
            "yard",
            {
                "entry": reading.entry.value,
                "release": reading.release.value,
                "inspection": reading.inspection.value,
                "approach": reading.approach,
                "vehicles": reading.vehicles,
                "at_hold": reading.at_hold,
                "emergency": reading.emergency,
            },
        )

    def truck(self, inspection: Inspection | None, container: str = "") -> None:
        """What is known of the truck in the lane; nothing when there is none."""
        found: dict[str, str | float] = {}
        weight = inspection.material.weight if inspection is not None else None
        if weight is not None and weight.settled:
            found["weight_kg"] = weight.kg
        if container:
            found["container"] = container
        self.forgot(*({"weight_kg", "container"} - found.keys()))
        self.saw(OF_THE_TRUCK, found)
