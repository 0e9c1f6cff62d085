"""`maskcam demo`, as a process."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from maskcam.assets import DEMO_CLIP, asset
from maskcam.sources.video_file import VideoSource
from tests.support import astronaut, maskcam, one_clear_line
from training.make_demo import demo_frames


def test_the_demo_says_what_it_saw(tmp_path: Path) -> None:
    run = maskcam("demo", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    assert lines[0].endswith("person 1 appears: no mask")
    assert any(line.endswith("person 1 now: mask") for line in lines)
    assert lines[-1] == "wrote maskcam-demo.mp4"
    assert (tmp_path / "maskcam-demo.mp4").stat().st_size > 100_000


def test_the_demo_replaces_nothing_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "maskcam-demo.mp4").write_bytes(b"precious")
    assert "--force" in one_clear_line(maskcam("demo", cwd=tmp_path))
    assert (tmp_path / "maskcam-demo.mp4").read_bytes() == b"precious"


def test_the_demo_clip_is_small() -> None:
    assert asset(DEMO_CLIP).stat().st_size <= 2_000_000


def test_the_demo_is_judged_as_asked(tmp_path: Path) -> None:
    (tmp_path / "own.mp4").write_bytes(b"not needed any more")
    run = maskcam("demo", "-o", "own.mp4", "--force", "--threshold", "0.999999", "--verbose", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "looks for faces from " in run.stdout
    assert "no mask" not in run.stdout.split("appears: ")[1].splitlines()[0]
    assert (tmp_path / "own.mp4").stat().st_size > 100_000
    assert [path.name for path in tmp_path.iterdir()] == ["own.mp4"]


def test_the_demo_clip_is_what_its_maker_makes() -> None:
    with VideoSource(asset(DEMO_CLIP)) as clip:
        for made, one in zip(demo_frames(astronaut()), clip, strict=True):
            assert np.abs(made.astype(np.int16) - one.frame.image).mean() < 3
