"""What is recorded is what is shown, whatever is slow or breaks on the way."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskcam.sources.video_file import VideoSource
from maskcam.viewer import keeper as keeper_module
from maskcam.viewer.keeper import _WAITING, Keeper
from maskcam.viewer.shown import Picture, Shown
from tests.http_camera import numbered


def shown(number: int, **more: Any) -> Shown:
    """The picture of this number, at a tenth of a second each."""
    return Shown(source="Desk", picture=Picture(numbered(320, 240, number), None, number, number / 10), **more)


def test_what_is_recorded_is_what_is_shown(folder: Path) -> None:
    keeper = Keeper(lambda error: None)
    keeper.start_recording(folder, 0.0)
    for number, more in enumerate(({}, {"mirrored": True}, {"greyed": True}, {})):
        keeper.show(shown(number, **more))
        assert keeper.wait(60)
    assert keeper.close(60)
    with VideoSource(next(folder.glob("*.mp4"))) as video:
        images = [one.frame.image.astype(int) for one in video]
    assert len(images) == 3, "a greyed one is none of now"
    assert np.abs(images[1] - numbered(320, 240, 1)[:, ::-1]).mean() < 6


def test_few_pictures_wait_for_a_slow_disk(folder: Path) -> None:
    keeper, go_on = Keeper(lambda error: None), threading.Event()
    keeper._worker.do(go_on.wait)
    try:
        keeper.start_recording(folder, 0.0)
        for number in range(5 * _WAITING + 10):
            keeper.show(shown(number))
        assert keeper._worker.waiting <= _WAITING + 2
    finally:
        go_on.set()
        assert keeper.close(60)


def test_what_nobody_expected_ends_the_recording_and_keeps_what_there_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Exception] = []
    keeper = Keeper(told.append)
    keeper.start_recording(folder, 0.0)
    for number in range(10):
        keeper.show(shown(number))
        assert keeper.wait(60)

    def broken(*arguments: object, **more: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(keeper_module, "compose", broken)
    keeper.show(shown(10))
    assert keeper.wait(60)
    assert not keeper.recording and [type(one) for one in told] == [ZeroDivisionError]
    with VideoSource(next(folder.glob("*.part.mp4"))) as video:
        assert len(list(video)) == 10
    assert keeper.close(60)
