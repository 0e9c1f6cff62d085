"""What each part of the self-test says of an installation in which that part is broken."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest

from maskcam import selftest_parts
from maskcam.assets import MASK_MODEL, asset
from maskcam.frames import Pixels
from maskcam.selftest import run_checks
from maskcam.selftest_parts import (
    CheckFailed,
    check_cameras,
    check_letters,
    check_pictures,
    check_small_faces,
    check_streams,
    check_window,
)

GREY = np.full((120, 160, 3), 128, np.uint8)


def said(check: Callable[[], str]) -> str:
    with pytest.raises(CheckFailed) as caught:
        check()
    return str(caught.value)


def test_a_detector_that_finds_nothing_is_told_of() -> None:
    assert "wasn't found" in said(lambda: check_small_faces(GREY))


def test_a_format_that_comes_back_otherwise_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    read = selftest_parts.read_picture

    def inverted(path: Path) -> Pixels:
        return 255 - read(path) if path.suffix == ".webp" else read(path)

    monkeypatch.setattr(selftest_parts, "read_picture", inverted)
    rising = np.repeat(np.linspace(0, 80, 160).astype(np.uint8)[None, :, None], 3, axis=2).repeat(120, axis=0)
    assert "a .webp file came back" in said(lambda: check_pictures(rising))


@pytest.mark.parametrize("ink", [0, 255])
def test_letters_that_are_empty_or_blocks_are_told_of(monkeypatch: pytest.MonkeyPatch, ink: int) -> None:
    monkeypatch.setattr(selftest_parts, "text", lambda words, size: np.full((24, 90), ink, np.uint8))
    assert f"{ink / 255:.0%} of a label is inked" == said(check_letters)


def test_an_opencv_without_cameras_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = next(
        one
        for one in (cv2.CAP_MSMF, cv2.CAP_AVFOUNDATION)
        if one not in cv2.videoio_registry.getCameraBackends()  # of two systems, so one is always missing
    )
    monkeypatch.setattr(selftest_parts, "camera_backend", lambda: elsewhere)
    assert said(check_cameras).startswith("OpenCV was built without ")


def test_a_kind_of_stream_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest_parts, "_STREAMS", ("http", "nosuchthing"))
    assert said(check_streams) == "FFmpeg was built without nosuchthing"


def test_a_window_that_can_not_be_loaded_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":999")  # nothing connects to it: a plugin is loaded, no window is made
    monkeypatch.setattr(selftest_parts, "_PLATFORMS", {sys.platform: "nosuchplugin", "linux": "nosuchplugin"})
    assert "the viewer can't be opened" in said(check_window)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there always is a screen")
def test_without_a_screen_the_window_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "not checked" in check_window()


def test_whatever_a_part_fails_with_is_a_line_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **more: object) -> object:
        raise RuntimeError("no such thing")

    monkeypatch.setattr("maskcam.selftest.VideoSource", broken)
    found = list(run_checks(asset(MASK_MODEL), SimpleNamespace(seen=[])))
    failed = [line for good, line in found if not good]
    assert "FAILED  faces: RuntimeError: no such thing" in failed
    assert "FAILED  verdicts: there is no face to judge" in failed
    assert any(good and "letters" in line for good, line in found)
    assert len(found) == 11


def test_streams_are_asked_for_without_any_connection() -> None:
    # What the check relies on: a protocol that isn't allowed fails in another way than one that isn't there.
    with pytest.raises(av.error.ProtocolNotFoundError):
        av.open("nosuchthing://127.0.0.1:9/", options={"protocol_whitelist": "file"})
    assert check_streams() == "FFmpeg has rtsp, http, https"
