"""`maskcam.pending`: a file appears whole under its name, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.sinks import PendingFile, TextSink


def test_a_pending_file_has_the_usual_permissions_and_the_suffix(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        with PendingFile(tmp_path / "a.mp4") as file:
            assert file.path.parent == tmp_path and file.path.suffix == ".mp4"
            assert file.path.name == f"a.{os.getpid()}.part.mp4"
            assert file.path.stat().st_mode & 0o777 == 0o640
            with PendingFile(tmp_path / "a.mp4") as other:
                assert other.path != file.path
            file.commit()
    finally:
        os.umask(old)
    assert [one.name for one in tmp_path.iterdir()] == ["a.mp4"]


def test_a_pending_file_refuses_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    cases = {
        tmp_path / "folder": "is a folder",
        tmp_path / "none" / "a.mp4": "folder does not exist",
        tmp_path / "file" / "a.mp4": "is a file",
        tmp_path / ("x" * 300): "can't be written",
        tmp_path / "a\0b": "can't be written",
        tmp_path / "file": "exists",
        tmp_path / "pipe": "not an ordinary file",
    }
    for target, says in cases.items():
        for force in (False, True):
            if target.name == "file" and force:
                continue
            with pytest.raises(UnusableInput, match=says) as caught:
                PendingFile(target, force)
            assert "\n" not in str(caught.value)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "folder", "pipe"]


def test_a_folder_that_takes_no_files_is_refused() -> None:
    # Nobody may make files here, root neither.
    with pytest.raises(UnusableInput, match=r"/proc/maskcam\.mp4"):
        PendingFile(Path("/proc/maskcam.mp4"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write in every folder")
def test_a_folder_it_may_not_write_in_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UnusableInput, match="may not write"):
        PendingFile(tmp_path / "a.mp4")
    tmp_path.chmod(0o700)


def test_the_longest_name_still_works(tmp_path: Path) -> None:
    target = tmp_path / ("é" * 125 + ".mp4")
    with PendingFile(target) as file:
        file.commit()
    assert list(tmp_path.iterdir()) == [target]


def test_a_target_made_meanwhile_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with PendingFile(target) as file:
        target.write_text("theirs")
        with pytest.raises(FailedOnTheWay):
            file.commit()
    assert target.read_text() == "theirs" and list(tmp_path.iterdir()) == [target]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real" / "a.txt")
    with TextSink(tmp_path / "link.txt", force=True) as sink:
        sink.write_line("new")
        sink.finish()
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "real" / "a.txt").read_text() == "new\n"
