"""`maskcam.pending`: a file appears whole under its name, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.pending import PendingFile, check_distinct
from maskcam.sinks.lines import TextSink


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


def test_a_target_made_meanwhile_is_left_alone_and_the_work_kept(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with PendingFile(target) as file:
        file.path.write_text("ours")
        target.write_text("theirs")
        with pytest.raises(FailedOnTheWay, match=f"kept as {file.path.name}$"):
            file.commit()
    assert target.read_text() == "theirs" and file.path.read_text() == "ours"


def test_the_work_is_kept_where_its_name_can_not_be_given(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with PendingFile(target, force=True) as file:
        file.path.write_text("hours of work")
        target.mkdir()  # as a player on Windows keeps its file from being replaced
        with pytest.raises(FailedOnTheWay, match=r"a\.txt: can't be given this name .* kept as a\..*part\.txt$"):
            file.commit()
    assert file.path.read_text() == "hours of work"


def test_one_file_under_two_names_is_told_from_two_files(tmp_path: Path) -> None:
    """As "Door.mp4" and "door.mp4" are where capitals don't count; no such disk is at hand, so a second name is."""
    (tmp_path / "Door.mp4").write_text("x")
    os.link(tmp_path / "Door.mp4", tmp_path / "door.mp4")
    with pytest.raises(UnusableInput, match=r"door\.mp4: is an input"):
        check_distinct([tmp_path / "Door.mp4"], [tmp_path / "door.mp4"])
    check_distinct([tmp_path / "Door.mp4"], [tmp_path / "other.mp4", tmp_path / "third.mp4"])


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real" / "a.txt")
    with TextSink(tmp_path / "link.txt", force=True) as sink:
        sink.write_line("new")
        sink.finish()
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "real" / "a.txt").read_text() == "new\n"
