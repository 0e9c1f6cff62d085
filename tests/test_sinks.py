"""`maskcam.sinks.video_file.VideoSink` as a file: what is there before, after, and when something goes wrong."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import av
import av.container
import pytest

from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.pending import write_failure
from tests.sink_parts import small_sink
from tests.video_files import quarters


def test_messages_do_not_name_the_temporary_file(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    for kind, number in ((av.error.ArgumentError, errno.EINVAL), (av.error.OSError, errno.ENOSPC)):
        line = str(write_failure(target, kind(number, os.strerror(number), f"file:{tmp_path}/a.1.part.mp4")))
        assert "part" not in line and os.strerror(number).lower() in line


def test_nothing_appears_before_finish_and_nothing_stays_without(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    with pytest.raises(KeyError), small_sink(target) as sink:
        for pts in range(40):
            sink.write(quarters(64, 48), pts)
        assert not target.exists() and len(list(tmp_path.iterdir())) == 1
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    sink.close()
    with pytest.raises(RuntimeError):
        sink.write(quarters(64, 48), 99)


def test_existing_target_is_kept_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    target.write_text("precious")
    with pytest.raises(UnusableInput, match=r"exists.*--force"):
        small_sink(target)
    with small_sink(target, force=True) as sink:
        sink.write(quarters(64, 48), 0)
        assert target.read_text() == "precious"
    assert target.read_text() == "precious"
    with small_sink(target, force=True) as sink:
        sink.write(quarters(64, 48), 0)
        sink.finish()
    assert target.read_bytes()[4:8] == b"ftyp"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["o.avi", "o", "o.mov", "o.mp4.webm", ".mp4"])
def test_only_mp4_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnusableInput, match=r"end the name in \.mp4") as caught:
        small_sink(tmp_path / name, force=True)
    assert "\n" not in str(caught.value) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["o.MP4", "o.m4v"])
def test_mp4_has_two_names(tmp_path: Path, name: str) -> None:
    with small_sink(tmp_path / name) as sink:
        sink.write(quarters(64, 48), 0)
        sink.finish()
    assert (tmp_path / name).read_bytes()[4:8] == b"ftyp"


def test_no_picture_is_no_video(tmp_path: Path) -> None:
    with small_sink(tmp_path / "a.mp4") as sink, pytest.raises(FailedOnTheWay, match="not one picture"):
        sink.finish()
    assert list(tmp_path.iterdir()) == []


def test_what_is_complete_takes_nothing_more_and_appears_when_it_is_finished(tmp_path: Path) -> None:
    with small_sink(tmp_path / "a.mp4") as sink:
        sink.write(quarters(64, 48), 0)
        sink.complete()
        sink.complete()
        with pytest.raises(RuntimeError, match="complete"):
            sink.write(quarters(64, 48), 1)
        assert not (tmp_path / "a.mp4").exists()
        sink.finish()
    assert (tmp_path / "a.mp4").exists()
    with small_sink(tmp_path / "b.mp4") as sink:
        sink.write(quarters(64, 48), 0)
        sink.complete()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"], "what was given up leaves nothing"


def test_wrong_pictures_and_times_are_the_callers_fault(tmp_path: Path) -> None:
    with small_sink(tmp_path / "a.mp4") as sink:
        sink.write(quarters(64, 48), 5)
        for image, pts in ((quarters(64, 48), 5), (quarters(64, 50), 6), (quarters(64, 48)[..., :2], 6)):
            with pytest.raises(ValueError, match=r"not|follows"):
                sink.write(image, pts)


FULL_DISK = """
import resource, sys, pathlib, fractions, numpy as np
from maskcam.errors import FailedOnTheWay
from maskcam.sinks.lines import TextSink
from maskcam.sinks.video_file import VideoSink
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
path = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(0)
try:
    if path.suffix == ".txt":
        with TextSink(path) as sink:
            for _ in range(10000):
                sink.write_line("x" * 20)
            sink.finish()
    else:
        with VideoSink(path, width=320, height=240, time_base=fractions.Fraction(1, 25)) as sink:
            for pts in range(30):
                sink.write(rng.integers(0, 256, (240, 320, 3), np.uint8), pts)
            sink.finish()
except FailedOnTheWay as error:
    print(error)
else:
    print("whole", path.stat().st_size)
"""


def with_room(path: Path, limit: int) -> str:
    """Write a video or text where no file may grow beyond `limit` bytes, the nearest to a full disk."""
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), str(limit)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    whole = with_room(tmp_path / "whole.mp4", 1 << 30)
    size = int(whole.split()[1])
    (tmp_path / "whole.mp4").unlink()
    # At the first bytes, on the way, and only in the trailer.
    for limit in (100, size // 2, size - 50):
        line = with_room(tmp_path / "a.mp4", limit)
        assert "writing stopped" in line and "a.mp4" in line and "\n" not in line
        assert list(tmp_path.iterdir()) == []
    assert "writing stopped" in with_room(tmp_path / "a.txt", 50_000)
    assert list(tmp_path.iterdir()) == []
