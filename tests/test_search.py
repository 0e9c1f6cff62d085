"""The search plan: what each round of looks promises, for any frame."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskcam.search import CLOSE_REACH, OVERLAP, REACH, SMALLEST_FACE, Look, plan_search

sides = st.integers(1, 2000)
faces = st.integers(8, 400)
reaches = st.sampled_from([REACH, CLOSE_REACH])


def side_of(one: tuple[Look, ...]) -> int:
    """A round's tile side: that of its longest look."""
    return max(max(look.right - look.left, look.bottom - look.top) for look in one)


@settings(max_examples=200)
@given(sides, sides, faces)
def test_every_round_covers_every_pixel_and_leaves_the_frame_nowhere(width: int, height: int, smallest: int) -> None:
    plan = plan_search(width, height, smallest)
    for one in plan.rounds:
        seen = np.zeros((height, width), np.bool_)
        for look in one:
            assert 0 <= look.left < look.right <= width
            assert 0 <= look.top < look.bottom <= height
            seen[look.top : look.bottom, look.left : look.right] = True
        assert seen.all()
        assert len(set(one)) == len(one), "no look is shown twice"


@settings(max_examples=200)
@given(sides, sides, faces, reaches)
def test_the_whole_frame_comes_first_and_rounds_shrink_to_the_smallest_face(
    width: int, height: int, smallest: int, reach: float
) -> None:
    plan = plan_search(width, height, smallest, reach)
    assert plan.rounds[0] == (Look(0, 0, width, height),)
    assert plan.looks == tuple(look for one in plan.rounds for look in one)
    lengths = [max(width, height), *(side_of(one) for one in plan.rounds[1:])]
    finest = math.ceil(smallest * reach)
    if lengths[0] <= finest:
        assert len(lengths) == 1, "the whole frame is enough"
        return
    for longer, shorter in pairwise(lengths):
        assert shorter < longer
        assert shorter >= math.floor(longer / 2) - 1, "no size of face is left out between two rounds"
    assert lengths[-1] == finest, "the last round sees faces as small as was asked, and none smaller"
    assert all(length > finest for length in lengths[:-1])


@settings(max_examples=300)
@given(st.data(), st.integers(16, 2000), st.integers(16, 2000), faces, reaches)
def test_a_face_of_any_size_and_place_is_whole_in_a_look_that_sees_it(
    data: st.DataObject, width: int, height: int, smallest: int, reach: float
) -> None:
    """Whatever fits the overlap of a round is whole in one of its tiles; some round sees it and is that coarse."""
    plan = plan_search(width, height, smallest, reach)
    size = data.draw(st.integers(1, min(width, height)))
    left, top = data.draw(st.integers(0, width - size)), data.draw(st.integers(0, height - size))

    def whole_in(one: tuple[Look, ...]) -> bool:
        return any(
            look.left <= left and look.top <= top and look.right >= left + size and look.bottom >= top + size
            for look in one
        )

    for one in plan.rounds[1:]:
        if size <= math.floor(side_of(one) * OVERLAP) - 1:  # starts are rounded to pixels
            assert whole_in(one)
    if size >= smallest:
        seeing = [one for one in plan.rounds if size * reach >= side_of(one) - reach]
        assert any(whole_in(one) for one in seeing)


@given(sides, sides, faces)
def test_a_smaller_face_never_costs_fewer_looks(width: int, height: int, smallest: int) -> None:
    assert len(plan_search(width, height, smallest).looks) >= len(plan_search(width, height, smallest + 1).looks)


@given(sides, sides, faces, st.integers(1, 20), st.integers(0, 1000))
def test_in_turns_every_tile_has_its_own_and_the_whole_frame_all(
    width: int, height: int, smallest: int, count: int, begin: int
) -> None:
    plan = plan_search(width, height, smallest)
    turns = max(math.ceil((len(plan.looks) - 1) / count), 1)
    shares = [plan.share(turn, count) for turn in range(begin, begin + turns)]
    assert all(one[0] == plan.looks[0] and len(one) <= count + 1 for one in shares)
    assert sorted(look for one in shares for look in one[1:]) == sorted(plan.looks[1:])


@given(sides, sides, faces, st.integers(1, 20), st.lists(st.integers(1, 6), min_size=1, max_size=30))
def test_a_frame_that_stands_for_several_has_the_looks_of_all(
    width: int, height: int, smallest: int, count: int, steps: list[int]
) -> None:
    plan = plan_search(width, height, smallest)
    turn = 0
    for turns in steps:
        one, apart = plan.share(turn + turns, count, turns), {plan.looks[0]}
        for each in range(turn + 1, turn + turns + 1):
            apart |= set(plan.share(each, count))
        assert set(one) == apart and len(one) == len(apart)
        turn += turns


def test_a_plan_says_what_it_is() -> None:
    plan = plan_search(1280, 720, 24)
    counts = ", ".join(f"{len(one)} of {side_of(one)} px" for one in plan.rounds[1:])
    assert str(plan) == f"faces from 24 px in 1280x720: the whole frame, then tiles: {counts}; 124 looks in all"
    assert str(plan_search(100, 80, 24)) == "faces from 24 px in 100x80: the whole frame"
    upright = str(plan_search(720, 1280, 24))
    assert upright == str(plan).replace("1280x720", "720x1280"), "the tiles are those of the same picture on its side"


def test_the_smallest_face_is_the_default_and_half_the_size_costs_more() -> None:
    assert plan_search(1280, 720) == plan_search(1280, 720, SMALLEST_FACE)
    assert len(plan_search(1280, 720, 48).looks) < len(plan_search(1280, 720, 24).looks)


@pytest.mark.parametrize("wrong", [(0, 5, 5), (5, 0, 5), (-1, 5, 5), (5, 5, 0), (5, 5, -3)])
def test_nonsense_is_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="can't look for faces"):
        plan_search(*wrong)


@pytest.mark.parametrize("reach", [1 / OVERLAP, 1, 0, -6])
def test_faces_too_large_for_what_tiles_share_are_refused(reach: float) -> None:
    with pytest.raises(ValueError, match="would not be whole"):
        plan_search(640, 480, 24, reach)


@pytest.mark.parametrize("wrong", [(0, 0, 0, 5), (0, 0, 5, 0), (-1, 0, 5, 5), (0, -1, 5, 5), (3, 0, 2, 5)])
def test_a_look_has_an_area_inside_the_frame(wrong: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="area"):
        Look(*wrong)
