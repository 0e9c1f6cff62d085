"""Ctrl-C and SIGTERM as a request that the work's own loop heeds between two items."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Whether, and by which signal, the user asked to stop."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __bool__(self) -> bool:
        return self.signal is not None


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Turn the first Ctrl-C or SIGTERM into a request; a second one acts as it would have without this."""
    request = StopRequest()
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for one, handler in before.items():
            signal.signal(one, handler)

    def ask(number: int, frame: FrameType | None) -> None:
        request.signal = number
        restore()

    for one in before:
        signal.signal(one, ask)
    try:
        yield request
    finally:
        restore()
