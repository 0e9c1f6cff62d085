from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from maskcam import __version__
from maskcam.cli import main
from maskcam.search import LARGEST_FACE
from maskcam.sources.inputs import MAX_SIDE
from tests.support import ROOT, environment, maskcam, one_clear_line, start, to_a_full_disk
from training import cli as training_cli

COMMANDS = ["live", "video", "image", "demo", "selftest"]
"""All of them judge; `cameras` doesn't."""


def test_the_version_is_told(tmp_path: Path) -> None:
    run = maskcam("--version", cwd=tmp_path)
    assert (run.returncode, run.stdout, run.stderr) == (0, f"maskcam {__version__}\n", "")


def test_help_names_every_command_and_has_examples(tmp_path: Path) -> None:
    run = maskcam("--help", cwd=tmp_path)
    assert run.returncode == 0
    named = re.findall(r"^    ([a-z]+) ", run.stdout, re.MULTILINE)
    assert sorted(named) == sorted([*COMMANDS, "cameras"])
    assert "examples:" in run.stdout
    assert "exit codes:" in run.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_takes_a_model(name: str, tmp_path: Path) -> None:
    run = maskcam(name, "--help", cwd=tmp_path)
    assert run.returncode == 0
    assert "--model FILE" in run.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        *(["fly"], ["video"], ["video", "in.mp4"], ["image"], ["live", "--smallest-face", "500"]),
        *(["image", "a.png", "--smallest-face", size] for size in ("11", "8193", "9" * 400)),
    ],
    ids=lambda arguments: " ".join(arguments)[:40],
)
def test_wrong_use_is_told(arguments: list[str], tmp_path: Path) -> None:
    run = maskcam(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert "usage: maskcam" in run.stderr
    assert "Traceback" not in run.stderr


def test_the_readme_shows_the_help_as_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert shown.strip() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_documents_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"maskcam {name}" in readme for name in (*COMMANDS, "cameras"))
    with pytest.raises(SystemExit):
        training_cli.main(["--help"])
    commands = re.findall(r"^    ([a-z-]+) ", capsys.readouterr().out, re.MULTILINE)
    assert {"prepare", "train", "export", "evaluate"} < set(commands)
    assert [name for name in commands if not re.search(rf"`?python -m training {name}[ `]", readme)] == []


@pytest.mark.parametrize("command", [("video", "-o", "seen.mp4"), ("image",)], ids=lambda words: words[0])
def test_an_address_given_for_a_file_is_told_as_such_without_its_password(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    line = one_clear_line(maskcam(*command, "http://me:secret@127.0.0.1/x", cwd=tmp_path))
    assert "maskcam live ADDRESS" in line and "secret" not in line and "http://" in line
    other = one_clear_line(maskcam(*command, "udp://me:secret@127.0.0.1/x", cwd=tmp_path))
    assert "maskcam live" not in other and "secret" not in other
    assert "path alone" in one_clear_line(maskcam(*command, "file:///tmp/x.mp4", cwd=tmp_path))


def test_what_can_not_be_used_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no video")
    assert "no video" in one_clear_line(maskcam("live", "notes.txt", cwd=tmp_path))
    for command in (("selftest",), ("live",), ("image", "notes.txt")):
        assert "no such weights file" in one_clear_line(maskcam(*command, "--model", "nope.tflite", cwd=tmp_path))
        assert "this is a folder" in one_clear_line(maskcam(*command, "--model", tmp_path, cwd=tmp_path))


@pytest.mark.parametrize(("command", "pixels"), [("video", "24, with --fast 40"), ("image", "24"), ("demo", "40")])
def test_the_help_of_each_command_says_from_which_face_on_it_looks(
    command: str, pixels: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert f"(default: {pixels})" in " ".join(capsys.readouterr().out.split())


def test_the_changelog_knows_the_version() -> None:
    assert f"\n## {__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_a_library_that_can_not_be_loaded_gets_one_line(tmp_path: Path) -> None:
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    run = subprocess.run(
        [sys.executable, "-m", "maskcam", "demo"],
        cwd=tmp_path,
        env=environment(PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "libGL.so.1" in one_clear_line(run, code=1)


def test_no_face_is_asked_for_that_is_larger_than_any_picture() -> None:
    assert LARGEST_FACE == MAX_SIDE


def test_ctrl_c_where_nothing_can_be_saved_is_one_line(tmp_path: Path) -> None:
    with start("selftest", cwd=tmp_path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (said, process.returncode) == ("maskcam: stopped\n", 130)


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_ctrl_c_while_it_is_being_loaded_is_one_line(tmp_path: Path) -> None:
    script = """
import importlib.abc, os, runpy, signal, sys
class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "maskcam.commands":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Watch())
sys.argv = ["maskcam", "--version"]
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it may be ignored
runpy.run_module("maskcam", run_name="__main__")
"""
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "maskcam: stopped\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--help"], 0, ""),
        (["--version"], 0, ""),
        (["cameras"], 1, "maskcam: standard output: writing stopped (no space left on device)\n"),
        (["selftest"], 1, "maskcam: standard output: writing stopped (no space left on device)\n"),
    ],
    ids=lambda one: str(one[0]) if isinstance(one, list) else "",
)
def test_standard_output_that_can_not_be_written_gets_no_trace(
    arguments: list[str], code: int, said: str, tmp_path: Path
) -> None:
    run = to_a_full_disk(*arguments, cwd=tmp_path)
    assert (run.returncode, run.stderr) == (code, said)


def test_a_reader_who_goes_away_gets_no_trace(tmp_path: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m maskcam selftest | true; exit ${{PIPESTATUS[0]}}"
    run = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (1, "")
