"""`training.scenes`: lists of labelled scenes, good and bad."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskcam.errors import UnusableInput
from tests.scene_parts import scene, write_labels
from training.scenes import is_scenes, read_scenes


def test_scenes_come_in_order_of_their_names_with_all_their_heads(tmp_path: Path) -> None:
    faces = [{"label": "with_mask", "box": [1, 2, 3.5, 4]}, {"label": "other", "box": ["5", 6, 7, 8], "more": 1}]
    folder = write_labels(tmp_path, {"b.png": {"faces": faces, "width": 9}, "a/x.png": {"faces": []}})
    assert is_scenes(folder)
    first, second = read_scenes(folder)
    assert first.path == folder / "images" / "a" / "x.png" and second.path == folder / "images" / "b.png"
    assert first.boxes.shape == (0, 4) and first.labels == ()
    assert second.boxes.tolist() == [[1, 2, 3.5, 4], [5, 6, 7, 8]] and second.boxes.dtype == np.float32
    assert second.labels == ("with_mask", "other")


def test_a_scene_says_when_surely_nobody_is_in_it(tmp_path: Path) -> None:
    folder = write_labels(tmp_path, {"a.png": {"faces": [], "nobody": True}, "b.png": {"faces": []}})
    assert [one.nobody for one in read_scenes(folder)] == [True, False]


def face_at(*box: object) -> dict[str, Any]:
    return {"a.png": {"faces": [{"label": "with_mask", "box": list(box)}]}}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no json",
        "[]",
        "3",
        '["a.png"]',
        {"a.png": []},
        {"a.png": {}},
        {"a.png": {"faces": 3}},
        {"a.png": {"faces": [{"box": [1, 2, 3, 4]}]}},
        {"a.png": {"faces": [{"label": "with_mask"}]}},
        face_at(1, 2, 3),
        face_at(1, 2, 3, 4, 5),
        face_at("a", 2, 3, 4),
        face_at(1, 2, float("nan"), 4),
        face_at(1, 2, float("inf"), 4),
        face_at(5, 2, 3, 4),
        face_at(1, 4, 3, 4),
        {"a.png": {"faces": [], "nobody": "no"}},
        {"a.png": {"faces": [{"label": "with_mask", "box": [1, 2, 3, 4]}], "nobody": True}},
        {"": {"faces": []}},
        {"../a.png": {"faces": []}},
        {"/etc/a.png": {"faces": []}},
    ],
    ids=str,
)
def test_what_is_no_list_of_scenes_is_refused_in_one_line(tmp_path: Path, content: object) -> None:
    folder = write_labels(tmp_path, content)
    with pytest.raises(UnusableInput, match="not a list of labelled scenes") as caught:
        read_scenes(folder)
    assert str(caught.value).startswith(f"{folder / 'faces.json'}: ") and "\n" not in str(caught.value)


def test_bytes_that_are_no_text_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "faces.json").write_bytes(b"\xff\xfe{")
    for folder in (tmp_path, tmp_path / "absent"):
        assert not is_scenes(folder)
        with pytest.raises(UnusableInput, match="not a list of labelled scenes"):
            read_scenes(folder)


def test_a_scene_checks_itself() -> None:
    with pytest.raises(ValueError, match="four finite"):
        scene([(1, 2, 3, 4)], ["with_mask", "with_mask"])
    with pytest.raises(ValueError, match="x1 > x0"):
        scene([(3, 2, 3, 4)], ["with_mask"])
