"""The agent's own alarm computation: the rule as monitors publish it first, then physics, then bad data."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.evidence import Outcome
from gate_agent.radiation.alarm import groups_of, judge, poisson_tail, windows_of
from gate_agent.radiation.check import radiation_check
from gate_agent.radiation.profile import Background, OccupancyProfile
from gate_agent.radiation.settings import RadiationSettings
from gate_simulators.radiation.monitor import gamma_alarms
from gate_simulators.radiation.passage import Passage, Truck, drawn_truck, drive
from gate_simulators.radiation.sources import Shield, Source, norm_cargo

SETTINGS = RadiationSettings()


def profile_of(passage: Passage) -> OccupancyProfile:
    alarms = gamma_alarms(passage.gamma.tolist(), passage.background.tolist(), SETTINGS.n_sigma)
    return OccupancyProfile(
        gamma=passage.gamma.astype(float),
        neutron=passage.neutron.astype(float),
        gamma_alarms=np.array(alarms),
        neutron_alarms=np.zeros(len(passage.neutron), np.bool_),
        background=Background(tuple(passage.background), tuple(passage.neutron_background), 3.0),
        number=1,
        speed_km_h=passage.speed_m_s * 3.6,
    )


def flat(counts: float, intervals: int = 40, rate: float = 400.0) -> OccupancyProfile:
    """The same counts in every interval and each of four panels."""
    return OccupancyProfile(
        gamma=np.full((intervals, 4), float(counts)),
        neutron=np.zeros((8, 4)),
        gamma_alarms=np.zeros(intervals, np.bool_),
        neutron_alarms=np.zeros(8, np.bool_),
        background=Background((rate,) * 4, (0.6,) * 4, 1.0),
    )


# ---------------------------------------------------------------- N-sigma


def test_sigma_is_foreground_minus_background_over_the_root_of_the_background() -> None:
    # Five intervals of 88 in each of four panels: 1760 against 1600 in one second.
    finding = judge(flat(88), SETTINGS)
    assert finding.gamma_sigma == pytest.approx((1760 - 1600) / 40)
    assert not finding.gamma_alarm


def test_the_threshold_itself_alarms() -> None:
    # 5 sigma over 1600 is 200: 1800 in a second, 90 in each panel's interval.
    assert judge(flat(90), SETTINGS).gamma_alarm
    assert not judge(flat(89), SETTINGS).gamma_alarm


def test_one_pillar_alone_alarms() -> None:
    profile = flat(78)
    profile.gamma[20:25, 2:] += 17  # 85 more in each of the far pillar's panels
    finding = judge(profile, SETTINGS)
    assert finding.gamma_alarm
    assert finding.gamma_at_s == pytest.approx(20 * 0.2 + 0.5)


def test_the_groups_are_all_detectors_and_each_pillar() -> None:
    assert groups_of(4) == ((0, 1, 2, 3), (0, 1), (2, 3))
    assert groups_of(2) == ((0, 1), (0,), (1,))
    assert groups_of(1) == ((0,),)
    assert groups_of(3) == ((0, 1, 2),)


def test_a_four_panel_monitor_and_the_agent_agree_interval_by_interval() -> None:
    rng = np.random.default_rng(4)
    seen = 0
    for activity in (0.0, 4e5, 8e5, 1.2e6):
        for _ in range(15):
            passage = drive(rng, drawn_truck(rng, (Source("Cs-137", activity),)))
            profile = profile_of(passage)
            assert judge(profile, SETTINGS).gamma_alarm == profile.device_gamma_alarm
            seen += profile.device_gamma_alarm
    assert 5 < seen < 55


# ---------------------------------------------------------------- monitors with other intervals


def coarse(profile: OccupancyProfile, intervals: int) -> OccupancyProfile:
    """The same vehicle as counted by a monitor whose gamma intervals are so many times longer."""
    whole = len(profile.gamma) // intervals
    gamma = profile.gamma[: whole * intervals].reshape(whole, intervals, -1).sum(axis=1)
    return replace(
        profile,
        gamma=gamma,
        gamma_alarms=np.zeros(whole, np.bool_),
        gamma_interval_s=profile.gamma_interval_s * intervals,
    )


def fine(profile: OccupancyProfile, parts: int) -> OccupancyProfile:
    """The same neutrons in intervals so many times shorter, all at the beginning of each."""
    neutron = np.zeros((len(profile.neutron) * parts, profile.neutron.shape[1]))
    neutron[::parts] = profile.neutron
    return replace(profile, neutron=neutron, neutron_interval_s=profile.neutron_interval_s / parts)


@pytest.mark.parametrize("intervals", [1, 5])
def test_n8_a_monitor_of_one_second_is_judged_over_the_same_second_as_one_of_a_fifth(intervals: int) -> None:
    profile = flat(78)
    profile.gamma[20:25] += 17  # one second: 1560 + 340 against 1600
    finding = judge(coarse(profile, intervals), SETTINGS)
    assert finding.gamma_sigma == pytest.approx((1900 - 1600) / 40)
    assert finding.gamma_at_s == pytest.approx(4.5)
    assert finding.gamma_alarm
    assert finding.suppression == pytest.approx(1 - 1560 / 1600)


@pytest.mark.parametrize("interval", [0.1, 0.2, 0.25, 0.5, 1.0])
def test_n8_the_window_is_a_second_whatever_the_interval(interval: float) -> None:
    windows = windows_of(np.linspace(0, 40 * interval, 41), 1.0)
    assert windows.seconds == pytest.approx(1.0)
    assert len(windows.seconds) == 40 - round(1 / interval) + 1


def test_n8_an_interval_longer_than_the_window_is_a_window_itself() -> None:
    assert windows_of(np.linspace(0, 8, 5), 1.0).seconds.tolist() == [2.0] * 4
    assert windows_of(np.linspace(0, 0.4, 3), 1.0).seconds.tolist() == []


def test_n8_intervals_of_mixed_lengths_are_summed_over_a_second() -> None:
    profile = flat(80, intervals=20)  # four seconds at the background's own rate
    profile.gamma[5:] = 0
    lengths = (0.2,) * 5 + (1.0, 0.5, 0.5) + (0.2,) * 12
    profile.gamma[5:, :] = np.array([[400 * length] for length in lengths[5:]])
    mixed = replace(profile, gamma_lengths_s=lengths)
    assert judge(mixed, SETTINGS).gamma_sigma == pytest.approx(0, abs=1e-9)
    mixed.gamma[6, :] += 75  # half a second; the window of a second holds 300 more than 1600
    finding = judge(mixed, SETTINGS)
    assert finding.gamma_sigma == pytest.approx(300 / 40)
    assert mixed.seconds == pytest.approx(8.0)  # the neutrons'
    assert mixed.gamma_edges_s[-1] == pytest.approx(5.4)


@pytest.mark.parametrize("lengths", [(0.0,) * 40, (math.nan,) * 40, (-1.0,) * 40])
def test_n8_lengths_that_are_none_judge_nothing(lengths: tuple[float, ...]) -> None:
    finding = judge(replace(flat(200), gamma_lengths_s=lengths), SETTINGS)
    assert finding.windows == 0
    assert math.isnan(finding.gamma_sigma)


@pytest.mark.parametrize("parts", [1, 5])
def test_n8_neutrons_are_judged_over_the_same_seconds(parts: int) -> None:
    profile = flat(70)
    profile.neutron[3:5, 0] = 9
    finding = judge(fine(profile, parts), SETTINGS)
    # Eighteen in two seconds against 2.4 per second.
    assert finding.neutron_probability == pytest.approx(poisson_tail(18, 4.8))
    assert not finding.neutron_alarm


@pytest.mark.parametrize("intervals", [1, 5])
def test_n8_the_contrast_is_taken_over_the_same_seconds(intervals: int) -> None:
    profile = flat(48, intervals=100)  # a truck that keeps 40 % of the background away
    profile.gamma[50:55] += 27  # 540 more in one second, still below the background
    finding = judge(coarse(profile, intervals), SETTINGS)
    assert not finding.gamma_alarm
    assert finding.contrast_at_s == pytest.approx(10.5)
    assert finding.contrast_sigma == pytest.approx(540 / math.sqrt(960 + 960 / 4 * 2 / 2.4), rel=1e-6)


def test_n8_a_short_vehicle_is_two_seconds_and_not_ten_intervals() -> None:
    whole = coarse(flat(70, intervals=40), 5)
    assert "RPM_PROFILE_INCOMPLETE" not in radiation_check(whole, SETTINGS).reasons
    hasty = replace(whole, gamma=whole.gamma[:1], gamma_alarms=whole.gamma_alarms[:1])
    assert "RPM_PROFILE_INCOMPLETE" in radiation_check(hasty, SETTINGS).reasons


# ---------------------------------------------------------------- sources in trucks


def rate_of(sources: tuple[Source, ...], what: str, number: int = 40) -> float:
    rng = np.random.default_rng(11)
    found = [judge(profile_of(drive(rng, drawn_truck(rng, sources))), SETTINGS) for _ in range(number)]
    return sum(bool(getattr(finding, what)) for finding in found) / number


def test_innocent_trucks_suppress_the_background_and_alarm_nothing() -> None:
    assert rate_of((), "gamma_alarm", 150) == 0
    assert rate_of((), "neutron_alarm", 150) == 0
    assert rate_of((), "contrast", 150) <= 0.02
    finding = judge(profile_of(drive(np.random.default_rng(1), Truck())), SETTINGS)
    assert 0.2 < finding.suppression < 0.6


def test_a_strong_source_alarms_and_lead_hides_it_but_not_its_neutrons() -> None:
    assert rate_of((Source("Co-60", 3e6),), "gamma_alarm") == 1
    hidden = (Source("Co-60", 3e6, shields=(Shield("lead", 15.0),)),)
    assert rate_of(hidden, "gamma_alarm") <= 0.05
    assert rate_of((Source("Cf-252", 3e5, shields=(Shield("lead", 15.0),)),), "neutron_alarm") >= 0.9


def test_contrast_finds_a_source_that_suppression_hides_from_n_sigma() -> None:
    source = (Source("Cs-137", 8e5),)
    assert rate_of(source, "contrast", 60) > rate_of(source, "gamma_alarm", 60) + 0.1


def test_contrast_does_not_see_goods_that_radiate_all_along_the_trailer_but_n_sigma_does() -> None:
    goods = (norm_cargo("K-40", 6e7),)
    assert rate_of(goods, "gamma_alarm") >= 0.9


# ---------------------------------------------------------------- neutrons


@pytest.mark.parametrize(
    ("count", "mean", "probability"),
    [
        (0, 2.0, 1.0),
        (1, 2.0, 1 - math.exp(-2)),
        (10, 2.4, 2.0154127156665743e-4),
        (3, 3.0, 1 - 8.5 * math.exp(-3)),
    ],
)
def test_the_poisson_tail(count: int, mean: float, probability: float) -> None:
    assert poisson_tail(count, mean) == pytest.approx(probability, rel=1e-9)


@given(st.integers(0, 300), st.floats(0.05, 200))
def test_the_poisson_tail_falls_with_the_count(count: int, mean: float) -> None:
    assert 0 <= poisson_tail(count + 1, mean) <= poisson_tail(count, mean) * (1 + 1e-9) <= 1 + 1e-9


# ---------------------------------------------------------------- the check


def test_an_innocent_truck_passes_with_its_numbers() -> None:
    result = radiation_check(profile_of(drive(np.random.default_rng(2), Truck())), SETTINGS)
    assert result.outcome is Outcome.PASSED
    assert result.reasons == ()
    assert float(result.measured["gamma_sigma"]) < 5
    assert result.versions == {"algorithm": "n-sigma-1"}


def test_an_alarm_of_either_fails_and_a_disagreement_is_named() -> None:
    alarmed = radiation_check(flat(100), SETTINGS)
    assert alarmed.outcome is Outcome.FAILED
    assert alarmed.reasons == ("RPM_GAMMA_ALARM", "RPM_DISAGREE")
    monitor_only = replace(flat(70), gamma_alarms=np.ones(40, np.bool_))
    assert radiation_check(monitor_only, SETTINGS).reasons[:2] == ("RPM_DEVICE_ALARM", "RPM_DISAGREE")


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        (replace(flat(70), complete=False), "RPM_PROFILE_INCOMPLETE"),
        (flat(70, intervals=6), "RPM_PROFILE_INCOMPLETE"),
        (replace(flat(70), background=None), "RPM_NO_BACKGROUND"),
        (replace(flat(70), background=Background((400.0,) * 4, (), 999.0)), "RPM_NO_BACKGROUND"),
        (replace(flat(70), background=Background((math.nan,) * 4, (), 1.0)), "RPM_NO_BACKGROUND"),
        (replace(flat(70), background=Background((0.0,) * 4, (), 1.0)), "RPM_NO_BACKGROUND"),
        (replace(flat(70), background=Background((400.0,) * 4, (), 1.0, drift=0.5)), "RPM_BACKGROUND_DRIFT"),
        (
            replace(flat(70), background=Background((400.0,) * 4, (), 1.0, fault="high")),
            "RPM_BACKGROUND_FAULT",
        ),
        (replace(flat(70), tampered=True), "RPM_TAMPER"),
        (replace(flat(70), gamma=np.full((40, 4), np.nan)), "RPM_PROFILE_INCOMPLETE"),
        (replace(flat(70), gamma=np.empty((0, 0)), gamma_alarms=np.empty(0, np.bool_)), "RPM_NO_BACKGROUND"),
    ],
)
def test_what_cannot_be_judged_is_inconclusive_with_its_reason(
    profile: OccupancyProfile, reason: str
) -> None:
    result = radiation_check(profile, SETTINGS)
    assert result.outcome is Outcome.INCONCLUSIVE
    assert reason in result.reasons
    assert all(not isinstance(v, float) or math.isfinite(v) for v in result.measured.values())


def test_a_panel_without_counts_leaves_the_other_pillar_judged() -> None:
    profile = flat(78)
    profile.gamma[:, 0] = np.nan
    profile.gamma[20:25, 2:] += 17
    result = radiation_check(profile, SETTINGS)
    assert result.outcome is Outcome.FAILED
    assert "RPM_PROFILE_INCOMPLETE" in result.reasons


def test_a_truck_that_never_passed_is_not_done() -> None:
    assert radiation_check(None, SETTINGS).outcome is Outcome.NOT_DONE
