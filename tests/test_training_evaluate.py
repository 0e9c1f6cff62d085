"""`evaluate` as a command, on a small network trained here."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from maskcam.assets import MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.crops import resize
from maskcam.errors import UnusableInput
from maskcam.modelcard import MASK, NO_MASK, CropRule, card_path, file_sha256, load_card
from tests.drawn_faces import draw_face, save, save_classes
from tests.evaluate_parts import HEAD, SMALL
from tests.small_network import small_network  # noqa: F401 (a fixture)
from tests.support import astronaut, environment
from tests.training_parts import refused, tiny_model
from training.checkpoint import RunFolder
from training.cli import main
from training.config import TrainConfig
from training.evaluate import METRICS, OUTPUTS, REPORT, SIZE_LADDER, WEATHER_LADDER, WRONG, Wanted, evaluate
from training.export import MEAN_APART, MOST_APART, convert
from training.judge import Judged, judge
from training.labelled import read_labelled
from training.ladders import SIZE, SIZE_STEPS, VALUES, WEATHER_STEPS
from training.manifest import TEST, TRAIN, VALIDATION, Sample, write_manifest
from training.model import build
from training.scan import Trouble
from training.scorers import KerasScorer, open_scorer
from training.tf import import_tensorflow
from training.train import training_card

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")


def test_keras_and_exported_file_agree_on_the_same_pictures(tmp_path: Path) -> None:
    model = tiny_model(4)
    model.save(tmp_path / "tiny.keras")
    exported = tmp_path / "tiny.tflite"
    exported.write_bytes(convert(model))
    card = training_card(TrainConfig(manifest="", weights=None, input_size=SMALL), CropRule())
    card_path(exported).write_text(replace(card, sha256=file_sha256(exported)).to_json())
    save_classes(tmp_path / "own", ("with_mask", "without_mask"), 8, 0)
    faces = read_labelled([tmp_path / "own"], None, Trouble())
    found: list[Judged] = []
    for path in (tmp_path / "tiny.keras", exported):
        with open_scorer(path) as scorer:
            found.append(judge(scorer, faces, SIZE_STEPS[:2], None, Trouble()))
            assert len(scorer.judge(np.empty((0, SMALL, SMALL, 3), np.uint8))) == 0
    apart = np.abs(found[0].no_mask_probability - found[1].no_mask_probability)
    assert apart.mean() < MEAN_APART and np.quantile(apart, 0.99) < MOST_APART
    assert np.ptp(found[0].no_mask_probability) > 0.01, "faces are told apart at all"
    assert np.abs(found[0].by_step - found[1].by_step).mean() < MEAN_APART


@pytest.mark.usefixtures("small_network")
def test_a_run_is_judged_by_its_best_weights(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.start(TrainConfig(manifest="m.csv", weights=None, input_size=SMALL, hidden=16, precision="mixed_bfloat16"))
    with pytest.raises(UnusableInput, match="no epoch is finished"), open_scorer(run.path):
        pass
    run.best.write_text("no weights")
    with pytest.raises(UnusableInput, match="not the weights") as caught, open_scorer(run.path):
        pass
    assert "\n" not in str(caught.value)
    import_tensorflow().keras.utils.set_random_seed(7)
    model = build(SMALL, 2, 16, 0.3)
    model.save_weights(run.best)
    crops = np.stack([resize(draw_face(masked, 3), SMALL) for masked in (True, False)])
    with open_scorer(run.path) as scorer:
        answers = scorer.judge(crops).no_mask_probability
        assert scorer.card.input_size == SMALL and scorer.card.threshold == 0.5
    expected = KerasScorer(model, scorer.card).judge(crops).no_mask_probability
    np.testing.assert_allclose(answers, expected, atol=1e-6)
    assert answers.dtype == np.float32 and answers.shape == (2,)
    with pytest.raises(ValueError, match="unlike its card"):
        KerasScorer(model, replace(scorer.card, input_size=80))


def run_evaluate(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", "evaluate", *map(str, arguments)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published splits of drawn faces; the test part also holds a sure error and a broken file."""
    folder = tmp_path_factory.mktemp("evaluate") / "own"
    for number, part in enumerate(("Train", "Validation", "Test")):
        save_classes(folder / part, ("WithMask", "WithoutMask"), 4, 10 * number)
    x0, y0, x1, y1 = HEAD
    save(astronaut()[y0:y1, x0:x1], folder / "Test" / "WithMask" / "astronaut.png")
    save(draw_face(True, 50, side=20), folder / "Test" / "WithMask" / "tiny.png")
    (folder / "Test" / "WithoutMask" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (folder.parent / "list.csv").write_text("file,what\nWithMask/astronaut.png,a portrait\n")
    return folder


def check_picture(path: Path) -> None:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        pixels = np.asarray(picture.convert("RGB"))
    assert min(pixels.shape[:2]) > 200
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10, f"{path.name} shows nothing"


def check_verdicts(metrics: dict[str, Any], told: str) -> None:
    answers, app = metrics["verdicts"]["answers"], metrics["verdicts"]["app"]
    assert sum(one["bare"] for one in answers.values()) == metrics["positives"]
    assert sum(one["masked"] for one in answers.values()) == metrics["negatives"]
    assert app["with_verdict"] == sum(answers[name][truth] for name in (MASK, NO_MASK) for truth in ("bare", "masked"))
    assert metrics["verdicts"]["levels"][0]["missed_alarms"] == metrics["missed_alarms"]
    assert f"the app gives {app['with_verdict']} of {metrics['faces']} faces a verdict" in told


def test_the_whole_command(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "report"
    model = asset(MASK_MODEL)
    options = ["--split", "test", "--out", out, "--ladder-faces", 2, "--listed", f"odd={data.parent / 'list.csv'}"]
    done = run_evaluate(model, data, *options)
    assert done.returncode == 0, done.stderr
    assert "unreadable: 1" in done.stdout and "broken.jpg" in done.stdout
    assert "positive class: no mask" in done.stdout and f"wrote {out / REPORT}" in done.stdout
    assert "Traceback" not in done.stderr and "broken.jpg" not in done.stderr

    metrics = json.loads((out / METRICS).read_text())
    assert (metrics["positives"], metrics["negatives"], metrics["faces"]) == (4, 6, 10)
    assert (metrics["positive_class"], metrics["threshold"]) == (NO_MASK, load_card(model).threshold)
    assert metrics["sha256"] == file_sha256(model) and metrics["split"] == "test"
    for name in ("accuracy", "precision", "recall", "specificity", "f1", "roc_auc", "ece"):
        assert 0 <= metrics[name] <= 1
    assert metrics["not_judged"]["unreadable"] == 1
    assert [row["name"] for row in metrics["by_source"]] == ["own"]
    assert sum(row["faces"] for row in metrics["by_size"]) == 10 and metrics["by_size"][0]["faces"] == 1
    assert [row["value"] for row in metrics["size_ladder"]] == list(VALUES[SIZE])
    assert len(metrics["weather_ladder"]) == len(WEATHER_STEPS)
    assert all(row["positives"] + row["negatives"] == 2 for row in metrics["size_ladder"] + metrics["weather_ladder"])
    check_verdicts(metrics, done.stdout)
    listed = metrics["listed"][0]
    assert (listed["name"], listed["faces"], listed["false_alarms"]) == ("odd", 1, 1)
    assert listed["recall"] is None and listed["roc_auc"] is None

    with (out / WRONG).open(newline="") as file:
        wrong = list(csv.DictReader(file))
    assert list(wrong[0]) == ["path", "box", "truth", "no_mask_probability", "rejected", "source", "size"]
    assert len(wrong) == metrics["missed_alarms"] + metrics["false_alarms"] >= 1
    portrait = next(row for row in wrong if row["path"].endswith("astronaut.png"))
    assert portrait["truth"] == MASK and float(portrait["no_mask_probability"]) >= metrics["threshold"]
    assert portrait["size"] == str((HEAD[2:] - HEAD[:2]).max())

    report = (out / REPORT).read_text()
    assert "positive class is `no_mask`" in report and "Wilson" in report and "equal width" in report
    for row in wrong:
        assert Path(row["path"]).name in report
    for text in (
        "broken.jpg",
        "## Verdicts",
        "| surest 80 % |",
        "| odd |",
        "| own |",
        "| <24 |",
        "| 16 px |",
        "JPEG 8",
    ):
        assert text in report
    pictures = [name for name in OUTPUTS if name.endswith(".png")] + ["wrong-1.png"]
    for name in pictures:
        check_picture(out / name)
        assert f"]({name})" in report
    assert sorted(one.name for one in out.iterdir()) == sorted({*OUTPUTS, "wrong-1.png"}), "nothing half written stays"

    # A second run is refused at once; with --force nothing of the first stays.
    refused = run_evaluate(model, data, *options)
    assert refused.returncode == 2 and refused.stdout == ""
    assert refused.stderr.count("\n") == 1 and "exists; add --force" in refused.stderr
    (out / "wrong-2.png").write_text("of an earlier evaluation")
    (out / "notes.txt").write_text("precious")
    again = ["--split", "validation", "--out", out, "--ladder-faces", 0, "--threshold", "0.9", "--force"]
    done = run_evaluate(model, data, *again)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((out / METRICS).read_text())
    assert (metrics["threshold"], metrics["faces"], metrics["size_ladder"]) == (0.9, 8, [])
    left = {one.name for one in out.iterdir()}
    assert not left & {SIZE_LADDER, WEATHER_LADDER, "wrong-2.png"} and "notes.txt" in left


def test_one_class_alone_gives_nulls_and_all_files(data: Path, tmp_path: Path) -> None:
    """Of a manifest too, and in the process, since TensorFlow and LiteRT are loaded already."""
    for label, folder, absent in (
        (MASK, "WithMask", ["precision", "recall", "f1", "roc_auc"]),
        (NO_MASK, "WithoutMask", ["specificity", "roc_auc"]),
    ):
        samples = [
            Sample(path, label, "own", path.stem, part)
            for place, path in enumerate(sorted((data / "Validation" / folder).iterdir()))
            for part in [TRAIN if place else VALIDATION]
        ]
        write_manifest(tmp_path / f"{label}.csv", samples)
        out = tmp_path / label
        given = [asset(MASK_MODEL), tmp_path / f"{label}.csv", "--out", out, "--split", "train", "--ladder-faces", 1]
        assert main(["evaluate", *map(str, given)]) == 0
        metrics = json.loads((out / METRICS).read_text(), parse_constant=pytest.fail)
        assert metrics["faces"] == 3
        for name in absent:
            assert metrics[name] is None
        assert metrics["accuracy"] is not None
        for name in OUTPUTS:
            assert (out / name).stat().st_size > 0
            if name.endswith(".png"):
                check_picture(out / name)


def test_names_what_is_wrong_in_one_line(capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path) -> None:
    model, out = asset(MASK_MODEL), ["--out", tmp_path / "out"]
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.keras").write_text("no model")
    (tmp_path / "text.tflite").write_text("no model")
    (tmp_path / "text.csv").write_text("no manifest\n")
    write_manifest(tmp_path / "none.csv", [])
    write_manifest(tmp_path / "test.csv", [Sample(tmp_path / "gone.png", MASK, "own", "1", TEST)])
    (tmp_path / "bare" / "with_mask").mkdir(parents=True)
    (tmp_path / "bare" / "with_mask" / "broken.png").write_text("no picture")
    assert "no such model" in refused(capsys, "evaluate", tmp_path / "absent", data, *out)
    assert "not a model" in refused(capsys, "evaluate", tmp_path / "text.csv", data, *out)
    assert "holds no training run" in refused(capsys, "evaluate", tmp_path / "empty", data, *out)
    assert "not a Keras model" in refused(capsys, "evaluate", tmp_path / "text.keras", data, *out)
    assert "no such model card" in refused(capsys, "evaluate", tmp_path / "text.tflite", data, *out)
    assert "no such manifest or folder" in refused(capsys, "evaluate", model, tmp_path / "absent", *out)
    assert "not a manifest" in refused(capsys, "evaluate", model, tmp_path / "text.csv", *out)
    assert "no data in a known layout" in refused(capsys, "evaluate", model, tmp_path / "empty", *out)
    assert "no labelled faces" in refused(capsys, "evaluate", model, tmp_path / "none.csv", *out)
    assert "of the split train" in refused(capsys, "evaluate", model, tmp_path / "test.csv", "--split", "train", *out)
    assert "no such split" in refused(capsys, "evaluate", model, data, "--split", "dev", *out)
    assert "no published splits" in refused(capsys, "evaluate", model, tmp_path / "bare", "--split", "test", *out)
    assert "given twice" in refused(capsys, "evaluate", model, data, data, *out)
    assert "between 0 and 1" in refused(capsys, "evaluate", model, data, "--threshold", "1.5", *out)
    assert "between 0 and 1" in refused(capsys, "evaluate", model, data, "--threshold", "nan", *out)
    assert "-3 faces" in refused(capsys, "evaluate", model, data, "--ladder-faces", "-3", *out)
    assert "name the row" in refused(capsys, "evaluate", model, data, "--listed", "drawn", *out)
    assert "not a list" in refused(
        capsys, "evaluate", model, data, "--listed", f"drawn={tmp_path / 'absent.csv'}", *out
    )
    assert "no column file" in refused(
        capsys, "evaluate", model, data, "--listed", f"drawn={tmp_path / 'text.csv'}", *out
    )
    twice = ["--listed", f"a={data.parent / 'list.csv'}"] * 2
    assert "same name" in refused(capsys, "evaluate", model, data, *twice, *out)
    assert "is no folder" in refused(capsys, "evaluate", model, data, "--out", tmp_path / "text.csv")
    assert "can't be made" in refused(capsys, "evaluate", model, data, "--out", tmp_path / "text.csv" / "out")
    assert not (tmp_path / "out").exists()
    for gone in ("test.csv", "bare"):
        said = refused(capsys, "evaluate", model, tmp_path / gone, *out)
        assert "not one readable" in said and ("gone.png" in said or "broken.png" in said)
    assert list((tmp_path / "out").iterdir()) == []


def test_without_what_draws_the_diagrams_nobody_is_judged(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "need matplotlib" in refused(capsys, "evaluate", asset(MASK_MODEL), data, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_library_that_can_not_be_loaded_gets_one_line(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    assert main(["evaluate", str(asset(MASK_MODEL)), str(data), "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "can't be loaded" in said and "maskcam[train]" in said and said.count("\n") == 1


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_refused_before_the_work(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "locked"
    out.mkdir(mode=0o500)
    assert "may not write" in refused(capsys, "evaluate", asset(MASK_MODEL), data, "--out", out)


def test_nothing_is_said_where_nobody_looks_even_when_no_face_climbs(data: Path, tmp_path: Path) -> None:
    """The one face for the ladders can't be read; neither progress bar nor matplotlib may write to a log."""
    pictures = [tmp_path / "gone.png", data / "Test" / "WithMask" / "tiny.png"]
    write_manifest(tmp_path / "two.csv", [Sample(path, MASK, "own", path.stem, TEST) for path in pictures])
    done = run_evaluate(asset(MASK_MODEL), tmp_path / "two.csv", "--out", tmp_path / "out", "--ladder-faces", 1)
    assert (done.returncode, done.stderr) == (0, "")
    metrics = json.loads((tmp_path / "out" / METRICS).read_text())
    assert metrics["faces"] == 1 and all(row["accuracy"] is None for row in metrics["size_ladder"])


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "--help"])
    assert ended.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: python -m training evaluate") and "positive class is no mask" in out and err == ""


def test_the_classifier_of_the_app_is_a_scorer() -> None:
    with open_scorer(asset(MASK_MODEL)) as scorer:
        assert isinstance(scorer, MaskClassifier)
        size = scorer.card.input_size
        crop = cv2.resize(astronaut()[14:192, 157:302], (size, size))
        assert scorer.judge(np.asarray(crop, np.uint8)[None]).no_mask_probability[0] > 0.5


def test_drawings_and_wrong_labels_that_are_known_get_rows_of_their_own(tmp_path: Path) -> None:
    data = tmp_path / "face-mask-12k"
    for seed, name in enumerate(("WithMask/206", "WithMask/1", "WithoutMask/2", "WithoutMask/3")):
        save(draw_face("WithMask" in name, seed), data / "Train" / f"{name}.jpg")
    wanted = Wanted(asset(MASK_MODEL), (data,), tmp_path / "out", ladder_faces=0)
    told = list(evaluate(wanted))
    metrics = json.loads((tmp_path / "out" / METRICS).read_text())
    rows = metrics["listed"]
    assert [(row["name"], row["faces"]) for row in rows] == [("mislabelled", 1), ("all but mislabelled", 3)]
    # The bundled weights were trained on a set of this name.
    assert metrics["trained_on"] == [str(data)]
    caution = f"{data} holds what this model was trained on"
    assert any(line.startswith(caution) for line in told)
    assert f"**{caution}" in (tmp_path / "out" / REPORT).read_text()


def test_the_bundled_weights_say_when_they_are_judged_on_strange_splits(data: Path, tmp_path: Path) -> None:
    samples = [Sample(path, MASK, "own", f"own/{path.stem}", "validation") for path in (data / "Test").rglob("face*.*")]
    write_manifest(tmp_path / "strange.csv", samples)
    done = run_evaluate(
        *(asset(MASK_MODEL), tmp_path / "strange.csv", "--split", "validation", "--ladder-faces", 0),
        *("--out", tmp_path / "report"),
    )
    assert done.returncode == 0, done.stderr
    assert "strange.csv is not what this model was trained by" in done.stdout
    assert "is not what this model was trained by" in (tmp_path / "report" / REPORT).read_text()
    told = json.loads((tmp_path / "report" / METRICS).read_text())["not_trained_by"]
    assert told == [str(tmp_path / "strange.csv")]
