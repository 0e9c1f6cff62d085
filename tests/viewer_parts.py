"""Views, results and pictures for the viewer's tests, made by hand."""

from __future__ import annotations

import numpy as np

from maskcam.frames import Event, EventKind, Frame, Pixels, Reason, Result, Verdict
from maskcam.live import Analysed, Captured, Cause, LiveView, Stage

BARE, MASK, UNSURE = Verdict.NO_MASK, Verdict.MASK, Verdict.UNSURE
SIZE = (160, 120)

Person = tuple[int, Verdict]


def noise(number: int, level: int = 120) -> Pixels:
    """A grey picture with a sensor's noise, another one for each number."""
    width, height = SIZE
    spread = np.random.default_rng(number).integers(-6, 7, (height, width, 3))
    return np.clip(spread + level, 0, 255).astype(np.uint8)


def result(
    number: int,
    time: float,
    *people: Person,
    appeared: tuple[int, ...] = (),
    x: float = 20.0,
    size: tuple[int, int] = SIZE,
) -> Result:
    """People side by side, 20 pixels wide."""
    n = len(people)
    boxes = np.array([(x + 30 * i, 20, x + 30 * i + 20, 45) for i in range(n)], np.float32).reshape(n, 4)
    return Result(
        number,
        time,
        *size,
        boxes,
        np.full(n, 0.9, np.float32),
        np.array([track for track, _ in people], np.int64),
        np.ones(n, np.bool_),
        np.full(n, 0.5, np.float32),
        np.full(n, 0.5, np.float32),
        tuple(verdict for _, verdict in people),
        tuple(Reason.MIXED if verdict is UNSURE else None for _, verdict in people),
        np.zeros(n, np.float32),
        tuple(Event(time, track, EventKind.APPEARED, BARE, 0.9) for track in appeared),
    )


def captured(number: int, at: float, image: Pixels | None = None) -> Captured:
    """A frame read at `at`."""
    return Captured(Frame(noise(number) if image is None else image, number, at), at)


def analysed(number: int, at: float, *people: Person, appeared: tuple[int, ...] = (), x: float = 20.0) -> Analysed:
    """A frame and its people."""
    return Analysed(captured(number, at), result(number, at, *people, appeared=appeared, x=x), at)


def running(newest: Captured | None, opened_at: float = 0.0) -> LiveView:
    """A view of a source that gives pictures."""
    return LiveView(Stage.RUNNING, opened_at, newest)


def lost(problem: str, cause: Cause | None, newest: Captured | None = None, opened_at: float = 0.0) -> LiveView:
    """A view of a source that gives none any more."""
    return LiveView(Stage.LOST, opened_at, newest, None, problem, cause)


def opening(at: float, newest: Captured | None = None) -> LiveView:
    """A view of a source that is being opened."""
    return LiveView(Stage.OPENING, at, newest)
