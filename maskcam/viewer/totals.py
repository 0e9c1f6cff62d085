"""How many people were seen, and how many of them without a mask, over breaks of the source."""

from __future__ import annotations

from maskcam.frames import EventKind, Result, Verdict


class Totals:
    """Counts people by their numbers; memory grows by two numbers a person, not by frames."""

    def __init__(self) -> None:
        self.people = 0
        self.people_without = 0
        self._last = 0
        self._without: set[int] = set()

    def add(self, result: Result) -> None:
        """Count one result."""
        for event in result.events:
            if event.kind is not EventKind.APPEARED:
                continue
            if event.track <= self._last:
                # Numbers that begin anew belong to new people: the models were loaded afresh.
                self._without = set()
            self._last = event.track
            self.people += 1
        for track, verdict in zip(result.track_ids.tolist(), result.verdicts, strict=True):
            if verdict is Verdict.NO_MASK and track not in self._without:
                self._without.add(track)
                self.people_without += 1
