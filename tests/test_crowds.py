"""Where the time of a picture is bounded, a crowd is judged in turns: in the window, and by `video --fast`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from maskcam import pipeline
from maskcam.assets import MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.cli import main
from maskcam.frames import Flags, Integers, Judgement, Pixels
from maskcam.judging import Known, to_judge
from maskcam.pipeline import MOST_JUDGED
from maskcam.sources.spec import parse_source
from maskcam.viewer.engine import Engine, Judging
from tests.http_camera import HttpCamera
from tests.support import astronaut, scaled, wait_for, write_clip

PEOPLE = 8
SIZE = (1280, 720)


def crowd(width: int, height: int, _: int) -> Pixels:
    """People in two rows, each with a face about 66 pixels wide."""
    image = np.full((height, width, 3), 110, np.uint8)
    person = scaled(astronaut(), 0.7)[:, 60:240]
    for number in range(PEOPLE):
        left, top = 40 + 310 * (number % 4), 350 * (number // 4)
        image[top : top + len(person), left : left + person.shape[1]] = person[: height - top]
    return image


@pytest.mark.parametrize("options", [[], ["--fast"]])
def test_a_video_of_a_crowd_is_judged_in_turns_only_where_it_must_be_fast(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clip(tmp_path / "crowd.mp4", lambda number: crowd(*SIZE, number), 16)
    counts: list[int] = []
    judge = MaskClassifier.judge

    def counted(self: MaskClassifier, crops: Pixels) -> Judgement:
        counts.append(len(crops))
        return judge(self, crops)

    monkeypatch.setattr(MaskClassifier, "judge", counted)
    assert main(["video", str(tmp_path / "crowd.mp4"), "-o", str(tmp_path / "seen.mp4"), *options]) == 0
    settled = counts[10:]
    assert len(settled) == 6
    if options:
        assert max(settled) < PEOPLE, "beside the few in turn only strangers, boxes that are nobody"
    else:
        assert min(settled) >= PEOPLE


def test_the_window_judges_a_crowd_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int | None]] = []

    def noted(owners: Integers, known: Known, plain: Flags, most: int | None) -> Flags:
        asked.append((len(owners), most))
        return to_judge(owners, known, plain, most)

    monkeypatch.setattr(pipeline, "to_judge", noted)
    engine = Engine(asset(MASK_MODEL), Judging(smallest=40), lambda: None)
    with HttpCamera(size=SIZE, rate=10, draw=crowd) as camera:
        engine.watch(parse_source(camera.url))
        try:
            wait_for(lambda: engine.view() and len(asked) > 3 and asked[-1][0] >= PEOPLE)
        finally:
            assert engine.stop(60)
    assert {most for _, most in asked} == {MOST_JUDGED}
