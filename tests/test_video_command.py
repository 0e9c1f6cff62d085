"""`maskcam video` and `maskcam demo`, as processes on real files."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from maskcam.assets import DEMO_CLIP, MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.finder import FaceFinder
from maskcam.frames import Pixels
from maskcam.pipeline import Pipeline
from maskcam.runner import DetectorPool
from maskcam.signals import StopRequest
from maskcam.sources import VideoSource
from maskcam.video_job import VideoOutputs, process_video
from tests.support import astronaut, environment, heed_signals, maskcam, one_clear_line, wait_for, write_clip

FACE_KEYS = {
    *("box", "score", "track", "detected", "verdict", "reason"),
    *("no_mask_probability", "raw_no_mask_probability", "not_face_probability"),
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo clip was worked through with every output."""
    folder = tmp_path_factory.mktemp("video")
    run = maskcam(
        *("video", asset(DEMO_CLIP), "-o", "seen.mp4", "--json", "seen.jsonl", "--events", "seen.csv", "--fast"),
        cwd=folder,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    (folder / "stdout").write_text(run.stdout)
    return folder


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "seen.jsonl").read_text().splitlines()]


def test_every_frame_is_there_at_its_time(done: Path) -> None:
    with VideoSource(asset(DEMO_CLIP)) as source:
        times = [one.frame.time for one in source]
    with VideoSource(done / "seen.mp4") as seen:
        assert (seen.width, seen.height) == (640, 480)
        assert [one.frame.time for one in seen] == times
    assert [row["time"] for row in rows(done)] == [round(one, 4) for one in times]
    assert [row["frame"] for row in rows(done)] == list(range(len(times)))


def test_the_video_is_one_that_browsers_play(done: Path) -> None:
    with av.open(str(done / "seen.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"


def test_the_json_has_the_fields_and_nothing_else(done: Path) -> None:
    for row in rows(done):
        assert set(row) == {"frame", "time", "faces"}
        for face in row["faces"]:
            assert set(face) == FACE_KEYS
            x0, y0, x1, y1 = face["box"]
            assert 0 <= x0 < x1 <= 640
            assert 0 <= y0 < y1 <= 480
            assert 0 <= face["no_mask_probability"] <= 1
            assert 0 <= face["raw_no_mask_probability"] <= 1
            assert 0 <= face["not_face_probability"] < 0.5, "what is taken for none is not shown"
            assert face["verdict"] in ("mask", "no_mask", "unsure")
            assert (face["reason"] is None) == (face["verdict"] != "unsure")
            assert isinstance(face["track"], int)
            for value in (*face["box"], face["score"], face["no_mask_probability"]):
                assert round(value, 4) == value


def test_the_verdicts_are_those_of_the_clip(done: Path) -> None:
    said = {row["frame"]: [face["verdict"] for face in row["faces"]] for row in rows(done)}
    assert all(said[frame] == ["no_mask"] for frame in range(2, 65))
    assert all(said[frame] == ["mask"] for frame in range(90, 138))
    assert all(said[frame] == ["no_mask"] for frame in range(165, 200))


def test_the_events_tell_the_story(done: Path) -> None:
    with (done / "seen.csv").open(newline="") as file:
        events = list(csv.DictReader(file))
    assert list(events[0]) == ["time", "track", "event", "verdict", "probability"]
    assert [(event["event"], event["verdict"]) for event in events if event["verdict"] != "unsure"] == [
        ("appeared", "no_mask"),
        ("verdict", "mask"),
        ("verdict", "no_mask"),
        ("left", "no_mask"),
    ]
    assert 3.0 <= float(events[1]["time"]) <= 3.6


def test_the_boxes_are_drawn(done: Path) -> None:
    with VideoSource(asset(DEMO_CLIP)) as source, VideoSource(done / "seen.mp4") as seen:
        plain, drawn = next(iter(source)).frame.image, next(iter(seen)).frame.image
    x0, y0, x1, _ = (round(value) for value in rows(done)[0]["faces"][0]["box"])
    changed = np.abs(plain.astype(int) - drawn).max(axis=2) > 60
    assert changed[y0 - 3 : y0 + 4, x0:x1].any(axis=0).mean() > 0.9


def test_it_ends_with_a_summary(done: Path) -> None:
    summary = (done / "stdout").read_text()
    assert summary.startswith("1 person seen, 1 without a mask, longest ")
    assert "200 frames, " in summary
    assert summary.strip().endswith("frames/s")


def test_nothing_is_left_beside_the_outputs(done: Path) -> None:
    assert {path.name for path in done.iterdir()} == {"seen.mp4", "seen.jsonl", "seen.csv", "stdout"}


def test_the_demo_says_what_it_saw(tmp_path: Path) -> None:
    run = maskcam("demo", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    assert lines[0].endswith("person 1 appears: no mask")
    assert any(line.endswith("person 1 now: mask") for line in lines)
    assert lines[-1] == "wrote maskcam-demo.mp4"
    assert (tmp_path / "maskcam-demo.mp4").stat().st_size > 100_000


def test_the_demo_replaces_nothing_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "maskcam-demo.mp4").write_bytes(b"precious")
    assert "--force" in one_clear_line(maskcam("demo", cwd=tmp_path))
    assert (tmp_path / "maskcam-demo.mp4").read_bytes() == b"precious"


def test_the_demo_clip_is_small() -> None:
    assert asset(DEMO_CLIP).stat().st_size <= 2_000_000


def test_json_on_standard_output_is_json_alone(tmp_path: Path) -> None:
    write_clip(tmp_path / "in.mp4", lambda _: astronaut(), 3)
    run = maskcam("video", "in.mp4", "-o", "out.mp4", "--json", "-", cwd=tmp_path)
    assert run.returncode == 0
    assert [json.loads(line)["frame"] for line in run.stdout.splitlines()] == [0, 1, 2]
    assert "1 person seen" in run.stderr


def test_nothing_is_overwritten_unless_asked(tmp_path: Path) -> None:
    write_clip(tmp_path / "in.mp4", lambda _: astronaut(), 3)
    (tmp_path / "out.mp4").write_bytes(b"precious")
    line = one_clear_line(maskcam("video", "in.mp4", "-o", "out.mp4", cwd=tmp_path))
    assert "--force" in line
    assert (tmp_path / "out.mp4").read_bytes() == b"precious"
    (tmp_path / "x.jsonl").write_text("precious")
    one_clear_line(maskcam("video", "in.mp4", "-o", "new.mp4", "--json", "x.jsonl", cwd=tmp_path))
    assert not (tmp_path / "new.mp4").exists()
    assert (tmp_path / "x.jsonl").read_text() == "precious"
    assert maskcam("video", "in.mp4", "-o", "out.mp4", "--force", cwd=tmp_path).returncode == 0
    assert (tmp_path / "out.mp4").stat().st_size > 1000


def wrong_inputs(folder: Path) -> dict[str, Path]:
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("this is no video\n" * 50)
    return {name: folder / name for name in ("missing.mp4", "empty.mp4", "text.mp4", ".")}


@pytest.mark.parametrize("name", ["missing.mp4", "empty.mp4", "text.mp4", "."])
def test_an_unusable_input_gets_one_line(tmp_path: Path, name: str) -> None:
    path = wrong_inputs(tmp_path)[name]
    line = one_clear_line(maskcam("video", path, "-o", "out.mp4", cwd=tmp_path))
    assert str(path) in line
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    "more",
    [
        ["-o", "in.mp4", "--force"],
        ["-o", "no-such-folder/out.mp4"],
        ["-o", "."],
        ["-o", "out.mp4", "--json", "out.mp4"],
        ["-o", "out.mp4", "--json", "-", "--events", "-"],
        ["-o", "out.mp4", "--model", "missing.tflite"],
        ["-o", "out.mp4", "--model", "in.mp4"],
    ],
    ids=" ".join,
)
def test_unusable_outputs_and_models_get_one_line(tmp_path: Path, more: list[str]) -> None:
    clip = write_clip(tmp_path / "in.mp4", lambda _: astronaut(), 2)
    before = clip.read_bytes()
    one_clear_line(maskcam("video", "in.mp4", *more, cwd=tmp_path))
    assert clip.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4"}


@pytest.mark.parametrize("value", ["0", "1", "-3", "nan", "much"])
def test_a_threshold_is_a_probability(tmp_path: Path, value: str) -> None:
    run = maskcam("video", "in.mp4", "-o", "out.mp4", f"--threshold={value}", cwd=tmp_path)
    assert run.returncode == 2
    assert "must be between 0 and 1" in run.stderr


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


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty seconds, which take longer than a test waits."""
    picture = astronaut()
    return write_clip(tmp_path_factory.mktemp("long") / "long.mp4", lambda n: np.roll(picture, n, axis=1), 500)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_with_a_whole_shorter_video(tmp_path: Path, long_clip: Path, number: signal.Signals) -> None:
    (tmp_path / "long.mp4").hardlink_to(long_clip)
    command = [sys.executable, "-m", "maskcam", "video", "long.mp4", "-o", "out.mp4", "--json", "out.jsonl", "--fast"]
    process = subprocess.Popen(
        [*command, "--events", "out.csv"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,  # noqa: PLW1509
    )
    wait_for(lambda: any(part.stat().st_size > 1000 for part in tmp_path.glob("out.*.part.jsonl")))
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert "stopped after " in err
    assert " of 20.0 s; out.mp4 holds what was done" in err
    assert "1 person seen" in out
    with VideoSource(tmp_path / "out.mp4") as source:
        frames = sum(1 for _ in source)
        assert source.damage is None
    assert 0 < frames < 500
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(lines) == frames
    assert {path.name for path in tmp_path.iterdir()} == {"long.mp4", "out.mp4", "out.jsonl", "out.csv"}
    events = [line.split(",") for line in (tmp_path / "out.csv").read_text().splitlines()[1:]]
    assert (events[0][2], events[-1][2]) == ("appeared", "left")
    assert float(events[-1][0]) == lines[-1]["time"], "nobody leaves after the video's end"


def test_a_signal_before_the_first_picture_leaves_one(tmp_path: Path, long_clip: Path) -> None:
    (tmp_path / "out.csv").write_text("an earlier record\n")
    stop = StopRequest()
    stop.signal = signal.SIGINT
    outputs = VideoOutputs(tmp_path / "out.mp4", str(tmp_path / "out.jsonl"), str(tmp_path / "out.csv"), force=True)
    with DetectorPool() as detector, MaskClassifier(asset(MASK_MODEL)) as classifier, VideoSource(long_clip) as source:
        pipeline = Pipeline(FaceFinder(detector), classifier)
        report = process_video(source, pipeline, outputs, stop, lambda result: None)
    assert not report.complete
    assert report.summary.people == 1
    with VideoSource(tmp_path / "out.mp4") as source:
        assert sum(1 for _ in source) == 1
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 1
    assert [line.split(",")[2] for line in (tmp_path / "out.csv").read_text().splitlines()[1:]] == ["appeared", "left"]


def test_the_sound_comes_along(tmp_path: Path) -> None:
    from tests.video_files import make_video, sound_packets

    make_video(tmp_path / "in.mp4", pts=range(20), sound="aac")
    assert maskcam("video", "in.mp4", "-o", "out.mp4", cwd=tmp_path).returncode == 0
    assert sound_packets(tmp_path / "out.mp4") == sound_packets(tmp_path / "in.mp4")


@pytest.mark.parametrize(("broken", "said"), [({6}, "1 piece of its sound"), ({6, 12, 18}, "3 pieces of its sound")])
def test_sound_that_can_not_be_kept_is_told_in_one_line(tmp_path: Path, broken: set[int], said: str) -> None:
    import av

    from tests.video_files import make_video, sound_packets, video_times

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


def test_the_threshold_reaches_the_verdict(tmp_path: Path) -> None:
    write_clip(tmp_path / "in.mp4", lambda _: astronaut(), 2)

    def face(*more: str) -> dict[str, Any]:
        run = maskcam("video", "in.mp4", "-o", "out.mp4", "--force", "--json", "-", *more, cwd=tmp_path)
        found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])["faces"][0]
        return found

    assert face()["verdict"] == "no_mask"
    assert face("--threshold=0.999999")["verdict"] != "no_mask"


def hall(_: int) -> Pixels:
    """A wide room with somebody far off, whose face is about 45 pixels wide."""
    frame = np.full((720, 1280, 3), 120, np.uint8)
    frame[400:640, 900:1140] = cv2.resize(astronaut(), (240, 240), interpolation=cv2.INTER_AREA)
    return frame


def test_a_video_is_searched_whole_unless_it_must_be_fast(tmp_path: Path) -> None:
    write_clip(tmp_path / "hall.mp4", hall, 15)

    def frames(*more: str) -> tuple[str, list[list[dict[str, Any]]]]:
        run = maskcam(
            *("video", "hall.mp4", "-o", "out.mp4", "--force", "--json", "seen.jsonl", "--verbose", *more), cwd=tmp_path
        )
        assert run.returncode == 0, run.stderr
        lines = (tmp_path / "seen.jsonl").read_text().splitlines()
        return run.stdout, [json.loads(line)["faces"] for line in lines]

    def near(faces: list[dict[str, Any]]) -> bool:
        expected = np.array([177, 75, 272, 178]) * 240 / 512 + [900, 400, 900, 400]
        return any(np.abs(np.array(one["box"]) - expected).max() < 14 for one in faces)

    said, whole = frames()
    assert "looks for faces from 24 px in 1280x720: the whole frame, then tiles: " in said
    assert all(near(faces) for faces in whole)
    said, fast = frames("--fast")
    assert "looks for faces from 40 px in 1280x720: " in said and said.splitlines()[0].endswith("in turns")
    first = next(number for number, faces in enumerate(fast) if near(faces))
    assert first < 8 and all(near(faces) for faces in fast[first:]), "once found, followed from frame to frame"
    said, large = frames("--smallest-face", "200")
    assert "faces from 200 px" in said and not any(near(faces) for faces in large)


def test_a_record_that_nobody_reads_does_not_cost_the_video(tmp_path: Path) -> None:
    write_clip(tmp_path / "in.mp4", lambda _: astronaut(), 40)
    command = (
        f"{sys.executable} -m maskcam video in.mp4 -o out.mp4 --json - | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    )
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
    command = f"{sys.executable} -m maskcam video in.mp4 -o out.mp4 {closed}"
    run = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment(), capture_output=True, check=False)
    assert run.returncode == 0
    with VideoSource(tmp_path / "out.mp4") as source:
        assert sum(1 for _ in source) == 3


def test_a_closed_terminal_leaves_a_whole_shorter_video(tmp_path: Path, long_clip: Path) -> None:
    (tmp_path / "long.mp4").hardlink_to(long_clip)
    process = subprocess.Popen(
        [sys.executable, "-m", "maskcam", "video", "long.mp4", "-o", "out.mp4", "--json", "-"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,  # noqa: PLW1509
    )
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGHUP)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert {path.name for path in tmp_path.iterdir()} == {"long.mp4", "out.mp4"}
