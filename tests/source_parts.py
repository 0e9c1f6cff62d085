"""Reading whole files, for the tests of `maskcam.sources`."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskcam.errors import UnusableInput
from maskcam.sources import VideoFrame, VideoSource

FIVE_SECONDS = range(125)


def read(path: Path) -> tuple[VideoSource, list[VideoFrame]]:
    with VideoSource(path) as source:
        return source, list(source)


def refusal(path: Path) -> str:
    with pytest.raises(UnusableInput) as caught:
        VideoSource(path)
    line = str(caught.value)
    assert "\n" not in line and str(path) in line
    return line
