"""What officers may order at an e-gate."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gate_agent.decision import Verdict
from gate_agent.egate.vocabulary import Phase
from gate_agent.station.orders import OrderKind, service_orders

ORDERS: Mapping[str, OrderKind] = MappingProxyType(
    {
        "admit": OrderKind(Verdict.ADMIT, frozenset({Phase.REFERRED}), tone="good"),
        "refuse": OrderKind(Verdict.REFUSE, frozenset({Phase.REFERRED}), tone="bad"),
        **service_orders(emergency=Phase.EMERGENCY, out_of_service=Phase.OUT_OF_SERVICE),
    }
)
