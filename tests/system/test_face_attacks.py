"""Presentation attacks on a whole lane: a genuine passport with somebody who shows a picture of its holder.

Every attack here matches the portrait; only liveness stands between it and the exit (ISO/IEC 30107-1).
"""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from gate_simulators.demo.scenario import WaitedInVain
from gate_simulators.egate.environment import EgateEnvironment
from gate_simulators.egate.plant import Person, Plant, Zone
from gate_simulators.egate.presentation import Presentation
from gate_simulators.egate.scene import Scene
from gate_simulators.egate.travellers import ScriptedTraveller

STATION = "egate-1"


def decided(station: EgateEnvironment, presents: Presentation) -> dict[str, Any]:
    """The first decision on the genuine traveller's passport when its bearer presents this."""
    before = len(station.hub.received(STATION))

    def decisions() -> list[Any]:
        return [r.entry["body"] for r in station.hub.received(STATION)[before:] if r.kind == "decision"]

    def hold_up(person: Person) -> None:
        person.presents = presents

    walk = ScriptedTraveller(station.site, station.people, pace=3.0)
    try:
        walk.run("genuine", hold_up)
    except WaitedInVain as lost:
        pytest.fail(f"the traveller waited in vain for {lost}")
    station.wait_until(lambda _: bool(decisions()), "a decision at the hub")
    return decisions()[0]


def outcome(body: dict[str, Any], check: str) -> str:
    return next(c["outcome"] for c in body["evidence"]["checks"] if c["check"] == check)


@pytest.mark.parametrize(
    ("presents", "reason"),
    [(Presentation.PRINT, "FLAT_FACE"), (Presentation.SCREEN, "SCREEN_RASTER")],
)
def test_a_picture_held_to_the_camera_is_refused(
    station: EgateEnvironment, presents: Presentation, reason: str
) -> None:
    body = decided(station, presents)
    assert body["decision"]["verdict"] == "refer"
    assert reason in body["decision"]["reasons"]
    assert outcome(body, "face_match") == "passed", "it is liveness that stopped the attack"


def test_a_looped_stream_is_refused(station: EgateEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording of the holder, shorter than the watch, fed in instead of the camera's pictures."""
    holder = Plant(
        [Person("x", station.people.appearance("genuine"), Zone.INSIDE, facing=True, nearness=0.95)]
    )
    studio, numbers = Scene(seed=3), count()
    recorded = [studio.render(holder, number) for number in range(4)]
    monkeypatch.setattr(
        station.site.camera._scene, "render", lambda *_: recorded[next(numbers) % len(recorded)]
    )
    body = decided(station, Presentation.FACE)
    assert body["decision"]["verdict"] == "refer"
    assert "REPEATED_FRAMES" in body["decision"]["reasons"]
