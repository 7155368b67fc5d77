"""One watch of a traveller: what is compared was watched, several chances keep one false match rate, and
attacks drawn by the lane simulator are told from living heads. The models and photographs are real."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest

from gate_agent.biometrics.face.advice import Advice
from gate_agent.biometrics.face.cards import default_models
from gate_agent.biometrics.face.chain import FaceChain, FaceSettings
from gate_agent.biometrics.face.compare import Template
from gate_agent.biometrics.face.errors import ModelError
from gate_agent.biometrics.face.liveness import ENOUGH, Suspicion
from gate_agent.biometrics.face.pixels import Pixels
from gate_agent.biometrics.face.settings import LivenessSettings
from gate_agent.biometrics.face.watch import FaceWatch
from gate_agent.egate.reasons import INSTRUCTIONS
from gate_agent.errors import GateError
from gate_agent.evidence import Outcome
from gate_models.build import build
from gate_simulators.egate.people import People
from gate_simulators.egate.plant import Person, Plant, Zone
from gate_simulators.egate.presentation import Presentation
from gate_simulators.egate.scene import Scene
from gate_simulators.issuer.passports import PassportOffice

A, OTHER_OF_A, B = ("president_a", 0), ("president_a", 2), ("president_b", 0)


@pytest.fixture(scope="module")
def chain() -> FaceChain:
    try:
        build(default_models())
    except GateError as error:
        pytest.skip(f"the models are not built: {error}")
    return FaceChain.load(FaceSettings())


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    try:
        return People(PassportOffice(tmp_path_factory.mktemp("office"), seed=1))
    except GateError as error:
        pytest.skip(f"no photographs: {error}")


@dataclass
class Lane:
    """What the lane's camera sends: drawn, compressed as it does, and decoded again."""

    people: People
    who: tuple[str, int] = A
    presents: Presentation = Presentation.FACE
    seed: int = 7
    number: int = 2
    sent: list[Pixels] = field(default_factory=list[Pixels])

    def __post_init__(self) -> None:
        self.plant, self.scene = Plant(), Scene(seed=self.seed)
        self.person = Person("x", self.people.standing(self.who), Zone.INSIDE, True, 0.95, self.presents)
        self.plant.persons.append(self.person)

    def frame(self) -> Pixels:
        self.number += 1
        drawn = cv2.cvtColor(self.scene.render(self.plant, self.number), cv2.COLOR_RGB2BGR)
        _, jpeg = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, 85])
        decoded = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR))
        self.sent.append(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB).astype(np.uint8))
        return self.sent[-1].copy()


def watching(chain: FaceChain, attempts: int = 1) -> FaceWatch:
    return FaceWatch(chain, frames=3, attempts=attempts, smallest_eyes_px=24)


def until_complete(watch: FaceWatch, lane: Lane, most: int = 16) -> int:
    """Frames that it took."""
    for number in range(1, most + 1):
        watch.look(lane.frame())
        if watch.complete:
            return number
    raise AssertionError(f"not complete after {most} frames: {watch.liveness()}")


def portrait(chain: FaceChain, people: People, who: tuple[str, int]) -> Template:
    pixels = people.standing(who)
    return chain.template(pixels, chain.single(chain.find(pixels)))


# ---------------------------------------------------------------- a genuine traveller, and a stranger


def test_a_genuine_traveller_is_compared_once_and_found_live(chain: FaceChain, people: People) -> None:
    watch, lane = watching(chain), Lane(people, OTHER_OF_A)
    assert until_complete(watch, lane) == ENOUGH
    result = watch.compare(portrait(chain, people, A))
    assert result is not None and result.matched
    assert watch.liveness().outcome is Outcome.PASSED
    assert watch.compare(portrait(chain, people, A)) is None, "one attempt is one comparison"
    watch.wipe()
    assert watch.liveness().outcome is Outcome.INCONCLUSIVE, "nothing is left to judge"


def test_every_attempt_of_several_is_judged_so_that_all_together_keep_the_rate(
    chain: FaceChain, people: People
) -> None:
    stated = chain.judged_at().fmr
    watch, lane, other = watching(chain, attempts=2), Lane(people, B), portrait(chain, people, A)
    rates: list[float] = []
    while watch.attempts_left:
        until_complete(watch, lane)
        result = watch.compare(other)
        assert result is not None and not result.matched
        rates.append(result.fmr)
        watch.again()
        assert not watch.complete, "a further attempt needs further pictures"
    assert len(rates) == 2
    assert sum(rates) <= stated
    for attempts in (1, 2, 3, 4):
        assert attempts * chain.judged_at(attempts, frames=3).fmr <= stated * (1 + 1e-9)


def test_more_chances_than_the_card_was_calibrated_for_are_refused(chain: FaceChain) -> None:
    with pytest.raises(ModelError, match="no operating point"):
        chain.judged_at(attempts=1000)


# ---------------------------------------------------------------- what is compared was watched


def test_another_face_in_the_same_place_begins_anew(chain: FaceChain, people: People) -> None:
    """Somebody shows their own live face, then holds another's photograph where it was."""
    watch, lane = watching(chain), Lane(people, B)
    until_complete(watch, lane)
    lane.person.portrait, lane.person.presents = people.standing(A), Presentation.PRINT
    watch.look(lane.frame())
    assert watch.usable == 1
    assert not watch.complete
    until_complete(watch, lane)
    assert Suspicion.FLAT_FACE in watch.liveness().suspicions


def test_a_second_face_stops_the_watch_and_says_so(chain: FaceChain, people: People) -> None:
    watch, lane = watching(chain), Lane(people, A)
    lane.plant.persons.append(Person("y", people.standing(B), Zone.INSIDE, facing=True, nearness=0.9))
    look = watch.look(lane.frame())
    assert (look.problem, look.advice) == ("FACE_SEVERAL", Advice.COME_ALONE)


def test_nobody_and_somebody_far_away_are_told_what_to_do(chain: FaceChain, people: People) -> None:
    watch, lane = watching(chain), Lane(people, A)
    lane.person.facing = False
    assert watch.look(lane.frame()).advice is Advice.LOOK_AT_CAMERA
    far = FaceWatch(chain, frames=3, attempts=1, smallest_eyes_px=400)
    lane.person.facing = True
    look = far.look(lane.frame())
    assert (look.problem, look.advice) == ("FACE_QUALITY_LOW", Advice.MOVE_CLOSER)


def test_the_lane_has_words_for_everything_that_may_be_advised() -> None:
    assert {advice.value for advice in Advice} <= set(INSTRUCTIONS)


# ---------------------------------------------------------------- attacks


@pytest.mark.parametrize("who", [A, ("president_a", 1), OTHER_OF_A, B, ("astronaut", 0)])
def test_no_living_head_of_the_simulation_is_suspected(
    chain: FaceChain, people: People, who: tuple[str, int]
) -> None:
    watch = watching(chain)
    lane = Lane(people, who, number=11)
    until_complete(watch, lane)
    assert watch.liveness().outcome is Outcome.PASSED, watch.liveness()


@pytest.mark.parametrize(
    ("presents", "suspicion"),
    [(Presentation.PRINT, Suspicion.FLAT_FACE), (Presentation.SCREEN, Suspicion.SCREEN_RASTER)],
)
def test_a_photograph_held_up_matches_and_is_not_live(
    chain: FaceChain, people: People, presents: Presentation, suspicion: Suspicion
) -> None:
    watch = watching(chain)
    until_complete(watch, Lane(people, OTHER_OF_A, presents))
    result = watch.compare(portrait(chain, people, A))
    assert result is not None and result.matched, "the attack would succeed without liveness"
    verdict = watch.liveness()
    assert (verdict.outcome, suspicion in verdict.suspicions) == (Outcome.FAILED, True)


def test_a_looped_stream_is_not_live(chain: FaceChain, people: People) -> None:
    lane = Lane(people, OTHER_OF_A)
    recorded = [lane.frame() for _ in range(4)]
    watch = watching(chain)
    for number in range(2 * len(recorded)):
        watch.look(recorded[number % len(recorded)].copy())
    assert Suspicion.REPEATED_FRAMES in watch.liveness().suspicions


def test_a_still_print_passes_only_where_no_turn_is_asked_for(chain: FaceChain, people: People) -> None:
    """The limit of passive signs, and what asking for a turn of the head is worth."""
    lane = Lane(people, A, Presentation.PRINT)
    random = np.random.default_rng(1)
    still = lane.frame().astype(np.int16)
    asked = FaceSettings(liveness=LivenessSettings(turn_head=True))
    asking_chain = FaceChain.load(asked)
    asking = watching(asking_chain)
    passive = watching(chain)
    told: list[Advice | None] = []
    for _ in range(ENOUGH + 1):
        noisy = np.clip(still + random.normal(0, 2.2, still.shape), 0, 255).astype(np.uint8)
        passive.look(noisy)
        told.append(asking.look(noisy).advice)
    assert passive.complete
    assert passive.liveness().outcome is Outcome.PASSED
    assert told[-1] is Advice.TURN_HEAD
    assert not asking.complete
    assert asking.liveness().outcome is Outcome.INCONCLUSIVE
    living = watching(asking_chain)
    until_complete(living, Lane(people, A))
    assert living.liveness().outcome is Outcome.PASSED
