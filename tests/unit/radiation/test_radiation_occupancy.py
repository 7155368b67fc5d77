"""Lines of a portal to profiles: the message forms first, then order, gaps and loss, then N42 and back."""

from __future__ import annotations

import math
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_agent.devices import (
    BackgroundCounts,
    GarbledReading,
    MonitorSetup,
    OccupancyEnded,
    OccupiedCounts,
    Radiation,
    Tamper,
    VehicleSpeed,
)
from gate_agent.radiation.alarm import judge
from gate_agent.radiation.errors import N42Error
from gate_agent.radiation.n42 import read, write
from gate_agent.radiation.n42_model import Instrument
from gate_agent.radiation.occupancy import Occupancies
from gate_agent.radiation.profile import OccupancyProfile
from gate_agent.radiation.reasons import REASONS
from gate_agent.radiation.record import document_of, profile_of
from gate_agent.radiation.settings import RadiationSettings
from gate_drivers.radiation.portal_lines import MAX_LINE, decode, portal_decoder

SETTINGS = RadiationSettings()
GAMMA, NEUTRON = Radiation.GAMMA, Radiation.NEUTRON
ANNEX = Path(os.environ.get("GATE_AGENT_TEST_DATA", "../shared/data")) / "n42" / "annex"

TRUCK = """\
GB,000383,000389,000432,000423
SP,0.1281,05.323,008.57,000000
NS,000000,000001,000003,000001
GS,000063,000079,000087,000077
GS,000079,000077,000082,000082
GA,000074,000085,000078,000078
GX,000594,002391,000000,000000
"""


def profiles(lines: str, step_s: float = 0.2) -> list[OccupancyProfile]:
    occupancies = Occupancies(SETTINGS)
    found = (occupancies.feed(decode(line, n * step_s)) for n, line in enumerate(lines.splitlines()))
    return [profile for profile in found if profile is not None]


# ---------------------------------------------------------------- the messages


@pytest.mark.parametrize(
    ("line", "reading"),
    [
        ("GB,000383,000389,000432,000423", BackgroundCounts(GAMMA, (383, 389, 432, 423), 1.0)),
        ("NB,000000,000001,000000,000000", BackgroundCounts(NEUTRON, (0, 1, 0, 0), 1.0)),
        ("GH,002100,000389,000432,000423", BackgroundCounts(GAMMA, (2100, 389, 432, 423), 1.0, "high")),
        ("GL,000003,000389,000432,000423", BackgroundCounts(GAMMA, (3, 389, 432, 423), 1.0, "low")),
        ("NH,000051,000000,000000,000000", BackgroundCounts(NEUTRON, (51, 0, 0, 0), 1.0, "high")),
        ("GS,000063,000079,000087,000077", OccupiedCounts(GAMMA, (63, 79, 87, 77), 0.2, False, 1.0)),
        ("GA,000063,000079,000087,000077", OccupiedCounts(GAMMA, (63, 79, 87, 77), 0.2, True, 1.0)),
        ("NS,000000,000001,000003,000001", OccupiedCounts(NEUTRON, (0, 1, 3, 1), 1.0, False, 1.0)),
        ("NA,000010,000001,000003,000001", OccupiedCounts(NEUTRON, (10, 1, 3, 1), 1.0, True, 1.0)),
        ("GX,000594,002391,000000,000000", OccupancyEnded(594, 2.391, 1.0)),
        ("SP,0.1281,05.323,008.57,000000", VehicleSpeed(8.57, 1.0)),
        ("TT,000000", Tamper(True, 1.0)),
        ("TC,000000", Tamper(False, 1.0)),
        ("GS,000063,******,***,000077", OccupiedCounts(GAMMA, (63, None, None, 77), 0.2, False, 1.0)),
        ("NS", OccupiedCounts(NEUTRON, (None,) * 4, 1.0, False, 1.0)),
        ("NS,,,,", OccupiedCounts(NEUTRON, (None,) * 4, 1.0, False, 1.0)),
        ("GS,63,9,7,77", OccupiedCounts(GAMMA, (63, 9, 7, 77), 0.2, False, 1.0)),
        ("GB,000383,000389,000432,000423,00-13-54.922", BackgroundCounts(GAMMA, (383, 389, 432, 423), 1.0)),
    ],
)
def test_each_message_is_its_reading(line: str, reading: object) -> None:
    assert decode(line, 1.0) == reading


def test_the_setup_is_told_by_name() -> None:
    setup = decode("SG1,002000,000068,05,10,05.0,P,03-35-15.175", 1.0)
    assert isinstance(setup, MonitorSetup)
    assert dict(setup.values)["gamma_n_sigma"] == "05.0"
    assert dict(setup.values)["gamma_intervals"] == "05"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("QQ,1,2,3,4", "tag"),
        ("", "tag"),
        ("GS,12x,100,100,100", "GS[1]"),
        ("GS,-5,1,1,1", "GS[1]"),
        ("GS,1,2,3.5,4", "GS"),
        ("GS,99999999999,1,1,1", "GS[1]"),
        ("GS,1,2,3,4,5,6,7", "GS"),
        ("SP,0.1", "SP[3]"),
        ("SP,0.1281,05.323,00", "SP[3]"),
        ("GS,000063,000079", "GS"),
        ("GS,000063,000079,000087,0000", "GS"),
        ("GX,000594", "GX"),
        ("GX,000594,0023", "GX"),
        ("SP,0.1,1,999", "SP[3]"),
        ("SG1,\x01", "SG1[1]"),
    ],
)
def test_anything_else_is_garbled_and_names_the_field(line: str, field: str) -> None:
    with pytest.raises(GarbledReading) as caught:
        decode(line, 1.0)
    assert caught.value.field == field
    assert caught.value.advice


def test_the_end_of_a_line_that_began_before_we_listened_is_not_garbage() -> None:
    decoder = portal_decoder()
    assert decoder.feed(b"0423\r\nGB,1,2,3,4\r\n", 1.0) == [BackgroundCounts(GAMMA, (1, 2, 3, 4), 1.0)]
    assert isinstance(decoder.feed(b"0423\r\n", 1.0)[0], GarbledReading)


def test_an_endless_line_is_dropped_and_the_next_one_read() -> None:
    decoder = portal_decoder()
    decoder.feed(b"TC,0\r\n", 0.0)
    found = decoder.feed(b"G" * 10 * MAX_LINE + b"\r\nTT,0\r\n", 1.0)
    assert [type(item) for item in found] == [GarbledReading, Tamper]


@given(st.binary(max_size=400), st.integers(1, 7))
def test_bytes_of_any_kind_in_any_pieces_give_readings_or_named_errors(data: bytes, piece: int) -> None:
    whole, pieces = portal_decoder(), portal_decoder()
    one = whole.feed(data, 1.0)
    many = [item for i in range(0, len(data), piece) for item in pieces.feed(data[i : i + piece], 1.0)]
    assert len(one) == len(many)
    for item in one:
        assert not isinstance(item, GarbledReading) or (item.field and item.advice)


# ---------------------------------------------------------------- one profile a vehicle


def test_a_vehicle_is_one_profile_from_its_first_count_to_the_monitors_end() -> None:
    (profile,) = profiles(TRUCK)
    assert profile.gamma.tolist() == [[63, 79, 87, 77], [79, 77, 82, 82], [74, 85, 78, 78]]
    assert profile.neutron.tolist() == [[0, 1, 3, 1]]
    assert profile.gamma_alarms.tolist() == [False, False, True]
    assert profile.number == 594
    assert profile.speed_km_h == 8.57
    assert profile.complete
    assert profile.background is not None
    assert profile.background.gamma == (383, 389, 432, 423)
    # The lines round neutrons per second to nothing: the rate comes with the end.
    assert profile.background.neutron == (2.391,)
    assert profile.seconds == 1.0


def test_intervals_are_numbered_not_timed_because_held_back_lines_come_in_a_burst() -> None:
    burst = profiles(TRUCK, step_s=0.0)
    assert burst[0].gamma.shape == (3, 4)
    assert burst[0].seconds == 1.0


def test_without_its_end_a_vehicle_ends_with_the_next_background_and_is_incomplete() -> None:
    (profile,) = profiles(TRUCK.replace("GX,000594,002391,000000,000000", "GB,000383,000389,000432,000423"))
    assert not profile.complete
    assert len(profile.gamma) == 3


def test_when_counts_stay_away_the_vehicle_is_over() -> None:
    occupancies = Occupancies(SETTINGS)
    occupancies.feed(decode("GS,1,2,3,4", 0.0))
    assert occupancies.expire(SETTINGS.occupancy_gap_s) is None
    profile = occupancies.expire(SETTINGS.occupancy_gap_s + 0.1)
    assert profile is not None
    assert not profile.complete
    assert profile.background is None
    assert not occupancies.occupied


def test_a_portal_that_stays_occupied_is_cut_after_the_longest_occupancy() -> None:
    occupancies = Occupancies(RadiationSettings(longest_occupancy_s=10))
    found = [occupancies.feed(decode("GS,1,2,3,4", n * 0.5)) for n in range(60)]
    assert [len(p.gamma) for p in found if p is not None] == [21, 21]


def test_an_end_without_a_beginning_is_no_vehicle() -> None:
    assert profiles("GX,000594,002391,000000,000000\n") == []


def test_garbled_lines_and_an_open_cabinet_mark_the_profile() -> None:
    occupancies = Occupancies(SETTINGS)
    occupancies.feed(decode("GS,1,2,3,4", 0.0))
    occupancies.lost()
    occupancies.feed(decode("TT,0", 0.1))
    profile = occupancies.feed(decode("GX,1,0,0,0", 0.2))
    assert profile is not None
    assert (profile.lost_lines, profile.complete, profile.tampered) == (1, False, True)


def test_values_that_the_monitor_did_not_give_are_nan() -> None:
    (profile,) = profiles("GS,1,***,3,4\nNS\nGX,1,0,0,0\n")
    assert math.isnan(profile.gamma[0, 1])
    assert np.isnan(profile.neutron).all()


def test_a_background_that_creeps_away_from_its_long_mean_is_seen() -> None:
    occupancies = Occupancies(SETTINGS)
    for n in range(100):
        occupancies.feed(BackgroundCounts(GAMMA, (400.0,) * 4, n * 5.0))
    for n in range(100, 110):
        occupancies.feed(BackgroundCounts(GAMMA, (600.0,) * 4, n * 5.0))
    occupancies.feed(decode("GS,1,2,3,4", 551.0))
    profile = occupancies.feed(decode("GX,1,0,0,0", 552.0))
    assert profile is not None
    assert profile.background is not None
    assert 0.35 < profile.background.drift < 0.5
    assert profile.background.age_s == pytest.approx(6.0)


def test_n8_intervals_of_different_lengths_keep_their_own() -> None:
    occupancies = Occupancies(SETTINGS)
    for at, seconds in ((0.2, 0.2), (0.4, 0.2), (1.4, 1.0)):
        occupancies.feed(OccupiedCounts(GAMMA, (80, 80), seconds, False, at))
    profile = occupancies.feed(OccupancyEnded(1, None, 1.5))
    assert profile is not None
    assert profile.gamma_edges_s == pytest.approx([0, 0.2, 0.4, 1.4])
    document = document_of(
        profile,
        judge(profile, SETTINGS),
        Instrument("TSA", "VM-250", "Portal Monitor"),
        started=datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert profile_of(read(write(document))).gamma_edges_s == pytest.approx([0, 0.2, 0.4, 1.4])


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from([*TRUCK.splitlines(), "NS", "TT,0", "GH,9,9,9,9", "NA,9,9,9,9", "SG2,1111,0.069"]),
        max_size=60,
    )
)
def test_any_order_of_messages_gives_profiles_that_can_be_judged(lines: list[str]) -> None:
    for profile in profiles("\n".join(lines)):
        assert len(profile.gamma) == len(profile.gamma_alarms)
        assert len(profile.neutron) == len(profile.neutron_alarms)
        judge(profile, SETTINGS)


# ---------------------------------------------------------------- N42 and back


def test_a_profile_survives_as_an_n42_document() -> None:
    (profile,) = profiles(TRUCK)
    started = datetime(2026, 3, 1, 12, tzinfo=UTC)
    document = document_of(
        profile, judge(profile, SETTINGS), Instrument("TSA", "VM-250", "Portal Monitor"), started=started
    )
    again = profile_of(read(write(document)))
    assert np.array_equal(again.gamma, profile.gamma)
    assert np.array_equal(again.neutron, profile.neutron)
    assert again.gamma_interval_s == 0.2
    assert again.device_gamma_alarm
    assert again.speed_km_h == pytest.approx(8.57)
    assert again.background is not None
    assert again.background.gamma == pytest.approx((383, 389, 432, 423))
    assert sum(again.background.neutron) == pytest.approx(2.391)


def test_unknown_values_are_left_out_of_the_document() -> None:
    (profile,) = profiles("GB,400,400,400,400\nGS,1,***,3,4\nGS,1,2,3,4\nGX,1,0,0,0\n")
    document = document_of(
        profile,
        judge(profile, SETTINGS),
        Instrument("TSA", "VM-250", "Portal Monitor"),
        started=datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert np.array_equal(profile_of(document).gamma, profile.gamma, equal_nan=True)


@pytest.mark.skipif(not ANNEX.is_dir(), reason="no N42.42 annex examples (GATE_AGENT_TEST_DATA)")
def test_the_annexes_portal_example_is_a_profile_with_its_windows_summed_once() -> None:
    profile = profile_of(read((ANNEX / "Annex_D_alarmed.n42").read_bytes()))
    assert profile.gamma.shape == (3, 4)
    assert profile.neutron.shape == (3, 2)
    # Windows 0-100, 0-3000 and 100-400 keV: the second holds the others.
    assert profile.gamma[0].tolist() == [22, 11, 7, 7]
    assert profile.device_gamma_alarm
    assert profile.device_neutron_alarm
    assert profile.speed_km_h == pytest.approx(54)


def test_a_document_without_a_vehicle_is_no_profile() -> None:
    (profile,) = profiles(TRUCK)
    document = document_of(
        profile,
        judge(profile, SETTINGS),
        Instrument("TSA", "VM-250", "Portal Monitor"),
        started=datetime(2026, 3, 1, tzinfo=UTC),
    )
    empty = read(write(document))
    object.__setattr__(empty, "measurements", empty.measurements[:1])
    with pytest.raises(N42Error, match="vehicle"):
        profile_of(empty)


def test_every_reason_is_the_portals() -> None:
    assert all(code.startswith("RPM_") for code in REASONS)
