"""A lock on an open file, which the system takes back when the process ends, however it does."""

from __future__ import annotations

import sys
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt

    _BEYOND = 1 << 30
    """Others can't read a locked byte there; so far behind its end a file has none."""
    _TAKEN: type[OSError] = PermissionError

    def _lock(file: BinaryIO) -> None:
        file.seek(_BEYOND)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    _TAKEN: type[OSError] = BlockingIOError

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock(file: BinaryIO) -> bool:
    """Take the lock until the file is closed; return whether nobody else has it.

    On a disk that knows no locks nobody ever has.
    """
    try:
        _lock(file)
    except _TAKEN:
        return False
    except OSError:
        pass
    return True
