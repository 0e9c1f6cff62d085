"""`maskcam video` when files are damaged or nobody takes what it writes."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from maskcam.sources.video_file import VideoSource
from tests.source_parts import two_tracks
from tests.support import astronaut, environment, maskcam, one_clear_line, write_clip
from tests.video_files import make_video, sound_packets, video_times


def test_a_truncated_video_is_done_as_far_as_it_goes(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "whole.mp4", lambda n: np.roll(astronaut(), n, axis=1), 50)
    (tmp_path / "cut.mp4").write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    run = maskcam("video", "cut.mp4", "-o", "out.mp4", cwd=tmp_path)
    line = one_clear_line(run, code=1)
    assert "cut.mp4" in line
    assert "out.mp4 holds what could be read" in line
    with VideoSource(tmp_path / "out.mp4") as source:
        frames = sum(1 for _ in source)
    assert 5 < frames < 50


@pytest.mark.parametrize(("broken", "said"), [({6}, "1 piece of its sound"), ({6, 12, 18}, "3 pieces of its sound")])
def test_sound_that_can_not_be_kept_is_told_in_one_line(tmp_path: Path, broken: set[int], said: str) -> None:
    make_video(tmp_path / "good.mkv", sound="mp2")
    with av.open(str(tmp_path / "good.mkv")) as old, av.open(str(tmp_path / "in.mkv"), "w") as new:
        streams = {one.index: new.add_stream_from_template(one) for one in old.streams}
        count = 0
        for packet in old.demux():
            if packet.size and packet.stream.type == "audio":
                count += 1
                if count in broken:
                    other = av.Packet(b"x" * packet.size)
                    other.pts, other.dts, other.time_base = packet.pts, packet.dts, packet.time_base
                    other.stream = streams[packet.stream.index]
                    new.mux(other)
                    continue
            if packet.size:
                packet.stream = streams[packet.stream.index]
                new.mux(packet)
    line = one_clear_line(maskcam("video", "in.mkv", "-o", "out.mp4", cwd=tmp_path), code=1)
    assert f"in.mkv: {said} could not be kept; out.mp4 holds what could be read" in line
    assert len(video_times(tmp_path / "out.mp4")) == 25
    assert len(sound_packets(tmp_path / "out.mp4")) > 20


def test_sound_of_a_kind_that_can_not_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    two_tracks(tmp_path / "in.mkv", unreadable={1, 2})
    line = one_clear_line(maskcam("video", "in.mkv", "-o", "out.mp4", "--fast", cwd=tmp_path), code=1)
    assert "in.mkv: its sound is of a kind that can't be read here; out.mp4 holds what could be read" in line
    assert len(video_times(tmp_path / "out.mp4")) == 25


def test_a_record_that_nobody_reads_does_not_cost_the_video(tmp_path: Path) -> None:
    write_clip(tmp_path / "in.mp4", lambda _: astronaut(), 40)
    program = f"{shlex.quote(sys.executable)} -m maskcam"
    command = f"{program} video in.mp4 -o out.mp4 --json - | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    run = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert run.returncode == 1, run.stderr
    assert "out.mp4 is whole" in run.stderr
    with VideoSource(tmp_path / "out.mp4") as source:
        assert sum(1 for _ in source) == 40


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_do_no_harm(tmp_path: Path, closed: str) -> None:
    write_clip(tmp_path / "in.mp4", lambda _: astronaut(), 3)
    command = f"{shlex.quote(sys.executable)} -m maskcam video in.mp4 -o out.mp4 {closed}"
    run = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment(), capture_output=True, check=False)
    assert run.returncode == 0
    with VideoSource(tmp_path / "out.mp4") as source:
        assert sum(1 for _ in source) == 3
