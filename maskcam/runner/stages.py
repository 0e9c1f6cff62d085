"""Runs the stages of a file side by side, in order, dropping nothing."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

WAITING = 4
"""Items that wait between two stages at most; memory stays level however long the video is."""

_PATIENCE = 0.1
"""Seconds between two looks at whether a stage that waits has been told to end."""


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


class _End:
    """Marks the end of a stage's items."""


class _Stage(Generic[In, Out]):
    """A thread that turns items into others and hands them on through a bounded queue."""

    def __init__(self, name: str, items: Iterable[In], work: Callable[[In], Out]) -> None:
        self._items, self._work = items, work
        self._ready: queue.Queue[Out | _Failed | _End] = queue.Queue(WAITING)
        self._told_to_end = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)

    def results(self) -> Generator[Out, None, None]:
        """Yield the results in order; whatever the thread raised is raised here. Joins the thread at the end."""
        self._thread.start()
        try:
            while True:
                result = self._ready.get()
                if isinstance(result, _End):
                    return
                if isinstance(result, _Failed):
                    raise result.error
                yield result
        finally:
            self._told_to_end.set()
            self._thread.join()

    def _run(self) -> None:
        items = iter(self._items)
        try:
            for item in items:
                if not self._hand_on(self._work(item)):
                    break
            self._hand_on(_End())
        except BaseException as error:  # whatever it is, the thread that waits must hear of it
            self._hand_on(_Failed(error))
        finally:
            if isinstance(items, Generator):  # only what began here ends here; a source belongs to the caller
                items.close()

    def _hand_on(self, result: Out | _Failed | _End) -> bool:
        """Queue a result; False when nobody waits for it any more."""
        while not self._told_to_end.is_set():
            try:
                self._ready.put(result, timeout=_PATIENCE)
            except queue.Full:
                continue
            return True
        return False


def side_by_side(
    items: Iterable[In], work: Callable[[In], Out], enough: Callable[[], object] = lambda: False
) -> Generator[Out, None, bool]:
    """Yield `work(item)` for each item in order, while items are read and worked on in two threads.

    The caller's own work on what is yielded is the third stage. Once `enough` is true no more items are worked on but
    the first, and all that were are still yielded; return whether none was left out. An error in either thread is
    raised here. The threads have ended when this generator has: after the last item, an error, or its `close`.
    """
    complete = True

    def same(item: In) -> In:
        return item

    def until_enough() -> Generator[In, None, None]:
        nonlocal complete
        with closing(_Stage("read", items, same).results()) as read:
            for number, item in enumerate(read):
                if number and enough():
                    complete = False
                    return
                yield item

    yield from _Stage("analyse", until_enough(), work).results()
    return complete
