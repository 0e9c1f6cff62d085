"""A live source and its analysis, each in a thread of its own, of which only the newest counts."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from maskcam.frames import Event, Frame, Pixels
from maskcam.live import Analysed, Captured, Cause, LiveSource, LiveView, Pictures, SourceEnded, SourceLost, Stage
from maskcam.pipeline import Pipeline
from maskcam.runner.opening import Opening, OpenSource
from maskcam.runner.results import Results

Change = Callable[[Pipeline], Pipeline]

_MOST_HANGING = 4
"""Openings of one source that may hang, or wait for their end, before it is not tried again until one of them ends."""
_WELL_SECONDS = 1.0
"""A source whose last picture is no older doesn't hang."""


class LiveRunner:
    """Reads a live source as fast as it comes, and analyses whatever is newest whenever the analysis is free.

    Nothing queues: a frame that nobody analysed before the next one came is never analysed, so the delay can't grow.
    `open_source` is called in the reading thread and may take its time, hang, or raise SourceLost. `clock` gives the
    `at` of every frame and result; `frame.time` is seconds of it since `start`, and like `frame.index` it goes on
    across `reopen` and `switch`. `on_change` is called from both threads, without a lock, after every new frame,
    result, stage or error; it should only wake somebody.

    All methods but `stop` return at once, from any thread. Errors other than SourceLost, in source, pipeline or
    `on_change`, are raised by every `view` and `drain` from then on. Close the pipeline's parts after `stop` is True.
    """

    def __init__(
        self,
        open_source: OpenSource,
        pipeline: Pipeline,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[], None] | None = None,
    ) -> None:
        self._pipeline, self._clock, self._on_change = pipeline, clock, on_change
        self._state = threading.Condition()
        self._opening = Opening(open_source, 0)
        self._began = self._opened_at = 0.0
        self._stage, self._problem = Stage.OPENING, ""
        self._cause: Cause | None = None
        self._newest: Captured | None = None
        self._waiting: Captured | None = None
        self._results = Results()
        self._changes: deque[Change] = deque()
        self._farewell: tuple[Event, ...] = ()
        self._indices = itertools.count()
        self._error: BaseException | None = None
        self._threads: list[threading.Thread] = []
        self._openings = [self._opening]
        self._started = self._stopping = False

    def start(self) -> None:
        """Open the source and begin; RuntimeError the second time."""
        with self._state:
            if self._started:
                raise RuntimeError("a live runner can be started only once")
            self._started = True
            self._began = self._opened_at = self._clock()
            self._spawn("analyse", self._analyse)
            self._spawn("capture", self._capture, self._opening)

    @property
    def began(self) -> float:
        """When it was started; what `time` of frames and events counts from."""
        return self._began

    def view(self) -> LiveView:
        """The newest of everything, at one moment; raises the error that ended a thread."""
        with self._state:
            self._check()
            troubled = self._stage is Stage.LOST or (self._stage is Stage.ENDED and self._cause is not None)
            problem = self._problem if troubled else None
            source = self._opening.source
            pictures = Pictures.FRESH if source is None else source.pictures
            return LiveView(
                self._stage, self._opened_at, self._newest, self._results.newest, problem, self._cause, pictures
            )

    def drain(self) -> tuple[Analysed, ...]:
        """All results since the last call, in order; raises the error that ended a thread.

        At most 8 wait. If more come, the oldest go, and the next one carries their events, so that
        whoever counts or logs misses nobody.
        """
        with self._state:
            self._check()
            return self._results.take()

    def farewell(self) -> tuple[Event, ...]:
        """After `stop`: the events that nobody drained, and that everybody in view has left. Also after an error."""
        with self._state:
            events = tuple(event for analysed in self._results.take() for event in analysed.events)
            farewell, self._farewell = self._farewell, ()
        return events + farewell

    def reopen(self) -> None:
        """Drop the present source, even one that hangs, and open it anew; the people in view stay who they are.

        The newest frame and result stay too, until there are newer ones. Does nothing before `start` or after `stop`,
        nor while as many openings of it hang as may.
        """
        self._open(None)

    def switch(self, open_source: OpenSource, same: bool = False) -> None:
        """Go on with another source: everybody in view has left, and nothing of the old source is shown any more.

        `same` says that it is the same device, which has to be let go before it can be opened.
        """
        self._open(open_source, same)

    def change_pipeline(self, change: Change) -> None:
        """Have `change(pipeline)` called in the analysis thread between two frames; what it returns is used next.

        It may return the same pipeline with another setting, or build another one, which starts without people.
        """
        with self._state:
            self._changes.append(change)
            self._state.notify_all()

    def stop(self, timeout: float) -> bool:
        """End everything, within `timeout` seconds; False if a thread still hangs in a read or in the analysis.

        Such a thread keeps nothing from ending, but leave the process by `os._exit` then: libav asks Python every
        tenth of a second whether to go on reading, and crashes where there is no interpreter any more.
        """
        with self._state:
            self._stopping = True
            self._state.notify_all()
            source, threads = self._opening.source, list(self._threads)
            if self._opening.before is not None:
                self._opening.before.set()
        if source is not None:
            source.close()
        deadline = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _open(self, open_source: OpenSource | None, same: bool = True) -> None:
        with self._state:
            if not self._started or self._stopping:
                return
            old = self._opening
            self._openings = [one for one in self._openings if one.hangs(old.scene)]
            newest = self._newest
            well = self._stage is Stage.RUNNING and newest is not None and self._clock() - newest.at < _WELL_SECONDS
            if open_source is None and len(self._openings) >= _MOST_HANGING and not well:
                return  # a driver that hangs while it opens would be given thread after thread, for nothing
            if open_source is None:
                self._opening = Opening(old.open_source, old.scene, old.over, same=same)
            else:
                self._opening = Opening(open_source, old.scene + 1, old.over, same=same)
                self._newest = self._waiting = self._results.newest = None
                self._changes.append(partial(self._everybody_left, old.scene))
            self._openings.append(self._opening)
            self._opened_at = self._clock()
            self._stage, self._problem, self._cause = Stage.OPENING, "", None
            self._spawn("capture", self._capture, self._opening)
        if old.source is not None:
            old.source.close()
        self._tell()

    def _spawn(self, name: str, work: Callable[..., None], *arguments: object) -> None:
        """Start a thread. A daemon: one that hangs in native code must not keep the process alive."""

        def run() -> None:
            try:
                work(*arguments)
            except BaseException as error:  # whatever it is, whoever looks must hear of it
                with self._state:
                    self._error = self._error or error
                with suppress(Exception):
                    self._tell()

        thread = threading.Thread(target=run, name=f"maskcam {name}", daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _tell(self) -> None:
        if self._on_change is not None and not self._stopping:
            self._on_change()

    def _current(self, opening: Opening) -> bool:
        return opening is self._opening and not self._stopping

    def _capture(self, opening: Opening) -> None:
        try:
            opening.wait_for_its_turn()
            if not self._current(opening):
                return
            source = opening.open_source()
            try:
                with self._state:
                    opening.source = source
                    wanted = self._current(opening)
                while wanted and self._take(opening, source, source.read(), self._clock()):
                    self._tell()
            finally:
                source.close()
        except SourceLost as lost:
            with self._state:
                if not self._current(opening):
                    return
                self._stage = Stage.ENDED if isinstance(lost, SourceEnded) else Stage.LOST
                self._problem, self._cause = str(lost) or "the source gives no more pictures", lost.cause
            self._tell()
        except Exception:
            # A source that was given up may fail as it likes.
            if self._current(opening):
                raise
        finally:
            opening.over.set()

    def _take(self, opening: Opening, source: LiveSource, image: Pixels, at: float) -> bool:
        """Make `image` the newest; False if its source was given up meanwhile."""
        with self._state:
            if not self._current(opening):
                return False
            frame = Frame(image, next(self._indices), at - self._began, source.name)
            captured = Captured(frame, at, source.part)
            if self._newest is not None and captured.part != self._newest.part:
                self._results.newest = None
                self._changes.append(partial(self._everybody_left, opening.scene))
            self._newest = self._waiting = captured
            self._stage = Stage.RUNNING
            self._state.notify_all()
            return True

    def _analyse(self) -> None:
        try:
            self._analyse_until_stopped()
        finally:
            self._say_goodbye()

    def _analyse_until_stopped(self) -> None:
        while True:
            with self._state:
                self._state.wait_for(lambda: self._waiting is not None or self._changes or self._stopping)
                changes, captured, scene = list(self._changes), self._waiting, self._opening.scene
                self._changes.clear()
                self._waiting = None
                stopping = self._stopping
            for change in changes:
                self._pipeline = change(self._pipeline)
            if stopping:
                return
            if captured is not None:
                result = self._pipeline.process(captured.frame)
                self._deliver(Analysed(captured, result, self._clock()), scene)
                self._tell()

    def _deliver(self, analysed: Analysed, scene: int) -> None:
        with self._state:
            newest = self._newest
            if scene == self._opening.scene and newest is not None and newest.part == analysed.captured.part:
                self._results.add(analysed)
            else:
                # Nobody wants the picture of what was left, source or part of it, but what happened there did happen.
                self._results.keep(analysed.result.events, same_source=scene == self._opening.scene)

    def _everybody_left(self, scene: int, pipeline: Pipeline) -> Pipeline:
        events = pipeline.finish()
        with self._state:
            self._results.keep(events, same_source=scene == self._opening.scene)
        return pipeline

    def _say_goodbye(self) -> None:
        events = self._pipeline.finish()
        with self._state:
            self._farewell = self._results.take_orphans() + events
