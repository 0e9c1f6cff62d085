"""Which numbers a training computes in."""

from __future__ import annotations

import pytest

from training import precision
from training.config import TrainConfig
from training.precision import BFLOAT16, CHOICES, FASTEST, FLOAT32, settled, step_seconds


def test_what_is_asked_for_is_taken_without_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    def tried(kind: str) -> float:
        raise AssertionError(kind)

    monkeypatch.setattr(precision, "step_seconds", tried)
    assert [settled(kind) for kind in (FLOAT32, BFLOAT16)] == [FLOAT32, BFLOAT16]


@pytest.mark.parametrize(
    ("half_as_long", "taken"), [(0.5, BFLOAT16), (0.8, BFLOAT16), (0.9, FLOAT32), (1.0, FLOAT32), (40.0, FLOAT32)]
)
def test_the_quicker_one_is_taken_if_it_is_much_quicker(
    monkeypatch: pytest.MonkeyPatch, half_as_long: float, taken: str
) -> None:
    seconds = {FLOAT32: 1.0, BFLOAT16: half_as_long}
    monkeypatch.setattr(precision, "step_seconds", seconds.__getitem__)
    assert settled(FASTEST) == taken


def test_both_can_be_tried_here_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    assert all(0 < step_seconds(kind, 1) < 60 for kind in (FLOAT32, BFLOAT16))
    assert capfd.readouterr() == ("", "")


def test_others_are_refused() -> None:
    with pytest.raises(ValueError, match="precision is one of float32, mixed_bfloat16, fastest, not float16"):
        TrainConfig("m.csv", None, precision="float16")
    assert all(TrainConfig("m.csv", None, precision=kind).precision == kind for kind in CHOICES)
