"""Composes the stages: frame -> faces -> crops -> probabilities -> people. No threads, clocks, files or Qt."""

from __future__ import annotations

from typing import Protocol

from maskcam.belief import believe
from maskcam.crops import crop_faces
from maskcam.detections import Sighting
from maskcam.doubts import cut_off, doubts
from maskcam.faces import Detector
from maskcam.finder import PLAIN
from maskcam.frames import MOUTH, Event, Frame, Hints, Judgement, Pixels, Result
from maskcam.judging import NOBODY, Known, completed, to_judge, whose
from maskcam.modelcard import ModelCard
from maskcam.single import judge_single
from maskcam.track_rules import TrackRules
from maskcam.tracks import Tracker

FRAMES_A_SECOND = 30
"""For so many the turns of the search are made; of fewer, each does the work of several."""
CATCHING_UP = 4
"""Turns that a frame takes at most where frames are left out or seldom, so that its time is bounded.

It takes those that were left out, and one more, since the answer comes later too then: what a tile costs is little
beside the faces that keep the search from looking at more frames, and newcomers must not wait for it."""

MOST_JUDGED = 4
"""People known who are judged in a frame where its time is bounded: as many as the classifier takes at once.

In a crowd all of them took more time than finding them, and newcomers had to wait for it.
"""


class Classifier(Protocol):
    """Judges crops; `maskcam.classifier.MaskClassifier` is one."""

    card: ModelCard

    def judge(self, crops: Pixels) -> Judgement:
        """Return what is said of `(n, s, s, 3) uint8 RGB`."""
        ...


class Pipeline:
    """The way from a picture to what is said of the people in it."""

    def __init__(
        self,
        detector: Detector,
        classifier: Classifier,
        threshold: float | None = None,
        most_judged: int | None = None,
    ) -> None:
        """`threshold`, the no-mask probability where evidence turns from mask to bare, defaults to the card's.

        Of more than `most_judged` people who are known some keep what was said of them before, in turns.
        """
        self._detector = detector
        self._classifier = classifier
        self.threshold = classifier.card.threshold if threshold is None else threshold
        self._rules = TrackRules()
        self._tracker = Tracker(self.threshold, self._rules)
        self._most_judged = most_judged
        self._turn = -1
        self._time: float | None = None

    def change_threshold(self, threshold: float | None) -> None:
        """Judge by another threshold from the next frame on, None for the card's; everybody stays who they are.

        ValueError for one that isn't between 0 and 1, which changes nothing.
        """
        chosen = self._classifier.card.threshold if threshold is None else threshold
        self._tracker.change_threshold(chosen)
        self.threshold = chosen

    def change_detector(self, detector: Detector) -> None:
        """Look for faces with another detector from the next frame on; everybody stays who they are."""
        self._detector = detector

    def process(self, frame: Frame) -> Result:
        """Judge the next frame of a video; frames come in order."""
        gone = 0.0 if self._time is None else (frame.time - self._time) * FRAMES_A_SECOND
        turns = max(round(gone), 1)
        if turns > 1:
            turns = min(turns + 1, CATCHING_UP)
        self._turn, self._time = self._turn + turns, frame.time
        hints = Hints(self._turn, self._tracker.expected(frame.time, frame.width, frame.height), turns)
        known = self._tracker.known(frame.time, frame.width, frame.height)
        return self._tracker.update(self._look(frame, hints, known))

    def process_single(self, frame: Frame) -> Result:
        """Judge a picture that stands alone; the people followed so far are not touched."""
        return judge_single(self._look(frame, Hints(), NOBODY), self.threshold, self._rules)

    def finish(self) -> tuple[Event, ...]:
        """End the video: the events of everyone who was still in view."""
        return self._tracker.finish()

    def _look(self, frame: Frame, hints: Hints, known: Known) -> Sighting:
        """Find the faces, judge their crops, and say which crops are too poor."""
        faces = self._detector.detect(frame.image, hints)
        owners = whose(faces.boxes, known)
        anew = to_judge(owners, known, faces.scores >= PLAIN, self._most_judged)
        crops = crop_faces(frame.image, faces.boxes[anew], self._classifier.card)
        said = self._classifier.judge(crops)
        masked = said.no_mask_probability < self.threshold
        poor = cut_off(doubts(faces.boxes[anew], crops), masked, faces.keypoints[anew, MOUTH], frame.height)
        judgement, doubtful = completed(owners, known, anew, said, poor)
        if self._classifier.card.not_face_index is not None:
            faces = believe(faces, judgement, doubtful)
        return Sighting(frame.index, frame.time, frame.width, frame.height, faces, judgement, doubtful, anew)
