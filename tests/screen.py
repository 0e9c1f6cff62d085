"""A screen without a screen: Xvfb, and what is seen on it."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

import numpy as np

from maskcam.frames import Pixels


class Screen:
    """An X server of its own; `name` is its DISPLAY. Use it in a `with` statement."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._folder = Path(tempfile.mkdtemp(prefix="maskcam-screen-"))

    def __enter__(self) -> Screen:
        width, height = self._size
        ready, told = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(told), "-screen", "0", f"{width}x{height}x24", "-fbdir", str(self._folder)],
            pass_fds=[told],
            stderr=subprocess.DEVNULL,
        )
        os.close(told)
        with os.fdopen(ready) as line:
            number = line.readline().strip()
        assert number.isdigit(), "Xvfb has ended before it had a screen"
        self.name = f":{number}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.terminate()
        self._server.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)

    def picture(self) -> Pixels:
        """What is on the screen, `(h, w, 3) uint8 RGB`; the server keeps it in a file in the xwd format."""
        data = (self._folder / "Xvfb_screen0").read_bytes()
        head = struct.unpack(">25I", data[:100])
        start, width, height, line, colours = head[0], head[4], head[5], head[12], head[19]
        start += 12 * colours
        rows = np.frombuffer(data, np.uint8, line * height, start).reshape(height, line)
        return np.ascontiguousarray(rows[:, : 4 * width].reshape(height, width, 4)[..., 2::-1])
