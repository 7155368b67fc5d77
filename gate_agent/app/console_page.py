"""A kind of station as its console's page is told of it: what it looks like, and all its words."""

from __future__ import annotations

from collections.abc import Mapping

from gate_agent.console.page import KindPage, OrderLook
from gate_agent.station.kind import Kind
from gate_agent.words import SHARED, Words, load_all


def console_page(kind: Kind) -> KindPage:
    """The kind's looks. A verdict that lets pass is good, the mildest that holds a warning, the others
    bad."""
    passes, (mildest, *graver) = kind.checks.verdicts.passes, kind.checks.verdicts.holds
    looks = {
        name: OrderLook(order.tone, order.verdict is not None, order.verdict is passes)
        for name, order in kind.orders.items()
    }
    given = {order.verdict.value: order.tone for order in kind.orders.values() if order.verdict is not None}
    return KindPage(
        name=kind.name,
        folder=kind.page.folder,
        phases={phase.value: tone for phase, tone in kind.phases.items()},
        verdicts={
            **given,
            **dict.fromkeys((v.value for v in graver), "bad"),
            mildest.value: "warn",
            passes.value: "good",
        },
        orders=looks,
        groups=kind.page.groups,
        columns=kind.page.columns,
        public=kind.public,
        texts=frozenset(
            text
            for check in kind.checks.checks.values()
            for type_ in check.measured.values()
            if isinstance(type_, tuple)
            for text in type_
        ),
    )


def console_words(kind: Kind) -> Mapping[str, Words]:
    """Every language that the kind speaks, by its tag. Raises WordsError when one of them lacks something."""
    return load_all(SHARED, *kind.words, declared=kind.declares)
