"""`maskcam video`: what it writes, as a process on real files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from maskcam.assets import DEMO_CLIP, asset
from maskcam.frames import Pixels
from maskcam.sources.video_file import VideoSource
from tests.support import ROOT, astronaut, maskcam, write_clip

FACE_KEYS = {
    "box",
    "score",
    "track",
    "detected",
    "verdict",
    "reason",
    "no_mask_probability",
    "raw_no_mask_probability",
    "not_face_probability",
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo clip was worked through with every output."""
    folder = tmp_path_factory.mktemp("video")
    run = maskcam(
        "video",
        asset(DEMO_CLIP),
        "-o",
        "seen.mp4",
        "--json",
        "seen.jsonl",
        "--events",
        "seen.csv",
        "--fast",
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


def test_the_readme_shows_what_is_written(done: Path) -> None:
    """Of the same clip; there it was searched whole, so that the figures differ a little."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = json.loads(next(line for line in readme.splitlines() if line.startswith('{"frame": ')))
    written = rows(done)[shown["frame"]]
    assert shown["time"] == written["time"] and len(shown["faces"]) == len(written["faces"]) == 1
    one, other = shown["faces"][0], written["faces"][0]
    assert one.pop("box") == pytest.approx(other.pop("box"), abs=8)
    assert one == pytest.approx(other, abs=0.01)
    block = readme[readme.index("time,track,event,verdict,probability\n") :]
    events = list(csv.DictReader(block[: block.index("```")].splitlines()))
    happened = list(csv.DictReader((done / "seen.csv").read_text().splitlines()))
    chances = [[float(row.pop("probability")) for row in each] for each in (events, happened)]
    assert events == happened
    assert chances[0] == pytest.approx(chances[1], abs=0.06)


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


def test_json_on_standard_output_is_json_alone(tmp_path: Path) -> None:
    write_clip(tmp_path / "in.mp4", lambda _: astronaut(), 3)
    run = maskcam("video", "in.mp4", "-o", "out.mp4", "--json", "-", cwd=tmp_path)
    assert run.returncode == 0
    assert [json.loads(line)["frame"] for line in run.stdout.splitlines()] == [0, 1, 2]
    assert "1 person seen" in run.stderr


def test_events_on_standard_output_are_events_alone(tmp_path: Path) -> None:
    write_clip(tmp_path / "in.mp4", lambda _: astronaut(), 3)
    run = maskcam("video", "in.mp4", "-o", "out.mp4", "--events", "-", cwd=tmp_path)
    assert run.returncode == 0
    rows = list(csv.DictReader(run.stdout.splitlines()))
    assert [row["event"] for row in rows] == ["appeared", "left"]
    assert "1 person seen" in run.stderr


def test_the_sound_comes_along(tmp_path: Path) -> None:
    from tests.video_files import make_video, sound_packets

    make_video(tmp_path / "in.mp4", pts=range(20), sound="aac")
    assert maskcam("video", "in.mp4", "-o", "out.mp4", cwd=tmp_path).returncode == 0
    assert sound_packets(tmp_path / "out.mp4") == sound_packets(tmp_path / "in.mp4")


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
