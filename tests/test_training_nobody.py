"""`nobody`: pictures without people, and what is learnt from them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from maskcam.modelcard import NOT_FACE
from tests.drawn_faces import save_classes
from tests.test_finder import HEADS_IN_METAL
from tests.test_finder import NOBODY as TESTED
from training import nobody
from training.cli import main
from training.manifest import read_manifest
from training.scenes import read_scenes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fewer of them than training gets."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nobody, "DRAWN", 4)
        target = tmp_path_factory.mktemp("data") / "nobody"
        assert main(["nobody", "--out", str(target)]) == 0
    return target


def test_pictures_of_many_sizes_are_written_in_which_nobody_is(folder: Path) -> None:
    scenes = read_scenes(folder)
    assert len(scenes) == len(nobody.SCIKIT_IMAGE) + 4
    assert all(one.nobody and not one.labels for one in scenes)
    pictures = [np.asarray(Image.open(one.path)) for one in scenes]
    assert all(one.ndim == 3 and one.dtype == np.uint8 and one.std() > 5 for one in pictures)
    assert len({one.tobytes() for one in pictures}) == len(pictures)
    assert not list(folder.parent.glob(".*")), "and nothing is left beside them"


def test_what_the_third_answer_is_tested_with_is_not_trained_on() -> None:
    assert not {*TESTED, *HEADS_IN_METAL, "astronaut"} & set(nobody.SCIKIT_IMAGE)


def test_prepare_gathers_what_is_taken_for_a_face_there(folder: Path, tmp_path: Path) -> None:
    save_classes(tmp_path / "own", ("with_mask", "without_mask"), 2, 0)
    assert main(["prepare", str(tmp_path / "own"), str(folder), "--out", str(tmp_path / "out")]) == 0
    gathered = [one for one in read_manifest(tmp_path / "out" / "manifest.csv") if one.source == "nobody"]
    assert len(gathered) > 50 and {one.label for one in gathered} == {NOT_FACE}
    assert {one.path.name for one in gathered} > {"hubble_deep_field.png", "stereo_motorcycle.png"}
    splits = {one.path: one.split for one in gathered}
    assert all(one.split == splits[one.path] for one in gathered), "what is in one picture stays together"


def test_a_folder_that_is_there_is_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert main(["nobody", "--out", str(folder)]) == 2
    assert capsys.readouterr().err == (f"training: {folder}: is there already; name another folder, or remove it\n")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_place_that_takes_no_files_is_named_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["nobody", "--out", str(tmp_path / "file" / "nobody")]) == 2
    err = capsys.readouterr().err
    assert err == f"training: {tmp_path / 'file' / 'nobody'}: can't be written (not a directory)\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_named_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o500)
    assert main(["nobody", "--out", str(tmp_path / "nobody")]) == 2
    assert "permission denied" in capsys.readouterr().err


def test_without_scikit_image_one_line_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "skimage.data", None)
    assert main(["nobody", "--out", str(tmp_path / "nobody")]) == 2
    err = capsys.readouterr().err
    assert "install it with" in err and err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_picture_that_scikit_image_would_have_to_fetch_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline() -> None:
        raise ConnectionError("there is no network")

    monkeypatch.setattr(skimage.data, "retina", offline)
    assert main(["nobody", "--out", str(tmp_path / "nobody")]) == 2
    assert capsys.readouterr().err == ("training: scikit-image's picture retina can't be had (there is no network)\n")
