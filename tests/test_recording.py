from __future__ import annotations

import csv
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.frames import Event, EventKind, Pixels, Verdict
from maskcam.sinks import recording
from maskcam.sinks.keeping import EventLog, event_log_name, recording_name, snapshot_name, write_snapshot
from maskcam.sinks.recording import LiveRecorder
from maskcam.sources.video_file import VideoSource
from tests.http_camera import numbered, read_number
from tests.support import environment

WHEN = datetime(2026, 11, 22, 21, 4, 5, 678900, tzinfo=timezone(timedelta(hours=1)))


def frames(path: Path) -> list[tuple[float, Pixels]]:
    with VideoSource(path) as source:
        return [(one.frame.time, one.frame.image) for one in source]


def grey(level: int, width: int = 64, height: int = 48) -> Pixels:
    return np.full((height, width, 3), level, np.uint8)


def test_a_recording_has_every_picture_at_its_own_time(tmp_path: Path) -> None:
    times = [0.0, 0.033, 0.066, 0.5, 0.51, 2.5, 2.6]
    with LiveRecorder(tmp_path / "one.mp4") as recorder:
        assert recorder.part == tmp_path / "one.part.mp4"
        assert recorder.part.exists()
        for number, at in enumerate(times):
            recorder.write(numbered(160, 120, number), 1000.0 + at)
            assert recorder.seconds == pytest.approx(at, abs=0.001)
        done = recorder.finish()
    assert done == tmp_path / "one.mp4"
    assert [path.name for path in tmp_path.iterdir()] == ["one.mp4"]
    read = frames(done)
    assert [at for at, _ in read] == pytest.approx(times, abs=0.001)
    assert [read_number(image) for _, image in read] == list(range(len(times)))


def test_a_night_without_pictures_leaves_the_times_after_it_right(tmp_path: Path) -> None:
    night = 14 * 3600.0
    times = [0.0, 0.1, night, night + 0.1, night + 0.5]
    with LiveRecorder(tmp_path / "one.mp4") as recorder:
        for number, at in enumerate(times):
            recorder.write(numbered(160, 120, number), 1000.0 + at)
        done = recorder.finish()
    assert done is not None
    read = [(at, read_number(image)) for at, image in frames(done)]
    assert [number for _, number in read] == [0, 1, 1, 1, 2, 3, 4], "the last picture of before stands again on the way"
    assert [at for at, _ in read[:2] + read[-3:]] == pytest.approx(times, abs=0.001)


def test_a_picture_that_comes_no_later_is_passed_over(tmp_path: Path) -> None:
    recorder = LiveRecorder(tmp_path / "one.mp4")
    for at in (5.0, 5.0, 4.0, 5.1):
        recorder.write(grey(90), at)
    done = recorder.finish()
    assert done is not None
    assert len(frames(done)) == 2


def test_colours_and_odd_sizes_survive(tmp_path: Path) -> None:
    image = np.broadcast_to(np.array([200, 40, 20], np.uint8), (47, 63, 3)).copy()
    recorder = LiveRecorder(tmp_path / "one.mp4")
    for number in range(5):
        recorder.write(image, number / 10)
    done = recorder.finish()
    assert done is not None
    assert np.abs(frames(done)[-1][1][:47, :63].astype(int) - [200, 40, 20]).max() < 6


def test_another_size_is_scaled_into_the_first_with_black_beside(tmp_path: Path) -> None:
    recorder = LiveRecorder(tmp_path / "one.mp4")
    recorder.write(grey(200, 64, 48), 0.0)
    recorder.write(grey(200, 480, 120), 0.1)
    recorder.write(grey(200, 20, 80), 0.2)
    recorder.write(grey(200, 64, 48), 0.3)
    done = recorder.finish()
    assert done is not None
    first, wide, tall, last = (image[..., 1] for _, image in frames(done))
    assert first.shape == wide.shape == tall.shape == (48, 64)
    assert abs(int(first.min()) - 200) < 6
    assert abs(int(last.min()) - 200) < 8
    assert wide[24].min() > 180
    assert wide[[2, 45]].max() < 30
    assert tall[:, 32].min() > 180
    assert tall[:, [2, 61]].max() < 30


def test_nothing_recorded_leaves_no_file(tmp_path: Path) -> None:
    assert LiveRecorder(tmp_path / "one.mp4").finish() is None
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "one.mp4").write_text("mine")
    (tmp_path / "one.part.mp4").write_text("a part that a crash left")
    recorder = LiveRecorder(tmp_path / "one.mp4")
    assert recorder.part == tmp_path / "one-2.part.mp4"
    recorder.write(grey(1), 0.0)
    assert recorder.finish() == tmp_path / "one-2.mp4"
    assert (tmp_path / "one.mp4").read_text() == "mine"
    assert (tmp_path / "one.part.mp4").read_text() == "a part that a crash left"


def test_letting_go_keeps_the_part(tmp_path: Path) -> None:
    with LiveRecorder(tmp_path / "one.mp4") as recorder:
        for number in range(10):
            recorder.write(grey(number), number / 10)
    assert [path.name for path in tmp_path.iterdir()] == ["one.part.mp4"]
    assert len(frames(recorder.part)) == 10
    recorder.close()
    with pytest.raises(RuntimeError):
        recorder.write(grey(1), 9.0)
    with pytest.raises(RuntimeError):
        recorder.finish()


def test_a_killed_program_leaves_a_part_that_plays(tmp_path: Path) -> None:
    script = """
import sys, time
from pathlib import Path
from maskcam.sinks.recording import LiveRecorder
from tests.http_camera import numbered
recorder = LiveRecorder(Path(sys.argv[1]))
number = 0
while True:
    recorder.write(numbered(640, 360, number), number / 30)
    print(number, flush=True)
    number += 1
    time.sleep(0.033)
"""
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "one.mp4")], env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    lines = [next(line for line in child.stdout if int(line) > 60)]
    child.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    lines += [line for line in child.communicate(timeout=10)[0].splitlines(keepends=True) if line.endswith("\n")]
    number = int(lines[-1])
    part = tmp_path / "one.part.mp4"
    read = frames(part)
    assert not (tmp_path / "one.mp4").exists()
    assert read[-1][0] > (number - 2) / 30 - 0.5, (read[-1][0], number)
    assert [read_number(image) for _, image in read] == list(range(len(read)))


def test_a_folder_that_can_not_be_written_to_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "absent", tmp_path / "file"):
        with pytest.raises(UnusableInput, match="choose another folder"):
            LiveRecorder(folder / "one.mp4")
        with pytest.raises(UnusableInput, match="choose another folder"):
            write_snapshot(grey(1), folder, WHEN)
        with pytest.raises(UnusableInput, match="choose another folder"):
            EventLog(folder / "log.csv")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_told_in_one_line(tmp_path: Path) -> None:
    recorder = LiveRecorder(tmp_path / "one.mp4")
    recorder.part.unlink()
    recorder.part.symlink_to("/dev/full")
    with pytest.raises(FailedOnTheWay, match="no space left") as raised:
        for number in range(200):
            recorder.write(numbered(320, 240, number), number / 10)
    assert len(str(raised.value).splitlines()) == 1


NO_ROOM = """
import pathlib, resource, sys, numpy as np
from maskcam.errors import FailedOnTheWay
from maskcam.sinks.recording import LiveRecorder
folder, limit = pathlib.Path(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
rng = np.random.default_rng(0)
recorder = LiveRecorder(folder / "one.mp4")
for number in range(8):
    recorder.write(rng.integers(0, 256, (240, 320, 3), np.uint8), number / 30)
print("written")
try:
    print(recorder.finish())
except FailedOnTheWay as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size can be set here")
def test_a_disk_that_is_full_at_the_very_end_is_told_too(tmp_path: Path) -> None:
    def record(name: str, limit: int) -> list[str]:
        (tmp_path / name).mkdir()
        command = [sys.executable, "-c", NO_ROOM, str(tmp_path / name), str(limit)]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.splitlines()

    assert record("room", 10_000_000) == ["written", str(tmp_path / "room" / "one.mp4")]
    whole = (tmp_path / "room" / "one.mp4").stat().st_size
    # All of it is one fragment, written when the file is closed.
    written, said = record("full", whole - 1000)
    assert written == "written"
    part = tmp_path / "full" / "one.part.mp4"
    assert said.startswith(f"{part}: recording stopped (its end could not be written)")
    assert [path.name for path in part.parent.iterdir()] == [part.name]


def test_snapshots_are_exact_and_never_replace_one(tmp_path: Path) -> None:
    image = np.random.default_rng(1).integers(0, 256, (31, 41, 3), np.uint8)
    paths = [write_snapshot(image, tmp_path, WHEN) for _ in range(3)]
    assert [path.name for path in paths] == [
        "maskcam-20261122-210405.png",
        "maskcam-20261122-210405-2.png",
        "maskcam-20261122-210405-3.png",
    ]
    for path in paths:
        assert (cv2.imread(str(path))[..., ::-1] == image).all()
    assert snapshot_name(WHEN) == paths[0].name
    assert recording_name(WHEN) == "maskcam-20261122-210405.mp4"
    assert event_log_name(WHEN) == "maskcam-20261122-210405.csv"


def test_events_are_on_the_disk_at_once_with_wall_clock_times(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log.csv")
    log.write(Event(1.5, 3, EventKind.APPEARED, Verdict.NO_MASK, 0.98765), WHEN)
    text = (tmp_path / "log.csv").read_text()
    assert text == ("time,track,event,verdict,probability\n2026-11-22T21:04:05.678+01:00,3,appeared,no_mask,0.9877\n")
    log.close()
    log.close()
    again = EventLog(tmp_path / "log.csv")
    again.write(Event(1.5, 3, EventKind.LEFT, Verdict.MASK, 0.1), WHEN.astimezone(UTC))
    assert again.path.name == "log-2.csv", "numbers begin anew, and so does the file"
    rows = list(csv.DictReader(again.path.open()))
    assert [row["event"] for row in rows] == ["left"]
    assert datetime.fromisoformat(rows[0]["time"]) == WHEN.replace(microsecond=678_000)
    assert (tmp_path / "log.csv").read_text() == text
    with pytest.raises(ValueError, match="zone"):
        again.write(Event(2.5, 3, EventKind.LEFT, Verdict.MASK, 0.1), WHEN.replace(tzinfo=None))
    again.close()


def test_a_recording_that_never_began_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_works(width: int, height: int) -> str:
        raise UnusableInput("no encoder works here")

    monkeypatch.setattr(recording, "working_encoder", none_works)
    with LiveRecorder(tmp_path / "one.mp4") as recorder, pytest.raises(UnusableInput):
        recorder.write(grey(1), 0.0)
    assert not list(tmp_path.iterdir())
