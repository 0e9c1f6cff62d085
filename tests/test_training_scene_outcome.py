"""What becomes of each labelled face and each box, and the report that counts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskcam.frames import Faces, Reason, Result, Verdict
from tests.scene_parts import Four, scene
from training.heads import FILLS_HEAD, INSIDE_HEAD
from training.measures import wilson
from training.scan import INCORRECT, _best
from training.scene_outcome import (
    BANDS,
    FOUND_IOU,
    MISSED,
    RIGHT,
    UNSURE,
    WRONG,
    Extra,
    Face,
    Holds,
    Outcome,
    Seen,
    fits,
    match,
)
from training.scene_report import as_dict, report


def seen(boxes: Sequence[Four], verdicts: Sequence[Verdict] = ()) -> Result:
    """What the app says of a picture; all are masked unless told otherwise."""
    n = len(boxes)
    said = tuple(verdicts) or (Verdict.MASK,) * n
    probability = np.full(n, 0.5, np.float32)
    return Result(
        0,
        0.0,
        1000,
        1000,
        np.array(boxes, np.float32).reshape(-1, 4),
        probability,
        np.full(n, -1, np.int64),
        np.ones(n, np.bool_),
        probability,
        probability,
        said,
        tuple(Reason.MIXED if one is Verdict.UNSURE else None for one in said),
        np.zeros(n, np.float32),
    )


def over(free: Sequence[Extra], boxes: Sequence[Four]) -> list[int]:
    """The places of the boxes that were left over."""
    return [list(boxes).index(one.seen.box) for one in free]


@pytest.mark.parametrize(
    ("label", "verdict", "outcome"),
    [
        ("with_mask", Verdict.MASK, RIGHT),
        ("with_mask", Verdict.NO_MASK, WRONG),
        ("with_mask", Verdict.UNSURE, UNSURE),
        ("without_mask", Verdict.NO_MASK, RIGHT),
        ("without_mask", Verdict.MASK, WRONG),
        ("without_mask", Verdict.UNSURE, UNSURE),
        (INCORRECT, Verdict.NO_MASK, RIGHT),
        (INCORRECT, Verdict.MASK, WRONG),
    ],
)
def test_what_becomes_of_a_face_that_is_found(label: str, verdict: Verdict, outcome: str) -> None:
    (face,), free = match(scene([(0, 0, 40, 40)], [label]), seen([(2, 0, 42, 40)], [verdict]))
    assert (face.label, face.outcome, face.box, free) == (label, outcome, (0, 0, 40, 40), [])


def test_a_face_without_a_box_is_missed_and_a_second_box_is_left_over() -> None:
    heads = scene([(0, 0, 40, 40), (100, 0, 140, 40)], ["with_mask", "without_mask"])
    boxes: list[Four] = [(6, 0, 46, 40), (1, 0, 41, 40), (30, 0, 70, 40)]
    faces, free = match(heads, seen(boxes))
    assert [one.outcome for one in faces] == [RIGHT, MISSED]
    assert over(free, boxes) == [0, 2], (
        "the better of two boxes is the face's, and one that overlaps too little is nobody's"
    )


def test_boxes_between_two_heads_are_shared_best_pairs_first() -> None:
    heads = scene([(0, 0, 40, 40), (20, 0, 60, 40)], ["with_mask", "without_mask"])
    faces, free = match(heads, seen([(19, 0, 59, 40), (8, 0, 48, 40)], [Verdict.NO_MASK, Verdict.MASK]))
    assert [one.outcome for one in faces] == [RIGHT, RIGHT] and free == []


def test_a_head_with_another_label_takes_its_box_but_is_not_judged() -> None:
    heads = scene([(0, 0, 40, 40), (100, 0, 140, 40)], ["back_of_head", "with_mask"])
    faces, free = match(heads, seen([(0, 0, 40, 40), (100, 0, 140, 40)]))
    assert [(one.label, one.outcome) for one in faces] == [("with_mask", RIGHT)] and free == []


def test_empty_scenes_and_pictures_in_which_nobody_is_seen() -> None:
    boxes: list[Four] = [(0, 0, 9, 9)]
    faces, free = match(scene([], []), seen(boxes))
    assert faces == [] and over(free, boxes) == [0] and free[0].overlap == 0
    assert match(scene([], []), seen([])) == ([], [])
    faces, free = match(scene([(0, 0, 9, 9)], ["with_mask"]), seen([]))
    assert [one.outcome for one in faces] == [MISSED] and free == []


rectangles = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(5, 50), st.integers(5, 50)).map(
        lambda one: (float(one[0]), float(one[1]), float(one[0] + one[2]), float(one[1] + one[3]))
    ),
    max_size=7,
)


@settings(max_examples=200)
@given(rectangles, rectangles.map(lambda boxes: list(dict.fromkeys(boxes))), st.sampled_from(Holds))
def test_every_face_and_every_box_is_counted_once(heads: list[Four], boxes: list[Four], holds: Holds) -> None:
    labelled, result = scene(heads, ["with_mask"] * len(heads)), seen(boxes)
    faces, free = match(labelled, result, holds)
    found = [one.outcome != MISSED for one in faces]
    assert len(faces) == len(heads)
    assert sum(found) + len(free) == len(boxes)
    given = [one.seen.box for one in faces if one.seen]
    assert sorted(given + [one.seen.box for one in free]) == sorted(boxes), "every box is somebody's or left over"
    missed = [place for place, one in enumerate(found) if not one]
    possible = fits(labelled.boxes, result.boxes, holds)[np.ix_(missed, over(free, boxes))]
    assert not possible.any(), "no face is missed that a box left over would fit"


@settings(max_examples=200)
@given(rectangles, rectangles)
def test_what_fits_a_face_and_what_fits_a_head_by_hand(labels: list[Four], boxes: list[Four]) -> None:
    """The rule for heads is that by which `prepare` takes a box for a head's face."""
    one, other = scene(labels, ["with_mask"] * len(labels)).boxes, scene(boxes, ["with_mask"] * len(boxes)).boxes
    on_face, on_head = (fits(one, other, holds) for holds in (Holds.FACE, Holds.HEAD))
    for i, (a, b, c, d) in enumerate(labels):
        for j, (e, f, g, h) in enumerate(boxes):
            shared = max(min(c, g) - max(a, e), 0) * max(min(d, h) - max(b, f), 0)
            whole, own = (c - a) * (d - b), (g - e) * (h - f)
            iou = shared / (whole + own - shared)
            assert on_face[i, j] == (pytest.approx(iou) if iou >= FOUND_IOU else 0)
            inside = shared >= INSIDE_HEAD * own and shared >= FILLS_HEAD * whole
            assert on_head[i, j] == (pytest.approx(iou) if inside else 0)
        scores = np.linspace(0.9, 0.1, len(boxes)).round(1).astype(np.float32)
        found = Faces(other, scores, np.zeros((len(boxes), 6, 2), np.float32))
        fitting = [(scores[j], on_head[i, j], -j) for j in range(len(boxes)) if on_head[i, j] > 0]
        assert _best(found, one[i]) == (boxes[-max(fitting)[2]] if fitting else None), "the surest of those that fit"


def test_a_face_in_its_head_is_found_by_the_rule_for_heads_alone() -> None:
    """It fills a quarter of the head, as faces do in boxes of whole heads; an ear is no face by either."""
    heads, boxes = scene([(0, 0, 80, 100)], ["without_mask"]), [(20.0, 40.0, 60.0, 90.0), (70.0, 40.0, 80.0, 50.0)]
    faces, free = match(heads, seen(boxes, [Verdict.NO_MASK] * 2))
    assert faces[0].outcome == MISSED and over(free, boxes) == [0, 1]
    faces, free = match(heads, seen(boxes, [Verdict.NO_MASK] * 2), Holds.HEAD)
    assert faces[0].outcome == RIGHT and over(free, boxes) == [1]
    assert faces[0].seen is not None and faces[0].seen.box == boxes[0]
    assert free[0].overlap == pytest.approx(100 / 8000)


BOX = Seen((0.0, 0.0, 5.0, 5.0), 0.6, 0.1, 0.2, Verdict.MASK)


def test_a_report_counts_by_label_and_width_by_hand() -> None:
    def face(wide: float, outcome: str, label: str = "with_mask") -> Face:
        return Face(Path("/a.png"), (0.0, 0.0, wide, wide), label, outcome, None if outcome == MISSED else BOX)

    faces = [
        *(face(19.9, MISSED), face(20, RIGHT), face(31.9, UNSURE), face(32, RIGHT), face(64, RIGHT), face(200, WRONG)),
        face(40, MISSED, "without_mask"),
    ]
    bare = replace(BOX, box=(0.0, 0.0, 40.0, 9.0), verdict=Verdict.NO_MASK)
    extra = [Extra(Path("/a.png"), one, overlap) for one, overlap in ((BOX, 0.0), (BOX, 0.11), (bare, 0.29))]
    outcome = Outcome(tuple(faces), tuple(extra), 2, 0.0421)
    assert [one.band for one in faces] == ["<20", "20-32", "20-32", "32-64", ">=64", ">=64", "32-64"]
    assert BANDS == (20, 32, 64)
    found = as_dict(outcome)
    assert (found["scenes"], found["milliseconds_a_scene"], found["boxes_without_label"]) == (2, 42.1, 3)
    assert found["of_them_beside_a_label"] == 1
    rows = {(row["label"], row["width"]): row for row in found["faces"]}
    assert list(rows) == [
        *(("with_mask", width) for width in ("<20", "20-32", "32-64", ">=64", ">=32 in all")),
        *(("without_mask", width) for width in ("32-64", ">=32 in all")),
    ]
    assert {name: rows["with_mask", ">=32 in all"][name] for name in (RIGHT, WRONG, UNSURE, MISSED)} == {
        RIGHT: 2,
        WRONG: 1,
        UNSURE: 0,
        MISSED: 0,
    }
    assert rows["with_mask", "20-32"][RIGHT] == rows["with_mask", "20-32"][UNSURE] == 1
    lines = list(report(outcome))
    low, high = wilson(2, 3) or (0, 0)
    assert f"| with_mask | >=32 in all | 3 | 2 | {100 * low:.0f}-{100 * high:.0f} % | 1 | 0 | 0 |" in lines
    assert {"| <20 | 2 | 0 | 2 | 0 |", "| 32-64 | 1 | 1 | 0 | 0 |"} < set(lines)
    assert found["without_label"][1] == {"width": "32-64", "mask": 0, "no_mask": 1, "unsure": 0}
    assert lines[-1] == (
        "3 boxes on no labelled face in 2 scenes, 1.50 each, 1 of them beside one (overlap of 0.12 or more);"
        " 42 ms a scene"
    )
