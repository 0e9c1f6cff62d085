"""Made-up boxes of people, frame by frame, for the tests of the tracks."""

from collections.abc import Callable

import numpy as np

from maskcam.frames import Event, EventKind, Faces, Floats, Reason, Result
from maskcam.tracks import Tracker
from tests.support import all_judged, judged

WIDTH, HEIGHT = 1280, 720


Row = tuple[tuple[float, float, float, float], float, float, Reason | None]


def face(
    x: float,
    y: float,
    size: float = 100,
    score: float = 0.97,
    bare: float = 0.02,
    *,
    doubt: Reason | None = None,
) -> Row:
    """One detection: its centre, its size, and what was measured on it."""
    return (x - size / 2, y - size / 2, x + size / 2, y + size / 2), score, bare, doubt


def arrays(rows: list[Row]) -> tuple[Faces, Floats, list[Reason | None]]:
    n = len(rows)
    faces = Faces(
        np.array([row[0] for row in rows], np.float32).reshape(n, 4),
        np.array([row[1] for row in rows], np.float32),
        np.zeros((n, 6, 2), np.float32),
    )
    return faces, np.array([row[2] for row in rows], np.float32), [row[3] for row in rows]


def step(
    tracker: Tracker,
    index: int,
    time: float,
    rows: list[Row],
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> Result:
    faces, bare, doubts = arrays(rows)
    return tracker.update(all_judged(index, time, width, height, faces, judged(bare), tuple(doubts)))


def run(
    seconds: float, fps: int, rows_at: Callable[[float], list[Row]], tracker: Tracker | None = None, start: float = 0.0
) -> list[Result]:
    tracker = tracker or Tracker(0.5)
    count = round(seconds * fps)
    return [step(tracker, i, start + i / fps, rows_at(start + i / fps)) for i in range(count)]


def events(results: list[Result], kind: EventKind | None = None) -> list[Event]:
    return [event for result in results for event in result.events if kind in (None, event.kind)]


def ids(results: list[Result]) -> set[int]:
    return {track for result in results for track in result.track_ids.tolist()}
