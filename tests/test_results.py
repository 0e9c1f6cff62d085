"""`maskcam.runner.results`: pictures are lost before events, and what happened at another source stays apart."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from maskcam.frames import Event, EventKind
from maskcam.runner.results import UNDRAINED, Results
from maskcam.viewer.totals import Totals
from tests.viewer_parts import BARE, MASK, analysed


def left(track: int) -> Event:
    return Event(0.0, track, EventKind.LEFT, BARE, 0.9)


def tracks(events: tuple[Event, ...]) -> list[int]:
    return [event.track for event in events]


@given(st.lists(st.sampled_from(["", "jump", "change", "jump, then change"]), max_size=40))
def test_no_event_is_lost_or_told_twice_and_those_before_the_last_change_stay_apart(moves: list[str]) -> None:
    """Each result has an event of its own; a jump and a change of the source before it have one each, too."""
    results = Results()
    expected: list[int] = []
    own: list[int] = []
    for number, move in enumerate(moves):
        if "jump" in move:
            results.keep((left(1000 + number),), same_source=True)
            own.append(1000 + number)
        if "change" in move:
            results.keep((left(2000 + number),), same_source=False)
            expected += [*own, 2000 + number]
            own = []
        results.add(analysed(number, number / 10, appeared=(number,)))
        own.append(number)
    taken = results.take()
    assert len(taken) == min(len(moves), UNDRAINED) and results.take() == ()
    assert [track for one in taken for track in tracks(one.events)] == expected + own
    last_change = max((number for number, move in enumerate(moves) if "change" in move), default=0)
    since = [track for one in taken if one.captured.frame.index >= last_change for track in tracks(one.result.events)]
    assert since == own, "nothing of a source before counts for this one, and all of before a jump does"


def test_events_that_no_result_came_for_can_be_had() -> None:
    results = Results()
    results.keep((left(1),), same_source=True)
    results.keep((left(2),), same_source=False)
    results.keep((left(3),), same_source=True)
    assert tracks(results.take_orphans()) == [1, 2, 3] and results.take_orphans() == ()


def test_whoever_was_without_a_mask_in_what_nobody_took_is_counted() -> None:
    results, totals = Results(), Totals()
    for number in range(3 * UNDRAINED):
        one = analysed(number, number / 10, (1, BARE if number < UNDRAINED else MASK))
        kind = {0: EventKind.APPEARED, UNDRAINED: EventKind.VERDICT}.get(number)
        events = () if kind is None else (Event(number / 10, 1, kind, BARE if number == 0 else MASK, 0.9),)
        results.add(replace(one, result=replace(one.result, events=events)))
    for one in results.take():
        totals.add(one.result)
    assert (totals.people, totals.people_without) == (1, 1)
