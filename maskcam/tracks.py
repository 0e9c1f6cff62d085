"""People followed from frame to frame, and what is said of each.

Everything here is a function of what is passed in; time too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from maskcam.association import fresh, match
from maskcam.detections import Sighting, as_box, clipped, visible
from maskcam.evidence import Evidence, check_threshold
from maskcam.frames import Event, EventKind, Floats, Judgement, Reason, Result, Verdict
from maskcam.judging import NOBODY, Known
from maskcam.motion import Box, Motion
from maskcam.track_rules import TrackRules


class _Person:
    """One person; `track` is 0 until the person is believed to be there."""

    __slots__ = (
        "age",
        "believed",
        "box",
        "doubt",
        "evidence",
        "gap",
        "missed",
        "motion",
        "raw",
        "rejected",
        "score",
        "track",
        "waited",
    )

    def __init__(self, box: Box, threshold: float, rules: TrackRules) -> None:
        self.track = 0
        self.motion = Motion(box, rules)
        self.evidence = Evidence(threshold, rules)
        self.box = box
        self.gap = self.age = self.believed = self.waited = 0.0
        self.missed = 0
        self.score = self.raw = self.rejected = 0.0
        self.doubt: Reason | None = None

    def decided(self, threshold: float) -> bool:
        """Return whether the verdict, or why there is none, is what the crop last judged says."""
        if self.doubt is not None:
            return self.evidence.reason is self.doubt
        said = Verdict.NO_MASK if self.raw >= threshold else Verdict.MASK
        return self.evidence.verdict is said

    def event(self, time: float, kind: EventKind) -> Event:
        return Event(time, self.track, kind, self.evidence.verdict, self.evidence.probability)


class Tracker:
    """Follows the people of one video and judges each, frame after frame."""

    def __init__(self, threshold: float, rules: TrackRules | None = None) -> None:
        """`threshold` is the no-mask probability, between 0 and 1, from which evidence leans to bare."""
        self._threshold = check_threshold(threshold)
        self._rules = rules or TrackRules()
        self._people: list[_Person] = []
        self._last_track = 0
        self._time: float | None = None
        self._steps: deque[float] = deque(maxlen=self._rules.slow_steps)
        self._picture = (0, 0)

    def change_threshold(self, threshold: float) -> None:
        """Judge by another threshold from the next frame on; everybody keeps number, place and evidence."""
        if threshold == self._threshold:
            return  # the evidence would begin to lean anew for nothing
        self._threshold = check_threshold(threshold)
        for person in self._people:
            person.evidence.change_threshold(threshold)

    def expected(self, time: float, width: int, height: int) -> Floats:
        """Return where everybody, started or not, should be at `time` in a picture of this size.

        `(n, 4) float32, pixels, xyxy`, who was not seen for longest first, who has started and who hasn't by turns:
        where only some are looked for, newcomers would never be. Nobody after a clear jump in time.
        """
        if self._is_cut(time, width, height):
            return np.zeros((0, 4), np.float32)
        missed = sorted(self._people, key=lambda person: -person.gap)
        started, others = ([one for one in missed if bool(one.track) is known] for known in (True, False))
        by_turns = [one for pair in zip_longest(started, others) for one in pair if one is not None]
        return self._places(by_turns, self._since(time))

    def known(self, time: float, width: int, height: int) -> Known:
        """Return who was seen in the last frame, and what was last said of each; nobody after a clear jump in time."""
        if self._is_cut(time, width, height):
            return NOBODY
        elapsed = self._since(time)
        people = [one for one in self._people if one.track and not one.missed]
        raw, rejected = (np.array([getattr(one, name) for one in people], np.float32) for name in ("raw", "rejected"))
        return Known(
            self._places(people, elapsed),
            Judgement(raw, rejected),
            tuple(one.doubt for one in people),
            np.array([one.waited + elapsed for one in people], np.float32),
            np.array([one.decided(self._threshold) for one in people], np.bool_),
        )

    def update(self, seen: Sighting) -> Result:
        """Take what was seen in the next frame and return everybody in view.

        Its time should grow; a small step back is jitter, a clear jump or another picture size means that everybody
        has left. What the classifier calls no face counts as not found. People come in the order of their ids; the
        order of the faces plays no part.
        """
        time, width, height = seen.time, seen.width, seen.height
        events = self._end_if_cut(time, width, height)
        elapsed = max(time - (time if self._time is None else self._time), self._rules.least_step)
        if self._time is not None:
            self._steps.append(elapsed)
        self._time = time
        self._picture = (width, height)
        self._advance(elapsed)
        events += self._drop(time, lambda person: person.missed > 0 and self._expired(person))

        order = seen.in_order(self._rules.keep_score)
        boxes, scores = (one[order].astype(np.float64) for one in (seen.faces.boxes, seen.faces.scores))
        found = self._match(boxes, scores)
        added = fresh(boxes, set(found.values()), self._rules)
        before = {person.track: person.evidence.verdict for person in self._people}
        for i, person in enumerate(self._people):
            if i in found:
                j = found[i]
                person.motion.measured(person.gap, as_box(boxes[j]))
                self._see(person, float(scores[j]), seen, order[j])
            else:
                person.missed += 1
                person.believed /= 2
        for j in added:
            # What was said of somebody else's face says nothing of a newcomer.
            if scores[j] >= self._rules.weak_score and seen.judged[order[j]]:
                person = _Person(as_box(boxes[j]), self._threshold, self._rules)
                self._see(person, float(scores[j]), seen, order[j])
                self._people.append(person)
        for person in self._people:
            person.box = person.motion.predicted(person.gap)

        events += self._drop(
            time,
            lambda person: self._expired(person) or not visible(np.array([person.box]), width, height)[0],
        )
        events += self._start(time)
        events += [
            person.event(time, EventKind.VERDICT)
            for person in self._people
            if person.track in before and person.track and person.evidence.verdict is not before[person.track]
        ]
        return self._result(seen.frame_index, time, events, seen.faces.boxes)

    def finish(self) -> tuple[Event, ...]:
        """The `left` events of everybody still in view, at the last frame's time; nobody is in view after."""
        return tuple(self._drop(self._time or 0.0, lambda person: True))

    def _since(self, time: float) -> float:
        return 0.0 if self._time is None else max(time - self._time, 0.0)

    @staticmethod
    def _places(people: Iterable[_Person], elapsed: float) -> Floats:
        """Where `people` should be, `elapsed` seconds after the last frame."""
        return np.array([one.motion.predicted(one.gap + elapsed) for one in people], np.float32).reshape(-1, 4)

    def _end_if_cut(self, time: float, width: int, height: int) -> list[Event]:
        # They were last known to be there at the frame before the jump, so that is when they left.
        return list(self.finish()) if self._is_cut(time, width, height) else []

    def _is_cut(self, time: float, width: int, height: int) -> bool:
        """Return whether the next frame begins anew: after a seek, or a change of the picture's size."""
        if self._time is None:
            return False
        step = time - self._time
        # Where each frame takes seconds, their length is no sign of a seek; one or two seeks in a row are no such pace.
        pace = min(self._steps) if len(self._steps) == self._rules.slow_steps else 0.0
        forward = max(self._rules.forward_reset, self._rules.slow_reset * pace)
        seek = step > forward or step < -self._rules.backward_reset
        return seek or self._picture != (width, height)

    def _advance(self, elapsed: float) -> None:
        for person in self._people:
            person.gap += elapsed
            person.age += elapsed
            person.waited += elapsed

    def _expired(self, person: _Person) -> bool:
        if not person.track:
            return person.missed > self._rules.weak_misses
        # One frame without a box proves nothing, however long it is. A millionth of a second of slack: 0.5 s of summed
        # steps must count as 0.5 s.
        return person.missed > 1 and person.gap > self._rules.coast_seconds + 1e-6

    def _drop(self, time: float, gone: Callable[[_Person], bool]) -> list[Event]:
        leaving = [person for person in self._people if gone(person)]
        self._people = [person for person in self._people if person not in leaving]
        return [person.event(time, EventKind.LEFT) for person in leaving if person.track]

    def _match(self, boxes: NDArray[np.float64], scores: NDArray[np.float64]) -> dict[int, int]:
        if not self._people or not len(boxes):
            return {}
        predicted = np.array([person.motion.predicted(person.gap) for person in self._people])
        gaps = np.array([person.gap for person in self._people])
        started = np.array([person.track > 0 for person in self._people])
        return match(predicted, gaps, started, (boxes, scores), self._rules)

    def _see(self, person: _Person, score: float, seen: Sighting, row: int) -> None:
        person.score = score
        if seen.judged[row]:
            person.raw, person.rejected = seen.judgement.of(row)
            person.doubt = seen.doubts[row]
            person.waited = 0.0
        # What was last said is held until the next: counted less often it would weigh more, and one odd crop turn all.
        person.evidence.add(person.gap, person.raw, person.doubt)
        person.believed += score if score >= self._rules.weak_score else 0.0
        person.gap = 0.0
        person.missed = 0

    def _start(self, time: float) -> list[Event]:
        rules = self._rules
        ready = [
            person
            for person in self._people
            if not person.track
            and not person.missed
            and (
                person.score >= rules.start_score
                or (person.believed >= rules.weak_evidence - 1e-6 and person.age >= rules.weak_seconds - 1e-6)
            )
        ]
        # Numbered from left to right, as people would count.
        ready.sort(key=lambda person: person.box)
        for person in ready:
            self._last_track += 1
            person.track = self._last_track
        self._people.sort(key=lambda person: (person.track == 0, person.track))
        return [person.event(time, EventKind.APPEARED) for person in ready]

    def _result(self, frame_index: int, time: float, events: Iterable[Event], found: Floats) -> Result:
        width, height = self._picture
        people = [person for person in self._people if person.track]
        boxes = np.array([person.box for person in people], np.float64).reshape(-1, 4)
        return Result(
            frame_index,
            time,
            width,
            height,
            clipped(boxes, width, height),
            np.array([person.score for person in people], np.float32),
            np.array([person.track for person in people], np.int64),
            np.array([person.gap == 0.0 for person in people], np.bool_),
            np.array([person.evidence.probability for person in people], np.float32),
            np.array([person.raw for person in people], np.float32),
            tuple(person.evidence.verdict for person in people),
            tuple(person.evidence.reason for person in people),
            np.array([person.rejected for person in people], np.float32),
            tuple(events),
            found,
        )
