"""The settings, each taking effect as it is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from maskcam.viewer.settings import ALARM_SECONDS, COOL_DOWN, SMALLEST_FACES, THRESHOLDS, Settings, sensitivity_words

_STEPS = 100


class SettingsDialog(QDialog):
    """Shows settings and hands on each change; the window may stay in use meanwhile."""

    def __init__(self, parent: QWidget, settings: Settings, own: float, changed: Callable[[Settings], None]) -> None:
        """`own` is the model's own threshold; `changed` is called with the new settings at every change."""
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self._settings, self._own, self._changed = settings, own, changed
        self.threshold = QSlider(Qt.Orientation.Horizontal)
        # To the right more is found: the slider is the sensitivity, the threshold turned round.
        self.threshold.setRange(*(round((1 - end) * _STEPS) for end in reversed(THRESHOLDS)))
        self.threshold.setMinimumWidth(260)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.own_button = QPushButton("Model's own")
        # Else the Enter that ends the typing of a number would press it.
        self.own_button.setAutoDefault(False)
        self.smallest = QSpinBox()
        self.smallest.setRange(*SMALLEST_FACES)
        self.smallest.setSingleStep(4)
        # Typing 120 must not start a search for faces of 12 pixels on the way.
        self.smallest.setKeyboardTracking(False)
        self.smallest.setSuffix(" pixels wide")
        self.smallest.setToolTip("Smaller faces are farther away. To find them takes longer.")
        self.alarm = QCheckBox("When somebody is without a mask")
        self.alarm_seconds = _seconds(ALARM_SECONDS, 0.5, 1)
        self.cool_down = _seconds(COOL_DOWN, 5, 0)
        self.mirror_camera = QCheckBox("Cameras")
        self.mirror_other = QCheckBox("Streams and videos")
        self.privacy = QCheckBox("Pixelate faces in all that is shown and saved")
        # Read out, the words beside a control say too little without those before them.
        for widget, name in (
            (self.threshold, "Sensitivity"),
            (self.own_button, "Sensitivity: the model's own"),
            (self.smallest, "Look for faces from this width on"),
            (self.alarm, "Alarm when somebody is without a mask"),
            (self.alarm_seconds, "Alarm after so many seconds without a mask"),
            (self.cool_down, "Seconds until the alarm tells of the same person again"),
            (self.mirror_camera, "Mirror cameras"),
            (self.mirror_other, "Mirror streams and videos"),
            (self.privacy, "Private view: pixelate faces in all that is shown and saved"),
        ):
            widget.setAccessibleName(name)
        self._lay_out()
        self.show_settings(settings)
        self._connect()

    def show_settings(self, settings: Settings) -> None:
        """Show these, without handing them on."""
        self._settings = settings
        value = self._own if settings.threshold is None else settings.threshold
        for widget in self._all():
            widget.blockSignals(True)
        self.threshold.setValue(_STEPS - round(value * _STEPS))
        numbers: tuple[tuple[QSpinBox | QDoubleSpinBox, float], ...] = (
            (self.smallest, settings.smallest_face),
            (self.alarm_seconds, settings.alarm_seconds),
            (self.cool_down, settings.cool_down),
        )
        for box, number in numbers:
            # Set anew, the text would lose what has been typed of a number, as the point of 3.5.
            if box.value() != number:
                box.setValue(number)  # type: ignore[arg-type]
        self.alarm.setChecked(settings.alarm)
        self.mirror_camera.setChecked(settings.mirror_camera)
        self.mirror_other.setChecked(settings.mirror_other)
        self.privacy.setChecked(settings.privacy)
        for widget in self._all():
            widget.blockSignals(False)
        self.words.setText(f"{sensitivity_words(value, self._own)} (threshold {value:.2f})")
        self.threshold.setAccessibleDescription(self.words.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses the button that has the focus, and else ends the typing of a number, which Qt has done."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            button = self.focusWidget()
            if isinstance(button, QPushButton):
                button.click()
            return
        super().keyPressEvent(event)

    def _lay_out(self) -> None:
        sensitivity = QVBoxLayout()
        row = QHBoxLayout()
        row.addWidget(self.threshold)
        row.addWidget(self.own_button)
        sensitivity.addLayout(row)
        sensitivity.addWidget(self.words)
        mirror = QHBoxLayout()
        mirror.addWidget(self.mirror_camera)
        mirror.addWidget(self.mirror_other)
        mirror.addStretch()
        form = QFormLayout()
        form.setVerticalSpacing(14)
        form.addRow("Sensitivity", sensitivity)
        form.addRow("Smallest face looked for", self.smallest)
        form.addRow("Alarm", self.alarm)
        form.addRow("… after", self.alarm_seconds)
        form.addRow("Repeat it for the same person after", self.cool_down)
        form.addRow("Mirror", mirror)
        form.addRow("Private view", self.privacy)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.close)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(20, 20, 20, 16)
        whole.setSpacing(18)
        whole.addLayout(form)
        whole.addWidget(close)

    def _connect(self) -> None:
        self.threshold.valueChanged.connect(lambda value: self._set(threshold=(_STEPS - value) / _STEPS))
        self.own_button.clicked.connect(lambda: self._set(threshold=None))
        self.smallest.valueChanged.connect(lambda value: self._set(smallest_face=value))
        self.alarm_seconds.valueChanged.connect(lambda value: self._set(alarm_seconds=value))
        self.cool_down.valueChanged.connect(lambda value: self._set(cool_down=value))
        for name in ("alarm", "mirror_camera", "mirror_other", "privacy"):
            box: QCheckBox = getattr(self, name)
            box.toggled.connect(lambda on, name=name: self._set(**{name: on}))

    def _set(self, **values: object) -> None:
        settings = replace(self._settings, **values)  # type: ignore[arg-type]
        self.show_settings(settings)
        self._changed(settings)

    def _all(self) -> tuple[QWidget, ...]:
        boxes = (self.alarm, self.mirror_camera, self.mirror_other, self.privacy)
        return (self.threshold, self.smallest, self.alarm_seconds, self.cool_down, *boxes)


def _seconds(limits: tuple[float, float], step: float, decimals: int) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setDecimals(decimals)
    box.setRange(*limits)
    box.setSingleStep(step)
    box.setKeyboardTracking(False)
    box.setSuffix(" s")
    return box
