"""What `maskcam video` refuses, in one line and without touching a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import astronaut, maskcam, one_clear_line, write_clip


def test_nothing_is_overwritten_unless_asked(tmp_path: Path) -> None:
    write_clip(tmp_path / "in.mp4", lambda _: astronaut(), 3)
    (tmp_path / "out.mp4").write_bytes(b"precious")
    line = one_clear_line(maskcam("video", "in.mp4", "-o", "out.mp4", cwd=tmp_path))
    assert "--force" in line
    assert (tmp_path / "out.mp4").read_bytes() == b"precious"
    (tmp_path / "x.jsonl").write_text("precious")
    one_clear_line(maskcam("video", "in.mp4", "-o", "new.mp4", "--json", "x.jsonl", cwd=tmp_path))
    assert not (tmp_path / "new.mp4").exists()
    assert (tmp_path / "x.jsonl").read_text() == "precious"
    assert maskcam("video", "in.mp4", "-o", "out.mp4", "--force", cwd=tmp_path).returncode == 0
    assert (tmp_path / "out.mp4").stat().st_size > 1000


def wrong_inputs(folder: Path) -> dict[str, Path]:
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("this is no video\n" * 50)
    return {name: folder / name for name in ("missing.mp4", "empty.mp4", "text.mp4", ".")}


@pytest.mark.parametrize("name", ["missing.mp4", "empty.mp4", "text.mp4", "."])
def test_an_unusable_input_gets_one_line(tmp_path: Path, name: str) -> None:
    path = wrong_inputs(tmp_path)[name]
    line = one_clear_line(maskcam("video", path, "-o", "out.mp4", cwd=tmp_path))
    assert str(path) in line
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    "more",
    [
        ["-o", "in.mp4", "--force"],
        ["-o", "no-such-folder/out.mp4"],
        ["-o", "."],
        ["-o", "out.mp4", "--json", "out.mp4"],
        ["-o", "out.mp4", "--json", "-", "--events", "-"],
        ["-o", "out.mp4", "--model", "missing.tflite"],
        ["-o", "out.mp4", "--model", "in.mp4"],
    ],
    ids=" ".join,
)
def test_unusable_outputs_and_models_get_one_line(tmp_path: Path, more: list[str]) -> None:
    clip = write_clip(tmp_path / "in.mp4", lambda _: astronaut(), 2)
    before = clip.read_bytes()
    one_clear_line(maskcam("video", "in.mp4", *more, cwd=tmp_path))
    assert clip.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4"}


@pytest.mark.parametrize("value", ["0", "1", "-3", "nan", "much"])
def test_a_threshold_is_a_probability(tmp_path: Path, value: str) -> None:
    run = maskcam("video", "in.mp4", "-o", "out.mp4", f"--threshold={value}", cwd=tmp_path)
    assert run.returncode == 2
    assert "must be above 0 and below 1" in run.stderr
