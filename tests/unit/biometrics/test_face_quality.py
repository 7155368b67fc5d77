"""Quality: each component follows what it measures, and the traveller is told the one thing that helps."""

from __future__ import annotations

from dataclasses import asdict, replace

import cv2
import numpy as np
import pytest

from gate_agent.biometrics.face.cards import default_models
from gate_agent.biometrics.face.chain import FaceChain, FaceSettings
from gate_agent.biometrics.face.pixels import Box, Pixels
from gate_agent.biometrics.face.quality import PORTRAIT, Advice, Bounds, FaceQuality, advise, measure
from gate_agent.errors import GateError
from gate_models.build import build
from gate_simulators.egate.photographs import photographs

GOOD = FaceQuality(
    inter_eye_distance_px=90,
    head_size=0.4,
    luminance_mean=0.5,
    luminance_variance=0.03,
    under_exposed=0.01,
    over_exposed=0.01,
    sharpness=200,
    single_face=True,
    illumination_uniformity=0.8,
    dynamic_range=0.9,
    natural_colour=0.98,
    turned=0.02,
    nodded=0.0,
    rolled_deg=1.0,
    margin=1.2,
)
LANDMARKS = np.array([[135.0, 100], [115, 100], [65, 100], [85, 100], [100, 138.7]])


@pytest.fixture(scope="module")
def chain() -> FaceChain:
    try:
        build(default_models())
    except GateError as error:
        pytest.skip(f"the models are not built: {error}")
    return FaceChain.load(FaceSettings())


@pytest.fixture(scope="module")
def picture() -> Pixels:
    try:
        return photographs()["president_a"][0]
    except GateError as error:
        pytest.skip(f"no photographs: {error}")


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"single_face": False}, Advice.COME_ALONE),
        ({"inter_eye_distance_px": 20}, Advice.MOVE_CLOSER),
        ({"head_size": 0.95}, Advice.STEP_BACK),
        ({"margin": -0.2}, Advice.CENTRE_YOURSELF),
        ({"turned": -0.4}, Advice.LOOK_AT_CAMERA),
        ({"nodded": 0.4}, Advice.LOOK_AT_CAMERA),
        ({"rolled_deg": -30}, Advice.HOLD_HEAD_STRAIGHT),
        ({"luminance_mean": 0.05}, Advice.TOO_DARK),
        ({"over_exposed": 0.6}, Advice.TOO_BRIGHT),
        ({"illumination_uniformity": 0.1}, Advice.UNEVEN_LIGHT),
        ({"sharpness": 3}, Advice.HOLD_STILL),
    ],
)
def test_each_fault_has_one_advice(change: dict[str, float], advice: Advice) -> None:
    assert advise(replace(GOOD, **change)) == (advice,)


def test_a_good_picture_needs_no_advice() -> None:
    assert advise(GOOD) == ()


def test_the_most_useful_advice_comes_first() -> None:
    assert advise(replace(GOOD, sharpness=1, inter_eye_distance_px=10))[0] is Advice.MOVE_CLOSER


def test_a_portrait_is_held_to_more_than_a_walking_person() -> None:
    slanted = replace(GOOD, rolled_deg=12)
    assert advise(slanted) == ()
    assert advise(slanted, PORTRAIT) == (Advice.HOLD_HEAD_STRAIGHT,)
    assert advise(slanted, Bounds(rolled_deg=5)) == (Advice.HOLD_HEAD_STRAIGHT,)


def components(landmarks: np.ndarray, shape: tuple[int, int] = (300, 200)) -> FaceQuality:
    pixels = np.full((*shape, 3), 128, np.uint8)
    return measure(pixels, Box(40, 50, 160, 170), landmarks, pixels[:150, :150], 1)


def test_pose_is_read_from_the_landmarks() -> None:
    straight = components(LANDMARKS)
    assert straight.turned == pytest.approx(0)
    assert straight.nodded == pytest.approx(0, abs=0.01)
    assert straight.rolled_deg == pytest.approx(0)
    turned = LANDMARKS + np.array([[0, 0]] * 4 + [[15, 0]])
    assert components(turned).turned == pytest.approx(0.3)
    turn = np.array([[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]])
    rolled = components((LANDMARKS - 100) @ turn.T + 100)
    assert rolled.rolled_deg == pytest.approx(np.degrees(0.2))
    assert (rolled.turned, rolled.nodded) == pytest.approx((straight.turned, straight.nodded), abs=1e-9)


def test_a_head_at_the_edge_has_no_margin() -> None:
    assert components(LANDMARKS).margin > 0
    assert components(LANDMARKS - [80, 0]).margin < 0


def test_a_photograph_gets_worse_as_it_is_made_worse(chain: FaceChain, picture: Pixels) -> None:
    face = chain.single(chain.find(picture))
    good = chain.quality(picture, face)
    assert advise(good) == advise(good, PORTRAIT) == ()
    assert all(np.isfinite(value) for value in asdict(good).values())
    assert good.natural_colour > 0.9
    dark = chain.quality(picture // 10, face)
    assert Advice.TOO_DARK in advise(dark)
    blue = picture.copy()
    blue[..., 0] //= 3
    assert chain.quality(blue, face).natural_colour < 0.2
    blurred = chain.quality(cv2.GaussianBlur(picture, (0, 0), 9).astype(np.uint8), face)
    assert advise(blurred) == (Advice.HOLD_STILL,)
    shaded = picture.copy()
    shaded[:, : int(face.landmarks[4, 0])] //= 5
    assert Advice.UNEVEN_LIGHT in advise(chain.quality(shaded, face))
    assert dark.dynamic_range < good.dynamic_range
