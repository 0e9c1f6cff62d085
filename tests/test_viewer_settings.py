"""What the viewer remembers, and how its settings are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.viewer.settings import SMALLEST_FACES, Settings, sensitivity_words


@given(
    st.builds(
        Settings,
        threshold=st.none() | st.floats(0.01, 0.99),
        smallest_face=st.integers(*SMALLEST_FACES),
        alarm=st.booleans(),
        alarm_seconds=st.floats(0.5, 60),
        cool_down=st.floats(5, 3600),
        mirror_camera=st.booleans(),
        mirror_other=st.booleans(),
        privacy=st.booleans(),
        timeline=st.booleans(),
        folder=st.none() | st.just(Path("/somewhere")),
    )
)
def test_settings_outlive_the_program(settings: Settings) -> None:
    assert Settings.from_texts(settings.as_texts()) == settings


@given(st.dictionaries(st.sampled_from([*Settings().as_texts(), "other"]), st.text(max_size=8)))
def test_any_texts_give_settings(texts: dict[str, str]) -> None:
    read = Settings.from_texts(texts)
    assert Settings.from_texts(read.as_texts()) == read


@pytest.mark.parametrize("name", [name for name in Settings().as_texts() if name != "privacy"])
def test_one_setting_that_can_not_be_used_costs_no_other(name: str) -> None:
    wanted = Settings(threshold=0.3, privacy=True, alarm=True)
    assert Settings.from_texts({**wanted.as_texts(), name: "\0"}).privacy


@pytest.mark.parametrize(
    "wrong", [{"threshold": 0.0}, {"threshold": 1.5}, {"alarm_seconds": 0.0}, {"cool_down": float("nan")}]
)
def test_settings_check_themselves(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="between"):
        Settings(**wrong)  # type: ignore[arg-type]


def test_the_sensitivity_says_what_it_trades() -> None:
    assert "misses more" in sensitivity_words(0.8, 0.5)
    assert "Misses fewer" in sensitivity_words(0.3, 0.5)
    assert "own" in sensitivity_words(0.5, 0.5)
