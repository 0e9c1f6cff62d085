"""When to raise the alarm: the same person without a mask for some seconds, once, then a cool-down."""

from __future__ import annotations

import math
from dataclasses import dataclass

from maskcam.frames import Result, Verdict

Box = tuple[float, float, float, float]

SNOOZE_SECONDS = 300.0

_DOUBT_SECONDS = 1.0
"""So long a bare person may be unsure or unseen, also come back under a new number, and still be the same one."""

_PATIENCE_SECONDS = 3.0
"""Between two results that are no further apart nobody is taken to have been away."""

_SHOWN_SECONDS = 4.0
"""An alarm stays visible at least so long, or nobody who looks up at the beep would see whom it meant."""


@dataclass(slots=True)
class _Watched:
    box: Box
    seen_at: float
    bare_since: float | None = None
    bare_at: float = -math.inf
    doubt_since: float | None = None
    fired_at: float = -math.inf

    def doubt(self, now: float) -> None:
        """Take a result in which the person isn't surely bare, or not at all."""
        if self.doubt_since is None:
            self.doubt_since = now

    def surely_bare(self, now: float, patience: float) -> bool:
        """Whether whoever was bare at most `patience` seconds ago still counts as that; doubt must not last."""
        doubted = 0.0 if self.doubt_since is None else now - self.doubt_since
        return doubted <= _DOUBT_SECONDS and now - self.bare_at <= patience


class Snooze:
    """The silence that the user asked for: it goes on while a video stands still, but not while the machine sleeps."""

    def __init__(self) -> None:
        self._until = -math.inf

    def press(self, now: float) -> None:
        """Be silent for `SNOOZE_SECONDS`, or, when already silent, end the silence."""
        self._until = -math.inf if self.on(now) else now + SNOOZE_SECONDS

    def on(self, now: float) -> bool:
        """Whether the alarm is to be silent now."""
        return now < self._until

    def left(self, now: float) -> float:
        """Seconds of silence that are left."""
        return max(self._until - now, 0.0)


class AlarmClock:
    """The time by which the alarm goes; it stands still while a video does, in which nobody goes on being bare."""

    def __init__(self) -> None:
        self._stood = 0.0
        self._floor = -math.inf
        self._since: float | None = None

    def stand(self, still: bool, now: float) -> None:
        """From `now` on stand still, or go on."""
        if still and self._since is None:
            self._since = now
        elif not still and self._since is not None:
            self._floor = self._since - self._stood
            self._stood += max(now - self._since, 0.0)
            self._since = None

    def at(self, time: float) -> float:
        """What it shows at a time; as it stood at one from when it last stood still."""
        return max((time if self._since is None else min(time, self._since)) - self._stood, self._floor)


class Alarm:
    """Watches every person's verdicts; time is passed in and grows."""

    def __init__(self) -> None:
        self._people: dict[int, _Watched] = {}
        self._shown: dict[int, float] = {}
        self._last = math.inf
        self._patience = _PATIENCE_SECONDS

    def update(self, now: float, result: Result, seconds: float, cool_down: float, *, silent: bool = False) -> bool:
        """Take the newest result; True when the alarm goes off with it.

        It goes off when somebody has been without a mask for `seconds` and has raised no alarm in the last
        `cool_down` seconds, unless it is to be `silent`. A moment of doubt or out of sight doesn't start the time anew,
        a mask does.
        """
        self._forget(now, cool_down)
        fired = False
        boxes: list[Box] = [(x0, y0, x1, y1) for x0, y0, x1, y1 in result.boxes.tolist()]
        tracks: list[int] = result.track_ids.tolist()
        present = set(tracks)
        for track, box, verdict in zip(tracks, boxes, result.verdicts, strict=True):
            person = self._person(now, track, box, present)
            person.box, person.seen_at = box, now
            if verdict is Verdict.MASK or not person.surely_bare(now, self._patience):
                person.bare_since = None
            if verdict is not Verdict.NO_MASK:
                person.doubt(now)
                continue
            if person.bare_since is None:
                person.bare_since = now
            person.bare_at, person.doubt_since = now, None
            # A millionth of slack: two seconds of summed frame times must count as two.
            long_enough = now - person.bare_since >= seconds - 1e-6
            if long_enough and now - person.fired_at >= cool_down and not silent:
                person.fired_at = self._shown[track] = now
                fired = True
        for track, person in self._people.items():
            if track not in present:
                person.doubt(now)
        # Where an analysis takes seconds nobody was away between two of them.
        self._patience = max(2 * (now - self._last), _PATIENCE_SECONDS)
        self._last = now
        return fired

    def hush(self) -> None:
        """Show nobody's alarm any more."""
        self._shown.clear()

    def showing(self, now: float) -> frozenset[int]:
        """The people whose alarm is to be seen: as long as they wear no mask, and a few seconds in any case."""
        kept = {}
        for track, since in self._shown.items():
            person = self._people.get(track)
            bare = person is not None and person.bare_since is not None and person.surely_bare(now, self._patience)
            if bare or now - since < _SHOWN_SECONDS:
                kept[track] = since
        self._shown = kept
        return frozenset(kept)

    def reset(self) -> None:
        """Forget everybody: a video jumped, another source was chosen, or the alarm was switched off."""
        self._people.clear()
        self._shown.clear()
        self._last, self._patience = math.inf, _PATIENCE_SECONDS

    def _forget(self, now: float, cool_down: float) -> None:
        self._people = {
            track: person
            for track, person in self._people.items()
            if now - person.seen_at <= self._patience or now - person.fired_at < cool_down
        }

    def _person(self, now: float, track: int, box: Box, present: set[int]) -> _Watched:
        if track not in self._people:
            self._people[track] = self._returned(now, track, box, present) or _Watched(box, now)
        return self._people[track]

    def _returned(self, now: float, number: int, box: Box, present: set[int]) -> _Watched | None:
        """Whoever was last seen at this place a moment ago and has no number any more; of several the nearest."""
        gone = [
            (_distance(person.box, box), -person.seen_at, track)
            for track, person in self._people.items()
            if track not in present and self._just_seen(now, person) and _same_place(person.box, box)
        ]
        if not gone:
            return None
        track = min(gone)[2]
        person = self._people.pop(track)
        if track in self._shown:
            self._shown[number] = self._shown.pop(track)
        return person

    def _just_seen(self, now: float, person: _Watched) -> bool:
        # After longer it may as well be the next one in a queue, of whom nobody has been told yet.
        away = now - person.seen_at
        return away <= _DOUBT_SECONDS or (person.seen_at >= self._last and away <= self._patience)


def _same_place(one: Box, other: Box) -> bool:
    size = math.sqrt((one[2] - one[0]) * (one[3] - one[1]))
    wide, high = other[2] - other[0], other[3] - other[1]
    return _distance(one, other) < size and 0.5 < math.sqrt(wide * high) / max(size, 1e-6) < 2.0


def _distance(one: Box, other: Box) -> float:
    """Pixels from the middle of one to that of the other."""
    return math.hypot(one[0] + one[2] - other[0] - other[2], one[1] + one[3] - other[1] - other[3]) / 2
