"""Which sizes and rates of a camera the viewer offers."""

from __future__ import annotations

from maskcam.sources.cameras import CameraMode
from maskcam.viewer.camera_modes import USUAL, CameraModes


def test_nothing_is_known_of_a_new_camera_and_the_usual_is_offered() -> None:
    for camera in (None, 0):
        choices = CameraModes().choices(camera, None)
        assert [one.mode for one in choices] == [None, *USUAL]
        assert choices[0].words == "The camera's own"
        assert choices[1].words == "640 x 480, 30 pictures a second"


def test_what_was_tried_and_not_given_says_what_comes_instead() -> None:
    modes = CameraModes()
    modes.answered(0, CameraMode(1920, 1080, 60.0), CameraMode(1280, 720, 30.0))
    modes.answered(0, CameraMode(1280, 720, 30.0), CameraMode(1280, 720, 29.97))
    modes.answered(0, CameraMode(640, 480, 30.0), CameraMode(640, 480, 0.0))
    modes.answered(0, CameraMode(3840, 2160, 30.0), CameraMode(0, 0, 0.0))
    words = {one.mode: one.words for one in modes.choices(0, None)}
    assert words[CameraMode(1920, 1080, 60.0)].endswith(
        "60 pictures a second: this camera gives 1280 x 720, 30 pictures a second"
    )
    assert all(
        "gives" not in words[mode]
        for mode in (CameraMode(1280, 720, 30.0), CameraMode(640, 480, 30.0), CameraMode(3840, 2160, 30.0), None)
    )
    assert all("gives" not in one.words for one in modes.choices(1, None))


def test_a_camera_that_was_asked_offers_what_it_can_do() -> None:
    modes = CameraModes()
    modes.named(0, "Desk")
    modes.found(0, ())
    assert len(modes.choices(0, None)) == 1 + len(USUAL)
    modes.found(0, (CameraMode(640, 480, 15.0), CameraMode(800, 600, 0.0)))
    assert [one.mode for one in modes.choices(0, None)] == [None, CameraMode(640, 480, 15.0), CameraMode(800, 600, 0.0)]
    modes.answered(0, CameraMode(800, 600, 0.0), CameraMode(800, 600, 25.0))
    assert modes.choices(0, None)[-1].words == "800 x 600", "any rate will do where none was asked for"
    # What is asked of all cameras stays to be seen, though this one can't give it.
    assert CameraMode(1920, 1080, 30.0) in [one.mode for one in modes.choices(0, CameraMode(1920, 1080, 30.0))]
    modes.named(0, "Desk")
    assert len(modes.choices(0, None)) == 3
    modes.named(0, "Another one in the same socket")
    assert len(modes.choices(0, None)) == 1 + len(USUAL)
