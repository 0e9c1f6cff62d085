"""Reading whole files, for the tests of `maskcam.sources.video_file`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest
from av.stream import Disposition

from maskcam.errors import UnusableInput
from maskcam.sources.video_file import FileFrame, VideoSource
from tests.video_files import audio_frames, moving

FIVE_SECONDS = range(125)


def read(path: Path) -> tuple[VideoSource, list[FileFrame]]:
    with VideoSource(path) as source:
        return source, list(source)


def refusal(path: Path) -> str:
    with pytest.raises(UnusableInput) as caught:
        VideoSource(path)
    line = str(caught.value)
    assert "\n" not in line and str(path) in line
    return line


def two_tracks(path: Path, unreadable: set[int]) -> Path:
    """Write a Matroska video with two tracks of sound, 1 and 2, those named of a codec that nobody knows."""
    container: Any = av.open(str(path), "w")
    video = container.add_stream("mpeg4", rate=25)
    video.width, video.height = 64, 48
    tracks = [container.add_stream("mp3", rate=48000, layout="mono") for _ in range(2)]
    tracks[0].disposition = Disposition.default  # the one a player chooses
    for track in tracks:
        for frame in audio_frames(track, 48000, 1.0, 0.0, "mono"):
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    for index in range(25):
        container.mux(video.encode(av.VideoFrame.from_ndarray(moving(64, 48, index), "rgb24")))
    container.mux(video.encode(None))
    container.close()
    name = b"A_MPEG/L3"
    first, *others = path.read_bytes().split(name)
    assert len(others) == 2
    for number, part in enumerate(others, 1):
        first += (b"A_UNKNOWN" if number in unreadable else name) + part
    path.write_bytes(first)
    return path
