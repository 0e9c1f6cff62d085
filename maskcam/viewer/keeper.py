"""Keeps what the user asks to keep: pictures, a recording of what is shown, a log of events.

Nothing here waits for a disk: a worker writes, and what it has to say is picked up with `news`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path

from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.frames import Event
from maskcam.runner.worker import Worker
from maskcam.sinks.keeping import EventLog, event_log_name, recording_name, write_snapshot
from maskcam.sinks.recording import LiveRecorder
from maskcam.viewer.compose import compose
from maskcam.viewer.shown import Shown
from maskcam.viewer.wall_clock import WallClock

_WAITING = 6
"""Pictures that may wait to be written; more are left out, or memory would grow on a slow disk."""

Now = Callable[[], datetime]


class Keeper:
    """Writes files; `on_error` is called in the worker's thread with what can't be written, or nobody expected.

    What else there is to tell is picked up with `news`.
    """

    def __init__(self, on_error: Callable[[Exception], None], now: Now = lambda: datetime.now().astimezone()) -> None:
        self._now = now
        self._news: deque[str] = deque()
        self._on_error = on_error
        self._worker = Worker("save", on_error)
        self._recorder: LiveRecorder | None = None
        self._log: EventLog | None = None
        self._log_folder: Path | None = None
        self._logged = -math.inf
        self._wall = WallClock()
        self._recording_since: float | None = None
        self._logging = False
        self._recordings = self._logs = 0
        self._written = -1

    @property
    def recording(self) -> bool:
        """Whether what is shown is being recorded."""
        return self._recording_since is not None

    @property
    def logging(self) -> bool:
        """Whether events are being logged."""
        return self._logging

    def recorded(self, now: float) -> float | None:
        """Length of the running recording in seconds, None if there is none."""
        since = self._recording_since  # the worker may give the recording up at any moment
        return None if since is None else max(now - since, 0.0)

    def news(self) -> tuple[str, ...]:
        """What there is to tell since the last call."""
        return tuple(self._news.popleft() for _ in range(len(self._news)))

    def snapshot(self, shown: Shown, folder: Path) -> bool:
        """Save the picture as it is shown; False if there is none."""
        picture = shown.picture
        if picture is None:
            return False
        when = self._now()

        def save() -> None:
            image = compose(picture, mirrored=shown.mirrored, greyed=shown.greyed)
            self._news.append(f"Saved {write_snapshot(image, folder, when).name}")

        self._do(save)
        return True

    def start_recording(self, folder: Path, now: float) -> None:
        """Record what is shown from now on."""
        when = self._now()
        self._recordings += 1  # first: the worker may just be giving up the one before
        self._recording_since = now

        def start() -> None:
            self._recorder = LiveRecorder(folder / recording_name(when))

        self._do(start, partial(self._give_up_recording, self._recordings))

    def stop_recording(self) -> None:
        """Complete the recording."""
        self._recording_since = None
        self._do(self._finish, partial(self._give_up_recording, self._recordings))

    def show(self, shown: Shown) -> None:
        """Record what is shown, if it is new; a greyed picture is not what is seen now, and left out."""
        picture = shown.picture
        if self._recording_since is None or picture is None or shown.greyed or picture.number == self._written:
            return
        if self._worker.waiting > _WAITING:
            return
        self._written = picture.number

        def write() -> None:
            if self._recorder is not None:
                self._recorder.write(compose(picture, mirrored=shown.mirrored), picture.at)

        self._do(write, partial(self._give_up_recording, self._recordings))

    def start_log(self, folder: Path, *, unasked: bool = False) -> None:
        """Log events from now on; `unasked`, nobody may be there to read that it can't."""
        when = self._now()
        self._logs += 1
        self._logging = True
        self._log_folder = folder
        self._logged = -math.inf

        def start() -> None:
            self._log = EventLog(folder / event_log_name(when))

        self._do(start, partial(self._give_up_log, self._logs), unasked=unasked)

    def stop_log(self) -> None:
        """Close the log."""
        self._logging = False

        def stop() -> None:
            if self._log is not None:
                self._news.append(f"Saved {self._log.path.name}")
                self._log.close()
                self._log = None

        self._do(stop)

    def begin_log_anew(self) -> None:
        """Go on in another file, if there is a log: people's numbers begin at 1 again."""
        if self._logging and self._log_folder is not None:
            self.stop_log()
            self.start_log(self._log_folder, unasked=True)

    def events(self, events: Iterable[Event], event_time: float) -> None:
        """Log these, each as of when it happened; `event_time` is the time now on the clock of their `time`."""
        taken = tuple(events)
        self.tick(event_time)
        if not self._logging or not taken:
            return
        dated = []
        for event in taken:
            # What is told of late, as who had left before an outage, may follow what came after it. Not the wall
            # clock is held to what was logged: it may be set back.
            self._logged = max(event.time, self._logged)
            dated.append((event, self._wall.at(min(self._logged, event_time))))

        def write() -> None:
            for event, when in dated:
                if self._log is not None:
                    self._log.write(event, when)

        self._do(write, partial(self._give_up_log, self._logs))

    def tick(self, event_time: float) -> None:
        """Note that it is `event_time` now on the clock of the events' `time`; to be called often."""
        self._wall.compare(event_time, self._now())

    def wait(self, timeout: float) -> bool:
        """Wait until all is written; False if it takes longer."""
        return self._worker.wait(timeout)

    def close(self, timeout: float) -> bool:
        """Complete everything; False if the disk takes longer than `timeout` seconds."""
        if self.recording:
            self.stop_recording()
        if self.logging:
            self.stop_log()
        return self._worker.stop(timeout)

    def _finish(self) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            path = recorder.finish()
            self._news.append("Nothing was recorded" if path is None else f"Saved {path.name}")

    def _do(
        self, job: Callable[[], None], give_up: Callable[[], None] = lambda: None, *, unasked: bool = False
    ) -> None:
        """Have a job done; what fails is told and given up, lest it look as if it went on."""

        def tried() -> None:
            try:
                job()
            except (UnusableInput, FailedOnTheWay) as error:
                give_up()
                # Whoever has just asked for something is there to read a line that goes away again.
                if isinstance(error, UnusableInput) and not unasked:
                    self._news.append(str(error))
                else:
                    self._on_error(error)
            except Exception:  # told of by the worker; here nothing half done must stay
                give_up()
                raise

        self._worker.do(tried)

    def _give_up_recording(self, number: int) -> None:
        """Let the recording of this number go; one that was asked for since stays."""
        recorder, self._recorder = self._recorder, None
        if number == self._recordings:
            self._recording_since = None
        if recorder is not None:
            recorder.close()

    def _give_up_log(self, number: int) -> None:
        """Let the log of this number go; one that was asked for since stays."""
        log, self._log = self._log, None
        if number == self._logs:
            self._logging = False
        if log is not None:
            log.close()
