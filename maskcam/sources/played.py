"""A video file played in real time, as a live source."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import av

from maskcam.errors import UnusableInput
from maskcam.frames import Pixels
from maskcam.live import Cause, LiveSource, SourceEnded, SourceLost
from maskcam.sources.handle import Handle
from maskcam.sources.pace import GIVE_UP
from maskcam.sources.video_file import FileFrame, VideoSource

_REPEAT = 0.25
"""Seconds between two readings of the same picture while paused: enough for people to stay who they are."""
_LATE = 0.05
"""Seconds that a frame may be late before it is dropped."""
_STARVED = 0.25
"""Seconds after which a late frame is shown all the same."""
_FALLBACK_STEP = 0.04
_STEPS_BACK = (0.0, 5.0, 30.0)
"""Seconds before the place asked for at which a file is tried to be begun, before all of it is decoded up to there:
where key frames can't be looked up, as in transport streams, a beginning may lie behind its place."""


class _Seekable(VideoSource):
    """A video file that can be begun in the middle."""

    def skip_to(self, seconds: float) -> bool:
        """Begin at a key frame about `seconds`, in most formats the last one before; call it before the iteration.

        False where that can't be done.
        """
        ticks = self.start_pts + round(seconds / self.time_base)
        try:
            self._container.seek(max(ticks, 0), stream=self._video, backward=True)
        except (av.FFmpegError, OSError):
            return False
        return True

    def time_of(self, frame: FileFrame) -> float:
        """Seconds from the first frame of the file, wherever the iteration began."""
        return float((frame.pts - self.start_pts) * self.time_base)


class _Shown(NamedTuple):
    image: Pixels
    time: float


class PlayedVideo(LiveSource):
    """Plays the file at `path` from `start` seconds on; frames that come too late are dropped.

    `pause`, `seek` and `close` may be called from any thread. While paused, `read` gives the same picture again four
    times a second. `duration` is in seconds, None where the file doesn't say. `loop` may be set at any time; without
    it the end is `SourceEnded`. `part` counts how often it was begun anew: at the end of a loop, and where `seek` led.
    SourceLost if the file can't be played.
    """

    def __init__(self, path: Path, loop: bool = False, start: float = 0.0) -> None:
        self.name = path.name
        self.loop = loop
        self.part = 0
        self._path = path
        self._wake = threading.Condition()
        self._paused = False
        self._seek_to: float | None = start if start > 0 else None
        self._heading = self._seek_to
        self._anchor: float | None = None
        self._pending: _Shown | None = None
        self._dropped: _Shown | None = None
        self._shown: _Shown | None = None
        self._shown_at = 0.0
        self._video = self._open()
        self._frames: Iterator[FileFrame] = iter(self._video)
        self._skip_until = 0.0
        self.duration = self._video.duration
        self.width, self.height = self._video.width, self._video.height
        self._step = float(1 / self._video.average_rate) if self._video.average_rate else _FALLBACK_STEP
        self._handle = Handle(self.name, self._dispose)

    @property
    def position(self) -> float:
        """Seconds from the file's first frame to the one that was read last, or to where `seek` leads."""
        with self._wake:
            if self._heading is not None:
                return self._heading
            return self._shown.time if self._shown else 0.0

    @property
    def paused(self) -> bool:
        """Whether the picture stands still."""
        return self._paused

    def pause(self, paused: bool) -> None:
        """Stop or go on."""
        with self._wake:
            self._paused = paused
            self._anchor = None
            self._wake.notify_all()

    def seek(self, seconds: float) -> None:
        """Go to `seconds` from the first frame, also while paused; before the beginning is the beginning."""
        with self._wake:
            self._seek_to = max(0.0, seconds if self.duration is None else min(seconds, self.duration))
            self._heading = self._seek_to
            self._wake.notify_all()

    def close(self) -> None:
        """Let the file go, at the latest when a read that is under way returns."""
        self._handle.close()
        with self._wake:
            self._wake.notify_all()

    def read(self) -> Pixels:
        """Wait until the next picture is due; SourceEnded after the last one, SourceLost if the file fails."""
        with self._handle.using():
            while True:
                self._heed_seek()
                if self._paused and self._shown is not None and not self._owes_a_picture():
                    if not self._wait(_REPEAT):
                        return self._shown.image
                    continue
                self._pending = self._pending or self._next()
                if self._pending is not None and self._due(self._pending):
                    with self._wake:
                        self._shown, self._pending = self._pending, None
                        if self._seek_to is None:
                            self._heading = None
                    return self._shown.image

    def _dispose(self) -> None:
        self._video.close()

    def _owes_a_picture(self) -> bool:
        """Whether a seek has moved the place, and its picture was not given yet."""
        return self._shown_at == 0.0

    def _heed_seek(self) -> None:
        with self._wake:
            if self._handle.closed:
                raise SourceLost(f"{self.name} was closed")
            target, self._seek_to = self._seek_to, None
        if target is not None:
            self._begin_at(target)

    def _begin_at(self, seconds: float) -> None:
        for back in _STEPS_BACK if seconds > 0 else ():
            self._reopen()
            if not self._video.skip_to(max(seconds - back, 0.0)):
                continue
            first = next(self._frames, None)
            if first is not None and self._video.time_of(first) <= seconds + self._step / 2:
                self._frames = chain([first], self._frames)
                break
        else:
            self._reopen()
        self.part += 1
        self._skip_until = seconds
        self._pending = self._dropped = self._anchor = None
        self._shown_at = 0.0

    def _reopen(self) -> None:
        self._video.close()
        self._video = self._open()
        self._frames = iter(self._video)

    def _next(self) -> _Shown | None:
        """Return the next picture; None if something else is to be done first."""
        last: _Shown | None = None
        for frame in self._frames:
            last = _Shown(frame.frame.image, self._video.time_of(frame))
            # Half a step of slack: the frame that lies about the asked time is the one meant.
            if last.time >= self._skip_until - self._step / 2 or self._seek_to is not None or self._handle.closed:
                self._skip_until = 0.0
                return last
        if last is not None:
            # The place asked for lies behind the last frame, so that is the nearest.
            self._skip_until = 0.0
            return last
        return self._after_the_end()

    def _after_the_end(self) -> _Shown | None:
        last, self._dropped = self._dropped, None
        if last is not None:
            # The last picture is shown however late it is.
            self._anchor = None
            return last
        # The last picture stands as long as any other.
        if self._wait(self._step):
            return None
        if not self.loop:
            raise SourceEnded(f"{self.name} has ended")
        self._begin_at(0.0)
        for frame in self._frames:
            return _Shown(frame.frame.image, self._video.time_of(frame))
        line = f"{self.name} can't be read any more; check that the file is still there"
        raise SourceLost(line, Cause.UNREADABLE)

    def _due(self, frame: _Shown) -> bool:
        """Wait until `frame` is due; False if it was dropped, or if something else is to be done first."""
        now = time.monotonic()
        with self._wake:
            if self._anchor is None or now - self._anchor - frame.time > GIVE_UP:
                self._anchor = now - frame.time
            wait = self._anchor + frame.time - now
        if wait > 0 and self._wait(wait):
            return False
        if wait < -_LATE and now - self._shown_at < _STARVED:
            self._dropped, self._pending = self._pending, None
            return False
        self._dropped = None
        self._shown_at = time.monotonic()
        return True

    def _wait(self, seconds: float) -> bool:
        """Wait; True if something happened meanwhile that has to be looked at first."""
        with self._wake:
            before = self._paused
            return self._wake.wait_for(
                lambda: self._seek_to is not None or self._handle.closed or self._paused is not before, seconds
            )

    def _open(self) -> _Seekable:
        try:
            return _Seekable(self._path)
        except UnusableInput as error:
            raise SourceLost(str(error), Cause.UNREADABLE) from None
