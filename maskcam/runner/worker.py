"""One thread that does small jobs, one after another, for somebody who must not wait for a disk or a driver."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

Job = Callable[[], None]


class Worker:
    """Does jobs in their order. `on_error` is called in the worker's thread with whatever a job raised."""

    def __init__(self, name: str, on_error: Callable[[Exception], None]) -> None:
        self._on_error = on_error
        self._jobs: deque[Job] = deque()
        self._wake = threading.Condition()
        self._stopping = False
        # A daemon: a disk that hangs must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name=f"maskcam {name}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return len(self._jobs)

    def do(self, job: Job) -> None:
        """Have this done after all that was asked before; returns at once. After `stop` nothing is taken."""
        with self._wake:
            if not self._stopping:
                self._jobs.append(job)
                self._wake.notify()

    def stop(self, timeout: float) -> bool:
        """Do what is waiting, then end, within `timeout` seconds; False if it takes longer."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def wait(self, timeout: float) -> bool:
        """Wait until nothing is left to do; for tests and for saving before the end."""
        done = threading.Event()
        self.do(done.set)
        return done.wait(timeout)

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._jobs or self._stopping)
                if not self._jobs:
                    return
                job = self._jobs.popleft()
            try:
                job()
            except Exception as error:  # whatever it is, the jobs that follow have their right too
                self._on_error(error)
