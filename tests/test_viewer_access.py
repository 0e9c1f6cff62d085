"""The viewer for everybody: readable in light and dark, reachable by keys, named for screen readers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QAccessible, QColor, QImage, QPainter, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QMainWindow, QMessageBox, QStyleFactory, QWidget

from maskcam.frames import Pixels, Verdict
from maskcam.overlay_patches import COLOURS, INK
from maskcam.sources.cameras import CameraInfo, CameraMode
from maskcam.sources.spec import SourceKind
from maskcam.viewer import canvas
from maskcam.viewer.actions import Actions
from maskcam.viewer.camera_menu import CameraMenus
from maskcam.viewer.camera_modes import Choice
from maskcam.viewer.dialogs import tell
from maskcam.viewer.front import Front
from maskcam.viewer.keys import BY_NAME
from maskcam.viewer.layers import help_layout, paint_help
from maskcam.viewer.messages import Trouble, message
from maskcam.viewer.palette import HELP_PLATE, PLATE, QUIET_WORDS, WORDS
from maskcam.viewer.settings import Settings
from maskcam.viewer.settings_dialog import SettingsDialog
from maskcam.viewer.shown import AlarmLight, Counts, Shown
from maskcam.viewer.status import PALE
from tests.support import contrast

Rgb = tuple[float, ...]

THEMES = {
    "light": QPalette(QColor(239, 239, 239)),
    "dark": QPalette(QColor(50, 50, 50)),
    "black": QPalette(QColor(24, 24, 24)),
    "white": QPalette(QColor(255, 255, 255)),
}


@pytest.fixture(params=THEMES)
def theme(request: pytest.FixtureRequest, qtbot: Any) -> Iterator[str]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    style, before = app.style().objectName(), app.palette()
    app.setStyle(QStyleFactory.create("Fusion"))
    app.setPalette(THEMES[request.param])
    yield request.param
    app.setPalette(before)
    app.setStyle(style)


def over(colour: QColor, ground: Rgb) -> Rgb:
    share = colour.alphaF()
    parts = colour.red(), colour.green(), colour.blue()
    return tuple(share * part + (1 - share) * below for part, below in zip(parts, ground, strict=True))


def pixels(widget: QWidget) -> Pixels:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(-1, 3).copy()


def readable(widget: QWidget) -> float:
    """The contrast of the words painted in a widget against its ground, which is what there is most of."""
    colours, counts = np.unique(pixels(widget), axis=0, return_counts=True)
    ground = tuple(colours[counts.argmax()])
    # Strokes of words fill some pixels wholly, and only these have the words' own colour.
    return max(contrast(tuple(colour), ground) for colour, count in zip(colours, counts, strict=True) if count >= 3)


@pytest.fixture
def changes() -> list[Settings]:
    """What the settings dialog has handed on."""
    return []


@pytest.fixture
def dialog(qtbot: Any, changes: list[Settings]) -> Iterator[SettingsDialog]:
    parent = QWidget()
    qtbot.addWidget(parent)
    made = SettingsDialog(parent, Settings(), 0.5, changes.append)
    made.show()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()


def inside(widget: QWidget, kinds: tuple[type[QWidget], ...]) -> list[QWidget]:
    return [one for kind in kinds for one in widget.findChildren(kind) if one.isVisible()]


def test_all_words_can_be_read_in_light_and_dark(theme: str, qtbot: Any) -> None:
    front = Front()
    qtbot.addWidget(front)
    front.resize(1100, 700)
    front.show()
    counts = Counts(mask=3, no_mask=2)
    for shown in (
        Shown(notice="A line that goes by itself"),
        Shown(source="Desk", counts=counts, alarm=AlarmLight.RAISED, people=5, people_without=2),
    ):
        front.show_state(shown)
        qtbot.wait(50)
        labels = [one for one in inside(front, (QLabel,)) if isinstance(one, QLabel) and one.text()]
        assert len(labels) >= 9
        for widget in (*labels, front.timeline):
            assert readable(widget) >= 4.5, (theme, widget, shown)


def test_all_words_of_the_settings_can_be_read(theme: str, dialog: SettingsDialog) -> None:
    labels = dialog.findChildren(QLabel)
    assert len(labels) >= 5
    for label in labels:
        assert readable(label) >= 4.5, (theme, label.text())


@pytest.mark.parametrize("below", [(255, 255, 255), (0, 0, 0), (128, 128, 128)])
def test_words_on_a_plate_can_be_read_over_any_picture(below: Rgb) -> None:
    for plate in (PLATE, HELP_PLATE):
        ground = over(plate, below)
        for words in (WORDS, QUIET_WORDS):
            assert contrast(over(words, ground), ground) >= 4.5


@pytest.mark.parametrize(
    "size", [(320, 200), (480, 300), (600, 400), (960, 540), (1040, 620), (700, 900), (1920, 1000)]
)
def test_the_help_is_whole_and_as_large_as_it_can_be(size: tuple[int, int], qtbot: Any) -> None:
    room = QRectF(0, 0, *size)
    columns, scale = help_layout(room)
    assert scale * 10 >= (7.5 if min(size) >= 540 else 3.5)
    assert columns == (2 if size[0] > size[1] else 1)
    image = QImage(*size, QImage.Format.Format_RGB888)
    image.fill(QColor(255, 255, 255))
    painter = QPainter(image)
    paint_help(painter, room)
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(size[1], image.bytesPerLine())
    dark = rows[:, : 3 * size[0]].reshape(size[1], size[0], 3).max(axis=2) < 100
    # The plate ends within the room, so nothing is cut off.
    assert dark.any()
    assert not dark[0].any() and not dark[-1].any()
    assert not dark[:, 0].any() and not dark[:, -1].any()


@pytest.mark.parametrize("theme_name", THEMES)
@pytest.mark.parametrize("strength", [PALE, 1.0])
def test_the_signs_can_be_made_out_beside_a_zero_too(theme_name: str, strength: float) -> None:
    ground = THEMES[theme_name].color(QPalette.ColorRole.Window)
    for verdict in Verdict:
        shape, mark = (
            tuple(
                strength * part + (1 - strength) * below for part, below in zip(one, ground.toTuple()[:3], strict=True)
            )
            for one in (COLOURS[verdict], INK)
        )
        assert contrast(shape, mark) >= 3


def name(widget: QWidget) -> str:
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name)


def walk(top: QWidget, first: QWidget, press: Callable[[QWidget], None]) -> list[QWidget]:
    """All widgets that the focus visits until it is where it was."""
    first.setFocus()
    visited = [first]
    while len(visited) < 50:
        press(QApplication.focusWidget() or top)
        focus = QApplication.focusWidget()
        assert focus is not None
        if focus is first:
            return visited
        visited.append(focus)
    raise AssertionError("the focus never comes round")


def place(widget: QWidget) -> tuple[int, int]:
    corner = widget.mapTo(widget.window(), QPoint(0, 0))
    return round((corner.y() + widget.height() / 2) / 20), corner.x()


def test_tab_goes_through_all_settings_in_the_order_they_are_read(dialog: SettingsDialog) -> None:
    visited = walk(dialog, dialog.threshold, lambda one: QTest.keyClick(one, Qt.Key.Key_Tab))
    back = walk(dialog, dialog.threshold, lambda one: QTest.keyClick(one, Qt.Key.Key_Backtab))
    assert visited == [dialog.threshold, *back[:0:-1]]
    wanted = {
        *(dialog.threshold, dialog.own_button, dialog.smallest, dialog.alarm, dialog.alarm_seconds, dialog.cool_down),
        *(dialog.mirror_camera, dialog.mirror_other, dialog.privacy),
    }
    assert wanted < set(visited)
    assert len(visited) == len(wanted) + 1
    assert visited == sorted(visited, key=place)
    names = [name(one) for one in visited]
    assert all(names)
    assert len(set(names)) == len(names)
    assert not any(one.startswith("…") for one in names)


def test_settings_can_be_changed_and_left_by_keys_alone(dialog: SettingsDialog, changes: list[Settings]) -> None:
    dialog.threshold.setFocus()
    QTest.keyClick(dialog.threshold, Qt.Key.Key_Right)
    # To the right lies more sensitivity, as the slider shows it.
    assert changes[-1].threshold == pytest.approx(0.49)
    assert dialog.threshold.value() == 51, "what is read out grows with it"
    assert "Misses fewer" in dialog.threshold.accessibleDescription()
    dialog.alarm.setFocus()
    QTest.keyClick(dialog.alarm, Qt.Key.Key_Space)
    assert changes[-1].alarm
    dialog.alarm_seconds.setFocus()
    dialog.alarm_seconds.selectAll()
    before = len(changes)
    QTest.keyClicks(dialog.alarm_seconds, "12")
    assert len(changes) == before, "half a number is none"
    QTest.keyClick(dialog.alarm_seconds, Qt.Key.Key_Return)
    assert changes[-1].alarm_seconds == 12 and len(changes) == before + 1
    assert changes[-1].threshold == pytest.approx(0.49)
    dialog.own_button.setFocus()
    QTest.keyClick(dialog.own_button, Qt.Key.Key_Return)
    assert changes[-1].threshold is None
    assert dialog.isVisible(), "Enter does what has the focus, and leaves the dialog open"
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert isinstance(dialog, QDialog)


def test_tab_goes_through_the_first_page_in_the_order_it_is_read(qtbot: Any) -> None:
    front = Front()
    qtbot.addWidget(front)
    front.resize(900, 700)
    front.show()
    qtbot.waitUntil(front.isActiveWindow)
    page = front.welcome
    visited = walk(front, page.demo_button, lambda one: QTest.keyClick(one, Qt.Key.Key_Tab))
    assert visited == [page.demo_button, page.refresh_button, page.video_button, page.stream_button]
    assert visited == sorted(visited, key=place)
    assert all(name(one) for one in visited)
    for one in (front.canvas, front.timeline, front.status, front.status.people):
        assert name(one)


def test_enter_presses_the_button_of_the_first_page_that_has_the_focus(qtbot: Any) -> None:
    front = Front()
    qtbot.addWidget(front)
    front.show()
    qtbot.waitUntil(front.isActiveWindow)
    page, pressed = front.welcome, []
    for signal, button in (
        (page.demo, page.demo_button),
        (page.refresh, page.refresh_button),
        (page.open_video, page.video_button),
        (page.open_stream, page.stream_button),
    ):
        signal.connect(lambda button=button: pressed.append(button))
        button.setFocus()
        QTest.keyClick(button, Qt.Key.Key_Return)
        assert pressed.pop() is button and not pressed


def test_what_is_painted_in_words_can_be_read_out(qtbot: Any) -> None:
    front = Front()
    qtbot.addWidget(front)

    def said(**shown: Any) -> str:
        front.canvas.set_shown(Shown(source="Desk", **shown))
        return QAccessible.queryAccessibleInterface(front.canvas).text(QAccessible.Text.Description)

    assert said() == ""
    assert said(notice="Saved one.png") == "Saved one.png"
    assert said(alarm=AlarmLight.RAISED, alarmed=frozenset({3, 1})) == "No mask: #1, #3"
    trouble = message(Trouble.BUSY, SourceKind.CAMERA, "camera 0 can't be opened")
    for part in (trouble.title, trouble.advice, trouble.detail):
        assert part and part in said(message=trouble)
    front.canvas.show_help(True)
    assert all(f"{one.keys[0]}: {one.words}" in said() for one in BY_NAME.values())


def test_what_is_new_in_words_is_announced_once(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[str] = []

    class Reader:
        """What a screen reader would be told."""

        updateAccessibility = staticmethod(lambda event: announced.append(event.message()))

    monkeypatch.setattr(canvas, "QAccessible", Reader)
    one = canvas.Canvas()
    qtbot.addWidget(one)
    for notice in ("", "Saved one.png", "Saved one.png", "", "Saved two.png"):
        one.set_shown(Shown(source="Desk", notice=notice))
    assert announced == ["Saved one.png", "Saved two.png"]


def test_a_camera_keeps_its_name_and_an_open_menu_its_entries(qtbot: Any) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.show()
    menus = CameraMenus(window, lambda camera: None, lambda mode: None, lambda: None)
    menus.show_cameras((CameraInfo(0, "Black & White", 0),), 0)
    assert menus.cameras.actions()[0].text() == "Black && White", "as Qt writes a plain &"
    small, large = (Choice(CameraMode(width, width // 2, 30.0), str(width)) for width in (640, 1280))
    menus.show_modes((small,), None, None, True)
    menus.modes.popup(QPoint(10, 10))
    qtbot.waitUntil(menus.modes.isVisible)
    menus.show_modes((small, large), None, None, True)
    assert large.words not in [one.text() for one in menus.modes.actions()]
    menus.modes.hide()
    qtbot.waitUntil(lambda: large.words in [one.text() for one in menus.modes.actions()])


def test_a_file_that_is_called_like_a_tag_is_told_by_its_name(qtbot: Any) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    tell(window, "/tmp/<b>door</b>.mp4: the file is empty")
    (box,) = window.findChildren(QMessageBox)
    assert box.textFormat() is Qt.TextFormat.PlainText
    box.close()


def test_the_window_s_middle_can_be_as_narrow_as_its_parts(qtbot: Any) -> None:
    front = Front()
    qtbot.addWidget(front)
    assert front.minimumSizeHint().width() <= 320


def test_alt_and_arrows_reach_every_entry_of_every_menu(qtbot: Any) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    done: list[str] = []
    names = {*BY_NAME, "choose_folder"}
    actions = Actions(window, {one: (lambda one=one: done.append(one)) for one in names})  # type: ignore[misc]
    menus = CameraMenus(window, lambda camera: None, lambda mode: None, lambda: None)
    actions.fill(window.menuBar(), menus.cameras, menus.modes)
    held = {one for one, action in actions.by_name.items() if action.autoRepeat()}
    assert held == {"back", "forward"}, "a key that is held down begins and ends nothing again and again"
    window.resize(900, 300)
    window.show()
    qtbot.waitUntil(window.isActiveWindow)
    letters = [action.text()[action.text().index("&") + 1].lower() for action in window.menuBar().actions()]
    assert len(set(letters)) == len(letters) == 7
    reached: set[str] = set()
    for letter in letters:
        QTest.keyClick(window, letter, Qt.KeyboardModifier.AltModifier)
        menu = QApplication.activePopupWidget()
        assert menu is not None, letter
        for _ in menu.actions():
            active = menu.activeAction()  # type: ignore[attr-defined]
            reached.add(active.text())
            QTest.keyClick(menu, Qt.Key.Key_Down)
        QTest.keyClick(menu, Qt.Key.Key_Escape)
        while QApplication.activePopupWidget() is not None:
            QTest.keyClick(QApplication.activePopupWidget(), Qt.Key.Key_Escape)
    assert {action.text() for action in actions.by_name.values()} <= reached
    assert {menus.cameras.title(), menus.modes.title()} <= reached
    QTest.keyClick(window, "k", Qt.KeyboardModifier.AltModifier)
    menu = QApplication.activePopupWidget()
    assert menu is not None
    QTest.keyClick(menu, Qt.Key.Key_Return)
    assert done == ["snapshot"]
