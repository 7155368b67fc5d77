"""Following a traveller: one track a person, the faces of a whole search, and fusion within a track."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_agent.biometrics.face.cards import default_models
from gate_agent.biometrics.face.chain import FaceChain, FaceSettings
from gate_agent.biometrics.face.compare import Template, fuse
from gate_agent.biometrics.face.errors import NoFace, TemplateError, UnclearFace
from gate_agent.biometrics.face.pixels import Box, Pixels
from gate_agent.biometrics.face.track import FaceTracker, Fusion
from gate_agent.errors import GateError
from gate_models.build import build
from gate_simulators.egate.photographs import photographs


@pytest.fixture(scope="module")
def chain() -> FaceChain:
    try:
        build(default_models())
    except GateError as error:
        pytest.skip(f"the models are not built: {error}")
    return FaceChain.load(FaceSettings())


@pytest.fixture(scope="module")
def head() -> Pixels:
    try:
        return photographs()["astronaut"][0][:300, 100:400]
    except GateError as error:
        pytest.skip(f"no photographs: {error}")


def frame(*places: tuple[Pixels, int, int]) -> Pixels:
    picture = np.full((540, 960, 3), 90, np.uint8)
    for face, x, y in places:
        picture[y : y + face.shape[0], x : x + face.shape[1]] = face
    return picture


def walk(head: Pixels, steps: int = 10) -> Iterator[Pixels]:
    """Somebody comes nearer and to the side."""
    for step in range(steps):
        size = 280 + 8 * step
        face = cv2.resize(head, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8)
        yield frame((face, 250 + 15 * step, 60 + 5 * step))


def test_a_walking_person_is_one_track(chain: FaceChain, head: Pixels) -> None:
    tracker = FaceTracker(chain)
    seen = [tracker.follow(pixels) for pixels in walk(head)]
    assert all(seen)
    assert {s.track for s in seen if s} == {1}
    assert [s.length for s in seen if s] == list(range(1, 11))
    assert [s.searched for s in seen if s] == [True, *[False] * 7, True, False]


def test_a_tracked_face_is_the_face_of_a_whole_search(chain: FaceChain, head: Pixels) -> None:
    tracker, distances = FaceTracker(chain), list[float]()
    for pixels in walk(head, 6):
        seen, whole = tracker.follow(pixels), chain.single(chain.find(pixels))
        assert seen is not None
        assert seen.face.box.overlap(whole.box) > 0.5
        try:
            own, reference = chain.template(pixels, seen.face), chain.template(pixels, whole)
        except UnclearFace:
            continue  # landmarks that slipped to the ear make views that disagree
        distances.append(chain.compare(own, reference).distance)
    assert len(distances) >= 4
    assert max(distances) < 0.1


def test_somebody_else_elsewhere_is_another_track(chain: FaceChain, head: Pixels) -> None:
    tracker = FaceTracker(chain)
    first = tracker.follow(frame((head, 40, 100)))
    second = tracker.follow(frame((head, 600, 100)))
    assert first and second
    assert (first.track, second.track, second.length) == (1, 2, 1)


def test_nobody_ends_the_track(chain: FaceChain, head: Pixels) -> None:
    tracker = FaceTracker(chain)
    there = frame((head, 300, 100))
    tracks = [tracker.follow(pixels) for pixels in (there, frame(), there)]
    assert [t.track if t else None for t in tracks] == [1, None, 2]


def test_a_second_person_is_counted_within_the_interval(chain: FaceChain, head: Pixels) -> None:
    tracker = FaceTracker(chain, whole_every=3)
    alone, two = frame((head, 300, 100)), frame((head, 300, 100), (head, 650, 100))
    others = [
        seen.others
        for pixels in (alone, two, two, two, alone, alone, alone)
        if (seen := tracker.follow(pixels))
    ]
    assert others[0] == 0
    assert others[3] == 1
    assert others[-1] == 0


def test_the_nearer_and_more_central_face_is_the_traveller(chain: FaceChain, head: Pixels) -> None:
    near = cv2.resize(head, (390, 390)).astype(np.uint8)
    seen = FaceTracker(chain).follow(frame((head, 20, 200), (near, 400, 100)))
    assert seen and seen.face.box.left > 400
    assert seen.others == 1


def test_another_picture_size_begins_anew(chain: FaceChain, head: Pixels) -> None:
    tracker = FaceTracker(chain)
    first, second = tracker.follow(frame((head, 300, 100))), tracker.follow(frame((head, 300, 100))[:500])
    assert first and second and (first.track, second.track) == (1, 2)


@pytest.mark.parametrize("box", [Box(-500, -500, -400, -400), Box(955, 535, 2000, 2000), Box(5, 5, 5, 5)])
def test_near_nothing_nothing_is_found(chain: FaceChain, head: Pixels, box: Box) -> None:
    assert chain.find(frame((head, 300, 100)), box) == ()


# ---------------------------------------------------------------- fusion


def template(seed: int, agreement: float = 1.0, model: str = "m") -> Template:
    vector = np.random.default_rng(seed).normal(size=128)
    return Template(model, (vector / np.linalg.norm(vector)).astype(np.float32), agreement)


def test_fusion_keeps_the_pictures_whose_views_agree_best() -> None:
    parts = [template(n, agreement) for n, agreement in enumerate((0.992, 0.999, 0.991, 0.998))]
    fusion = Fusion(frames=2)
    for part in parts:
        fusion.add(1, part)
    assert fusion.complete
    fused = fusion.template()
    assert fused.frames == 2
    assert fused.agreement == pytest.approx(0.9985)
    assert np.linalg.norm(fused.vector) == pytest.approx(1)
    assert np.allclose(fused.vector, fuse([parts[3], parts[1]]).vector)
    assert np.isnan(parts[0].vector).all() and np.isnan(parts[2].vector).all()


def test_two_people_never_make_one_template() -> None:
    fusion, first = Fusion(frames=3), template(1)
    fusion.add(1, first)
    fusion.add(2, template(2))
    assert np.isnan(first.vector).all()
    assert fusion.template().frames == 1


def test_a_wiped_fusion_has_nothing() -> None:
    fusion, part = Fusion(), template(1)
    fusion.add(1, part)
    fusion.wipe()
    assert np.isnan(part.vector).all()
    with pytest.raises(NoFace):
        fusion.template()


def test_templates_that_do_not_belong_together_are_not_fused() -> None:
    with pytest.raises(TemplateError, match="2 models"):
        fuse([template(1), template(2, model="n")])
    wiped = template(1)
    wiped.wipe()
    with pytest.raises(TemplateError, match="wiped"):
        fuse([wiped, template(2)])
    with pytest.raises(TemplateError):
        fuse([])


def apart(chain: FaceChain, *by: float) -> list[Template]:
    """Templates of the chain's model, each so far away from the first."""
    model = chain.card.template_model(chain.augmentation.id)
    first, other = (template(seed).vector for seed in (1, 2))
    vectors = [first + np.float32(amount) * other for amount in (0, *by)]
    return [Template(model, (v / np.linalg.norm(v)).astype(np.float32)) for v in vectors]


def test_different_pictures_fused_are_judged_at_an_operating_point_of_their_own(chain: FaceChain) -> None:
    """Fusing moves strangers nearer too: the threshold for one picture would let more of them pass."""
    one, *others = apart(chain, 0.25, -0.25)
    fused = fuse([one, *others])
    single, several = chain.compare(one, one), chain.compare(fused, one)
    assert several.threshold < single.threshold
    assert several.fmr == single.fmr
    with pytest.raises(GateError, match="4 pictures"):
        chain.compare(fuse([fused, one]), one)


def test_pictures_of_one_walk_are_judged_as_one_picture(chain: FaceChain) -> None:
    one, *alike = apart(chain, 0.05, -0.05)
    assert chain.compare(fuse([one, *alike]), one).threshold == chain.compare(one, one).threshold


@given(st.lists(st.floats(-0.06, 0.06), min_size=1, max_size=3), st.floats(0.05, 2))
def test_their_distance_is_the_root_of_the_mean_square(
    chain: FaceChain, by: list[float], strange: float
) -> None:
    """So that fusing never brings anybody nearer than the pictures are, taken one by one."""
    one, *alike = apart(chain, *by)
    [_, stranger] = apart(chain, strange)
    each = [chain.compare(part, stranger).distance for part in (one, *alike)]
    fused = chain.compare(fuse([one, *alike]), stranger).distance
    assert fused == pytest.approx(float(np.sqrt(np.mean(np.square(each)))), abs=1e-4)
    assert fused >= np.mean(each) - 1e-4
