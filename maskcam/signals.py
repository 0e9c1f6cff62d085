"""Ctrl-C, SIGTERM and a closed terminal: a request that the work's own loop heeds between two items, or a call."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


class StopRequest:
    """Whether, and by which signal, the user asked to stop."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self.winding_up = False

    def __bool__(self) -> bool:
        return self.signal is not None

    def wind_up(self) -> None:
        """Say that the work's end has begun, which is short and which no signal may break off."""
        self.winding_up = True


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Turn the first signal to stop into a request; a second one raises KeyboardInterrupt, unless winding up.

    The end of the terminal never does, however often it is told.

    A signal that is ignored here, as in a script's background job, stays ignored.
    """
    request = StopRequest()
    before = {one: handler for one in SIGNALS if (handler := signal.getsignal(one)) is not signal.SIG_IGN}

    def ask(number: int, frame: FrameType | None) -> None:
        # One closing of a terminal is told more than once, by the shell and by the system.
        again = request.signal is not None and number != getattr(signal, "SIGHUP", None)
        if again and not request.winding_up:
            raise KeyboardInterrupt
        request.signal = request.signal or number

    for one in before:
        signal.signal(one, ask)
    try:
        yield request
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Have SIGTERM and the terminal's end raise KeyboardInterrupt, as Ctrl-C does, where nothing else is arranged.

    Not for what asks drivers, which may hang where no exception can reach them: let the system end that.
    """
    before = {one: signal.getsignal(one) for one in SIGNALS}
    ours = [one for one, handler in before.items() if handler is signal.SIG_DFL]

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for one in ours:
        signal.signal(one, interrupt)
    try:
        yield
    finally:
        for one in ours:
            if signal.getsignal(one) is interrupt:
                signal.signal(one, before[one])


def call_on_signals(act: Callable[[], object]) -> None:
    """Have each signal to stop call `act` from now on; one that is ignored here stays ignored."""
    for one in SIGNALS:
        if signal.getsignal(one) is not signal.SIG_IGN:
            signal.signal(one, lambda number, frame: act())


def leave_on_signals() -> None:
    """End the process at the first signal to stop, with exit code 0: for a window's start, when nothing can be lost.

    An exception could be raised anywhere in what is being loaded then, and be taken for something else there.
    """
    call_on_signals(lambda: os._exit(0))
