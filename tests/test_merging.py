"""Making one box a person of many."""

from __future__ import annotations

import math
import tracemalloc
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.boxes import overlaps
from maskcam.frames import KEYPOINTS, Faces
from maskcam.merging import (
    POOR_IOU,
    POOR_SHARE,
    POORER,
    SAME_IOU,
    SAME_SHARE,
    blend,
    gather,
    merge,
    merge_overlapping,
    moved,
    take,
)

Row = tuple[float, float, float, float, float]
"""A box by its corner and sides, and its score."""

rows = st.lists(
    st.tuples(st.floats(-50, 200), st.floats(-50, 200), st.floats(1, 150), st.floats(1, 150), st.floats(0, 1)),
    max_size=14,
)
# Of different scores there is one right order; among equal ones the first in the list wins.
distinct = rows.map(lambda many: [(*row[:4], (place + 1) / (len(many) + 1)) for place, row in enumerate(many)])


def faces(many: list[Row]) -> Faces:
    """Faces at these boxes, whose first key point is the box's corner."""
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in many], np.float32).reshape(-1, 4)
    points = np.zeros((len(many), KEYPOINTS, 2), np.float32)
    points[:, 0] = boxes[:, :2]
    return Faces(boxes, np.array([row[4] for row in many], np.float32), points)


def as_rows(found: Faces) -> list[list[float]]:
    return [[*box, score] for box, score in zip(found.boxes.tolist(), found.scores.tolist(), strict=True)]


def iou_and_share(a: list[float], b: list[float]) -> tuple[float, float]:
    """The overlap of two boxes, and the smaller one's share in the other, the slow way."""
    wide = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0)
    high = max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    areas = [(one[2] - one[0]) * (one[3] - one[1]) for one in (a, b)]
    return wide * high / (sum(areas) - wide * high), wide * high / min(areas)


@given(rows, rows)
def test_overlaps_are_those_of_each_pair(first: list[Row], second: list[Row]) -> None:
    a, b = faces(first).boxes, faces(second).boxes
    iou, share = overlaps(a, b)
    assert iou.shape == share.shape == (len(a), len(b))
    for i, one in enumerate(a.tolist()):
        for j, other in enumerate(b.tolist()):
            assert (iou[i, j], share[i, j]) == pytest.approx(iou_and_share(one, other), abs=1e-6)
    assert ((iou >= 0) & (iou <= share + 1e-9) & (share <= 1 + 1e-9)).all()


def odds(score: float) -> float:
    kept = min(max(score, 1e-6), 1 - 1e-6)
    return math.log(kept / (1 - kept))


def same(first: list[float], second: list[float]) -> bool:
    """Whether the second, a box with its score that is no better, is the first one's face, the slow way."""
    iou, share = iou_and_share(first, second)
    poor = odds(first[4]) - odds(second[4]) > POORER and (iou > POOR_IOU or share > POOR_SHARE)
    return iou > SAME_IOU or share > SAME_SHARE or poor


def is_sharp(many: list[Row]) -> bool:
    """Whether no pair lies on a limit, where 32 bits and 64 bits may differ."""
    found = as_rows(faces(many))
    for i, one in enumerate(found):
        for other in found[:i]:
            iou, share = iou_and_share(one, other)
            gap = abs(odds(one[4]) - odds(other[4]))
            values = (iou - SAME_IOU, share - SAME_SHARE, iou - POOR_IOU, share - POOR_SHARE, gap - POORER)
            if min(map(abs, values)) < 1e-4:
                return False
    return True


@given(rows.filter(is_sharp))
def test_what_is_kept_is_no_pair_and_what_goes_has_a_better_one(many: list[Row]) -> None:
    found = faces(many)
    kept = merge(found)
    assert (np.diff(kept.scores) <= 0).all(), "best first"
    left = as_rows(kept)
    assert not any(same(one, other) for place, one in enumerate(left) for other in left[place + 1 :])
    for row in as_rows(found):
        assert row in left or any(one[4] >= row[4] and same(one, row) for one in left), "goes without a better box"
    if many:
        assert kept.scores[0] == found.scores.max()


@given(rows, st.sampled_from([0.3, 0.5]))
def test_of_what_overlaps_the_best_is_kept(many: list[Row], limit: float) -> None:
    found = faces(many)
    kept = merge_overlapping(found, limit)
    assert (np.diff(kept.scores) <= 0).all(), "best first"
    assert not (overlaps(kept.boxes, kept.boxes)[0] > limit)[~np.eye(len(kept), dtype=np.bool_)].any()
    better = kept.scores[None] >= found.scores[:, None]
    assert ((overlaps(found.boxes, kept.boxes)[0] > limit) & better).any(axis=1).all()


@given(rows)
def test_merging_again_changes_nothing(many: list[Row]) -> None:
    once = merge(faces(many))
    again = merge(once)
    assert as_rows(again) == as_rows(once)
    np.testing.assert_array_equal(again.keypoints, once.keypoints)


@given(distinct, st.randoms(use_true_random=False))
def test_the_order_of_the_boxes_plays_no_part(many: list[Row], random: Random) -> None:
    shuffled = random.sample(many, len(many))
    assert as_rows(merge(faces(shuffled))) == as_rows(merge(faces(many)))


def test_an_ear_and_a_head_with_shoulders_go_before_the_better_face() -> None:
    ear, face, shoulders, other = (
        (60, 60, 20, 20, 0.4),
        (40, 40, 60, 60, 0.9),
        (10, 20, 130, 130, 0.6),
        (300, 0, 9, 9, 0.2),
    )
    assert [row[4] for row in (ear, face)] == [0.4, 0.9]
    kept = merge(faces([ear, face, shoulders, other]))
    np.testing.assert_allclose(kept.scores, [0.9, 0.2])
    by_overlap_alone = merge_overlapping(faces([ear, face, shoulders, other]), SAME_IOU)
    assert len(by_overlap_alone) == 4


def test_two_neighbours_stay_two_however_close() -> None:
    assert len(merge(faces([(0, 0, 50, 50, 0.9), (30, 0, 50, 50, 0.8)]))) == 2


@pytest.mark.parametrize(("score", "left"), [(0.85, 2), (0.3, 1)])
def test_a_much_poorer_box_beside_a_face_is_that_face(score: float, left: int) -> None:
    assert len(merge(faces([(0, 0, 50, 50, 0.9), (30, 0, 50, 50, score)]))) == left


@given(rows)
def test_blended_boxes_keep_the_best_scores_and_lie_among_those_they_are_made_of(many: list[Row]) -> None:
    found = faces(many)
    blended = blend(found)
    assert sorted(blended.scores.tolist()) == sorted(merge_overlapping(found, SAME_IOU).scores.tolist())
    assert (np.diff(blended.scores) <= 0).all(), "best first"
    for box in blended.boxes:
        assert (box >= found.boxes.min(axis=0) - 1e-3).all() and (box <= found.boxes.max(axis=0) + 1e-3).all()


def test_a_blend_is_the_mean_by_squared_scores() -> None:
    blended = blend(faces([(0, 0, 50, 50, 0.4), (10, 0, 50, 50, 0.8), (200, 0, 50, 50, 0.5)]))
    np.testing.assert_allclose(blended.scores, [0.8, 0.5])
    np.testing.assert_allclose(blended.boxes, [[8, 0, 58, 50], [200, 0, 250, 50]])
    np.testing.assert_allclose(blended.keypoints[:, 0], [[8, 0], [200, 0]])


def test_a_blend_wavers_less_than_the_boxes_it_is_made_of() -> None:
    random = np.random.default_rng(3)
    blends, best = [], []
    for _ in range(50):
        rows = [(*random.normal(0, 3, 2).tolist(), 50.0, 50.0, random.uniform(0.5, 0.9)) for _ in range(4)]
        blends.append(blend(faces(rows)).boxes[0])
        best.append(merge(faces(rows)).boxes[0])
    assert np.std(blends, axis=0).mean() < 0.7 * np.std(best, axis=0).mean()


def test_a_face_keeps_its_own_key_points() -> None:
    kept = merge(faces([(0, 0, 50, 50, 0.3), (100, 0, 50, 50, 0.8), (4, 4, 50, 50, 0.7)]))
    np.testing.assert_array_equal(kept.keypoints[:, 0], kept.boxes[:, :2])
    assert kept.boxes[:, 0].tolist() == [100, 4]


@given(st.lists(rows, max_size=4))
def test_gathering_keeps_all_in_order(parts: list[list[Row]]) -> None:
    gathered = gather([faces(part) for part in parts])
    assert as_rows(gathered) == [row for part in parts for row in as_rows(faces(part))]
    assert gathered.keypoints.shape == (sum(map(len, parts)), KEYPOINTS, 2)


def test_gathering_nothing_gives_no_face() -> None:
    assert len(gather([])) == len(merge(Faces.none())) == len(moved(Faces.none(), 3, 4)) == 0


def test_moving_takes_box_and_key_points_along_and_leaves_the_first_alone() -> None:
    found = faces([(10, 20, 30, 40, 0.5)])
    there = moved(found, 100, 7)
    assert there.boxes.tolist() == [[110, 27, 140, 67]]
    assert there.keypoints[0, 0].tolist() == [110, 27] and there.keypoints[0, 1].tolist() == [100, 7]
    assert there.boxes.dtype == there.keypoints.dtype == np.float32
    assert found.boxes.tolist() == [[10, 20, 40, 60]]


def test_taking_by_places_and_by_flags() -> None:
    found = faces([(0, 0, 1, 1, 0.1), (5, 5, 1, 1, 0.2), (9, 9, 1, 1, 0.3)])
    assert take(found, np.array([2, 0])).boxes[:, 0].tolist() == [9, 0]
    assert take(found, found.scores > 0.15).keypoints[:, 0, 0].tolist() == [5, 9]
    assert len(take(found, np.zeros(3, np.bool_))) == 0


def test_many_boxes_need_little_memory() -> None:
    count = 4000
    corners = np.stack(np.divmod(np.arange(count), 64), axis=1).astype(np.float32) * 50
    many = Faces(
        np.concatenate([corners, corners + 40], axis=1),
        np.linspace(0.9, 0.1, count, dtype=np.float32),
        np.zeros((count, KEYPOINTS, 2), np.float32),
    )
    for work in (merge, blend, lambda one: merge_overlapping(one, 0.4)):
        tracemalloc.start()
        found = work(many)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(found) == count
        assert most < 20_000_000  # all against all takes 128 million bytes
