"""What the window looks like at any size, and what it says to those who don't see it."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from maskcam.sources.spec import SourceKind
from maskcam.viewer.front import Front
from maskcam.viewer.messages import BEHIND, LOADING, OPENING, PRIVATE, Trouble, message
from maskcam.viewer.shown import AlarmLight, Counts, Shown
from maskcam.viewer.source_control import demo_source
from tests.support import ROOT
from tests.viewer_window.window_parts import Make, flowing, shown, until


def test_everything_has_a_name_and_the_keyboard_reaches_it(make: Make, qtbot: Any) -> None:
    one = make()
    qtbot.wait(100)
    reached = set()
    for _ in range(8):
        QTest.keyClick(one, Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        if isinstance(focus, QPushButton):
            reached.add(focus.text())
    assert {"Show the demo", "Look again", "Open a video …", "Open a stream …"} <= reached
    assert one.front.canvas.accessibleName()
    assert one.front.status.people.accessibleName() == "in view: not known"
    one.front.welcome.demo_button.setFocus()
    QTest.keyClick(one.front.welcome.demo_button, Qt.Key.Key_Space)
    until(qtbot, lambda: shown(one).counts is not None)
    qtbot.wait(100)
    assert "1" in one.front.status.people.accessibleName()
    assert one.front.timeline.accessibleDescription()
    one.actions_.by_name["settings"].trigger()
    assert one.dialog is not None
    assert one.dialog.threshold.accessibleName() == "Sensitivity"


def test_the_status_bar_says_what_it_can_at_any_width(make: Make, qtbot: Any) -> None:
    one = make()
    many = Shown(
        source="a-recording-of-the-whole-long-day-at-the-front-door.mp4",
        counts=Counts(mask=12, no_mask=11, unsure=10),
        alarm=AlarmLight.SNOOZED,
        snooze_left=300,
        people=128,
        people_without=117,
    )
    bar = one.front.status
    one._ticking.stop()
    for width in (440, 480, 560, 700, 799, 800, 900, 1040, 1400):
        one.resize(width, 520)
        bar.show_state(many)
        qtbot.wait(20)
        assert one.width() == width
        for line in (bar.alarm, bar.source):
            words = line.painted()
            assert line.fontMetrics().horizontalAdvance(words) <= line.width()
            assert not words.endswith("…"), (width, words)
        assert "128" in bar.source.painted()
        assert "117" in bar.source.painted()
        assert "without" in bar.source.painted()
        assert "5:00" in bar.alarm.painted()
        tiles = [bar.people, bar.without, bar.with_mask, bar.unsure]
        ends = [(tile.mapTo(bar, QPoint(0, 0)).x(), tile.width(), tile.minimumSizeHint().width()) for tile in tiles]
        assert all(wide >= needed for _, wide, needed in ends), (width, ends)
        assert bar.alarm.mapTo(bar, QPoint(0, 0)).x() >= ends[-1][0] + ends[-1][1]
    assert bar.source.painted() == bar.source.text()


@pytest.mark.parametrize("ratio", [1, 2])
def test_a_sharp_picture_keeps_its_proportions(
    make: Make, qtbot: Any, ratio: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make()
    monkeypatch.setattr(type(one.front.canvas), "devicePixelRatioF", lambda self: float(ratio))
    one.watch(demo_source(), "Demo", remember=False)
    for size in ((1000, 500), (500, 900)):
        one.resize(*size)
        until(qtbot, lambda: flowing(one))
        qtbot.wait(150)
        image, canvas = one.front.canvas._image, one.front.canvas
        assert image is not None
        height, width = shown(one).picture.image.shape[:2]
        assert abs(image.width() / image.height() - width / height) < 0.01
        room = (canvas.width() * ratio, canvas.height() * ratio)
        assert max(image.width() / room[0], image.height() / room[1]) == pytest.approx(1, abs=0.01)


def test_each_number_stands_at_its_own_sign(qtbot: Any) -> None:
    front = Front()
    qtbot.addWidget(front)
    front.show_state(Shown(source="Desk", counts=Counts(mask=3, no_mask=2, unsure=1)))
    bar = front.status
    said = [one.accessibleName() for one in (bar.people, bar.with_mask, bar.without, bar.unsure)]
    assert said == ["in view: 6", "with mask: 3", "without mask: 2", "unsure: 1"]


def test_the_readme_says_what_each_message_means() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    titles = {message(trouble, kind).title for trouble in Trouble for kind in SourceKind}
    rows = [line.split("|")[1] for line in readme.splitlines() if line.startswith("| ")]
    explained = {title.strip() for row in rows for title in row.split(", ")}
    assert titles | {OPENING.title, PRIVATE.title} <= explained
    assert {LOADING, BEHIND} <= {row.strip() for row in rows}
