"""Where in a picture with a class, but no box, its face is: cut as the app would, within the picture, or all of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st

from maskcam.assets import MASK_MODEL, asset
from maskcam.crops import squares
from maskcam.frames import KEYPOINTS, Faces, Pixels
from maskcam.modelcard import MASK, NO_MASK, CropRule
from tests.drawn_faces import save
from training.evaluate import METRICS, REPORT, Wanted, evaluate
from training.framing import MUCH, SHRUNK, SURE, SURER, Unclear, framing
from training.manifest import Box
from training.prepare import describe, prepare
from training.scan import Trouble, scan

RULE = CropRule()
PORTRAIT = np.asarray(skimage.data.astronaut(), np.uint8)


def found(*boxes: tuple[float, float, float, float], scores: tuple[float, ...]) -> Faces:
    return Faces(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores, np.float32),
        np.zeros((len(boxes), KEYPOINTS, 2), np.float32),
    )


def cut_of(box: object) -> list[int]:
    assert isinstance(box, tuple)
    return [int(value) for value in squares(np.array([box], np.float32), RULE)[0]]


def test_a_face_well_inside_is_cut_as_the_app_would() -> None:
    box = (100.0, 80.0, 160.0, 140.0)
    faces = found(box, scores=(0.9,))
    assert cut_of(framing(faces, 300, 200, RULE)) == cut_of(box)


def test_a_crop_over_the_edge_is_moved_and_made_smaller_until_it_fits() -> None:
    faces = found((10, 5, 90, 85), scores=(0.9,))  # its crop is 96 px, from 2 to 98 and from -3 to 93
    assert cut_of(framing(faces, 200, 200, RULE)) == [2, 0, 98, 96]
    assert cut_of(framing(faces, 110, 80, RULE)) == [10, 0, 90, 80]


def test_a_picture_much_smaller_than_the_crop_is_the_face() -> None:
    faces = found((0, 0, 100, 100), scores=(0.9,))
    assert framing(faces, 120, round(120 * SHRUNK) + 1, RULE) is not None
    assert framing(faces, 120, round(120 * SHRUNK) - 2, RULE) is None


@pytest.mark.parametrize(
    ("side", "score", "expected"),
    [
        (MUCH * 200, SURE + 0.01, "cut"),
        (MUCH * 200, SURE - 0.01, None),
        (MUCH * 100, SURER + 0.01, "cut"),
        (MUCH * 100, SURER - 0.01, Unclear.SMALL),
    ],
)
def test_a_small_box_needs_more_certainty(side: float, score: float, expected: object) -> None:
    answer = framing(found((50, 50, 50 + side, 50 + side), scores=(score,)), 200, 200, RULE)
    assert ("cut" if isinstance(answer, tuple) else answer) == expected
    of_a_face = framing(found((25, 25, 25 + side / 2, 25 + side / 2), scores=(score,)), 100, 100, RULE)
    assert ("cut" if isinstance(of_a_face, tuple) else of_a_face) == ("cut" if expected == "cut" else None)


def test_of_several_faces_any_may_be_meant() -> None:
    boxes = ((10.0, 10.0, 60.0, 60.0), (120.0, 10.0, 170.0, 60.0))
    assert framing(found(*boxes, scores=(0.9, SURER + 0.01)), 200, 100, RULE) is Unclear.SEVERAL
    assert isinstance(framing(found(*boxes, scores=(0.9, SURER - 0.01)), 200, 100, RULE), tuple)
    larger = (*boxes[:1], (120.0, 10.0, 175.0, 65.0))
    assert framing(found(*larger, scores=(0.9, SURE + 0.01)), 200, 100, RULE) is Unclear.SEVERAL, (
        "a bystander in a crowd"
    )
    assert isinstance(framing(found(*larger, scores=(0.9, SURE - 0.01)), 200, 100, RULE), tuple)
    twice = ((10.0, 10.0, 60.0, 60.0), (14.0, 12.0, 66.0, 64.0))
    assert isinstance(framing(found(*twice, scores=(0.9, 0.88)), 200, 100, RULE), tuple), "two boxes of one face"


@pytest.mark.parametrize(("width", "expected"), [(128, None), (129, Unclear.SEVERAL)])
def test_a_small_picture_of_several_faces_is_a_face_already(width: int, expected: Unclear | None) -> None:
    boxes = ((5.0, 10.0, 55.0, 60.0), (70.0, 10.0, 120.0, 60.0))
    assert framing(found(*boxes, scores=(0.9, SURER + 0.01)), width, 100, RULE) is expected


def test_without_a_box_the_picture_is_the_face() -> None:
    assert framing(Faces.none(), 200, 100, RULE) is None


@given(
    width=st.integers(20, 2000),
    height=st.integers(20, 2000),
    corner=st.tuples(st.floats(-0.2, 1), st.floats(-0.2, 1)),
    side=st.floats(0.02, 1.2),
)
def test_what_is_cut_lies_in_the_picture_and_is_no_larger_than_the_apps_crop(
    width: int, height: int, corner: tuple[float, float], side: float
) -> None:
    x, y, long = corner[0] * width, corner[1] * height, side * max(width, height)
    box = (x, y, x + long, y + long)
    answer = framing(found(box, scores=(0.9,)), width, height, RULE)
    if answer is None:
        return
    x0, y0, x1, y1 = cut_of(answer)
    wanted = cut_of(box)
    assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height and x1 - x0 == y1 - y0
    assert x1 - x0 == min(wanted[2] - wanted[0], width, height)


def wide(*places: int) -> Pixels:
    """The head of the portrait at these columns of a wide grey picture."""
    picture = np.full((300, 1000, 3), 90, np.uint8)
    for place in places:
        picture[:, place : place + 300] = PORTRAIT[:300, 80:380]
    return picture


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two class folders as from the web: one person, two, and a picture that can't be read."""
    folder = tmp_path_factory.mktemp("web") / "collected"
    save(wide(300), folder / "without_mask" / "one.png")
    save(wide(50, 600), folder / "without_mask" / "two.png")
    (folder / "without_mask" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    save(PORTRAIT[:200, 140:320], folder / "with_mask" / "tight.png")
    return folder


def test_pictures_without_published_splits_are_cut_at_their_face(collected: Path) -> None:
    trouble = Trouble()
    boxes: dict[str, Box | None] = {one.path.name: one.box for one in scan(collected, trouble)}
    assert "two.png" not in boxes and trouble.several_faces == 1
    assert boxes["broken.jpg"] is None, "whoever wants its crop tells of it"
    x0, y0, x1, y1 = cut_of(boxes["one.png"])
    assert 300 + 77 <= (x0 + x1) / 2 <= 300 + 222 and 14 <= (y0 + y1) / 2 <= 192 and x1 - x0 < 250
    assert cut_of(boxes["tight.png"])[2] <= 180


def test_evaluate_tells_of_pictures_whose_label_means_nobody_in_particular(collected: Path, tmp_path: Path) -> None:
    wanted = Wanted(asset(MASK_MODEL), (collected,), tmp_path / "out", ladder_faces=0)
    told = list(evaluate(wanted))
    assert "not judged: 1 pictures of several faces: which is labelled, nothing says" in told
    metrics = json.loads((wanted.out / METRICS).read_text())
    assert metrics["not_judged"]["several_faces"] == 1 and metrics["not_judged"]["small_faces"] == 0
    assert "- 1 pictures of several faces" in (wanted.out / REPORT).read_text()


def test_published_pictures_stay_as_they_are(tmp_path: Path) -> None:
    for part in ("Train", "Test"):
        save(wide(300), tmp_path / "kaggle" / part / "WithoutMask" / f"{part}.png")
    assert [(one.label, one.box) for one in scan(tmp_path / "kaggle", Trouble())] == [(NO_MASK, None)] * 2


def test_prepare_tells_of_pictures_whose_label_means_nobody_in_particular(collected: Path, tmp_path: Path) -> None:
    prepared = prepare([collected], tmp_path / "out")
    assert any("1 pictures of several faces" in line for line in describe(prepared))
    assert {one.label for one in prepared.samples} == {MASK, NO_MASK}
    bare = next(one for one in prepared.samples if one.label == NO_MASK)
    assert bare.box is not None and bare.keypoints is not None
    x0, y0, x1, y1 = bare.box
    eyes = np.array(bare.keypoints).reshape(-1, 2)[:2]
    assert (eyes > (x0, y0)).all() and (eyes < (x1, y1)).all(), "key points are the picture's, not the cut's"
