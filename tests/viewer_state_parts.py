"""What several tests of the viewer without a window need."""

from __future__ import annotations

import numpy as np

from maskcam.sources.spec import SourceKind
from maskcam.viewer.settings import Settings
from maskcam.viewer.state import ViewerState
from maskcam.viewer.supervision import Chosen
from tests.viewer_parts import Person, analysed, captured, running

CAMERA, STREAM, FILE = SourceKind.CAMERA, SourceKind.STREAM, SourceKind.FILE


def watching(kind: SourceKind = CAMERA, **settings: object) -> ViewerState:
    state = ViewerState(Settings(**settings))  # type: ignore[arg-type]
    state.choose(Chosen("Desk", kind), 0.0)
    return state


def title(state: ViewerState, now: float) -> str:
    said = state.shown(now).message
    return "" if said is None else said.title


def play(state: ViewerState, start: float, end: float, *people: Person, first: int = 0) -> int:
    """Thirty pictures a second, every third analysed."""
    number = first
    for now in np.arange(start, end, 1 / 30):
        new = (1,) if number == 0 and people else ()
        found = [analysed(number, float(now), *people, appeared=new)] if number % 3 == 0 else []
        state.update(float(now), running(captured(number, float(now))), found)
        number += 1
    return number
