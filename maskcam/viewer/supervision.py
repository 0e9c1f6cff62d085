"""Watches over one source: what is wrong with it, since when, and when to open it again."""

from __future__ import annotations

import math
from dataclasses import dataclass

from maskcam.live import LiveView, Pictures, Stage
from maskcam.sources.spec import SourceKind
from maskcam.viewer.health import Fault, Health, read_picture
from maskcam.viewer.messages import FAULTS, OPENING, Message, Trouble, classify, message, retry_words
from maskcam.viewer.reconnect import OPENING_SECONDS, Reconnect

_SLOW = 0.5
"""Seconds of opening after which the window says so; a quick opening needs no words."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The source that the user chose: what it is called and what it is."""

    name: str
    kind: SourceKind

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a source needs a name")


class Supervision:
    """Looks at each view of the runner; time is passed in and grows."""

    def __init__(self, chosen: Chosen, now: float) -> None:
        self.chosen = chosen
        self.trouble: Trouble | None = None
        self.stage = Stage.OPENING
        self._health = Health(now)
        self._reconnect = Reconnect()
        self._detail = ""
        self._seen: int | None = None
        self._good_after = 0
        self._paused = self._slow = False

    def update(self, now: float, view: LiveView, paused: bool) -> bool:
        """Take the runner's newest; True when the source should be opened again now."""
        if self._paused and not paused:
            self._health.start(now)
        if view.stage is not self.stage and view.stage is Stage.RUNNING:
            self._health.start(now)
        self.stage, self._paused = view.stage, paused
        # A quick opening is not worth a word.
        self._slow = view.stage is Stage.OPENING and now - view.opened_at > _SLOW
        self._health.expected = Pictures.FILMED if self.chosen.kind is SourceKind.FILE else view.pictures
        self._read(view)
        file = self.chosen.kind is SourceKind.FILE
        match view.stage:
            case Stage.LOST:
                said = view.problem or ""
                self._is(classify(view.cause, self.chosen.kind, self._health.count > 0), said)
                if not file:
                    self._reconnect.lost(now)
            case Stage.ENDED:
                if view.cause is None:
                    self._is(Trouble.ENDED)
                else:
                    self._is(Trouble.BROKEN_OFF, view.problem or "")
            case Stage.OPENING:
                if now - view.opened_at > OPENING_SECONDS and not file:
                    self._is(Trouble.SILENT)
                    self._reconnect.lost(now)
            case Stage.RUNNING:
                self._running(now, paused)
        return self._reconnect.due(now)

    def reopened(self) -> None:
        """The source is being opened again on somebody's wish."""
        self._reconnect.cancel()

    def message(self) -> Message | None:
        """What to say over the picture, if anything."""
        if self.trouble is not None:
            return message(self.trouble, self.chosen.kind, self._detail)
        return OPENING if self._slow or (self.stage is Stage.RUNNING and not self._health.count) else None

    def retry(self, now: float) -> str:
        """When the source is tried again, in words."""
        never = (Trouble.BLACK, Trouble.ENDED, Trouble.BROKEN_OFF, Trouble.UNREADABLE)
        if self.trouble is None or self.trouble in never:
            return ""
        waiting = self._reconnect.next_in(now)
        return retry_words(waiting, trying=self.stage is Stage.OPENING and math.isinf(waiting))

    @property
    def stale(self) -> bool:
        """Whether the last picture is not one of now."""
        return self._slow or (self.trouble is not None and self.trouble is not Trouble.BLACK)

    def _running(self, now: float, paused: bool) -> None:
        fault = None if paused else self._health.fault(now)
        if fault is None:
            # What was wrong is over when a picture says so, not when an opening does.
            if self.trouble is None or self._health.count > self._good_after:
                self.trouble = None
                if self._health.count:
                    self._reconnect.well(now)
            return
        self._is(FAULTS[fault])
        if fault is Fault.BLACK:
            self._reconnect.well(now)
        else:
            self._reconnect.lost(now)

    def _is(self, trouble: Trouble, detail: str = "") -> None:
        self.trouble, self._detail = trouble, detail
        self._good_after = self._health.count

    def _read(self, view: LiveView) -> None:
        newest = view.newest
        if newest is not None and newest.frame.index != self._seen:
            self._seen = newest.frame.index
            self._health.add(read_picture(newest.frame.image, newest.at))
