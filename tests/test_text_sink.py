"""`maskcam.sinks.video_file.TextSink`: lines in a file that appears whole, and on the standard output."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from maskcam.errors import UnusableInput
from maskcam.sinks.lines import TextSink


def test_text_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "a.jsonl"
    with TextSink(target) as sink:
        sink.write_line('{"name": "Zoë"}')
        assert not target.exists()
        sink.write_line("")
        sink.finish()
        sink.close()
    assert target.read_bytes() == '{"name": "Zoë"}\n\n'.encode()
    with pytest.raises(UnusableInput, match="exists"):
        TextSink(target)
    with pytest.raises(RuntimeError):
        sink.write_line("late")
    with TextSink(tmp_path / "b.jsonl") as sink:
        sink.write_line("lost")
    assert [one.name for one in tmp_path.iterdir()] == ["a.jsonl"]


STANDARD_OUTPUT = """
import sys
from maskcam.errors import FailedOnTheWay
from maskcam.sinks.lines import TextSink
if len(sys.argv) > 2:
    print("before")
try:
    with TextSink("-") as sink:
        for number in range(int(sys.argv[1])):
            sink.write_line(f"zo\\u00eb {number}")
        sink.finish()
except FailedOnTheWay as error:
    print(error, file=sys.stderr)
    sys.exit(1)
"""


def test_standard_output_is_utf8_in_order() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STANDARD_OUTPUT, "2", "print"],
        capture_output=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.stdout.decode() == "before\nzoë 0\nzoë 1\n" and done.stderr == b""


def test_standard_output_that_closes_is_told_in_one_line() -> None:
    command = [sys.executable, "-c", STANDARD_OUTPUT, "100000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()
        assert process.wait(timeout=60) == 1
    assert told.count("\n") == 1 and told.startswith("standard output: writing stopped")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_standard_output_on_a_full_disk_is_told_in_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", STANDARD_OUTPUT, "3"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1 and "writing stopped" in done.stderr and done.stderr.count("\n") == 1
