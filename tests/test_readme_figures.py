"""The README's figures that are a number in the code: nobody shall change one and not the other."""

from __future__ import annotations

import pytest

from maskcam import finder, judging, pictures, pipeline
from maskcam.assets import MASK_MODEL, asset
from maskcam.doubts import LEAST_JUDGED_SIDE
from maskcam.evidence import Evidence
from maskcam.frames import NOT_FACE_FROM
from maskcam.modelcard import load_card
from maskcam.sinks import recording
from maskcam.track_rules import TrackRules
from maskcam.viewer import alarm, reconnect, settings, timeline, window
from tests.support import ROOT

README = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize(
    ("value", "expected", "words"),
    [
        (alarm.SNOOZE_SECONDS, 300, "Silence the alarm for five minutes"),
        (settings.Settings().alarm_seconds, 2, "without a mask for two seconds"),
        (settings.Settings().cool_down, 60, "told of again after a minute at the earliest"),
        (settings.THRESHOLDS, (0.05, 0.95), "threshold from .05 to .95"),
        (reconnect.PAUSES[-1], 15, "with pauses that grow to 15 seconds"),
        (timeline.SECONDS, 600, "the last ten minutes, as bars"),
        (judging.LONGEST, 0.4, "whoever has waited for .4 seconds"),
        (pipeline.MOST_JUDGED, 4, "it judges four a frame, those first who waited longest"),
        (finder.STRANGERS, 4, "Of new faces it takes at most four a frame"),
        (finder.PEOPLE, 12, "from close by (twelve at most)"),
        (recording._FRAGMENT, 0.5, "but for its last half second"),
        (pictures.MAX_SIDE, 8192, "up to 8192 pixels a side"),
        (LEAST_JUDGED_SIDE, 16, "`too_small` (under 16 px)"),
        (NOT_FACE_FROM, 0.98, "a box with .98 or more counts as not found"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_figure_of_the_readme_is_that_of_the_code(value: object, expected: object, words: str) -> None:
    assert value == expected
    assert words in README


def test_what_is_recorded_is_complete_within_a_second() -> None:
    assert "what is recorded is complete within a second" in README
    assert window._END_SECONDS < 1


def test_the_smoothed_probability_stays_within_what_is_said() -> None:
    assert "the smoothed one stays between .018 and .997" in README
    threshold = load_card(asset(MASK_MODEL)).threshold
    ends = []
    for probability in (0.0, 1.0):
        evidence = Evidence(threshold, TrackRules())
        evidence.add(0.0, probability, None)
        ends.append(round(evidence.probability, 3))
    assert ends == [0.018, 0.997]
