"""What the window saves and records, and how the private view hides faces there too."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from maskcam.assets import MASK_MODEL, asset
from maskcam.errors import FailedOnTheWay
from maskcam.frames import Event, EventKind, Pixels, Verdict
from maskcam.sources.spec import parse_source
from maskcam.sources.video_file import VideoSource
from maskcam.viewer import keep_control
from maskcam.viewer import keeper as keeper_module
from maskcam.viewer import window as window_module
from maskcam.viewer.canvas import Canvas
from maskcam.viewer.compose import compose
from maskcam.viewer.keeper import Keeper
from maskcam.viewer.remember import Memory
from maskcam.viewer.shown import Picture, Shown
from maskcam.viewer.source_control import demo_source
from maskcam.viewer.window import ViewerWindow
from tests.http_camera import HttpCamera, numbered
from tests.support import wait_for
from tests.viewer_parts import result
from tests.viewer_window.window_parts import Make, flowing, grabbed, key, portrait, shown, title, until


def test_no_folder_is_asked_for_where_there_is_nothing_to_keep(
    make: Make, qtbot: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(keep_control, "ask_for_folder", lambda parent: asked.append(1) or folder)
    one = make()
    for name, words in (("snapshot", "no picture to save"), ("record", "nothing to record")):
        key(one, name)
        until(qtbot, lambda words=words: words in shown(one).notice)
    assert not asked and not one.keeper.recording


def test_log_recording_and_picture_lie_in_the_folder_that_was_asked_for_once(
    make: Make, qtbot: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(keep_control, "ask_for_folder", lambda parent: asked.append(1) or folder)
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url) or True)
    one = make()
    one.watch(demo_source(), "Demo", remember=False)
    until(qtbot, lambda: flowing(one) and shown(one).counts is not None)
    key(one, "log")
    key(one, "record")
    until(qtbot, lambda: shown(one).recording is not None and shown(one).recording > 1.5)
    assert one.actions_.by_name["record"].isChecked()
    key(one, "snapshot")
    until(qtbot, lambda: len(list(folder.glob("*.png"))) == 1)
    assert list(folder.glob("*.part.mp4"))
    key(one, "record")
    until(qtbot, lambda: bool(list(folder.glob("*.mp4"))) and not list(folder.glob("*.part.mp4")))
    until(qtbot, lambda: shown(one).recording is None)
    until(qtbot, lambda: "Saved" in shown(one).notice)
    one.watch(demo_source(), "Demo", remember=False)
    until(qtbot, lambda: shown(one).people == 1)
    key(one, "log")
    assert one.keeper.wait(60)
    lines = next(folder.glob("*.csv")).read_text().splitlines()
    assert lines[0].startswith("time,track,event")
    assert any(",left," in line for line in lines)
    assert any(",appeared," in line for line in lines)
    assert lines[1].startswith("20")
    key(one, "folder")
    assert opened[0].toLocalFile() == str(folder)
    assert len(asked) == 1
    with VideoSource(next(folder.glob("*.mp4"))) as video:
        pictures = [frame.frame.image for frame in video]
    assert len(pictures) > 5
    with Image.open(next(folder.glob("*.png"))) as saved:
        assert saved.size == (pictures[0].shape[1], pictures[0].shape[0])


def test_people_are_counted_in_what_is_saved_and_not_on_the_screen(qtbot: Any, folder: Path) -> None:
    picture = Picture(portrait(320, 240, 0), result(0, 0.0, (1, Verdict.MASK), size=(320, 240)), 0, 0.0)
    seen, canvas = Shown(source="Desk", picture=picture), Canvas()
    qtbot.addWidget(canvas)
    canvas.resize(320, 240)
    canvas.set_shown(seen)
    canvas.show()
    qtbot.waitUntil(lambda: canvas.painted > 0)
    keeper = Keeper(lambda error: None)
    assert keeper.snapshot(seen, folder)
    keeper.start_recording(folder, 0.0)
    keeper.show(seen)
    assert keeper.close(60)
    plain, counted = (compose(picture, mirrored=False, counted=one) for one in (False, True))
    assert (plain != counted).any(axis=2).sum() > 1000
    assert np.array_equal(canvas._pixels, plain)
    with Image.open(next(folder.glob("*.png"))) as saved:
        assert np.array_equal(np.asarray(saved.convert("RGB")), counted)
    with VideoSource(next(folder.glob("*.mp4"))) as video:
        recorded = next(iter(video)).frame.image.astype(int)
    assert np.abs(recorded - counted).mean() < np.abs(recorded - plain).mean()


def test_private_view_pixelates_what_is_shown_and_saved(make: Make, qtbot: Any, folder: Path) -> None:
    def still(width: int, height: int, number: int) -> Pixels:
        image = portrait(width, height, 0)
        image[:4] = number % 250
        return image

    with HttpCamera(size=(400, 400), rate=20, draw=still, cycle=200) as camera:
        one = make()
        one.apply(replace(one.state.settings, folder=folder, privacy=True))
        one.begin(parse_source(camera.url))
        sharp_seen = []

        def look() -> bool:
            picture = shown(one).picture
            if picture is not None:
                sharp_seen.append(not picture.pixelated)
            return picture is not None and picture.result is not None and len(picture.result) == 1

        until(qtbot, look)
        x0, y0, x1, y1 = shown(one).picture.result.boxes[0].astype(int)
        key(one, "record")
        key(one, "snapshot")
        until(qtbot, lambda: bool(list(folder.glob("*.png"))))
        recorded: set[int] = set()
        until(qtbot, lambda: recorded.add(shown(one).picture.number) or len(recorded) > 12)
        key(one, "record")
        assert one.keeper.wait(60)
        original = still(400, 400, 0)

        def detail(image: Pixels) -> float:
            inner = image[y0 + 12 : y1 - 12, x0 + 12 : x1 - 12].astype(float)
            return float(np.abs(np.diff(inner.mean(axis=2), axis=1)).mean())

        assert detail(original) > 3
        with Image.open(next(folder.glob("*.png"))) as saved:
            assert detail(np.asarray(saved.convert("RGB"))) < detail(original) / 2
        with VideoSource(next(folder.glob("*.mp4"))) as video:
            frames = [frame.frame.image for frame in video]
        assert len(frames) > 5
        assert all(detail(image) < detail(original) / 2 for image in frames)
        one.resize(one.width() - one.front.canvas.width() + 400, one.height() - one.front.canvas.height() + 400)
        qtbot.wait(200)
        assert detail(grabbed(one)) < detail(original) / 2
        key(one, "private")
        qtbot.wait(300)
        assert detail(grabbed(one)) > detail(original) / 2
        assert not any(sharp_seen)
        one.close()


def test_a_greyed_picture_is_saved_greyed(folder: Path) -> None:
    picture = Picture(portrait(320, 240, 0), result(0, 0.0, (1, Verdict.MASK), size=(320, 240)), 0, 0.0)
    keeper = Keeper(lambda error: None)
    assert keeper.snapshot(Shown(source="Desk", picture=picture, greyed=True), folder)
    assert keeper.close(60)
    with Image.open(next(folder.glob("*.png"))) as saved:
        pixels = np.asarray(saved.convert("RGB"))
    assert np.array_equal(pixels, compose(picture, mirrored=False, greyed=True))
    assert (pixels == pixels[..., :1]).all()


def test_what_fails_late_leaves_alone_what_was_asked_for_since(folder: Path, tmp_path: Path) -> None:
    keeper = Keeper(lambda error: None)
    go_on = threading.Event()
    keeper._worker.do(go_on.wait)
    keeper.start_recording(tmp_path / "absent", 0.0)
    keeper.start_log(tmp_path / "absent")
    keeper.stop_recording()
    keeper.stop_log()
    keeper.start_recording(folder, 1.0)
    keeper.start_log(folder)
    go_on.set()
    assert keeper.wait(60)
    assert keeper.recording and keeper.logging
    assert len(keeper.news()) == 2
    for number in range(3):
        keeper.show(Shown(source="Desk", picture=Picture(portrait(320, 240, number), None, number, number / 10)))
        assert keeper.wait(60)
    assert keeper.close(60)
    assert {path.suffix for path in folder.iterdir()} == {".mp4", ".csv"}


def test_events_that_nobody_looked_at_are_in_the_log_when_the_window_is_closed(
    make: Make, qtbot: Any, folder: Path
) -> None:
    one = make()
    one._ticking.stop()
    one._waking = True  # nothing wakes it any more
    one.keeper.start_log(folder)
    one.watch(demo_source(), "Demo", remember=False)
    wait_for(lambda: (view := one.engine.view()) is not None and view.analysed is not None)
    one.finish()
    lines = next(folder.glob("*.csv")).read_text().splitlines()
    assert [line.split(",")[2] for line in lines[1:3]] == ["appeared", "left"]


def test_events_are_logged_as_of_when_they_happened(folder: Path) -> None:
    now = datetime(2026, 11, 23, 13, 0, 0, tzinfo=UTC)
    keeper = Keeper(lambda error: None, lambda: now)
    keeper.start_log(folder)
    for happened in (40.0, 95.0, 94.0, 120.0):
        keeper.events([Event(happened, 1, EventKind.VERDICT, Verdict.MASK, 0.1)], 100.0)
    assert keeper.close(60)
    lines = next(folder.glob("*.csv")).read_text().splitlines()[1:]
    assert [line.split(",")[0][11:23] for line in lines] == [
        *("12:59:00.000", "12:59:55.000", "12:59:55.000", "13:00:00.000")
    ], "none before the one above it, none after now"


def test_a_clock_that_is_set_back_is_logged_as_it_is(folder: Path) -> None:
    day = datetime(2026, 11, 23, tzinfo=UTC)
    times = iter((day.replace(hour=14), day.replace(hour=14), day.replace(hour=13, minute=10)))
    keeper = Keeper(lambda error: None, lambda: next(times))
    keeper.start_log(folder)
    for at in (10.0, 610.0):
        keeper.events([Event(at, 1, EventKind.VERDICT, Verdict.MASK, 0.1)], at)
    assert keeper.close(60)
    lines = next(folder.glob("*.csv")).read_text().splitlines()[1:]
    assert [line[11:19] for line in lines] == ["14:00:00", "13:10:00"]


def test_who_left_before_the_machine_slept_is_logged_as_left_then(folder: Path) -> None:
    evening = datetime(2026, 11, 23, 18, tzinfo=UTC)
    hours = timedelta(hours=14)
    times = [evening, *(evening + timedelta(seconds=n) for n in (1, 2)), *(evening + hours,) * 2]
    keeper = Keeper(lambda error: None, lambda: times.pop(0))
    keeper.start_log(folder)
    for clock in (1.0, 2.0):
        keeper.tick(clock)
    keeper.tick(2.5)
    keeper.events([Event(time, 1, EventKind.LEFT, Verdict.MASK, 0.1) for time in (2.0, 2.5)], 2.5)
    assert keeper.close(60)
    lines = next(folder.glob("*.csv")).read_text().splitlines()[1:]
    assert [line[:19] for line in lines] == ["2026-11-23T18:00:02", "2026-11-24T08:00:00"]


def test_a_log_that_begins_anew_is_another_file_within_the_same_second_too(folder: Path) -> None:
    keeper = Keeper(lambda error: None, lambda: datetime(2026, 11, 23, 13, tzinfo=UTC))
    keeper.start_log(folder)
    keeper.begin_log_anew()
    keeper.events([Event(1.0, 1, EventKind.APPEARED, Verdict.UNSURE, 0.5)], 1.0)
    assert keeper.close(60)
    assert [
        len(path.read_text().splitlines()) for path in sorted(folder.glob("*.csv"), key=lambda one: len(one.name))
    ] == [1, 2]


def test_who_was_there_last_before_nothing_came_is_logged_as_left_then(make: Make, qtbot: Any, folder: Path) -> None:
    with HttpCamera(draw=portrait, size=(320, 240)) as camera:
        one = make()
        one.keeper.start_log(folder)
        one.watch(parse_source(camera.url), "Door", remember=False)
        until(qtbot, lambda: flowing(one) and shown(one).people == 1)
        camera.kill()
        gone = datetime.now().astimezone()
        until(qtbot, lambda: title(one) != "")
        qtbot.wait(1500)
        one.finish()
    lines = [line.split(",") for line in next(folder.glob("*.csv")).read_text().splitlines()[1:]]
    assert [line[2] for line in lines if line[2] != "verdict"] == ["appeared", "left"]
    left = datetime.fromisoformat(lines[-1][0])
    assert left - gone < timedelta(seconds=1)
    assert [line[0] for line in lines] == sorted(line[0] for line in lines)


def test_a_folder_that_can_not_even_be_looked_at_is_asked_for_anew(
    make: Make, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    asked: list[Path] = []

    def answer(parent: object) -> Path:
        asked.append(folder)
        return folder

    monkeypatch.setattr(keep_control, "ask_for_folder", answer)
    one = make()
    one.apply(replace(one.state.settings, folder=folder / ("x" * 300)))
    key(one, "log")
    assert asked == [folder] and one.keeper.wait(60)
    assert [path.suffix for path in folder.iterdir()] == [".csv"]


def test_what_waits_to_be_encoded_is_in_the_recording_when_the_window_is_closed(
    make: Make, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    def slowly(picture: Picture, **how: bool) -> Pixels:
        time.sleep(0.05)
        return compose(picture, **how)

    monkeypatch.setattr(keeper_module, "compose", slowly)
    one = make()
    one.keeper.start_recording(folder, 0.0)
    for number in range(12):
        one.keeper.show(Shown(source="Desk", picture=Picture(portrait(160, 120, number), None, number, number / 10)))
    one.finish()
    assert one.ended_cleanly
    (path,) = folder.iterdir()
    assert ".part" not in path.name


def test_what_can_not_be_completed_in_time_is_told_at_the_end(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    disk = threading.Event()
    told: list[Exception] = []

    def hangs(picture: Picture, **how: bool) -> Pixels:
        disk.wait(120)
        return compose(picture, **how)

    monkeypatch.setattr(keeper_module, "compose", hangs)
    monkeypatch.setattr(window_module, "_END_SECONDS", 0.5)
    one = ViewerWindow(asset(MASK_MODEL), Memory())
    qtbot.addWidget(one)
    one.failed.connect(told.append)
    one.keeper.start_recording(folder, 0.0)
    one.keeper.show(Shown(source="Desk", picture=Picture(portrait(160, 120, 0), None, 0, 0.0)))
    one.finish()
    assert [type(error) for error in told] == [FailedOnTheWay]
    assert "not complete" in str(told[0])
    assert not one.ended_cleanly
    disk.set()
    assert one.keeper.close(60)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_ends_recording_and_log_with_words_that_stay(tmp_path: Path) -> None:
    told: list[Exception] = []
    keeper = Keeper(told.append)
    keeper.start_recording(tmp_path, 0.0)
    keeper.start_log(tmp_path)
    assert keeper.wait(60)
    assert keeper._recorder is not None and keeper._log is not None
    keeper._recorder.part.unlink()
    keeper._recorder.part.symlink_to("/dev/full")
    keeper._log._file = Path("/dev/full").open("w")  # noqa: SIM115 (the keeper closes it)
    keeper.events([Event(0.0, 1, EventKind.APPEARED, Verdict.NO_MASK, 0.9)], 0.0)
    for number in range(300):
        picture = Picture(numbered(320, 240, number), None, number, number / 10)
        keeper.show(Shown(source="Desk", picture=picture))
        assert keeper.wait(60)
    assert not keeper.recording and not keeper.logging
    assert keeper.recorded(99.0) is None
    assert [type(one) for one in told] == [FailedOnTheWay, FailedOnTheWay]
    assert keeper.news() == ()
    assert keeper.close(60)
