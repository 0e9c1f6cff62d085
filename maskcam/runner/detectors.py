"""Several face detectors side by side, so that a search of many looks uses more than one core."""

from __future__ import annotations

import contextlib
import math
import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from maskcam.closing import Closing
from maskcam.cores import usable_cores
from maskcam.errors import BrokenOff
from maskcam.faces import FaceDetector
from maskcam.frames import Faces, Pixels

MOST = 4
"""Detectors at most: each takes memory, and the other stages want cores too."""
GRACE = 1.0
"""Seconds that a search goes on for after a request to stop: most end by themselves in less."""


class DetectorPool(Closing):
    """Detectors that share the pictures they are given. Close it, or use it in a `with` statement.

    For one caller at a time, whose own thread does a share of the work.
    """

    def __init__(
        self,
        size: int | None = None,
        make: Callable[[], FaceDetector] = FaceDetector,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Load `size` detectors, by default one for each core, `MOST` at most; raises what `make` raises.

        A search is broken off when `stopped` has been true for `GRACE` seconds. ValueError for less than one detector.
        """
        self._stopped, self._stopped_at = stopped, math.inf
        size = min(usable_cores(), MOST) if size is None else size
        if size < 1:
            raise ValueError(f"a pool has one detector or more, not {size}")
        with ExitStack() as opened:
            self._detectors = [opened.enter_context(make()) for _ in range(size)]
            self._pool = opened.enter_context(ThreadPoolExecutor(max(size - 1, 1), thread_name_prefix="maskcam detect"))
            self._opened = opened.pop_all()

    def detect_all(self, images: Sequence[Pixels]) -> list[Faces]:
        """Return the faces in each `(h, w, 3) uint8 RGB`, best score first, in the order of the pictures.

        Raises what went wrong with any of them, BrokenOff when a request to stop came before all were looked at.
        """
        found = [Faces.none() for _ in images]
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for place in range(len(images)):
            waiting.put(place)

        def work(detector: FaceDetector) -> None:
            while not self._broken_off():
                try:
                    place = waiting.get_nowait()
                except queue.Empty:
                    return
                found[place] = detector.detect(images[place])

        others = self._detectors[1 : len(images)]
        helping = [self._pool.submit(work, detector) for detector in others]
        try:
            work(self._detectors[0])
        except BaseException:
            with contextlib.suppress(queue.Empty):  # the others have no more to do than they are doing
                while True:
                    waiting.get_nowait()
            raise
        finally:
            errors = [helper.exception() for helper in helping]  # waits: nobody may use a detector that is still busy
        for error in errors:
            if error is not None:
                raise error
        if not waiting.empty():
            raise BrokenOff
        return found

    def _broken_off(self) -> bool:
        if not self._stopped():
            return False
        self._stopped_at = min(self._stopped_at, time.monotonic())
        return time.monotonic() - self._stopped_at > GRACE

    def close(self) -> None:
        """End the threads and free the models; a second call does nothing."""
        self._opened.close()
