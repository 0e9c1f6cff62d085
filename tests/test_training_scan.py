"""Reading collections of pictures: the layouts known, scenes, unreadable files."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

from maskcam.errors import UnusableInput
from maskcam.modelcard import MASK, NO_MASK, NOT_FACE
from tests.drawn_faces import draw_face, save, save_classes
from training.manifest import TEST, TRAIN, VALIDATION, read_manifest
from training.prepare import describe, prepare
from training.scan import Trouble, scan

HEAD = np.array([157, 14, 302, 192])
"""The astronaut's head in scikit-image's portrait, labelled by hand."""


EYES_AND_MOUTH = np.array([(203, 102), (248, 102), (224, 147)])


def test_reads_the_kaggle_layout(tmp_path: Path) -> None:
    for number, part in enumerate(("Train", "Validation", "Test")):
        save_classes(tmp_path / "kaggle" / part, ("WithMask", "WithoutMask"), 2, 10 * number)
    found = list(scan(tmp_path / "kaggle", Trouble()))
    assert len(found) == 12
    for one in found:
        split_folder, class_folder = one.path.parts[-3:-1]
        assert one.published == {"Train": TRAIN, "Validation": VALIDATION, "Test": TEST}[split_folder]
        assert one.label == {"WithMask": MASK, "WithoutMask": NO_MASK}[class_folder]
        assert (one.source, one.box) == ("kaggle", None)
    assert len({one.origin for one in found}) == 12, "the same file name in two folders is not the same original"


@pytest.mark.parametrize("names", [("with_mask", "without_mask"), ("WithMask", "WithoutMask")])
def test_reads_two_class_folders(tmp_path: Path, names: tuple[str, str]) -> None:
    save_classes(tmp_path / "own", names, 3, 0)
    save(draw_face(True, 9), tmp_path / "own" / "elsewhere" / "ignored.png")
    (tmp_path / "own" / names[0] / "notes.txt").write_text("not a picture")
    found = list(scan(tmp_path / "own", Trouble()))
    assert [(one.label, one.path.parent.name) for one in found] == [(MASK, names[0])] * 3 + [(NO_MASK, names[1])] * 3
    assert {one.published for one in found} == {None}


def test_what_has_no_place_in_a_layout_is_told_of(tmp_path: Path) -> None:
    data = tmp_path / "data"
    save_classes(data / "Train", ("WithMask", "WithoutMask"), 2, 0)
    save_classes(data, ("with_mask", "without_mask"), 2, 10)
    save_classes(data / "Test", ("with_mask", "withoutmask"), 2, 20)
    (data / ".cache").mkdir()
    (data / "readme.txt").write_text("no picture")
    save(draw_face(True, 30), data / "Train" / "WithMask" / "more" / "0.png")
    (data / "Train" / "WithMask" / "link.png").symlink_to(tmp_path / "gone.png")
    trouble = Trouble()
    assert len(list(scan(data, trouble))) == 6
    strange = ["with_mask", "without_mask", "Test/withoutmask", "Train/WithMask/link.png", "Train/WithMask/more"]
    assert trouble.strange == [data / one for one in strange]
    assert [line for line in trouble.passed_over() if "no place" in line and "withoutmask" in line]


def test_pictures_of_telephones_are_named_as_unreadable(tmp_path: Path) -> None:
    save_classes(tmp_path / "own", ("with_mask", "without_mask"), 3, 0)
    (tmp_path / "own" / "with_mask" / "phone.HEIC").write_bytes(b"no picture that can be read here")
    lines = list(describe(prepare([tmp_path / "own"], tmp_path / "out")))
    assert "unreadable: 1" in lines and "phone.HEIC" in lines[-1]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The astronaut twice in one picture, large and small, and what else labels may hold."""
    folder = tmp_path_factory.mktemp("data") / "scenes"
    portrait = np.asarray(skimage.data.astronaut(), np.uint8)
    picture = np.full((640, 1000, 3), 90, np.uint8)
    picture[40:552, 20:532] = portrait
    picture[200:456, 640:896] = cv2.resize(portrait, (256, 256), interpolation=cv2.INTER_AREA)
    save(picture, folder / "images" / "two.png")
    (folder / "images" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    heads = [
        {"label": "without_mask", "box": (HEAD + np.array([20, 40, 20, 40])).tolist()},
        {"label": "with_mask", "box": (HEAD / 2 + np.array([640, 200, 640, 200])).tolist()},
        {"label": "mask_weared_incorrect", "box": [0, 0, 30, 30]},
        {"label": "with_mask", "box": [900, 560, 960, 630]},
    ]
    labels = {
        "two.png": {"faces": heads},
        "broken.jpg": {"faces": [{"label": "with_mask", "box": [0, 0, 9, 9]}]},
        "absent.jpg": {"faces": [{"label": "with_mask", "box": [0, 0, 9, 9]}]},
    }
    (folder / "faces.json").write_text(json.dumps(labels))
    return folder


def test_cuts_labelled_heads_with_the_apps_detector(scenes: Path) -> None:
    trouble = Trouble()
    found = list(scan(scenes, trouble))
    assert [one.label for one in found] == [NO_MASK, MASK]
    for one, scale, corner in zip(found, (1.0, 0.5), ((20, 40), (640, 200)), strict=True):
        assert one.box is not None
        x0, y0, x1, y1 = one.box
        for x, y in EYES_AND_MOUTH * scale + corner:
            assert x0 < x < x1 and y0 < y < y1
        assert 80 * scale < x1 - x0 < 120 * scale, "a face is not quite as wide as a head"
    assert len({one.origin for one in found}) == 1, "faces of one picture stay together"
    assert trouble.other_labels == 1
    assert trouble.heads_not_found == 1
    assert [Path(line.split(": ")[0]).name for line in trouble.unreadable] == ["absent.jpg", "broken.jpg"]


def test_prepares_scenes(scenes: Path, tmp_path: Path) -> None:
    prepared = prepare([scenes], tmp_path / "out")
    samples = read_manifest(tmp_path / "out" / "manifest.csv")
    assert samples == list(prepared.samples)
    assert [one.label for one in samples if one.label != NOT_FACE] == [NO_MASK, MASK]
    assert any(one.label == NOT_FACE for one in samples), "a cut-up head gives boxes that are no faces"
    assert len({(one.group, one.split) for one in samples}) == 1, "what is no face goes where its scene goes"
    report = "\n".join(describe(prepared))
    assert "1 labelled heads in which the detector finds no face" in report
    assert "1 heads labelled neither" in report
    assert "broken.jpg" in report and "absent.jpg" in report


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        '{"two.png": []}',
        '{"two.png": {"faces": [{"label": "with_mask"}]}}',
        '{"two.png": {"faces": [{"label": "with_mask", "box": [1, 2, 3]}]}}',
        '{"two.png": {"faces": [{"label": "with_mask", "box": ["a", 2, 3, 4]}]}}',
    ],
)
def test_refuses_broken_scene_labels_in_one_line(tmp_path: Path, scenes: Path, text: str) -> None:
    folder = tmp_path / "scenes"
    save(np.asarray(Image.open(scenes / "images" / "two.png")), folder / "images" / "two.png")
    (folder / "faces.json").write_text(text)
    with pytest.raises(UnusableInput, match=r"faces\.json: ") as caught:
        list(scan(folder, Trouble()))
    assert "\n" not in str(caught.value)


def test_refuses_an_unknown_layout_in_one_line(tmp_path: Path) -> None:
    save(draw_face(True, 1), tmp_path / "pictures" / "one.png")
    with pytest.raises(UnusableInput, match=r"no data in a known layout; expected .*with_mask") as caught:
        list(scan(tmp_path, Trouble()))
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_and_counts_unreadable_files_and_goes_on(tmp_path: Path) -> None:
    own = tmp_path / "own"
    save_classes(own, ("with_mask", "without_mask"), 3, 0)
    (own / "with_mask" / "torn.png").write_bytes((own / "with_mask" / "face001.png").read_bytes()[:300])
    (own / "with_mask" / "empty.jpg").touch()
    (own / "without_mask" / "text.jpg").write_text("not a picture")
    prepared = prepare([own], tmp_path / "out")
    assert len(prepared.samples) == 6
    report = list(describe(prepared))
    assert "unreadable: 3" in report
    for name in ("torn.png", "empty.jpg", "text.jpg"):
        assert sum(name in line for line in report) == 1


def test_refuses_data_without_one_readable_picture(tmp_path: Path) -> None:
    for name in ("with_mask", "without_mask"):
        (tmp_path / "own" / name).mkdir(parents=True)
        (tmp_path / "own" / name / "text.png").write_text("not a picture")
    with pytest.raises(UnusableInput, match="not one readable"):
        prepare([tmp_path / "own"], tmp_path / "out")
    assert not (tmp_path / "out" / "manifest.csv").exists()


def test_refuses_two_sources_of_one_name(tmp_path: Path) -> None:
    for parent in "ab":
        save_classes(tmp_path / parent / "own", ("with_mask", "without_mask"), 1, 0)
    with pytest.raises(UnusableInput, match="same name"):
        prepare([tmp_path / "a" / "own", tmp_path / "b" / "own"], tmp_path / "out")


def test_a_picture_without_anything_to_see_is_left_out(tmp_path: Path) -> None:
    save_classes(tmp_path / "own", ("with_mask", "without_mask"), 3, 0)
    save(np.full((96, 96, 3), 120, np.uint8), tmp_path / "own" / "with_mask" / "grey.png")
    prepared = prepare([tmp_path / "own"], tmp_path / "out")
    assert prepared.trouble.blank == 1
    assert "grey.png" not in {one.path.name for one in prepared.samples}
    assert any(line.startswith("left out: 1 pictures without contrast") for line in describe(prepared))
