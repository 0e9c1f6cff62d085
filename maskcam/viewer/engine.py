"""Runs the source and the pipeline behind the window: opens, switches, plays, and loads the models meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskcam.classifier import MaskClassifier
from maskcam.finder import FaceFinder
from maskcam.frames import Event, Faces, Hints, Judgement, Pixels
from maskcam.live import Analysed, LiveSource, LiveView
from maskcam.modelcard import load_card
from maskcam.pipeline import MOST_JUDGED, Pipeline
from maskcam.runner import DetectorPool, LiveRunner
from maskcam.search import Effort
from maskcam.sources.cameras import CameraMode
from maskcam.sources.opener import open_source
from maskcam.sources.played import PlayedVideo
from maskcam.sources.spec import SourceSpec

Opener = Callable[[SourceSpec], LiveSource]
Errand = Callable[[Callable[[], bool]], None]
"""Something to be done while no source is open; it is passed what says whether that is still wanted."""

_ABANDONED: list[Engine] = []
"""Engines whose threads would not end. MediaPipe's detector, when it is collected unclosed, may wait for ever."""


@dataclass(frozen=True, slots=True)
class Judging:
    """How pictures are searched and judged.

    `smallest` is the width in pixels from which faces are looked for, `threshold` the no-mask probability where
    evidence turns from mask to bare, None for the model's own. With `private` nobody may be overlooked for even one
    picture, so each is searched whole; otherwise its tiles take turns.
    """

    smallest: int
    threshold: float | None = None
    private: bool = False

    @property
    def effort(self) -> Effort:
        """How thoroughly each picture is searched."""
        return Effort.EVERYTHING if self.private else Effort.IN_TURNS


class _Nobody:
    """Stands for detector and classifier until the models are loaded; it is never asked about a picture."""

    def __init__(self, weights: Path) -> None:
        self.card = load_card(weights)

    def detect(self, image: Pixels, hints: Hints | None = None) -> Faces:
        """No face."""
        return Faces.none()

    def judge(self, crops: Pixels) -> Judgement:
        """No crop, no judgement."""
        return Judgement(np.zeros(len(crops), np.float32), np.zeros(len(crops), np.float32))


class Engine:
    """One runner for the life of the window; sources come and go.

    `on_change` is called from other threads whenever there is something new. UnusableInput if the card beside
    `weights` can't be used.
    """

    def __init__(
        self,
        weights: Path,
        judging: Judging,
        on_change: Callable[[], None],
        opener: Opener = open_source,
    ) -> None:
        self._weights, self._opener, self._on_change = weights, opener, on_change
        self._judging = judging
        self._detector: DetectorPool | None = None
        self._classifier: MaskClassifier | None = None
        self._runner: LiveRunner | None = None
        self._player: PlayedVideo | None = None
        self._spec: SourceSpec | None = None
        self._mode: CameraMode | None = None
        self._errand: Errand | None = None
        self._stopped = False
        nobody = _Nobody(weights)
        self.own_threshold = nobody.card.threshold
        self._pipeline = Pipeline(nobody, nobody)

    @property
    def running(self) -> bool:
        """Whether a source was ever watched."""
        return self._runner is not None

    @property
    def player(self) -> PlayedVideo | None:
        """The video that is played, None for a camera or stream, and until it is open."""
        return self._player

    @property
    def camera_mode(self) -> CameraMode | None:
        """The size and rate that the camera has settled on, None for other sources and until it is open."""
        return self._mode

    def watch(self, spec: SourceSpec, start: float = 0.0) -> None:
        """Go over to this source; a video begins at `start` seconds."""
        before = self._spec
        same = before is not None and (before.kind, before.where) == (spec.kind, spec.where)
        self._spec, self._player, self._mode, self._errand = spec, None, None, None

        def opens() -> LiveSource:
            errand, self._errand, self._mode = self._errand, None, None
            if errand is not None:
                errand(lambda: self._spec is spec and not self._stopped)
            source = PlayedVideo(Path(spec.where), spec.loop, start) if start > 0 else self._opener(spec)
            if self._spec is spec:
                self._player = source if isinstance(source, PlayedVideo) else None
                mode = getattr(source, "mode", None)
                self._mode = mode if isinstance(mode, CameraMode) else None
            return source

        if self._runner is None:
            self._runner = LiveRunner(opens, self._pipeline, on_change=self._on_change)
            self._runner.change_pipeline(self._build)
            self._runner.start()
        else:
            self._runner.switch(opens, same)

    def reopen(self, errand: Errand | None = None) -> None:
        """Let the same source go and open it again, in between do `errand`; all in the reading thread."""
        if self._runner is not None:
            self._errand = errand or self._errand
            self._runner.reopen()

    def judge(self, judging: Judging) -> None:
        """Search and judge so from the next picture on; everybody keeps number and past."""
        if judging == self._judging:
            return
        self._judging = judging
        if self._runner is not None:
            self._runner.change_pipeline(self._build)

    def view(self) -> LiveView | None:
        """The newest of everything; raises whatever ended a thread."""
        return None if self._runner is None else self._runner.view()

    def drain(self) -> tuple[Analysed, ...]:
        """All results since the last call."""
        return () if self._runner is None else self._runner.drain()

    def farewell(self) -> tuple[Event, ...]:
        """After `stop`: the events that nobody drained, everybody's leaving among them."""
        return () if self._runner is None else self._runner.farewell()

    def event_clock(self, now: float) -> float:
        """The time `now` as events have it: seconds since the first source was watched."""
        return 0.0 if self._runner is None else now - self._runner.began

    def stop(self, timeout: float) -> bool:
        """End everything; False if a thread still hangs, after which the models are left as they are."""
        self._stopped = True
        if self._runner is None:
            return True
        if not self._runner.stop(timeout):
            _ABANDONED.append(self)
            return False
        for part in (self._detector, self._classifier):
            if part is not None:
                part.close()
        return True

    def _build(self, before: Pipeline) -> Pipeline:
        """Load what isn't loaded yet; runs in the analysis thread, so the window never waits for it."""
        if self._detector is None or self._classifier is None:
            self._detector = DetectorPool()
            self._classifier = MaskClassifier(self._weights)
            before = Pipeline(self._finder(self._detector), self._classifier, most_judged=MOST_JUDGED)
        before.change_detector(self._finder(self._detector))
        before.change_threshold(self._judging.threshold)
        return before

    def _finder(self, detector: DetectorPool) -> FaceFinder:
        return FaceFinder(detector, self._judging.smallest, self._judging.effort)
