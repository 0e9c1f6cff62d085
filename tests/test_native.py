from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading

import pytest

from maskcam.errors import UnusableInput
from maskcam.native import quiet
from tests.support import ROOT


def test_what_native_code_writes_is_held_back(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet():
        os.write(2, b"I0000 chatter\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_what_was_written_before_an_error_is_given_back(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="broken"), quiet():
        os.write(2, b"the reason\n")
        raise ValueError("broken")
    assert capfd.readouterr().err == "the reason\n"


def test_it_works_within_itself(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet():
        with quiet():
            os.write(2, b"inner\n")
        os.write(2, b"outer\n")
    assert capfd.readouterr().err == ""


def test_threads_that_overlap_let_nothing_through_and_lose_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    first_is_in, second_is_in, first_is_out = (threading.Event() for _ in range(3))

    def first() -> None:
        with quiet():
            first_is_in.set()
            second_is_in.wait(0.3)
        first_is_out.set()

    def second() -> None:
        first_is_in.wait(30)
        with quiet():
            second_is_in.set()
            first_is_out.wait(30)
            os.write(2, b"chatter\n")

    threads = [threading.Thread(target=work) for work in (first, second)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_it_works_where_nothing_can_be_written(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(tempfile, "tempdir", "/nowhere/at/all")
        with quiet():
            os.write(2, b"chatter")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_a_refusal_is_told_without_the_chatter_before_it(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnusableInput), quiet():
        os.write(2, b"INFO: chatter")
        raise UnusableInput("one line")
    assert capfd.readouterr().err == ""


def test_the_bare_packages_can_still_be_looked_up() -> None:
    code = (
        "import importlib.util; from maskcam.native import import_face_detector; import_face_detector();"
        "print(importlib.util.find_spec('mediapipe').origin, importlib.util.find_spec('mediapipe.tasks').name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "__init__.py mediapipe.tasks" in done.stdout
