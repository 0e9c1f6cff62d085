"""The window on real sources, offscreen: a network camera that misbehaves, a video, dropped files, nothing at all."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from maskcam.assets import DEMO_CLIP, asset
from maskcam.live import Cause, LiveSource, SourceLost
from maskcam.sources.cameras import CameraInfo
from maskcam.sources.opener import open_source
from maskcam.sources.spec import SourceKind, SourceSpec, parse_source
from maskcam.viewer.remember import Memory
from tests.http_camera import HttpCamera, file_server
from tests.http_films import FilmServer
from tests.support import write_clip
from tests.viewer_window.window_parts import Make, flowing, grabbed, key, portrait, shown, title, until


def test_without_a_camera_the_demo_is_one_click_away(make: Make, qtbot: Any) -> None:
    one = make()
    assert "Looking" in one.front.welcome.title.text()
    one.begin(None)
    until(qtbot, lambda: one.front.welcome.title.text() == "No camera found")
    assert one.front.welcome.isVisible()
    assert one.front.welcome.demo_button.hasFocus()
    QTest.mouseClick(one.front.welcome.demo_button, Qt.MouseButton.LeftButton)
    until(qtbot, lambda: flowing(one))
    until(qtbot, lambda: shown(one).counts is not None and shown(one).counts.people == 1)
    assert shown(one).source == "Demo"
    assert not shown(one).mirrored
    assert Memory().source() is None


def test_a_network_camera_starts_late_dies_comes_back_and_changes_its_size(make: Make, qtbot: Any) -> None:
    one = make()
    camera = HttpCamera(size=(640, 480), rate=25, draw=portrait)
    try:
        one.begin(parse_source(camera.url))
        until(qtbot, lambda: title(one) == "The stream can't be opened")
        assert "Trying again" in shown(one).retry
        camera.start()
        until(qtbot, lambda: flowing(one) and shown(one).people == 1)
        assert grabbed(one).std() > 20

        camera.freeze()
        until(qtbot, lambda: shown(one).greyed)
        assert "no pictures" in title(one)
        assert shown(one).counts is None
        grey = grabbed(one)
        assert np.ptp(grey[grey.shape[0] // 5, ::40].astype(int), axis=1).max() < 12
        camera.thaw()
        until(qtbot, lambda: flowing(one))

        camera.kill()
        until(qtbot, lambda: shown(one).greyed)
        until(qtbot, lambda: title(one) == "The stream is gone")
        camera.start()
        until(qtbot, lambda: flowing(one))
        assert 1 <= shown(one).people <= 3

        camera.resize(320, 240)
        until(qtbot, lambda: shown(one).picture.image.shape == (240, 320, 3))
        until(qtbot, lambda: flowing(one) and shown(one).counts is not None)
    finally:
        one.close()
        camera.close()


def test_a_camera_that_can_not_be_opened_and_then_can(make: Make, qtbot: Any) -> None:
    cause: list[Cause | None] = [Cause.BUSY]

    def opener(spec: SourceSpec) -> LiveSource:
        if spec.kind is SourceKind.CAMERA:
            if cause[0] is not None:
                raise SourceLost("it says why", cause[0])
            return open_source(SourceSpec(SourceKind.FILE, str(asset(DEMO_CLIP)), loop=True))
        return open_source(spec)

    one = make(cameras=(CameraInfo(0, "Front door", 0), CameraInfo(2, "Desk", 0)), opener=opener)
    one.begin(None)
    for now, words in (
        (Cause.BUSY, "another program"),
        (Cause.DENIED, "access is denied"),
        (Cause.MISSING, "No camera"),
    ):
        cause[0] = now
        until(qtbot, lambda words=words: words in title(one))
    assert shown(one).source == "Front door"
    cause[0] = None
    until(qtbot, lambda: flowing(one))
    assert shown(one).mirrored
    key(one, "camera")
    assert shown(one).source == "Desk"
    names = [action.text() for action in one.sources.menus.cameras.actions()]
    assert names == ["Front door", "Desk"]
    assert one.sources.menus.cameras.actions()[1].isChecked()
    last = Memory().source()
    assert last is not None
    assert last.index == 2


@pytest.mark.parametrize("address", ["rtsp://me:secret@127.0.0.1/x", "http://127.0.0.1/x?token=secret"])
def test_the_last_choice_is_remembered_but_no_password(
    make: Make, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    memory = Memory()
    clip = write_clip(tmp_path / "clip.mp4", lambda n: portrait(320, 240, n), 5)
    memory.keep_source(SourceSpec(SourceKind.FILE, str(clip)))
    memory.keep_source(SourceSpec(SourceKind.STREAM, address))
    one = make()
    one.begin(None)
    until(qtbot, lambda: shown(one).source == "clip.mp4")
    memory.flush()
    monkeypatch.chdir(tmp_path)
    memory.keep_source(SourceSpec(SourceKind.FILE, clip.name))
    monkeypatch.chdir(tmp_path.parent)
    last = memory.source()
    assert last is not None and Path(last.where) == clip
    kept = "".join(path.read_text() for path in (tmp_path / "settings").rglob("*.ini"))
    assert "clip.mp4" in kept and "secret" not in kept


def test_a_video_pauses_seeks_ends_and_repeats(make: Make, qtbot: Any, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", lambda n: portrait(320, 240, n), 300)
    one = make()
    one.begin(parse_source(str(clip)))
    until(qtbot, lambda: flowing(one) and shown(one).duration is not None)
    key(one, "pause")
    until(qtbot, lambda: shown(one).paused)
    still = shown(one).position
    qtbot.wait(2200)
    assert shown(one).message is None
    assert shown(one).position == still
    key(one, "forward")
    until(qtbot, lambda: abs(shown(one).position - still - 5) < 0.2)
    key(one, "back")
    until(qtbot, lambda: abs(shown(one).position - still) < 0.2)
    key(one, "pause")
    until(qtbot, lambda: not shown(one).paused)
    key(one, "forward")
    qtbot.wait(100)
    key(one, "forward")
    until(qtbot, lambda: title(one) == "The video has ended")
    key(one, "back")
    until(qtbot, lambda: flowing(one))
    assert shown(one).position > 4
    key(one, "loop")
    until(qtbot, lambda: shown(one).looping)
    key(one, "forward")
    until(qtbot, lambda: shown(one).position < 3)
    assert title(one) == ""


def test_a_video_repeats_though_that_was_asked_for_while_it_was_being_opened(
    make: Make, qtbot: Any, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", lambda n: portrait(320, 240, n), 30)
    go_on = threading.Event()

    def slowly(spec: SourceSpec) -> LiveSource:
        go_on.wait(60)
        return open_source(spec)

    one = make(opener=slowly)
    one.begin(parse_source(str(clip)))
    key(one, "loop")
    go_on.set()
    until(qtbot, lambda: shown(one).looping)
    player = one.engine.player
    assert player is not None and player.loop
    key(one, "loop")
    until(qtbot, lambda: not shown(one).looping)
    assert not player.loop


def test_a_film_on_a_server_is_played_to_its_end(make: Make, qtbot: Any, tmp_path: Path) -> None:
    write_clip(tmp_path / "film.mp4", lambda n: portrait(320, 240, n), 50)
    with file_server(tmp_path) as address:
        one = make()
        one.open_text(f"{address}/film.mp4")
        until(qtbot, lambda: title(one) == "The video has ended")
        assert shown(one).retry == ""
    with FilmServer(tmp_path / "film.mp4", ranges=False, cut_at=0.6) as server:
        one.open_text(server.url)
        until(qtbot, lambda: title(one) == "The video broke off")
        assert "broke off at 0:0" in shown(one).message.detail
        assert shown(one).retry == ""


PLACE, COPY = QPoint(5, 5), Qt.DropAction.CopyAction


def test_files_can_be_dropped(make: Make, qtbot: Any, tmp_path: Path) -> None:
    one = make()

    def entered(data: QMimeData) -> bool:
        event = QDragEnterEvent(PLACE, COPY, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        event.ignore()
        QApplication.sendEvent(one, event)
        return event.isAccepted()

    def drop(path: Path) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        assert entered(data)
        event = QDropEvent(QPointF(PLACE), COPY, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(one, event)
        assert event.isAccepted()

    assert one.acceptDrops(), "or no window system brings it anything"
    words = QMimeData()
    words.setText("words")
    assert not entered(words)
    (tmp_path / "no.mp4").write_text("no video")
    drop(tmp_path / "missing.mp4")
    assert "missing.mp4" in shown(one).notice
    drop(tmp_path / "no.mp4")
    until(qtbot, lambda: title(one) == "The video can't be played")
    drop(write_clip(tmp_path / "good.mp4", lambda n: portrait(320, 240, n), 50))
    until(qtbot, lambda: flowing(one) and shown(one).source == "good.mp4")
