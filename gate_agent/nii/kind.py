"""The scanner station (NII): everything that anybody else needs to know of it."""

from __future__ import annotations

from importlib import resources
from types import MappingProxyType

from gate_agent.journal import Journal
from gate_agent.nii.config import NiiConfig, contents
from gate_agent.nii.diagram import markdown
from gate_agent.nii.display import OF_THE_TRUCK
from gate_agent.nii.facts import NII_CHECKS
from gate_agent.nii.orders import ORDERS
from gate_agent.nii.process import PROCESS
from gate_agent.nii.reasons import INSTRUCTIONS
from gate_agent.nii.vocabulary import Phase
from gate_agent.readmodel import Board
from gate_agent.station.kind import ITSELF, DeviceRole, Kind, Page, Station, Thing, Wake
from gate_agent.station.orders import Tone

_HERE = resources.files("gate_agent.nii")

_TONES: dict[Phase, Tone] = {
    Phase.IDLE: "good",
    Phase.RELEASING: "good",
    Phase.REVIEW: "warn",
    Phase.DIRECTING: "bad",
    Phase.OUT_OF_SERVICE: "idle",
    Phase.EMERGENCY: "bad",
}


async def _build(config: NiiConfig, journal: Journal, board: Board, wake: Wake) -> Station:
    from gate_agent.nii.build import build_yard  # noqa: PLC0415 - brings scans and the inference runtime along

    return await build_yard(config, journal, board, wake)


KIND = Kind(
    name="nii",
    config=NiiConfig,
    checks=NII_CHECKS,
    phases=MappingProxyType({phase: _TONES.get(phase, "calm") for phase in Phase}),
    orders=ORDERS,
    effects=PROCESS.order_effects(),
    view=MappingProxyType(
        {
            **{
                name: Thing("yard", public=True)
                for name in ("entry", "release", "inspection", "approach", "vehicles", "at_hold", "emergency")
            },
            **{name: Thing(ITSELF, public=True) for name in ("signal_entry", "signal_hold")},
            "weight_kg": Thing(OF_THE_TRUCK, public=True),
            "container": Thing(OF_THE_TRUCK),
        }
    ),
    instructions=INSTRUCTIONS,
    devices=MappingProxyType(
        {
            "yard": DeviceRole("yard_gate"),
            "scanner": DeviceRole("scanner"),
            "portal": DeviceRole("radiation_monitor"),
            "scale": DeviceRole("scale"),
            "camera_left": DeviceRole("number_camera"),
            "camera_right": DeviceRole("number_camera", required=False),
            "camera_rear": DeviceRole("number_camera", required=False),
            "camera_top": DeviceRole("number_camera", required=False),
            "seals": DeviceRole("seal_reader", required=False),
        }
    ),
    words=(_HERE / "words",),
    page=Page(_HERE / "page", groups=(("checks", tuple(NII_CHECKS.checks)),), columns=(("checks",),)),
    build=_build,
    process_document=markdown,
    must_exist=(
        ("manifests", "directory", "make the folder; manifests are put there as *.json"),
        ("scans", "curves", "measure one with a step wedge, or leave it out"),
        ("scans", "detector", "the card lies beside its network"),
    ),
    contents=contents,
)
