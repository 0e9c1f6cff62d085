"""How many people were seen, and how many of them without a mask, over breaks of the source."""

from __future__ import annotations

from maskcam.frames import EventKind, Result, Verdict


class Totals:
    """Counts people by their numbers; memory grows by a number a person, not by frames."""

    def __init__(self) -> None:
        self.people = 0
        self._without: set[int] = set()

    @property
    def people_without(self) -> int:
        """How many of the people were ever said to wear no mask."""
        return len(self._without)

    def add(self, result: Result) -> None:
        """Count one result."""
        self.people += sum(event.kind is EventKind.APPEARED for event in result.events)
        tracks = zip(result.track_ids.tolist(), result.verdicts, strict=True)
        self._without.update(track for track, verdict in tracks if verdict is Verdict.NO_MASK)
        # Of results that nobody took in time only the events are left.
        self._without.update(event.track for event in result.events if event.verdict is Verdict.NO_MASK)
