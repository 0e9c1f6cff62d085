from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from maskcam.signals import SIGNALS, call_on_signals, stop_on_signals
from tests.support import environment


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_asks_and_the_second_interrupts(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_DFL)  # the suite may run under nohup
    try:
        with stop_on_signals() as stop:
            assert not stop
            os.kill(os.getpid(), number)
            assert stop
            assert stop.signal == number
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(number, before)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no such signal")
def test_the_end_of_the_terminal_may_be_told_twice() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        with stop_on_signals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop.signal == signal.SIGHUP
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("ctrl_c_is_heard")
def test_nothing_breaks_off_the_winding_up() -> None:
    with stop_on_signals() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        stop.wind_up()
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.signal == signal.SIGINT


@pytest.mark.usefixtures("ctrl_c_is_heard")
def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(one) for one in SIGNALS]
    with stop_on_signals():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert [signal.getsignal(one) for one in SIGNALS] == before


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_on_signals() as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert not stop
    finally:
        signal.signal(signal.SIGINT, before)


def test_signals_call_unless_they_are_ignored() -> None:
    before = [signal.getsignal(one) for one in SIGNALS]
    called: list[int] = []
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        call_on_signals(lambda: called.append(1))
        os.kill(os.getpid(), signal.SIGHUP)
        assert not called
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert len(called) == 2
    finally:
        for one, handler in zip(SIGNALS, before, strict=True):
            signal.signal(one, handler)


def struck_while_loading(command: list[str], number: signal.Signals) -> subprocess.CompletedProcess[str]:
    """Run a command in a process that gets this signal as soon as it loads anything large."""
    script = f"""
import importlib.abc, os, signal, sys

signal.signal({int(number)}, signal.SIG_DFL)

class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("numpy", "cv2", "PySide6", "mediapipe", "av"):
            os.kill(os.getpid(), {int(number)})

sys.meta_path.insert(0, Watch())
from maskcam.cli import main
code = main({command!r})
print(code, signal.getsignal({int(number)}) is signal.SIG_DFL)
"""
    return subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("arguments", [[], ["live"], ["live", "0", "--smallest-face", "60"]])
def test_the_viewer_can_be_ended_before_anything_large_is_loaded(arguments: list[str]) -> None:
    done = struck_while_loading(arguments, signal.SIGTERM)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("command", [["video", "a", "-o", "b.mp4"], ["image", "a"], ["demo"]])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_is_stopped_with_its_exit_code_also_before_its_work_begins(
    command: list[str], number: signal.Signals
) -> None:
    done = struck_while_loading(command, number)
    assert (done.returncode, done.stdout, done.stderr) == (0, "130 True\n", "maskcam: stopped\n")
