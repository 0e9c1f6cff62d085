"""Corrections of the labels of scenes: reading them, what they do to a scene, and both ways in the report."""

from __future__ import annotations

import json
from pathlib import Path, PurePath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.errors import UnusableInput
from tests.drawn_faces import save
from tests.support import astronaut
from training.cli import main
from training.evaluate_scenes import METRICS, REPORT
from training.scene_corrections import Correction, correct, read_corrections
from training.scenes import Scene

HEADER = "file,box,label,reason\n"
PICTURE = Path("/data/scenes/images/a.jpg")


def scene(*boxes: tuple[float, float, float, float]) -> Scene:
    return Scene(PICTURE, np.array(boxes, np.float32).reshape(-1, 4), ("with_mask",) * len(boxes))


def correction(box: tuple[float, float, float, float], label: str = "face", file: str = "images/a.jpg") -> Correction:
    return Correction(PurePath(file), box, label, "by eye")


def test_a_list_of_corrections_is_read(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(HEADER + 'scenes/images/a.jpg,1 2 3.5 4,face,"small, far"\n', encoding="utf-8")
    assert read_corrections(path) == (
        Correction(PurePath("scenes/images/a.jpg"), (1.0, 2.0, 3.5, 4.0), "face", "small, far"),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column box"),
        ("file,box,label\n", "no column reason"),
        (HEADER + "a.jpg,1 2 3,face,x\n", "no box of four numbers"),
        (HEADER + "a.jpg,1 2 3 four,face,x\n", "could not convert"),
        (HEADER + "a.jpg,3 2 1 4,face,x\n", "x1 > x0"),
        (HEADER + "a.jpg,1 2 nan 4,face,x\n", "finite"),
        (HEADER + "a.jpg,0 0 99999 99999,face,x\n", "in a picture"),
        (HEADER + "a.jpg,9000 1 9000.0000001 4,face,x\n", "x1 > x0"),
        (HEADER + ",1 2 3 4,face,x\n", "names its file"),
        (HEADER + "a.jpg,1 2 3 4,,x\n", "a label"),
        (HEADER + "a.jpg,1 2 3 4,face,\n", "a reason"),
        (HEADER + "a.jpg\n", "no box"),
    ],
)
def test_what_is_no_list_of_corrections_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnusableInput, match="not a list of corrections") as caught:
        read_corrections(path)
    assert words in str(caught.value) and str(path) in str(caught.value)


def test_a_missing_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match=r"none\.csv"):
        read_corrections(tmp_path / "none.csv")


def test_a_label_is_changed_where_there_is_one_and_added_where_there_is_none() -> None:
    before = scene((0, 0, 10, 10), (20, 0, 30, 10))
    after = correct(before, [correction((20, 0, 30, 10.5), "without_mask"), correction((2, 2, 10, 10))])
    assert after.labels == ("with_mask", "without_mask", "face")
    assert after.boxes.tolist() == [[0, 0, 10, 10], [20, 0, 30, 10], [2, 2, 10, 10]] and after.boxes.dtype == np.float32
    assert before.labels == ("with_mask", "with_mask"), "the scene itself stays"
    assert correct(scene(), [correction((1, 1, 2, 2))]).labels == ("face",)


def test_where_nobody_is_that_stays_known_until_a_face_is_added() -> None:
    empty = Scene(PICTURE, np.zeros((0, 4), np.float32), (), nobody=True)
    assert correct(empty, []).nobody
    assert correct(empty, [correction((1, 1, 2, 2), file="another.jpg")]).nobody
    assert not correct(empty, [correction((1, 1, 2, 2))]).nobody


@pytest.mark.parametrize(
    ("file", "meant"),
    [("a.jpg", True), ("images/a.jpg", True), ("scenes/images/a.jpg", True), ("b/a.jpg", False), ("aa.jpg", False)],
)
def test_a_picture_is_named_from_any_folder_on(file: str, meant: bool) -> None:
    assert len(correct(scene(), [correction((1, 1, 2, 2), file=file)]).labels) == meant


corners = st.tuples(*[st.floats(0, 90, width=32)] * 2, *[st.floats(1, 50, width=32)] * 2).map(
    lambda one: (one[0], one[1], one[0] + one[2], one[1] + one[3])
)


@given(st.lists(corners, max_size=4), st.lists(corners, max_size=4))
def test_no_label_is_ever_lost_and_correcting_twice_changes_nothing_more(
    labels: list[tuple[float, float, float, float]], boxes: list[tuple[float, float, float, float]]
) -> None:
    corrections = [correction(box) for box in boxes]
    once = correct(scene(*labels), corrections)
    assert once.boxes[: len(labels)].tolist() == scene(*labels).boxes.tolist()
    twice = correct(once, corrections)
    assert len(twice.labels) == len(once.labels) <= len(labels) + len(boxes)
    assert set(once.labels) <= {"with_mask", "face"}


def test_the_command_reports_both_ways(tmp_path: Path) -> None:
    """A face without a label, and a label that is wrong."""
    folder = tmp_path / "scenes"
    save(np.hstack([astronaut()[:400, 60:380]] * 2), folder / "images" / "two.png")
    first, second = "117 75 212 178", "437 75 532 178"
    label = {"label": "with_mask", "box": [float(value) for value in first.split()]}
    (folder / "faces.json").write_text(json.dumps({"two.png": {"faces": [label]}}), encoding="utf-8")
    listed = tmp_path / "corrected.csv"
    listed.write_text(
        f"{HEADER}two.png,{first},without_mask,bare\nimages/two.png,{second},face,the same\n"
        "three.png,1 2 3 4,face,in another folder\n",
        encoding="utf-8",
    )
    out = tmp_path / "out"
    assert main(["evaluate-scenes", str(folder), "--out", str(out), "--corrected", str(listed)]) == 0
    metrics = json.loads((out / METRICS).read_text())
    corrected = metrics["corrected"]
    assert corrected["file"] == str(listed)
    (row,), (better,) = metrics["faces"][:1], corrected["faces"][:1]
    assert (row["label"], row["wrong"]) == ("with_mask", 1)
    assert (better["label"], better["right"]) == ("without_mask", 1)
    assert metrics["boxes_without_label"] == corrected["boxes_without_label"] + 1
    assert (corrected["other_labels"], corrected["of_other_pictures"]) == (1, 1)
    text = (out / REPORT).read_text()
    assert "1 heads have other labels then" in text
    assert "1 of its 3 corrections are of none of these pictures." in text
    assert text.index("| with_mask |") < text.index(f"With the labels corrected by {listed}:")
    assert text.index(f"corrected by {listed}:") < text.index("| without_mask |")


def test_a_list_that_is_none_ends_the_command_before_anything_is_judged(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "scenes"
    save(astronaut(), folder / "images" / "one.png")
    (folder / "faces.json").write_text('{"one.png": {"faces": []}}', encoding="utf-8")
    out = tmp_path / "out"
    assert main(["evaluate-scenes", str(folder), "--out", str(out), "--corrected", str(tmp_path / "no.csv")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not out.exists()
