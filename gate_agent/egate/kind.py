"""The e-gate: everything that anybody else needs to know of it."""

from __future__ import annotations

from importlib import resources
from types import MappingProxyType

from gate_agent.egate.config import EgateConfig, contents
from gate_agent.egate.diagram import markdown
from gate_agent.egate.facts import EGATE_CHECKS
from gate_agent.egate.orders import ORDERS
from gate_agent.egate.process import PROCESS
from gate_agent.egate.reasons import INSTRUCTIONS
from gate_agent.egate.vocabulary import Phase
from gate_agent.journal import Journal
from gate_agent.readmodel import Board
from gate_agent.station.kind import ITSELF, DeviceRole, Kind, Page, Station, Thing, Wake
from gate_agent.station.orders import Tone

_HERE = resources.files("gate_agent.egate")

_TONES: dict[Phase, Tone] = {
    Phase.IDLE: "good",
    Phase.EXIT_OPENING: "good",
    Phase.LEAVING: "good",
    Phase.EXIT_CLOSING: "good",
    Phase.TURNED_AWAY: "warn",
    Phase.REFERRED: "warn",
    Phase.OUT_OF_SERVICE: "idle",
    Phase.EMERGENCY: "bad",
}

_SEEN = ("entry", "exit", "approach", "persons_inside", "exit_zone", "object_inside", "emergency")
_DOCUMENT = ("mrz_read", "mrz_check_digits", "document_expiry", "document_present")
_CHIP = (
    "chip_access",
    "chip_read",
    "passive_authentication",
    "dg_hashes",
    "dg1_matches_mrz",
    "chip_authentication",
    "active_authentication",
    "terminal_authentication",
)
_TRAVELLER = ("watchlist", "age", "face_capture", "face_liveness", "face_match", "single_occupancy")
_STATION = ("lane_integrity", "policy_freshness", "trust_freshness", "watchlist_freshness", "hub_verdict")


async def _build(config: EgateConfig, journal: Journal, board: Board, wake: Wake) -> Station:
    from gate_agent.egate.build import build_lane  # noqa: PLC0415 - brings the inference runtime along

    return await build_lane(config, journal, board, wake)


KIND = Kind(
    name="egate",
    config=EgateConfig,
    checks=EGATE_CHECKS,
    phases=MappingProxyType({phase: _TONES.get(phase, "calm") for phase in Phase}),
    orders=ORDERS,
    effects=PROCESS.order_effects(),
    view=MappingProxyType(
        {
            **{name: Thing("lane", public=True) for name in _SEEN},
            **{name: Thing(ITSELF, public=True) for name in ("light_outside", "light_inside")},
        }
    ),
    instructions=INSTRUCTIONS,
    devices=MappingProxyType(
        {
            "mrz": DeviceRole("document_scanner"),
            "chip": DeviceRole("chip_reader"),
            "camera": DeviceRole("camera"),
            "lane": DeviceRole("lane_gate"),
        }
    ),
    words=(_HERE / "words",),
    page=Page(
        _HERE / "page",
        groups=(
            ("document", _DOCUMENT),
            ("chip", _CHIP),
            ("traveller", _TRAVELLER),
            ("station", _STATION),
        ),
        columns=(("document", "chip"), ("traveller", "station")),
    ),
    build=_build,
    process_document=markdown,
    must_exist=(
        ("watchlist", "file", "make one with `gate-agent watchlist build`"),
        ("watchlist", "public_key", "make one with `gate-agent policy keygen`"),
        (
            "trust",
            "directory",
            "put CSCA certificates there; `gate-sim egate` makes it for simulated passports",
        ),
    ),
    contents=contents,
)
