from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from maskcam.runner import WAITING, side_by_side
from tests.support import wait_for


def test_everything_comes_out_in_order() -> None:
    assert list(side_by_side(range(100), lambda n: n * n)) == [n * n for n in range(100)]


def test_nothing_in_nothing_out() -> None:
    assert list(side_by_side([], str)) == []


def test_enough_ends_it_but_not_before_the_first() -> None:
    for wanted in (0, 1, 4):
        done: list[int] = []
        results = side_by_side(range(100), lambda n: done.append(n) or n, lambda: len(done) >= wanted)  # noqa: B023
        assert list(results) == done == list(range(max(wanted, 1)))


def test_reading_working_and_taking_happen_in_three_threads() -> None:
    readers: set[int] = set()

    def read() -> Iterator[int]:
        for number in range(5):
            readers.add(threading.get_ident())
            yield number

    workers = set(side_by_side(read(), lambda _: threading.get_ident()))
    assert len(readers | workers | {threading.get_ident()}) == 3


def test_memory_stays_level_when_nobody_takes() -> None:
    taken = 0

    def read() -> Iterator[int]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield number

    results = side_by_side(read(), lambda n: n)
    next(results)
    wait_for(lambda: taken >= WAITING)
    time.sleep(0.4)  # enough to take all, if nothing held it back
    assert taken <= 2 * WAITING + 6
    results.close()


def test_an_error_in_reading_is_raised_after_what_was_read() -> None:
    def read() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    results = side_by_side(read(), lambda n: n)
    assert next(results) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(results)


def test_an_error_in_working_is_raised_with_its_trace() -> None:
    def work(number: int) -> float:
        return 1 / (2 - number)

    with pytest.raises(ZeroDivisionError) as raised:
        list(side_by_side(range(5), work))
    assert any(entry.name == "work" for entry in raised.traceback)


@pytest.mark.parametrize("end", ["exhaust", "close", "fail"])
def test_threads_end_and_the_source_is_closed_however_it_ends(end: str) -> None:
    before = threading.active_count()
    closed = []

    def read() -> Iterator[int]:
        try:
            yield from range(20)
        finally:
            closed.append(True)

    def work(number: int) -> int:
        if end == "fail" and number == 9:
            raise ValueError("nine")
        return number

    results = side_by_side(read(), work)
    next(results)
    if end == "close":
        results.close()
    elif end == "fail":
        with pytest.raises(ValueError, match="nine"):
            list(results)
    else:
        list(results)
    assert threading.active_count() == before
    assert closed == [True]


def test_what_was_worked_on_comes_out_when_it_is_enough() -> None:
    before = threading.active_count()
    worked: list[int] = []
    taken: list[int] = []
    enough = threading.Event()

    def work(number: int) -> int:
        worked.append(number)
        return number

    def take() -> Iterator[int]:
        complete.append((yield from side_by_side(iter(range(1000)), work, enough.is_set)))

    complete: list[bool] = []
    for number in take():
        taken.append(number)
        if number == 5:
            enough.set()
    assert taken == worked == list(range(len(taken)))
    assert 6 <= len(taken) < 20 and complete == [False]
    assert threading.active_count() == before
    enough.clear()
    assert list(take()) == list(range(1000)) and complete == [False, True]


def test_never_started_never_runs() -> None:
    before = threading.active_count()
    side_by_side(iter(()), str).close()
    assert threading.active_count() == before


def test_a_source_that_the_caller_opened_is_left_open() -> None:
    class Source:
        closed = False

        def __iter__(self) -> Iterator[int]:
            yield from range(3)

        def close(self) -> None:
            self.closed = True

    source = Source()
    assert list(side_by_side(source, str)) == ["0", "1", "2"]
    assert not source.closed
