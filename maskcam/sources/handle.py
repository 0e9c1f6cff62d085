"""Something native that one thread uses while any other may ask for its end."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from maskcam.live import SourceLost


class Handle:
    """Sees to it that `dispose` is called once, after `close`, and never while somebody is within `using`.

    Native captures crash when they are released in the middle of a read, and a read may hang: so `close` never
    waits. Whoever is last to leave disposes.
    """

    def __init__(self, name: str, dispose: Callable[[], None]) -> None:
        self._name, self._dispose = name, dispose
        self._busy = threading.Lock()
        self.closed = False

    @contextlib.contextmanager
    def using(self) -> Iterator[None]:
        """Hold off the disposal; SourceLost if the end was asked for."""
        try:
            with self._busy:
                if self.closed:
                    raise SourceLost(f"{self._name} was closed")
                yield
        finally:
            self._dispose_when_due()

    def close(self) -> None:
        """Ask for the end; returns at once, and does nothing the second time."""
        self.closed = True
        self._dispose_when_due()

    def _dispose_when_due(self) -> None:
        if self.closed and self._busy.acquire(blocking=False):
            try:
                # Let go of as well, or it and its owner would hold each other until the next garbage collection.
                dispose, self._dispose = self._dispose, _nothing
                dispose()
            finally:
                self._busy.release()


def _nothing() -> None:
    pass
