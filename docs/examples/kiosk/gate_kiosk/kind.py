"""The kiosk: everything that anybody else needs to know of it."""

from __future__ import annotations

from importlib import resources
from types import MappingProxyType

from gate_agent.decision import Verdict
from gate_agent.journal import Journal
from gate_agent.policy import CheckKind, CheckTable
from gate_agent.policy.facts import Verdicts
from gate_agent.readmodel import Board
from gate_agent.station import diagram
from gate_agent.station.kind import DeviceRole, Kind, Page, Station, Wake
from gate_agent.station.orders import service_orders
from gate_agent.station.reasons import STATION_REASONS
from gate_agent.station.settings import StationConfig
from gate_kiosk.process import PROCESS, SHOWN, Phase, bound

_HERE = resources.files("gate_kiosk")

CHECKS = CheckTable.of(
    "kiosk",
    Verdicts(Verdict.ADMIT, (Verdict.REFER,)),
    (
        CheckKind.of("zone_read", "Was a whole printed zone read, with right check digits?"),
        CheckKind.of("document_expiry", "Is the document valid today?", days_left=int),
        CheckKind.of("policy_freshness", "Is the policy within its validity?", days_left=float),
    ),
    STATION_REASONS | {"ZONE_UNREADABLE", "DOCUMENT_EXPIRED"},
)
ORDERS = MappingProxyType(service_orders(out_of_service=Phase.OUT_OF_SERVICE))


async def _build(config: StationConfig, journal: Journal, board: Board, wake: Wake) -> Station:
    from gate_kiosk.conduct import KioskConductor  # noqa: PLC0415 - only an agent needs it

    conductor = KioskConductor(config, journal, board, wake)

    async def close() -> None:
        """The kiosk holds nothing but its devices."""

    return Station(conductor, conductor.act, close)


KIND = Kind(
    name="kiosk",
    config=StationConfig,
    checks=CHECKS,
    phases=MappingProxyType(
        {
            Phase.IDLE: "good",
            Phase.DECIDING: "calm",
            Phase.CLEARED: "good",
            Phase.REFERRED: "warn",
            Phase.OUT_OF_SERVICE: "idle",
        }
    ),
    orders=ORDERS,
    effects=PROCESS.order_effects(),
    view=MappingProxyType({}),
    instructions=frozenset({show.instruction for show in SHOWN.values()} | {"PRESENT_AGAIN"}),
    devices=MappingProxyType({"reader": DeviceRole("document_scanner")}),
    words=(_HERE / "words",),
    page=Page(_HERE / "page", groups=(("document", tuple(CHECKS.checks)),), columns=(("document",),)),
    build=_build,
    process_document=lambda: diagram.markdown(PROCESS, "kiosk", "The kiosk's process", bound),
)
