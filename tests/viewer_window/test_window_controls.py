"""The window's keys, settings and alarm."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from maskcam.search import Effort
from maskcam.sources.spec import parse_source
from maskcam.viewer import keep_control, wiring
from maskcam.viewer.keys import BY_NAME, KEYS
from maskcam.viewer.remember import Memory
from maskcam.viewer.settings import Settings
from maskcam.viewer.shown import AlarmLight
from maskcam.viewer.source_control import demo_source
from tests.http_camera import HttpCamera
from tests.support import ROOT, write_clip
from tests.viewer_window.window_parts import Make, grabbed, key, portrait, shown, until


def test_the_alarm_shows_beeps_and_is_silenced(make: Make, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    beeps: list[float] = []
    monkeypatch.setattr(QApplication, "beep", lambda: beeps.append(time.monotonic()))
    with HttpCamera(size=(320, 240), rate=20, draw=portrait, cycle=60) as camera:
        one = make()
        one.begin(parse_source(camera.url))
        until(qtbot, lambda: shown(one).counts is not None and shown(one).counts.no_mask == 1)
        before = grabbed(one)[5, 5]
        key(one, "alarm")
        begun = time.monotonic()
        until(qtbot, lambda: shown(one).alarm is AlarmLight.RAISED)
        assert time.monotonic() - begun > 1.5
        qtbot.wait(100)
        assert one.front.status.alarm.text() == "ALARM: no mask"
        assert np.abs(grabbed(one)[3, 3].astype(int) - (213, 94, 0)).max() < 30
        assert np.abs(before.astype(int) - (213, 94, 0)).max() > 60
        assert len(beeps) == 1
        key(one, "snooze")
        until(qtbot, lambda: "silent for" in one.front.status.alarm.text())
        qtbot.wait(300)
        assert len(beeps) == 1
        key(one, "alarm")
        assert one.front.status.alarm.text() == "Alarm off"
        one.close()


def test_settings_take_effect_at_once_and_are_remembered(make: Make, qtbot: Any) -> None:
    one = make()
    one.watch(demo_source(), "Demo", remember=False)
    until(qtbot, lambda: shown(one).counts is not None)
    key(one, "settings")
    dialog = one.dialog
    assert dialog is not None
    assert dialog.isVisible()
    dialog.threshold.setValue(80)  # of the sensitivity
    assert one.state.settings.threshold == 0.2
    assert "Misses fewer" in dialog.words.text()
    dialog.smallest.setValue(60)
    dialog.alarm.click()
    dialog.alarm_seconds.setValue(5)
    dialog.cool_down.setValue(30)
    dialog.mirror_camera.click()
    dialog.mirror_other.click()
    dialog.privacy.click()
    wanted = Settings(0.2, 60, True, 5.0, 30.0, False, True, True)
    assert one.state.settings == wanted
    assert Memory().settings() == wanted
    assert shown(one).mirrored
    dialog.own_button.click()
    assert one.state.settings.threshold is None
    dialog.close()
    one.activateWindow()
    qtbot.waitUntil(one.isActiveWindow)
    key(one, "mirror")
    assert not dialog.mirror_other.isChecked()


def test_numbers_can_be_typed(make: Make, qtbot: Any) -> None:
    one = make()
    key(one, "settings")
    dialog = one.dialog
    assert dialog is not None
    asked: list[int] = []
    dialog.smallest.valueChanged.connect(asked.append)
    for box, typed in ((dialog.alarm_seconds, "3.5"), (dialog.cool_down, "120"), (dialog.smallest, "120")):
        box.setFocus()
        box.lineEdit().selectAll()
        QTest.keyClicks(box, typed)
        QTest.keyClick(box, Qt.Key.Key_Return)
    settings = one.state.settings
    assert (settings.alarm_seconds, settings.cool_down, settings.smallest_face) == (3.5, 120.0, 120)
    assert asked == [120], "not 12 on the way"


def test_people_keep_number_sum_and_alarm_when_the_settings_change(
    make: Make, qtbot: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beeps: list[float] = []
    monkeypatch.setattr(QApplication, "beep", lambda: beeps.append(time.monotonic()))
    with HttpCamera(size=(480, 360), rate=20, draw=portrait, cycle=60) as camera:
        one = make()
        one.apply(replace(one.state.settings, folder=folder, alarm=True, alarm_seconds=1.0))
        one.begin(parse_source(camera.url))
        key(one, "log")
        until(qtbot, lambda: shown(one).alarm is AlarmLight.RAISED)
        begun = shown(one).picture.number
        for settings in ({"threshold": 0.999999}, {"smallest_face": 90}, {"smallest_face": 30}, {"threshold": None}):
            one.apply(replace(one.state.settings, **settings))
            before = shown(one).picture.number

            def judged(before: int = before) -> bool:
                picture = shown(one).picture
                return picture.number > before + 25 and picture.result is not None

            until(qtbot, judged)
            seen = [int(track) for track in shown(one).picture.result.track_ids]
            assert seen == [1], settings
            if "threshold" in settings:
                assert (shown(one).counts.no_mask == 1) is (settings["threshold"] is None)
        assert shown(one).picture.number > begun
        assert (shown(one).people, shown(one).people_without) == (1, 1)
        assert len(beeps) == 1
        key(one, "log")
        assert one.keeper.wait(60)
        kinds = [line.split(",")[2] for line in next(folder.glob("*.csv")).read_text().splitlines()[1:]]
        assert kinds[0] == "appeared" and set(kinds) <= {"appeared", "verdict"}
        one.close()


def test_wishes_of_the_command_line_are_not_remembered(make: Make) -> None:
    one = make(overrides=lambda settings: replace(settings, threshold=0.3, smallest_face=90))
    assert one.state.settings.threshold == 0.3
    one.actions_.by_name["alarm"].trigger()
    assert Memory().settings() == Settings(alarm=True)


def test_every_key_and_menu_entry_does_something(
    make: Make, qtbot: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", lambda n: portrait(320, 240, n), 200)
    monkeypatch.setattr(wiring, "ask_for_video", lambda parent: str(clip))
    monkeypatch.setattr(wiring, "ask_for_stream", lambda parent: "http://127.0.0.1:9/none")
    monkeypatch.setattr(keep_control, "ask_for_folder", lambda parent: folder)
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: False)
    one = make()
    looks: list[int] = []
    one.sources._list = lambda: looks.append(1) or ()
    in_menus: set[str] = set()
    for menu_action in one.menuBar().actions():
        menu = menu_action.menu()
        in_menus |= {action.text() for action in menu.actions() if not action.isSeparator()}  # type: ignore[attr-defined]
    assert {action.text() for action in one.actions_.by_name.values()} <= in_menus
    shortcuts = [sequence.toString() for action in one.actions_.by_name.values() for sequence in action.shortcuts()]
    assert len(shortcuts) == len(set(shortcuts))
    assert {BY_NAME[name].name for name in one.actions_.by_name if name in BY_NAME} == {one.name for one in KEYS}
    sources = {"open": "clip.mp4", "stream": "http://127.0.0.1:9/none", "demo": "Demo"}
    for entry in KEYS:
        if entry.name in ("quit", "settings"):
            continue
        action, fired = one.actions_.by_name[entry.name], []
        if not action.isEnabled():
            one.open_text(str(clip))
            until(qtbot, lambda: one.engine.player is not None)
        action.triggered.connect(lambda _on, fired=fired: fired.append(1))
        looked = len(looks)
        for count, text in enumerate(entry.keys, 1):
            QTest.keySequence(one, QKeySequence(text))
            QApplication.processEvents()
            assert len(fired) == count, (entry.name, text)
            if entry.name in sources:
                assert shown(one).source == sources[entry.name], text
            if entry.name == "refresh":
                until(qtbot, lambda before=looked: len(looks) > before)
            if entry.name == "timeline":
                assert one.front.timeline.isVisible() is bool(count % 2 == 0), text
    assert one.state.settings.folder == folder, "asked for when it was needed"
    monkeypatch.setattr(keep_control, "ask_for_folder", lambda parent: tmp_path)
    for name in ("choose_folder", "settings"):
        one.actions_.by_name[name].trigger()
    assert one.state.settings.folder == tmp_path
    assert one.dialog is not None
    one.dialog.close()
    key(one, "quit")
    assert not one.isVisible()


def test_private_view_and_the_smallest_face_reach_the_search_at_once(make: Make, qtbot: Any) -> None:
    one = make()
    one.watch(demo_source(), "Demo", remember=False)
    until(qtbot, lambda: shown(one).counts is not None)

    def search() -> Any:
        return one.engine._runner._pipeline._detector

    assert search()._effort is Effort.IN_TURNS
    key(one, "private")
    until(qtbot, lambda: search()._effort is Effort.EVERYTHING)
    one.apply(replace(one.state.settings, smallest_face=90, privacy=False))
    until(qtbot, lambda: search()._effort is Effort.IN_TURNS and search().plan(640, 480).smallest == 90)


def test_full_screen_and_help_are_left_with_escape(make: Make, qtbot: Any) -> None:
    one = make()
    one.watch(demo_source(), "Demo", remember=False)
    key(one, "full_screen")
    assert one.isFullScreen()
    assert not one.menuBar().isVisible()
    key(one, "help")
    assert one.front.canvas.helping
    key(one, "leave")
    assert not one.front.canvas.helping
    assert one.isFullScreen()
    key(one, "leave")
    assert not one.isFullScreen()
    assert one.menuBar().isVisible()


def test_the_keys_are_listed_also_while_nothing_is_watched(make: Make, qtbot: Any) -> None:
    one = make()
    until(qtbot, one.front.welcome.isVisible)
    key(one, "help")
    until(qtbot, one.front.canvas.isVisible)
    assert len(np.unique(grabbed(one).reshape(-1, 3), axis=0)) > 20, "words on the ground"
    key(one, "leave")
    until(qtbot, one.front.welcome.isVisible)


def test_the_menus_come_back_when_full_screen_ends_by_other_means(make: Make, qtbot: Any) -> None:
    one = make()
    key(one, "full_screen")
    assert not one.menuBar().isVisible()
    one.showNormal()  # as window managers do
    until(qtbot, lambda: one.menuBar().isVisible() and not one.actions_.by_name["full_screen"].isChecked())


def test_the_readme_lists_every_key() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for entry in KEYS:
        assert f"| {', '.join(entry.keys)} | {entry.words} |" in readme
