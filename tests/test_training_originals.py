"""Whose copies are whose, by the names of the 12k set."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drawn_faces import draw_face, save
from training.manifest import LABELS
from training.prepare import describe, prepare


def test_augmented_copies_share_a_group_by_name(tmp_path: Path) -> None:
    own = tmp_path / "own"
    for seed, name in enumerate(("Augmented_7_100", "Augmented_7_2", "Augmented_77_100", "7")):
        save(draw_face(True, seed), own / "with_mask" / f"{name}.png")
        save(draw_face(False, seed), own / "without_mask" / f"{name}.png")
    groups = {(one.label, one.path.stem): one.group for one in prepare([own], tmp_path / "out").samples}
    for label in LABELS:
        assert groups[label, "Augmented_7_100"] == groups[label, "Augmented_7_2"]
    assert len(set(groups.values())) == 6


def test_augmented_copies_go_with_their_original_which_their_number_counts(tmp_path: Path) -> None:
    data = tmp_path / "kaggle"
    for seed, name in enumerate(("Train/WithMask/2", "Test/WithMask/10", "Validation/WithMask/1")):
        save(draw_face(True, seed), data / f"{name}.png")
    copies = {"Augmented_0_11": "1", "Augmented_1_5": "10", "Augmented_2_7": "2"}
    for seed, name in enumerate(copies, 20):
        save(draw_face(True, seed), data / "Train" / "WithMask" / f"{name}.png")
    for seed in range(30, 33):
        save(draw_face(False, seed), data / "Train" / "WithoutMask" / f"{seed}.png")
    prepared = prepare([data], tmp_path / "out")
    assert prepared.left_out == {
        "kaggle: copies of validation pictures": 1,
        "kaggle: copies of test pictures": 1,
    }
    groups = {one.path.stem: one.group for one in prepared.samples}
    assert groups["Augmented_2_7"] == groups["2"], "as text, 10 comes before 2"
    assert {"Augmented_0_11", "Augmented_1_5"}.isdisjoint(groups)
    assert len(set(groups.values())) == len(groups) - 1
    assert not prepared.trouble.without_original

    # What Macs leave beside a picture is none, and would count as one.
    (data / "Test" / "WithMask" / "._10.png").write_bytes(b"of a Mac")
    assert prepare([data], tmp_path / "again").left_out == prepared.left_out


@pytest.mark.parametrize("change", ["one too many", "one too few"])
def test_copies_are_no_one_s_where_their_numbers_do_not_count_the_originals(tmp_path: Path, change: str) -> None:
    data = tmp_path / "kaggle"
    for seed, name in enumerate(("Train/WithMask/2", "Test/WithMask/10", "Validation/WithMask/1")):
        save(draw_face(True, seed), data / f"{name}.png")
    if change == "one too many":
        save(draw_face(True, 9), data / "Train" / "WithMask" / "0.png")
    else:
        (data / "Validation" / "WithMask" / "1.png").unlink()
    for seed, name in enumerate(("Augmented_0_11", "Augmented_1_5", "Augmented_2_7", "Augmented_2_8"), 20):
        save(draw_face(True, seed), data / "Train" / "WithMask" / f"{name}.png")
    save(draw_face(False, 30), data / "Train" / "WithoutMask" / "30.png")
    prepared = prepare([data], tmp_path / "out")
    assert prepared.trouble.without_original == 4
    assert any(line.startswith("4 copies by their names") for line in describe(prepared))
    groups = {one.path.stem: one.group for one in prepared.samples}
    assert groups["Augmented_2_7"] == groups["Augmented_2_8"] != groups["2"]


def test_pictures_that_only_their_endings_tell_apart_are_two(tmp_path: Path) -> None:
    own = tmp_path / "own"
    for seed, name in enumerate(("with_mask/0.png", "with_mask/0.jpg", "without_mask/0.png")):
        save(draw_face("out" not in name, seed), own / name)
    assert len({one.group for one in prepare([own], tmp_path / "out").samples}) == 3


def test_copies_of_originals_that_are_not_there_are_told_of(tmp_path: Path) -> None:
    folder = tmp_path / "own" / "Train" / "WithMask"
    for number, name in enumerate(("a.jpg", "Augmented_0_12.jpg", "Augmented_7_12.jpg")):
        save(draw_face(True, number), folder / name)
    save(draw_face(False, 9), tmp_path / "own" / "Train" / "WithoutMask" / "b.jpg")
    prepared = prepare([tmp_path / "own"], tmp_path / "out")
    assert prepared.trouble.without_original == 2
    assert any(line.startswith("2 copies by their names") for line in describe(prepared))
