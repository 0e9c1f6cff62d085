"""Results on their way to whoever takes them: a bounded line that loses pictures before it loses an event."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from maskcam.frames import Event
from maskcam.live import Analysed

UNDRAINED = 8
"""Results that wait to be taken at most; each holds a whole picture."""


class Results:
    """The newest result and those not yet taken. Not safe between threads by itself."""

    def __init__(self) -> None:
        self.newest: Analysed | None = None
        self._line: deque[Analysed] = deque()
        self._of_before: tuple[Event, ...] = ()
        self._of_this: tuple[Event, ...] = ()

    def add(self, analysed: Analysed) -> None:
        """Put a result at the end of the line; it takes along events that wait for a result to carry them."""
        result = replace(analysed.result, events=self._of_this + analysed.result.events)
        analysed = replace(analysed, before=self._of_before + analysed.before, result=result)
        self._of_before = self._of_this = ()
        self.newest = analysed
        self._line.append(analysed)
        if len(self._line) > UNDRAINED:
            lost = self._line.popleft()
            self._line[0] = _carrying(lost, self._line[0])

    def keep(self, events: tuple[Event, ...], *, same_source: bool) -> None:
        """Have the next result carry these events, which have none of their own, as its own or as of a source before.

        They are its own after a jump within its source, as a video makes that is sought in.
        """
        if same_source:
            self._of_this += events
        else:
            self._of_before += self._of_this + events
            self._of_this = ()

    def take(self) -> tuple[Analysed, ...]:
        """Everything in line, in order; the line is empty afterwards."""
        taken = tuple(self._line)
        self._line.clear()
        return taken

    def take_orphans(self) -> tuple[Event, ...]:
        """The events that no result came for."""
        events, self._of_before, self._of_this = self._of_before + self._of_this, (), ()
        return events


def _carrying(lost: Analysed, analysed: Analysed) -> Analysed:
    """The result with the events of the one before it, which nobody will see."""
    if analysed.before:  # from another source, so that all of the lost one's are of a source before
        return replace(analysed, before=lost.events + analysed.before)
    events = lost.result.events + analysed.result.events
    return replace(analysed, before=lost.before, result=replace(analysed.result, events=events))
