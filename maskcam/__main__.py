"""`python -m maskcam`, and what the command `maskcam` calls."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from maskcam.errors import STOPPED


def main() -> int:
    """Load the command line and run it; Ctrl-C while it is being loaded ends the process with one line, too."""
    before = signal.getsignal(signal.SIGINT)
    ours = before is signal.default_int_handler
    if ours:  # an exception would come out of whatever is just being imported
        signal.signal(signal.SIGINT, _leave)
    from maskcam.cli import main as run  # noqa: PLC0415 (takes a moment, in which Ctrl-C may come)

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return run()


def _leave(number: int, frame: FrameType | None) -> None:
    os.write(2, b"maskcam: stopped\n")
    os._exit(STOPPED)


if __name__ == "__main__":
    sys.exit(main())
