"""What training draws on faces: where it lies, that it is there, and which label the face has then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maskcam.faces import FaceDetector, Range
from maskcam.frames import Floats, Judgement, Pixels
from maskcam.modelcard import MASK, NO_MASK, CropRule, ModelCard
from tests.support import astronaut, judged, keypoints
from training.drawn import DRAWINGS, MASKS, Drawn, judge_drawn
from training.dress import cover, put_mask_on
from training.face_frame import FaceFrame, blend, face_frame, grain
from training.labelled import Labelled
from training.landmarks import find_keypoints
from training.manifest import TRAIN, Sample
from training.pictures import Surrounded, surrounded
from training.render_masks import draw_random_mask
from training.sampling import BALANCE, RENDER, Batches

POINTS = np.array([[40, 40], [80, 40], [60, 60], [60, 80], [20, 45], [100, 45]], np.float32)


@pytest.fixture(scope="module")
def detector() -> Iterator[FaceDetector]:
    with FaceDetector(Range.NEAR) as opened:
        yield opened


@pytest.fixture(scope="module")
def face() -> tuple[Pixels, Floats]:
    """The astronaut's head as data hold heads, and its key points."""
    image = astronaut()
    points = keypoints(image)
    return np.ascontiguousarray(image[60:240, 150:300]), np.asarray(points - np.array([150, 60], np.float32))


def frame_of(face: tuple[Pixels, Floats]) -> FaceFrame:
    found = face_frame(face[0].shape[:2], face[1])
    assert found is not None
    return found


def test_the_frame_has_the_eyes_at_nothing_and_the_mouth_at_one() -> None:
    frame = face_frame((120, 120), POINTS)
    assert frame is not None and frame.unit == pytest.approx(40)
    assert (frame.sideways[40, 60], frame.below[40, 60]) == pytest.approx((0, 0), abs=1e-6)
    assert (frame.sideways[80, 60], frame.below[80, 60]) == pytest.approx((0, 1), abs=1e-6)
    assert frame.sideways[40, 80] == pytest.approx(0.5) and frame.ears[1] == pytest.approx((1, 0.125))


@settings(max_examples=50)
@given(st.floats(-3.1, 3.1), st.floats(0.3, 3), st.floats(-50, 50))
def test_the_frame_turns_and_grows_with_the_face(angle: float, size: float, shift: float) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = (POINTS - 60) @ turn.T * size + 60 + shift
    frame = face_frame((120, 120), moved)
    assert frame is not None and frame.unit == pytest.approx(40 * size, rel=1e-4)
    assert frame.lean == pytest.approx(0, abs=1e-4)
    assert frame.ears[0] == pytest.approx((-1, 0.125), abs=1e-3)


def test_a_face_too_small_to_draw_on_has_no_frame() -> None:
    assert face_frame((120, 120), POINTS * 0.05) is None


def test_a_soft_edge_covers_half_a_pixel_at_the_outline() -> None:
    frame = face_frame((120, 120), POINTS)
    assert frame is not None
    cover_at = frame.soft(np.array([-1, -0.5 / 40, 0, 0.5 / 40, 1], np.float32))
    assert cover_at.tolist() == pytest.approx([0, 0, 0.5, 1, 1])


def test_a_rod_knows_its_ends() -> None:
    frame = face_frame((120, 120), POINTS)
    assert frame is not None
    away, along = frame.rod((0, 0), (0, 1))
    assert away[60, 60] == pytest.approx(0, abs=1e-6) and along[60, 60] == pytest.approx(0.5)
    assert away[20, 60] == pytest.approx(0.5) and along[20, 60] == pytest.approx(-0.5)


def test_blending_lays_over_only_where_it_covers() -> None:
    picture = np.full((2, 2, 3), 100, np.uint8)
    covered = blend(picture, np.full((2, 2, 3), 200, np.float32), np.array([[0, 0.5], [1, 0]], np.float32))
    assert covered[..., 0].tolist() == [[100, 150], [200, 100]]


def test_grain_is_smooth_and_about_nothing() -> None:
    noise = grain((80, 60), 8, np.random.default_rng(0))
    assert noise.shape == (80, 60) and abs(float(noise.mean())) < 0.5
    assert np.abs(np.diff(noise, axis=1)).max() < np.ptp(noise) / 2


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_drawing_hides_the_mouth_or_its_surroundings_and_leaves_the_eyes(
    face: tuple[Pixels, Floats], name: str
) -> None:
    frame = frame_of(face)
    lower = (np.abs(frame.sideways) < 0.5) & (frame.below > 0.6) & (frame.below < 1.7)
    brow = (np.abs(frame.sideways) < 0.5) & (frame.below > -0.8) & (frame.below < -0.2)
    hidden, spared = [], []
    for seed in range(12):
        drawn = DRAWINGS[name](face[0], frame, np.random.default_rng(seed))
        assert drawn.shape == face[0].shape and drawn.dtype == np.uint8
        changed = (np.abs(drawn.astype(int) - face[0]) > 6).any(axis=2)
        hidden.append(changed[lower].mean())
        spared.append(changed[brow].mean())
    assert min(hidden) > 0.02 and np.mean(hidden) > 0.2
    assert np.mean(spared) < 0.2


def test_a_mask_covers_nose_and_mouth_and_one_on_the_chin_neither(face: tuple[Pixels, Floats]) -> None:
    frame = frame_of(face)
    nose_and_mouth = (np.abs(frame.sideways - frame.lean / 2) < 0.25) & (frame.below > 0.6) & (frame.below < 1.05)
    for seed in range(25):
        for on_chin in (False, True):
            drawn = draw_random_mask(face[0], frame, np.random.default_rng(seed), on_chin=on_chin)
            changed = (drawn != face[0]).any(axis=2)[nose_and_mouth].mean()
            assert changed == 0 if on_chin else changed > 0.97


def test_drawing_leaves_the_picture_it_is_given_alone(face: tuple[Pixels, Floats]) -> None:
    before = face[0].copy()
    for draw in DRAWINGS.values():
        draw(face[0], frame_of(face), np.random.default_rng(1))
    assert (face[0] == before).all()


def test_key_points_are_found_in_a_tight_crop(face: tuple[Pixels, Floats], detector: FaceDetector) -> None:
    crop = np.ascontiguousarray(face[0][20:160, 15:135])
    found = find_keypoints(crop, detector)
    assert found is not None
    assert np.abs(found - (face[1] - np.array([15, 20])))[:4].max() < 8  # eyes, nose and mouth


def test_no_key_points_without_a_face_that_fills_the_crop(detector: FaceDetector) -> None:
    assert find_keypoints(np.full((90, 70, 3), 128, np.uint8), detector) is None
    assert find_keypoints(astronaut(), detector) is None  # there is a face, but it isn't what the picture shows


def source(face: tuple[Pixels, Floats], known: bool = True) -> Surrounded:
    height, width = face[0].shape[:2]
    return Surrounded(face[0], (0.0, 0.0, float(width), float(height)), face[1] if known else None)


def test_only_known_faces_are_drawn_on(face: tuple[Pixels, Floats]) -> None:
    unknown = source(face, known=False)
    assert put_mask_on(unknown, np.random.default_rng(0)) is None
    assert all(cover(unknown, True, np.random.default_rng(seed)) is unknown for seed in range(30))
    masked = put_mask_on(source(face), np.random.default_rng(0))
    assert masked is not None and (masked.picture != face[0]).any() and masked.inner == source(face).inner


def test_bare_faces_are_covered_more_often_than_masked_ones(face: tuple[Pixels, Floats]) -> None:
    shares = [
        np.mean([cover(source(face), bare, np.random.default_rng(seed)).picture is not face[0] for seed in range(300)])
        for bare in (True, False)
    ]
    assert 0.12 < shares[0] < 0.28 and 0.02 < shares[1] < 0.11


@pytest.mark.parametrize("boxed", [False, True])
def test_key_points_follow_the_picture_when_it_is_cut_and_shrunk(tmp_path: Path, boxed: bool) -> None:
    picture = np.zeros((900, 700, 3), np.uint8)
    spots = np.array([[300, 400], [420, 400], [360, 460], [360, 520], [240, 410], [480, 410]])
    for x, y in spots:
        picture[y - 6 : y + 7, x - 6 : x + 7] = 255
    path = tmp_path / "face.png"
    Image.fromarray(picture).save(path)
    box = (230.0, 330.0, 490.0, 590.0) if boxed else None
    kept = surrounded(path, box, tuple(float(value) for value in spots.ravel()), CropRule())
    assert kept.keypoints is not None and max(kept.picture.shape) <= 288
    for x, y in kept.keypoints:
        assert kept.picture[round(float(y)), round(float(x)), 0] > 128


class _ByBrightness:
    """Calls a face bare the brighter its middle is: enough to see which views it was shown."""

    card = ModelCard(labels=(MASK, NO_MASK), input_size=75, crop=CropRule(), threshold=0.5, sha256="")

    def judge(self, crops: Pixels) -> Judgement:
        assert crops.shape[1:] == (75, 75, 3)
        return judged(np.asarray(crops[:, 30:60, 25:50].mean(axis=(1, 2, 3)) / 255, np.float32))


def test_drawings_are_judged_on_bare_faces_alone_and_the_same_each_time(
    tmp_path: Path, face: tuple[Pixels, Floats]
) -> None:
    Image.fromarray(face[0]).save(tmp_path / "bare.png")
    Image.new("RGB", (90, 90)).save(tmp_path / "nobody.png")
    faces = [
        Labelled(tmp_path / "bare.png", NO_MASK, "own"),
        Labelled(tmp_path / "bare.png", MASK, "own"),
        Labelled(tmp_path / "nobody.png", NO_MASK, "own"),
        Labelled(tmp_path / "gone.png", NO_MASK, "own"),
    ]
    first, again = (judge_drawn(_ByBrightness(), faces) for _ in range(2))
    assert first.faces == 1 and (first.no_mask_probability == again.no_mask_probability).all()
    assert len(set(first.no_mask_probability[:, 0].tolist())) == len(DRAWINGS)
    assert judge_drawn(_ByBrightness(), faces[1:2]).faces == 0


def test_drawn_answers_have_a_row_for_each_drawing() -> None:
    with pytest.raises(ValueError, match="no_mask_probability"):
        Drawn(np.zeros((2, 3), np.float32))
    assert MASKS in DRAWINGS


def test_a_drawn_mask_makes_a_bare_face_a_masked_one_in_training(tmp_path: Path, face: tuple[Pixels, Floats]) -> None:
    """Plain grey pictures stand for masked faces, so that a textured one with that label can only be a drawn mask."""
    Image.fromarray(face[0]).save(tmp_path / "bare.png")
    Image.new("RGB", (90, 90), (90, 90, 90)).save(tmp_path / "masked.png")
    points = tuple(float(value) for value in face[1].ravel())
    samples = [
        Sample(tmp_path / "bare.png", NO_MASK, "own", "a", TRAIN, None, points),
        Sample(tmp_path / "masked.png", MASK, "own", "b", TRAIN),
    ]
    shares = {}
    for without in ((), (RENDER,)):
        batches = Batches(
            samples, _ByBrightness.card, 60, seed=1, without=(*without, "warp", "patch", "spoil", "colour")
        )
        try:
            images, truth = batches.make(0)
        finally:
            batches.close()
        masked = images[truth[:, 0] > 0]
        shares[without] = np.mean([one.std() > 0.1 for one in masked])
        assert len(masked) > 15
    assert shares[RENDER,] == 0 and 0.02 < shares[()] < 0.4


def test_without_balance_classes_come_as_often_as_they_are_there(tmp_path: Path, face: tuple[Pixels, Floats]) -> None:
    Image.fromarray(face[0]).save(tmp_path / "face.png")
    samples = [Sample(tmp_path / "face.png", NO_MASK, "own", str(number), TRAIN) for number in range(9)]
    samples.append(Sample(tmp_path / "face.png", MASK, "own", "m", TRAIN))
    bare = {}
    for without in ((), (BALANCE,)):
        batches = Batches(samples, _ByBrightness.card, 120, seed=2, without=without)
        try:
            bare[without] = float(batches.make(0)[1][:, 1].mean())
        finally:
            batches.close()
    assert 0.35 < bare[()] < 0.65 and bare[BALANCE,] > 0.8
