"""One transaction's look at the traveller, frame by frame: follow, judge, watch for liveness, fuse, compare.

Several comparisons would give a stranger several chances. A transaction may have `attempts` of them, each
with pictures of its own, and each is judged at an operating point of so small a rate that all together keep
the stated FMR (Bonferroni; ISO/IEC 19795-1 §8 counts a transaction, not its comparisons).

What is compared is what was watched: when the track breaks, or a picture shows somebody else than those
before it, templates and signs of liveness are dropped together. No I/O, no clock; called in an executor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from gate_agent.biometrics.face.advice import Advice
from gate_agent.biometrics.face.chain import FaceChain
from gate_agent.biometrics.face.compare import Comparison, Template
from gate_agent.biometrics.face.errors import FaceError, ModelError, PictureError, UnclearFace
from gate_agent.biometrics.face.liveness import ENOUGH, FRAMES, LivenessMonitor, Verdict, judge
from gate_agent.biometrics.face.pad import AttackScore
from gate_agent.biometrics.face.pixels import Pixels
from gate_agent.biometrics.face.quality import FaceQuality, advise
from gate_agent.biometrics.face.track import FaceTracker, Fusion, TrackedFace
from gate_agent.evidence import Outcome


@dataclass(frozen=True, slots=True)
class Look:
    """What one frame was good for: the reason code why it is of no use, and what the traveller could do."""

    problem: str = ""
    advice: Advice | None = None


class FaceWatch:
    """Watches one traveller. Not thread-safe: one caller gives it the frames in order, and wipes it."""

    def __init__(self, chain: FaceChain, *, frames: int, attempts: int, smallest_eyes_px: float) -> None:
        self.quality: Mapping[str, float] = {}
        self.usable = 0
        self.comparisons = 0
        self._chain = chain
        self._liveness = chain.settings.liveness
        self._attempts = attempts
        self._smallest_eyes_px = smallest_eyes_px
        self._tracker = FaceTracker(chain)
        self._fusion = Fusion(frames)
        self._monitor = LivenessMonitor()
        self._scores: list[AttackScore] = []
        self._track = 0
        self._turned = False
        self._model_failed = False

    @property
    def complete(self) -> bool:
        """Whether there are pictures enough to compare, and frames enough to tell whether they are live."""
        return self._fusion.complete and self._watched

    @property
    def attempts_left(self) -> int:
        return self._attempts - self.comparisons

    @property
    def _watched(self) -> bool:
        return self._monitor.frames >= ENOUGH and (self._turned or not self._liveness.turn_head)

    def look(self, pixels: Pixels) -> Look:
        """Take in one frame."""
        try:
            seen = self._tracker.follow(pixels)
            if seen is None:
                return Look("FACE_NOT_FOUND", Advice.LOOK_AT_CAMERA)
            if seen.others:
                return Look("FACE_SEVERAL", Advice.COME_ALONE)
            return self._take(pixels, seen)
        except ModelError:
            self._model_failed = True
            return Look("FACE_MODEL_UNAVAILABLE")
        except (FaceError, PictureError):
            return Look("FACE_QUALITY_LOW", Advice.LOOK_AT_CAMERA)

    def _take(self, pixels: Pixels, seen: TrackedFace) -> Look:
        if seen.track != self._track:
            self._begin(seen.track)
        quality = self._chain.quality(pixels, seen.face)
        self.quality = _numbers(quality)
        wishes = advise(quality)
        self._monitor.add(pixels, seen.face)
        if quality.inter_eye_distance_px < self._smallest_eyes_px:
            return Look("FACE_QUALITY_LOW", Advice.MOVE_CLOSER)
        try:
            template = self._chain.template(pixels, seen.face)
        except UnclearFace:
            return Look("FACE_QUALITY_LOW", wishes[0] if wishes else Advice.HOLD_STILL)
        self._keep(seen.track, template, pixels, seen)
        if self._liveness.turn_head and not self._turned and self._monitor.frames >= ENOUGH:
            self._turned = self._monitor.signs().turning > self._liveness.turning
        if self._fusion.complete and not self._turned and self._liveness.turn_head:
            return Look(advice=Advice.TURN_HEAD)
        return Look()

    def _keep(self, track: int, template: Template, pixels: Pixels, seen: TrackedFace) -> None:
        if not self._same_face(track, template):
            # The box went on, and yet it is another face: somebody stepped or held something in between.
            self._begin(track)
            self._monitor.add(pixels, seen.face)
        self._fusion.add(track, template)
        self.usable += 1
        if len(self._scores) < FRAMES and (score := self._chain.attack_score(pixels, seen.face)) is not None:
            self._scores.append(score)

    def _same_face(self, track: int, template: Template) -> bool:
        """Whether a template fits those before it. One that cannot be compared is wiped."""
        best = self._fusion.best(track)
        try:
            return best is None or self._chain.compare(best, template).matched
        except FaceError:
            template.wipe()
            raise

    def _begin(self, track: int) -> None:
        """Whoever is seen from now on may be somebody else."""
        self._track, self._turned, self.usable = track, False, 0
        self._fusion.wipe()
        self._monitor.wipe()
        self._scores.clear()

    def compare(self, portrait: Template) -> Comparison | None:
        """One comparison with what was fused; None when nothing was usable. Raises FaceError."""
        if not self.usable or not self.attempts_left:
            return None
        live = self._fusion.template()
        try:
            comparison = self._chain.compare(live, portrait, self._attempts)
        finally:
            live.wipe()
        self.comparisons += 1
        return comparison

    def again(self) -> None:
        """Drop the pictures of one attempt, for the next; what was seen of liveness stays."""
        self._fusion.wipe()
        self.usable = 0

    def liveness(self) -> Verdict:
        """What speaks for and against a live person in the frames of this track."""
        ranked = sorted(self._scores, key=lambda score: score.score)
        verdict = judge(self._monitor.signs(), ranked[len(ranked) // 2] if ranked else None, self._liveness)
        if self._model_failed and verdict.outcome is Outcome.PASSED:
            return replace(verdict, outcome=Outcome.INCONCLUSIVE)
        return verdict

    def wipe(self) -> None:
        self._fusion.wipe()
        self._monitor.wipe()
        self._scores.clear()


def _numbers(quality: FaceQuality) -> dict[str, float]:
    return {
        name: round(float(value), 4) for name, value in asdict(quality).items() if type(value) is not bool
    }
