"""From the command line to the window: what was asked for there is what the window has."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from maskcam.assets import DEMO_CLIP, MASK_MODEL, asset
from maskcam.cli import main
from maskcam.modelcard import card_path, load_card
from maskcam.sources.cameras import CameraMode
from maskcam.sources.spec import SourceKind, SourceSpec
from maskcam.viewer import app
from maskcam.viewer.remember import Memory
from maskcam.viewer.settings import Settings
from maskcam.viewer.window import ViewerWindow
from tests.viewer_window.window_parts import Make, leave, shown


class Brief(ViewerWindow):
    """A window that is closed as soon as it is told what to watch."""

    told: SourceSpec | None
    last: Brief | None = None

    def begin(self, spec: SourceSpec | None) -> None:
        self.told, Brief.last = spec, self
        QTimer.singleShot(0, self.finish)


@pytest.fixture
def started(qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "ViewerWindow", Brief)
    monkeypatch.setattr(app, "call_on_signals", lambda act: None)  # pytest keeps its own
    monkeypatch.setattr("maskcam.commands.leave_on_signals", lambda: None, raising=False)
    monkeypatch.setattr(os, "_exit", lambda code: pytest.fail("it didn't end well"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_what_the_command_line_asks_for_reaches_the_window(started: None, tmp_path: Path) -> None:
    weights = tmp_path / "other.tflite"
    shutil.copy(asset(MASK_MODEL), weights)
    card_path(weights).write_text(replace(load_card(asset(MASK_MODEL)), threshold=0.4321).to_json())
    clip = str(asset(DEMO_CLIP))
    more = ["--model", str(weights), "--threshold", "0.3", "--smallest-face", "90"]
    assert main(["live", clip, *more]) == 0
    one = Brief.last
    assert one is not None and one.told is not None
    assert one.told.where == clip
    assert (one.state.settings.threshold, one.state.settings.smallest_face) == (0.3, 90)
    assert one.engine.own_threshold == 0.4321
    assert Memory().settings() == Settings(), "wishes for this time alone"


def test_what_is_wrong_with_the_source_is_told_in_the_window_where_that_is_asked_for(
    started: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.mp4").touch()
    assert main(["live", str(tmp_path / "empty.mp4")]) == 2
    assert "the file is empty" in capsys.readouterr().err
    told: list[str] = []

    def tell(window: Brief, words: str) -> None:
        told.append(words)
        QTimer.singleShot(0, window.finish)

    monkeypatch.setattr(app, "tell", tell)
    Brief.last = None
    assert main(["live", "--tell-in-window", str(tmp_path / "empty.mp4")]) == 0
    assert len(told) == 1 and "the file is empty" in told[0]
    assert Brief.last is None, "nothing else is watched instead"
    assert capsys.readouterr().err == ""


def test_a_file_whose_name_is_no_text_is_remembered(qtbot: Any, tmp_path: Path) -> None:
    clip = tmp_path / os.fsdecode(b"vid\xff.mp4")
    shutil.copy(asset(DEMO_CLIP), clip)
    Memory().keep_source(SourceSpec(SourceKind.FILE, str(clip)))
    assert Memory().source() == SourceSpec(SourceKind.FILE, str(clip))


def test_two_windows_leave_each_other_s_settings_alone(make: Make) -> None:
    first, second = make(), make()
    first.apply(replace(first.state.settings, privacy=True))
    second.apply(replace(second.state.settings, timeline=False))
    remembered = Memory().settings()
    assert remembered.privacy and not remembered.timeline


def test_what_would_do_nothing_that_is_seen_can_not_be_done(make: Make) -> None:
    one = make()
    assert not one.actions_.by_name["mirror"].isEnabled() and not one.actions_.by_name["snooze"].isEnabled()
    one.apply(replace(one.state.settings, alarm=True))
    assert one.actions_.by_name["snooze"].isEnabled()


def test_settings_that_can_not_be_remembered_are_told_of_once(
    qtbot: Any, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make()
    monkeypatch.setattr(Memory, "flush", lambda self: False)
    one.apply(replace(one.state.settings, alarm=True))
    assert "can't be remembered" in shown(one).notice and one.state.settings.alarm
    one.state.notify("", 0.0)
    one.apply(replace(one.state.settings, alarm=False))
    assert "can't be remembered" not in shown(one).notice


def test_without_wishes_the_window_has_what_it_remembers(started: None) -> None:
    remembered = Settings(threshold=0.7, smallest_face=100)
    memory = Memory()
    memory.keep_settings(remembered, remembered.as_texts())
    memory.flush()
    assert main(["live"]) == 0
    one = Brief.last
    assert one is not None and one.told is None
    assert one.state.settings == remembered
    assert one.engine.own_threshold == load_card(asset(MASK_MODEL)).threshold


@pytest.mark.parametrize(
    "text", ["", "640 480", "640 480 fast", "0 0 30.0", "640 480 nan", "640 480 -1", "-1 480 30", "640 480 inf"]
)
def test_a_size_that_can_not_be_is_not_remembered(qtbot: Any, text: str) -> None:
    memory = Memory()
    memory.keep_mode(CameraMode(640, 480, 30.0))
    assert memory.mode() == CameraMode(640, 480, 30.0)
    memory.keep_mode(CameraMode(640, 480, 0.0))
    assert memory.mode() == CameraMode(640, 480, 0.0), "some cameras don't tell their rates"
    memory._file.setValue("camera mode", text)
    assert memory.mode() is None


def test_the_window_comes_back_where_it_was(qtbot: Any) -> None:
    one = ViewerWindow(asset(MASK_MODEL), Memory())
    qtbot.addWidget(one)
    one.show()
    one.resize(733, 611)
    QApplication.processEvents()
    leave(qtbot, one)
    again = ViewerWindow(asset(MASK_MODEL), Memory())
    qtbot.addWidget(again)
    assert (again.width(), again.height()) == (733, 611)
    leave(qtbot, again)
