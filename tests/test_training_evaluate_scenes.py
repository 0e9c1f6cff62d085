"""`evaluate-scenes` as a command: the whole app on labelled scenes."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskcam.assets import MASK_MODEL, asset
from maskcam.boxes import overlaps
from maskcam.classifier import MaskClassifier
from maskcam.drawn_mask import draw_mask
from maskcam.errors import UnusableInput
from maskcam.faces import FaceDetector
from maskcam.finder import FaceFinder
from maskcam.frames import Frame, Pixels, Verdict
from maskcam.modelcard import file_sha256, load_card
from maskcam.pipeline import Pipeline
from maskcam.search import LEAST_FACE, SMALLEST_FACE, Effort
from tests.drawn_faces import save
from tests.scene_parts import write_labels
from tests.support import astronaut, environment, keypoints, scaled
from tests.training_parts import refused
from training.cli import main
from training.contact import SMALL, Layout
from training.evaluate_scenes import METRICS, OUTPUTS, REPORT
from training.heads import FILLS_HEAD, INSIDE_HEAD
from training.manifest import TEST, TRAIN, VALIDATION, Sample, read_manifest, write_manifest
from training.prepare import prepare
from training.scene_outcome import (
    FOUND_IOU,
    MISSED,
    RIGHT,
    Face,
    Outcome,
)
from training.scene_report import head
from training.scene_sheets import EXTRA_COLUMNS, FACE_COLUMNS, of_faces, sheets
from training.scene_split import Chosen, choose
from training.scenes import read_scenes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three scenes: two people, one of them masked, and what else labels may hold; nobody; a broken file."""
    folder = tmp_path_factory.mktemp("scenes") / "scenes-small"
    bare = astronaut()
    masked = draw_mask(bare, keypoints(bare))
    picture = np.full((400, 700, 3), 110, np.uint8)
    picture[60:316, 20:276] = scaled(bare, 0.5)
    picture[60:316, 380:636] = scaled(masked, 0.5)
    save(picture, folder / "images" / "two.png")
    save(np.full((120, 160, 3), 110, np.uint8), folder / "images" / "nobody.png")
    (folder / "images" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    with_corner = {left: (FACE / 2 + np.array([left, 60, left, 60])).tolist() for left in (20, 380)}
    labels = {
        "two.png": {
            "faces": [
                {"label": "without_mask", "box": with_corner[20]},
                {"label": "with_mask", "box": with_corner[380]},
                {"label": "with_mask", "box": [600, 330, 640, 380]},
                {"label": "back_of_head", "box": [300, 330, 340, 380]},
            ]
        },
        "nobody.png": {"faces": []},
        "broken.jpg": {"faces": [{"label": "with_mask", "box": [0, 0, 9, 9]}]},
    }
    return write_labels(folder, labels)


FACE = np.array([177, 75, 272, 178])
"""The astronaut's face, by eye, in pixels."""


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", "evaluate-scenes", *map(str, arguments)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def picture(path: Path) -> Pixels:
    with Image.open(path) as one:
        assert one.format == "PNG"
        return np.asarray(one.convert("RGB"), np.uint8)


def test_the_whole_command(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "report"
    done = run(folder, "--out", out)
    assert (done.returncode, done.stderr) == (0, "")
    card = load_card(asset(MASK_MODEL))
    metrics = json.loads((out / METRICS).read_text())
    assert metrics["sha256"] == file_sha256(asset(MASK_MODEL)) and metrics["threshold"] == card.threshold
    assert (metrics["smallest_face"], metrics["scenes"]) == (SMALLEST_FACE, 2)
    assert metrics["not_judged"] == {"unreadable": 1, "other_labels": 1}
    assert metrics["milliseconds_a_scene"] > 0
    rows = {(row["label"], row["width"]): row for row in metrics["faces"]}
    assert rows["without_mask", "32-64"][RIGHT] == 1
    both = rows["with_mask", "32-64"]
    assert (both[RIGHT], both[MISSED]) == (1, 1), "one is found under the mask; where the other is said to be is nobody"

    text = (out / REPORT).read_text()
    assert done.stdout == f"{text}wrote {out / REPORT}\n"
    for part in ("2 scenes of ", "| with_mask | 32-64 | 2 | 1 |", "1 heads with other labels", "broken.jpg"):
        assert part in text
    assert len(picture(out / "missed-or-wrong-1.png")) > SMALL.side
    (missed,) = lines_of(out / "missed-or-wrong.csv", FACE_COLUMNS)
    assert (missed["number"], missed["label"], missed["outcome"]) == ("1", "with_mask", MISSED)
    assert missed["path"] == str(folder / "images" / "two.png") and missed["label_box"] == "600 330 640 380"
    assert missed["box"] == missed["score"] == missed["verdict"] == ""
    assert len(lines_of(out / "no-label.csv", EXTRA_COLUMNS)) == metrics["boxes_without_label"]
    names = {*OUTPUTS, "missed-or-wrong-1.png"} | ({"no-label-1.png"} if metrics["boxes_without_label"] else set())
    assert {one.name for one in out.iterdir()} == names, "nothing half written stays"

    # A second run is refused at once; with --force nothing of the first stays.
    refused = run(folder, "--out", out)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.count("\n") == 1 and "exists; add --force" in refused.stderr
    assert (out / REPORT).read_text() == text
    stale = {"missed-or-wrong-7.png", "no-label-3.png"}
    for name in stale:
        (out / name).write_text("of an earlier evaluation")
    (out / "notes.txt").write_text("precious")
    done = run(folder, "--out", out, "--force", "--smallest", 300, "--threshold", "0.9")
    assert done.returncode == 0, done.stderr
    metrics = json.loads((out / METRICS).read_text())
    assert (metrics["smallest_face"], metrics["threshold"]) == (300, 0.9)
    left = {one.name for one in out.iterdir()}
    assert "notes.txt" in left and not left & stale


def lines_of(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        rows = csv.DictReader(file)
        found = list(rows)
    assert rows.fieldnames == list(columns)
    return found


def test_every_box_on_no_label_can_be_traced(folder: Path, tmp_path: Path) -> None:
    """Both people of the picture are found, and no label is near them."""
    (tmp_path / "far" / "images").mkdir(parents=True)
    save(picture(folder / "images" / "two.png"), tmp_path / "far" / "images" / "two.png")
    write_labels(tmp_path / "far", {"two.png": {"faces": [{"label": "without_mask", "box": [0, 390, 30, 400]}]}})
    assert main(["evaluate-scenes", str(tmp_path / "far"), "--out", str(tmp_path / "out")]) == 0
    rows = lines_of(tmp_path / "out" / "no-label.csv", EXTRA_COLUMNS)
    metrics = json.loads((tmp_path / "out" / METRICS).read_text())
    assert len(rows) == metrics["boxes_without_label"] >= 2
    assert sum(row["verdict"] == "no_mask" for row in rows) == sum(one["no_mask"] for one in metrics["without_label"])
    faces = np.array([FACE / 2 + np.array([left, 60, left, 60]) for left in (20, 380)], np.float32)
    boxes = np.array([[float(value) for value in row["box"].split()] for row in rows], np.float32)
    with FaceDetector() as detector, MaskClassifier(asset(MASK_MODEL)) as classifier:
        pipeline = Pipeline(FaceFinder(detector, effort=Effort.CLOSELY), classifier)
        result = pipeline.process_single(Frame(picture(folder / "images" / "two.png")))
    np.testing.assert_allclose(boxes, result.boxes, atol=0.01)
    for place, row in enumerate(rows):
        assert row["number"] == str(place + 1) and row["path"] == str(tmp_path / "far" / "images" / "two.png")
        assert row["verdict"] == result.verdicts[place] and row["reason"] == (result.reasons[place] or "")
        assert float(row["score"]) == pytest.approx(result.scores[place], abs=1e-4)
        assert float(row["no_mask_probability"]) == pytest.approx(result.no_mask_probability[place], abs=1e-5)
        assert float(row["not_face_probability"]) == pytest.approx(result.not_face_probability[place], abs=1e-5)
        assert float(row["overlap"]) == 0
    verdicts = [rows[int(place)]["verdict"] for place in overlaps(faces, boxes)[0].argmax(axis=1)]
    assert verdicts == [Verdict.NO_MASK, Verdict.MASK]
    assert len(picture(tmp_path / "out" / "no-label-1.png")) > SMALL.side


def test_every_face_from_20_px_on_that_was_missed_is_shown_and_none_below(folder: Path) -> None:
    scene = folder / "images" / "two.png"
    faces = [Face(scene, (5.0, 5.0, 5.0 + width, 40.0), "without_mask", MISSED) for width in (19.0, 20.0, 33.0)]
    shown = of_faces(Outcome(tuple(faces), (), 1, 0.1))
    assert [one.box[2] - one.box[0] for one in shown] == [20.0, 33.0]


def test_more_faces_than_fit_a_sheet_go_on_another(folder: Path) -> None:
    """Each with its own cut of the picture, in order, whatever picture it is from."""
    layout = Layout(columns=4, rows=2, side=60, lines=1, type_size=8)
    paths = [folder / "images" / name for name in ("two.png", "nobody.png")]
    faces = [Face(paths[x >= 100], (float(x), 30.0, x + 30.0, 70.0), "with_mask", MISSED) for x in range(0, 120, 10)]
    pages = list(sheets(of_faces(Outcome(tuple(faces), (), 2, 0.1)), "Missed", layout))
    assert len(pages) == 2 and pages[0].shape[0] > pages[1].shape[0] > layout.side
    assert pages[0].shape[1] == pages[1].shape[1] == 4 * (layout.side + 10) + 10
    grey = [int((page == 110).all(axis=2).sum()) for page in pages]
    assert grey[1] > 2 * layout.side**2, "two of the last four are of the picture in which there is nobody"
    assert list(sheets([], "Missed", layout)) == []


def listed(folder: Path, **splits: Sequence[str]) -> Path:
    """A manifest with a face in each picture, once for each of its splits."""
    samples = [
        Sample(folder / "images" / f"{name}.png", "mask", "scenes", name, split, (1, 2, 30, 40))
        for name, those in splits.items()
        for split in those
    ]
    write_manifest(folder.parent / "listed.csv", samples)
    return folder.parent / "listed.csv"


def test_only_pictures_that_are_in_no_other_split_are_chosen(tmp_path: Path) -> None:
    folder = write_labels(tmp_path / "own", {f"{name}.png": {"faces": []} for name in "abcde"})
    scenes = read_scenes(folder)
    manifest = listed(folder, a=[VALIDATION] * 2, b=[TRAIN], c=[VALIDATION, TRAIN], d=[VALIDATION])
    chosen = choose(scenes, folder, manifest, VALIDATION)
    assert [one.path.stem for one in chosen.scenes] == ["a", "d"]
    assert (chosen.of_others, chosen.unlisted) == (2, 1)
    # The same pictures by another way, and others of the same names.
    (tmp_path / "link").symlink_to(folder)
    linked = read_scenes(tmp_path / "link")
    assert [one.path.stem for one in choose(linked, folder, manifest, TRAIN).scenes] == ["b"]
    other = write_labels(tmp_path / "other" / "own", {f"{name}.png": {"faces": []} for name in "abcde"})
    with pytest.raises(UnusableInput, match="it lists none of them"):
        choose(read_scenes(other), other, manifest, VALIDATION)


def test_a_split_that_prepare_made_is_judged_alone(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare([folder], tmp_path / "data")
    manifest = tmp_path / "data" / "manifest.csv"
    (split,) = {one.split for one in read_manifest(manifest) if one.path.name == "two.png"}
    other = TRAIN if split == VALIDATION else VALIDATION
    given = [str(folder), "--manifest", str(manifest), "--out", str(tmp_path / "out")]
    assert main(["evaluate-scenes", *given, "--split", split, "--boxes", "head"]) == 0
    metrics = json.loads((tmp_path / "out" / METRICS).read_text())
    assert (metrics["scenes"], metrics["split"], metrics["boxes"]) == (1, split, "head")
    assert metrics["manifest"] == str(manifest) and sum(metrics["left_out"].values()) == 2
    text = (tmp_path / "out" / REPORT).read_text()
    assert f"Only pictures of the split {split} of {manifest}" in text and "background" in text
    assert capsys.readouterr().out.startswith(text.splitlines()[0])
    said = refused(capsys, "evaluate-scenes", *given, "--force", "--split", TEST)
    assert f"no picture belongs to the split {TEST}" in said and "other splits" in said
    assert "together" in refused(capsys, "evaluate-scenes", *given, "--force")
    assert "together" in refused(
        capsys, "evaluate-scenes", folder, "--split", other, "--out", tmp_path / "out", "--force"
    )
    assert "no such split" in refused(capsys, "evaluate-scenes", *given, "--force", "--split", "dev")
    assert "not a manifest" in refused(
        capsys,
        *("evaluate-scenes", folder, "--manifest", folder / "faces.json"),
        *("--split", other, "--out", tmp_path / "new"),
    )
    assert not (tmp_path / "new").exists() and (tmp_path / "out" / REPORT).read_text() == text


def test_the_report_says_what_the_labels_hold_and_what_is_left_out() -> None:
    facts = {"scenes": 3, "data": "own", "model": "m", "threshold": 0.5, "smallest_face": 24}
    plain = "\n".join(head({**facts, "split": None, "boxes": "face"}, Chosen(())))
    assert f"overlap by {FOUND_IOU:g} or more" in plain and "split" not in plain and "background" not in plain
    part = "\n".join(head({**facts, "split": "train", "manifest": "m.csv", "boxes": "head"}, Chosen((), 5, 2)))
    assert "5 pictures of other splits are left out, and 2 that it doesn't list" in part
    assert f"{INSIDE_HEAD:g} of the box" in part and f"{FILLS_HEAD:g} of the head" in part and "background" in part


def test_names_what_is_wrong_in_one_line(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    out = ["--out", tmp_path / "out"]
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("no folder")
    (tmp_path / "text.tflite").write_text("no model")
    nothing, torn = write_labels(tmp_path / "nothing", {}), write_labels(tmp_path / "torn", '{"a.png": ')
    gone = write_labels(tmp_path / "gone", {"a.png": {"faces": []}})
    assert "holds no labelled scenes" in refused(capsys, "evaluate-scenes", tmp_path / "absent", *out)
    assert "holds no labelled scenes" in refused(capsys, "evaluate-scenes", tmp_path / "empty", *out)
    assert "holds no labelled scenes" in refused(capsys, "evaluate-scenes", tmp_path / "file.txt", *out)
    assert "lists no scene" in refused(capsys, "evaluate-scenes", nothing, *out)
    assert "not a list of labelled scenes" in refused(capsys, "evaluate-scenes", torn, *out)
    assert "no such weights file" in refused(
        capsys, "evaluate-scenes", folder, "--model", tmp_path / "absent.tflite", *out
    )
    assert "no such model card" in refused(capsys, "evaluate-scenes", folder, "--model", tmp_path / "text.tflite", *out)
    assert f"{LEAST_FACE} px is the least" in refused(
        capsys, "evaluate-scenes", folder, "--smallest", LEAST_FACE - 1, *out
    )
    for number in ("0", "1", "-0.5", "nan"):
        assert "between 0 and 1" in refused(capsys, "evaluate-scenes", folder, f"--threshold={number}", *out)
    assert "is no folder" in refused(capsys, "evaluate-scenes", folder, "--out", tmp_path / "file.txt")
    assert "can't be made" in refused(capsys, "evaluate-scenes", folder, "--out", tmp_path / "file.txt" / "out")
    assert not (tmp_path / "out").exists()
    said = refused(capsys, "evaluate-scenes", gone, *out)
    assert "not one readable scene" in said and "a.png" in said
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["x", "--split"], ["x", "--out", "y", "--smallest", "many"]], ids=str)
def test_wrong_use_ends_with_code_2(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate-scenes", *arguments])
    assert ended.value.code == 2
    assert "usage: python -m training evaluate-scenes" in capsys.readouterr().err


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate-scenes", "--help"])
    assert ended.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: python -m training evaluate-scenes") and f"({SMALLEST_FACE})" in out and err == ""
