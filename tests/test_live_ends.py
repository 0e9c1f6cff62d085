"""The live runner ends: told to, by an error, and with nothing left behind."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from maskcam.frames import EventKind, Frame, Pixels, Result
from maskcam.live import Cause, LiveSource, SourceLost, Stage
from maskcam.pipeline import Pipeline
from maskcam.runner import LiveRunner
from tests.http_camera import HttpCamera
from tests.live_parts import Hanging, Parts, stream, wait_for_view
from tests.support import astronaut, environment, wait_for

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


def test_it_starts_once_and_stops_before_it_started(parts: Parts) -> None:
    runner = LiveRunner(Hanging, Pipeline(*parts))
    runner.reopen()
    assert runner.stop(0.1)
    source = Hanging()
    runner = LiveRunner(lambda: source, Pipeline(*parts))
    runner.start()
    with pytest.raises(RuntimeError):
        runner.start()
    source.let_go.set()
    assert runner.stop(60)
    runner.reopen()
    assert threading.active_count() == 1 or not any("maskcam" in one.name for one in threading.enumerate())


@pytest.mark.parametrize("where", ["pipeline", "source", "on_change"])
def test_an_error_is_raised_where_somebody_looks(where: str, parts: Parts) -> None:
    class Broken(Pipeline):
        def process(self, frame: Frame) -> Result:
            raise ZeroDivisionError(where) if where == "pipeline" else RuntimeError("unused")

    class Source(Hanging):
        def read(self) -> Pixels:
            if where == "source":
                raise ZeroDivisionError(where)
            return super().read()

    def changed() -> None:
        if where == "on_change":
            raise ZeroDivisionError(where)

    source = Source(pictures=2)
    pipeline = (Broken if where == "pipeline" else Pipeline)(*parts)
    runner = LiveRunner(lambda: source, pipeline, on_change=changed)
    runner.start()
    with pytest.raises(ZeroDivisionError, match=where):
        wait_for_view(runner, lambda view: False)
    with pytest.raises(ZeroDivisionError, match=where):
        runner.drain()
    source.let_go.set()
    assert runner.stop(60)
    assert source.closed


def test_what_happened_before_an_error_is_told_all_the_same(parts: Parts) -> None:
    class Broken(Pipeline):
        appeared = False

        def process(self, frame: Frame) -> Result:
            if self.appeared:
                raise ZeroDivisionError
            result = super().process(frame)
            self.appeared = bool(result.events)
            return result

    class Portraits(Hanging):
        def read(self) -> Pixels:
            time.sleep(0.05)
            return astronaut()

    runner = LiveRunner(Portraits, Broken(*parts))
    runner.start()
    with pytest.raises(ZeroDivisionError):
        wait_for_view(runner, lambda view: False)
    assert runner.stop(60)
    events = runner.farewell()
    assert [event.kind for event in events] == [EventKind.APPEARED, EventKind.LEFT]
    assert runner.farewell() == (), "only once"


def test_opening_and_closing_leaves_nothing_behind(parts: Parts) -> None:
    process = psutil.Process()

    def cycle(camera: HttpCamera) -> None:
        runner = LiveRunner(stream(camera), Pipeline(*parts))
        runner.start()
        wait_for_view(runner, lambda view: view.newest)
        runner.reopen()
        assert runner.stop(60)

    with HttpCamera(size=(320, 240), rate=60) as camera:
        for _ in range(3):
            cycle(camera)
        wait_for(lambda: not any("maskcam" in one.name for one in threading.enumerate()))
        gc.collect()
        threads, files = process.num_threads(), process.num_fds() if os.name == "posix" else 0
        for _ in range(20):
            cycle(camera)
        assert not any("maskcam" in one.name for one in threading.enumerate())
        # The camera's own side may still hold a last connection or two.
        wait_for(lambda: process.num_threads() <= threads + 1)
        if os.name == "posix":
            wait_for(lambda: process.num_fds() <= files + 2)


def test_the_process_ends_while_a_native_read_hangs(tmp_path: Path) -> None:
    script = """
import os, sys
from maskcam.sources.stream import StreamSource
from maskcam.runner import LiveRunner
class Nothing:
    def process(self, frame): raise AssertionError
    def finish(self): return ()
    def __init__(self): pass
runner = LiveRunner(lambda: StreamSource(sys.argv[1], open_timeout=60, read_timeout=60), Nothing())
runner.start()
print("started", flush=True)
sys.stdin.readline()
print(runner.stop(0.3), flush=True)
os._exit(0)
"""
    with HttpCamera(size=(64, 48)) as camera:
        camera.freeze()
        child = subprocess.Popen(
            [sys.executable, "-c", script, camera.url],
            env=environment(),
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == "started\n"
        wait_for(lambda: camera.connections)
        said, errors = child.communicate("\n", timeout=30)  # the read alone would take 60
    assert (said, errors, child.returncode) == ("False\n", "", 0)


def test_a_source_whose_opening_hangs_is_not_opened_ever_again(parts: Parts) -> None:
    gate = threading.Event()

    def hangs() -> LiveSource:
        gate.wait(120)
        raise SourceLost("too late", Cause.SILENT)

    runner = LiveRunner(hangs, Pipeline(*parts))
    runner.start()
    for _ in range(20):
        runner.reopen()
    assert capturing() <= 4
    gate.set()
    wait_for(lambda: not capturing())
    with HttpCamera(size=(64, 48)) as camera:
        runner.switch(stream(camera))
        wait_for_view(runner, lambda view: view.newest)
        assert runner.stop(60)


def test_openings_that_hang_do_not_keep_another_source_from_being_opened_again(parts: Parts) -> None:
    gate = threading.Event()

    def hangs() -> LiveSource:
        gate.wait(120)
        raise SourceLost("too late", Cause.SILENT)

    runner = LiveRunner(hangs, Pipeline(*parts))
    runner.start()
    for _ in range(20):
        runner.reopen()
    with HttpCamera(size=(64, 48)) as camera:
        runner.switch(stream(camera))
        wait_for_view(runner, lambda view: view.newest)
        camera.kill()
        wait_for_view(runner, lambda view: view.stage is Stage.LOST)
        camera.start()
        runner.reopen()
        wait_for_view(runner, lambda view: view.stage is Stage.RUNNING)
        gate.set()
        assert runner.stop(60)


class Well(LiveSource):
    """A source that gives a picture whenever it is asked."""

    name = "well"

    def __init__(self) -> None:
        self.reading = threading.Event()

    def read(self) -> Pixels:
        self.reading.set()
        time.sleep(0.02)
        return np.full((48, 64, 3), 90, np.uint8)

    def close(self) -> None:
        pass


def capturing() -> int:
    return sum(one.name == "maskcam capture" for one in threading.enumerate())


def test_a_source_whose_reads_hang_is_not_opened_ever_again(parts: Parts) -> None:
    opened: list[Hanging] = []

    def opens() -> LiveSource:
        opened.append(Hanging())
        return opened[-1]

    runner = LiveRunner(opens, Pipeline(*parts))
    runner.start()
    for number in range(8):
        last = min(number, 3)
        wait_for(lambda: len(opened) > last and opened[last].reading.is_set())  # noqa: B023
        runner.reopen()
    assert capturing() <= 4
    for one in opened:
        one.let_go.set()
    wait_for(lambda: capturing() == 1)  # the newest, which gives pictures from now on
    before = len(opened)
    runner.reopen()
    wait_for(lambda: len(opened) > before)
    opened[-1].let_go.set()
    assert runner.stop(60)


def test_a_source_that_is_well_may_be_opened_again_whatever_hung_before(parts: Parts) -> None:
    opened: list[Hanging | Well] = []

    def opens() -> LiveSource:
        opened.append(Hanging() if len(opened) < 3 else Well())
        return opened[-1]

    runner = LiveRunner(opens, Pipeline(*parts))
    runner.start()
    for last in range(3):
        wait_for(lambda: len(opened) > last and opened[last].reading.is_set())  # noqa: B023
        runner.reopen()
    wait_for_view(runner, lambda view: view.stage is Stage.RUNNING)
    assert capturing() == 4, "as many as may hang"
    runner.reopen()
    wait_for(lambda: len(opened) == 5)
    for one in opened:
        if isinstance(one, Hanging):
            one.let_go.set()
    assert runner.stop(60)
