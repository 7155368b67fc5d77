"""The lane camera's picture: what a person, a turned back, two people and a thing look like in it."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_simulators.egate.plant import Person, Plant, Zone
from gate_simulators.egate.scene import Scene

SCENE = Scene(480, 270, seed=7)
PORTRAIT = skimage.data.astronaut()


def person(**changes: object) -> Person:
    values: dict[str, object] = {"zone": Zone.INSIDE, "facing": True, "nearness": 1.0} | changes
    return Person("traveller", PORTRAIT, **values)  # type: ignore[arg-type]


def lane(*persons: Person, object_inside: bool = False) -> Plant:
    return Plant(persons=list(persons), object_inside=object_inside)


def difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where two pictures differ by more than noise."""
    return (np.abs(a.astype(int) - b.astype(int)).max(axis=2) > 40).astype(np.uint8)


def test_the_picture_is_rgb_of_the_size_asked_for() -> None:
    picture = SCENE.render(lane(), 1)
    assert (picture.shape, picture.dtype) == ((270, 480, 3), np.uint8)


def test_a_live_stream_never_repeats_even_of_an_empty_lane() -> None:
    seen = {SCENE.render(lane(), frame)[::8, ::8].tobytes() for frame in range(400)}
    assert len(seen) == 400


def test_one_seed_and_frame_number_give_one_picture() -> None:
    plant = lane(person(nearness=0.4))
    again = Scene(480, 270, seed=7)
    assert np.array_equal(SCENE.render(plant, 11), again.render(plant, 11))
    assert not np.array_equal(SCENE.render(plant, 11), Scene(480, 270, seed=8).render(plant, 11))


@pytest.mark.parametrize("zone", [z for z in Zone if z is not Zone.INSIDE])
def test_only_who_stands_between_the_doors_is_seen(zone: Zone) -> None:
    assert difference(SCENE.render(lane(person(zone=zone)), 1), SCENE.render(lane(), 1)).sum() == 0


def test_a_person_grows_while_approaching() -> None:
    empty = SCENE.render(lane(), 1)
    areas = [difference(SCENE.render(lane(person(nearness=n)), 1), empty).sum() for n in (0, 0.3, 0.6, 1)]
    assert areas == sorted(areas)
    assert areas[-1] > 4 * areas[0]


def test_nobody_stands_still() -> None:
    plant, empty = lane(person()), SCENE.render(lane(), 0)
    edges = {
        np.flatnonzero(difference(SCENE.render(plant, f), empty).any(axis=0))[0] for f in range(0, 60, 6)
    }
    assert len(edges) >= 3


def faces_found(picture: np.ndarray) -> int:
    """By a detector that knows nothing of this scene (its marginal finds, on the spacesuit, not counted)."""
    dlib = pytest.importorskip("dlib")
    return len(dlib.get_frontal_face_detector().run(picture, 0, 0.5)[0])


def test_who_faces_the_camera_shows_the_face_of_the_photograph() -> None:
    assert faces_found(Scene(seed=7).render(lane(person()), 3)) == 1


def test_who_turns_away_shows_no_face_but_is_still_there() -> None:
    picture = Scene(seed=7).render(lane(person(facing=False)), 3)
    assert faces_found(picture) == 0
    assert difference(picture, Scene(seed=7).render(lane(), 3)).mean() > 0.05


def test_an_empty_lane_shows_no_face() -> None:
    assert faces_found(Scene(seed=7).render(lane(object_inside=True), 3)) == 0


def test_two_people_show_two_faces() -> None:
    assert faces_found(Scene(seed=7).render(lane(person(), person(nearness=0.9)), 3)) == 2


def test_two_people_stand_side_by_side() -> None:
    picture = SCENE.render(lane(person(nearness=0.5), person(nearness=0.4)), 1)
    seen = np.any(difference(picture, SCENE.render(lane(), 1)), axis=0, keepdims=True)[0]
    assert seen[:240].sum() > 60
    assert seen[240:].sum() > 60


def test_a_left_suitcase_lies_on_the_floor() -> None:
    seen = difference(SCENE.render(lane(object_inside=True), 1), SCENE.render(lane(), 1))
    assert seen[150:].sum() > 500
    assert seen[:150].sum() == 0


def test_another_person_with_a_recycled_photograph_id_is_not_mistaken() -> None:
    scene = Scene(480, 270, seed=7)
    for tone in range(12):
        portrait = np.full((64, 64, 3), 20 * tone, np.uint8)
        picture = scene.render(lane(Person("plain", portrait, Zone.INSIDE, True, 1.0)), 1)
        assert abs(int(np.median(picture[200, 220:260])) - 20 * tone) <= 12
        del portrait


@settings(max_examples=40, deadline=None)
@given(
    nearness=st.floats(-1, 2),
    facing=st.booleans(),
    others=st.integers(0, 4),
    frame=st.integers(0, 10**9),
    shape=st.tuples(st.integers(32, 300), st.integers(32, 300)),
)
def test_every_plant_gives_a_picture(
    nearness: float, facing: bool, others: int, frame: int, shape: tuple[int, int]
) -> None:
    portrait = np.zeros((*shape, 3), np.uint8)
    people = [Person(f"{i}", portrait, Zone.INSIDE, facing, nearness) for i in range(others + 1)]
    assert SCENE.render(lane(*people), frame).shape == (270, 480, 3)


@pytest.mark.parametrize("size", [(10, 10), (4000, 3000)])
def test_an_absurd_size_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="160x120 to 1920x1080"):
        Scene(*size)


@pytest.mark.parametrize("portrait", [np.zeros((100, 100), np.uint8), np.zeros((8, 8, 3), np.uint8)])
def test_what_is_no_photograph_is_refused(portrait: np.ndarray) -> None:
    with pytest.raises(ValueError, match="RGB uint8"):
        SCENE.render(lane(Person("x", portrait, Zone.INSIDE, True, 1.0)), 1)
