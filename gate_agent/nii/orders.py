"""What officers may order at a scanner station."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gate_agent.decision import Verdict
from gate_agent.nii.vocabulary import Phase
from gate_agent.station.orders import OrderKind, service_orders

PROPOSAL = "propose_release"
"""What a release that needs two officers is until the second confirms it: it moves nothing."""

ORDERS: Mapping[str, OrderKind] = MappingProxyType(
    {
        "release": OrderKind(Verdict.RELEASE, frozenset({Phase.REVIEW}), tone="good"),
        "inspect": OrderKind(Verdict.INSPECT, frozenset({Phase.REVIEW}), tone="bad"),
        **service_orders(emergency=Phase.EMERGENCY, out_of_service=Phase.OUT_OF_SERVICE),
    }
)
