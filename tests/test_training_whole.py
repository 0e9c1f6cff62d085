"""A whole tiny training, in processes of its own: prepare, train, Ctrl-C, resume, export, and the app's classifier."""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import training
from maskcam.classifier import MaskClassifier
from maskcam.crops import resize, scale
from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.frames import Pixels
from maskcam.modelcard import NOT_FACE, CropRule, file_sha256, load_card
from tests.drawn_faces import draw_face, save_classes
from tests.support import heed_signals
from training.ablation import TABLE, ablate
from training.ablation_plan import Budget, Line
from training.checkpoint import RunFolder
from training.export import LARGEST_FILE, MEAN_APART, MOST_APART, _complete, _put_in_place, export
from training.manifest import LABELS, NO_MASK, SPLITS, TEST, TRAIN, VALIDATION, read_manifest
from training.model import build
from training.temperature import temper
from training.tf import import_tensorflow
from training.train import training_card

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")

SIZE = 75
EPOCH_STEPS, EPOCHS = 3, 3
STEPS = EPOCH_STEPS * EPOCHS
"""All layers from the start: the ablation below trains the head alone, and `test_training_phases` one after the other.
Each phase costs half a minute before its first step."""
BATCH = 8
HIDDEN = 16
PATIENCE = 1800
"""Seconds that a step of the chain may take on a machine that has other work."""


@dataclass(frozen=True)
class Ran:
    """What a finished process left behind."""

    code: int
    out: str
    err: str


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "training", *map(str, arguments)]


def environment() -> dict[str, str]:
    """Of the package under test; without what would quieten TensorFlow or unbuffer the output from outside."""
    root = str(Path(training.__file__).parent.parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "PYTHON"))}
    return {**kept, "PYTHONPATH": root}


def run(*arguments: str | Path) -> Ran:
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=PATIENCE, env=environment(), check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def run_until_interrupted(arguments: Sequence[str | Path], line: str) -> Ran:
    """Start a process, send it a real Ctrl-C once it has printed a line that begins so."""
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        preexec_fn=heed_signals,  # noqa: PLW1509
    )
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    out: list[str] = []
    try:
        assert process.stdout is not None
        for printed in process.stdout:
            out.append(printed)
            if printed.startswith(line):
                process.send_signal(signal.SIGINT)
                break
        rest, err = process.communicate()
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.kill()
            process.wait()
    return Ran(process.returncode, "".join(out) + rest, err)


def read_history(folder: Path) -> list[dict[str, str]]:
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


ABLATION_START = "ablation.weights.h5"
LINE = Line("plain", ("balance", "render"), ("own",), head_only=True, input_size=SIZE)


def ablation(folder: Path, *lines: Line) -> tuple[Path, Budget, list[Line]]:
    """What `ablate` is told after the manifest."""
    budget = Budget(str(folder / ABLATION_START), "float32", epochs=2, epoch_images=32, ladder_faces=4)
    return folder / "ablation", budget, list(lines)


@dataclass(frozen=True)
class Chain:
    """The whole training, step by step."""

    folder: Path
    prepared: Ran
    interrupted: Ran
    checkpoint: dict[str, Any]
    history_before: list[dict[str, str]]
    files_before: frozenset[str]
    resumed: Ran
    exported: Ran
    ablated: list[str]

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def exported_file(self) -> Path:
        return self.folder / "app" / "tiny.tflite"

    @property
    def manifest(self) -> Path:
        return self.folder / "prepared" / "manifest.csv"


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    folder = tmp_path_factory.mktemp("whole")
    for number, (part, count) in enumerate((("Train", 12), ("Validation", 6), ("Test", 8))):
        save_classes(folder / "kaggle" / part, ("WithMask", "WithoutMask"), count, 1000 * number)
    save_classes(folder / "own", ("with_mask", "without_mask"), 60, 5000)
    (folder / "own" / "with_mask" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 torn")
    start = folder / "start.weights.h5"
    with ThreadPoolExecutor() as pool:  # what can be done side by side is, since it all takes long
        about = folder / "about.json"
        about.write_text(json.dumps({"own": {"name": "drawn faces", "licence": "none"}}))
        sources = (folder / "kaggle", folder / "own", "--about", about)
        preparing = pool.submit(run, "prepare", *sources, "--out", folder / "prepared")
        keras = import_tensorflow().keras
        keras.utils.set_random_seed(7)
        keras.applications.InceptionV3(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3)).save_weights(start)
        prepared = preparing.result()
    assert prepared.code == 0, prepared.err

    (folder / "app").mkdir()
    numbers = {
        "input-size": SIZE,
        "batch": BATCH,
        "epoch-images": BATCH * EPOCH_STEPS,
        "head-epochs": 0,
        "epochs": EPOCHS,
        "hidden": HIDDEN,
        "seed": 3,
    }
    flags = [part for name, value in numbers.items() for part in (f"--{name}", str(value))]
    flags += ["--weights-origin", "made by chance", "--weights-licence", "Unlicense"]
    target = folder / "run"
    kept = folder / ABLATION_START
    kept.hardlink_to(start)
    with ThreadPoolExecutor() as pool:
        ablating = pool.submit(lambda: list(ablate(folder / "prepared" / "manifest.csv", *ablation(folder, LINE))))
        interrupted = run_until_interrupted(
            ["train", folder / "prepared" / "manifest.csv", "--weights", start, "--out", target, *flags], "epoch 1:"
        )
        assert interrupted.code == 130, interrupted.err
        checkpoint = json.loads((target / "checkpoint.json").read_text())
        history_before = read_history(target)
        files_before = frozenset(one.name for one in target.iterdir())
        start.unlink()  # a run that goes on needs its checkpoint, not what it started from
        resumed = run("train", "--resume", "--out", target)
        assert resumed.code == 0, resumed.err
        exported = run("export", target, "--out", folder / "app" / "tiny.tflite")
        assert exported.code == 0, exported.err
        ablated = ablating.result()
    return Chain(folder, prepared, interrupted, checkpoint, history_before, files_before, resumed, exported, ablated)


@pytest.fixture(scope="module")
def pictures() -> Pixels:
    """Drawn faces that no step has seen, as the classifier takes them."""
    return np.stack([resize(draw_face(masked, seed), SIZE) for masked in (True, False) for seed in range(9000, 9010)])


def test_prepare_wrote_the_manifest_and_said_so(chain: Chain) -> None:
    samples = read_manifest(chain.manifest)
    assert len(samples) == 2 * (12 + 6 + 8) + 2 * 60
    assert chain.prepared.out.splitlines()[-1] == f"wrote {chain.manifest} with {len(samples)} faces"
    assert "unreadable: 1\n" in chain.prepared.out and "torn.jpg" in chain.prepared.out
    assert {(one.source, one.split) for one in samples} == {
        *(("kaggle", part) for part in SPLITS),
        ("own", TRAIN),
        ("own", VALIDATION),
    }


def test_ctrl_c_stops_in_the_middle_and_says_how_to_go_on(chain: Chain) -> None:
    step = chain.checkpoint["step"]
    assert EPOCH_STEPS <= step < STEPS, "it may come just as the epoch ends"
    assert chain.interrupted.err.splitlines() == [
        f"training: stopped after step {step} of {STEPS}; go on with"
        f" python -m training train --resume --out {chain.run}"
    ]


def test_ctrl_c_leaves_a_whole_checkpoint(chain: Chain) -> None:
    step = chain.checkpoint["step"]
    assert chain.files_before >= {
        "config.json",
        "history.csv",
        "curves.png",
        "best.weights.h5",
        "checkpoint.json",
        f"checkpoint-{step}.weights.h5",
        f"checkpoint-{step}.npz",
    }
    assert len([name for name in chain.files_before if name.startswith("checkpoint-")]) == 2, "older ones are gone"
    assert not [name for name in chain.files_before if "part" in name]


def test_resume_really_goes_on(chain: Chain) -> None:
    history = read_history(chain.run)
    assert [int(row["epoch"]) for row in history] == list(range(1, EPOCHS + 1))
    assert history[: len(chain.history_before)] == chain.history_before
    assert [row["phase"] for row in history] == ["all layers"] * EPOCHS
    printed = [line.split(":")[0] for line in chain.resumed.out.splitlines() if line.startswith("epoch ")]
    assert printed == [f"epoch {epoch}" for epoch in range(len(chain.history_before) + 1, EPOCHS + 1)]
    assert json.loads((chain.run / "checkpoint.json").read_text())["step"] == STEPS
    with np.load(chain.run / f"checkpoint-{STEPS}.npz") as optimizer:
        taken = [int(value) for value in optimizer.values() if value.shape == () and value.dtype.kind in "iu"]
    assert taken == [EPOCHS * EPOCH_STEPS], "the optimizer's own count of steps goes on too"


def test_the_run_folder_holds_the_whole_configuration(chain: Chain) -> None:
    config = json.loads((chain.run / "config.json").read_text())
    expected = {
        "input_size": SIZE,
        "batch": BATCH,
        "hidden": HIDDEN,
        "seed": 3,
        "epochs": EPOCHS,
        "precision": "float32",
    }
    assert {name: config[name] for name in expected} == expected
    assert config["manifest"] == str(chain.manifest)
    assert config["weights"] == str(chain.folder / "start.weights.h5")
    assert config["crop"]["margin"] == CropRule().margin


def test_losses_are_finite_and_the_best_epoch_is_the_best(chain: Chain) -> None:
    history = read_history(chain.run)
    for row in history:
        assert all(math.isfinite(float(row[name])) and float(row[name]) > 0 for name in ("loss", "val_loss"))
        assert all(0 <= float(row[name]) <= 1 for name in ("accuracy", "val_accuracy"))
    losses = [float(row["val_loss"]) for row in history]
    best = losses.index(min(losses))
    said = f"trained {STEPS} steps; kept is epoch {best + 1} of history.csv, validation loss {losses[best]:.4f}"
    assert said in chain.resumed.out
    validation = [one for one in read_manifest(chain.manifest) if one.split == VALIDATION]
    for row in history:
        wrong = int(row["val_missed"]) + int(row["val_false"])
        assert float(row["val_accuracy"]) == pytest.approx(1 - wrong / len(validation), abs=1e-5)


def test_the_curves_are_a_picture(chain: Chain) -> None:
    with Image.open(chain.run / "curves.png") as image:
        assert image.format == "PNG"
        assert len(np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)) > 10


def test_the_exported_file_is_small_and_alone_with_its_card(chain: Chain) -> None:
    assert sorted(one.name for one in chain.exported_file.parent.iterdir()) == ["tiny.json", "tiny.tflite"]
    assert 1_000_000 < chain.exported_file.stat().st_size <= LARGEST_FILE


def test_the_card_tells_the_truth(chain: Chain) -> None:
    card = load_card(chain.exported_file)
    assert card.sha256 == file_sha256(chain.exported_file)
    assert (card.labels, card.input_size, card.crop) == (LABELS, SIZE, CropRule())
    assert 0.1 <= card.threshold <= 0.9
    assert card.training["seed"] == 3 and card.training["epochs"] == EPOCHS
    assert card.training["steps_done"] == EPOCHS * EPOCH_STEPS and "not finished" not in chain.exported.out
    temperature = card.training["temperature"]
    assert 0.2 <= temperature <= 5 and f"temperature {temperature:.3f}" in chain.exported.out
    assert card.data == [{"source": "kaggle"}, {"source": "own", "name": "drawn faces", "licence": "none"}]
    start = {"name": "start.weights.h5", "origin": "made by chance", "licence": "Unlicense"}
    assert card.start_weights == start
    assert str(chain.folder) not in card.to_json(), "no path of this machine travels with the weights"


def test_the_card_names_no_source_of_which_nothing_was_learnt(chain: Chain, tmp_path: Path) -> None:
    samples = read_manifest(chain.manifest)
    config, crop = RunFolder(chain.run).config()
    none = [replace(samples[0], label=NOT_FACE, source="nobody", group="nobody/1", split=TRAIN)]
    with MaskClassifier(chain.exported_file) as classifier:
        card = _complete(training_card(config, crop), classifier, [*samples, *none], config)
    assert [one["source"] for one in card.data] == ["kaggle", "own"]


def test_of_a_run_that_is_not_finished_it_is_said(chain: Chain, tmp_path: Path) -> None:
    shutil.copytree(chain.run, tmp_path / "run")
    state = tmp_path / "run" / "checkpoint.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "step": 3}))
    told = list(export(RunFolder(tmp_path / "run"), tmp_path / "app.tflite", force=False))
    assert f"not finished: 3 of {EPOCHS * EPOCH_STEPS} steps" in "\n".join(told)
    assert load_card(tmp_path / "app.tflite").training["steps_done"] == 3


def test_weights_and_card_are_put_in_place_both_or_none(tmp_path: Path) -> None:
    names = ("new.a", "a"), ("new.b", "b")
    for new, _ in names:
        (tmp_path / new).write_text(new)
    (tmp_path / "a").write_text("a")
    (tmp_path / "b" / "c").mkdir(parents=True)
    with pytest.raises(OSError, match="b"):
        _put_in_place([(tmp_path / new, tmp_path / old) for new, old in names])
    assert (tmp_path / "a").read_text() == "a"


def test_an_export_that_can_not_be_written_is_told_in_one_line(chain: Chain, tmp_path: Path) -> None:
    (tmp_path / "app.tflite").mkdir()
    with pytest.raises(FailedOnTheWay, match="can't be written") as caught:
        list(export(RunFolder(chain.run), tmp_path / "app.tflite", force=True))
    assert "\n" not in str(caught.value)
    assert [one.name for one in tmp_path.iterdir()] == ["app.tflite"]


def test_the_metrics_add_up(chain: Chain) -> None:
    card = load_card(chain.exported_file)
    samples = read_manifest(chain.manifest)
    assert set(card.metrics) == {VALIDATION, TEST}
    for part, values in card.metrics.items():
        bare = sum(one.split == part and one.label == NO_MASK for one in samples)
        assert values["positives"] == bare
        assert values["positives"] + values["negatives"] == sum(one.split == part for one in samples)
        right = values["positives"] + values["negatives"] - values["missed_alarms"] - values["false_alarms"]
        assert values["accuracy"] == pytest.approx(right / (values["positives"] + values["negatives"]), abs=1e-5)
        assert (values["threshold"], values["positive_class"]) == (card.threshold, NO_MASK)
        said = f"{part}: {values['missed_alarms']} missed of {bare} bare, {values['false_alarms']} false of"
        assert said in chain.exported.out
    assert f"threshold {card.threshold:.4f}" in chain.exported.out


@pytest.mark.parametrize("count", [0, 1, 5])
def test_the_app_loads_what_was_exported(chain: Chain, pictures: Pixels, count: int) -> None:
    with MaskClassifier(chain.exported_file) as classifier:
        answers = classifier.classify(pictures[:count])
        assert answers.shape == (count, 2) and answers.dtype == np.float32
        assert (answers >= 0).all() and answers.sum(axis=1) == pytest.approx(np.ones(count), abs=1e-3)
        np.testing.assert_allclose(answers, classifier.classify(pictures)[:count], atol=1e-5)


def test_the_exported_file_agrees_with_the_best_weights(chain: Chain, pictures: Pixels) -> None:
    model = build(SIZE, len(LABELS), HIDDEN, 0.0)
    model.load_weights(chain.run / "best.weights.h5")
    temper(model, load_card(chain.exported_file).training["temperature"])
    with MaskClassifier(chain.exported_file) as classifier:
        exported = classifier.classify(pictures)
        expected = np.asarray(model.predict_on_batch(scale(pictures, classifier.card)))
    apart = np.abs(exported - expected)
    assert float(apart.mean()) <= 2 * MEAN_APART
    assert float(apart.max()) <= 2 * MOST_APART
    assert np.ptp(exported[:, 0]) > 0, "the answer depends on the picture"


def test_tensorflow_keeps_quiet(chain: Chain) -> None:
    assert chain.prepared.err == ""
    assert chain.resumed.err == ""
    assert chain.exported.err == ""
    assert len(chain.interrupted.out.splitlines()) == len(chain.history_before)
    assert len(chain.resumed.out.splitlines()) == EPOCHS - len(chain.history_before) + 2
    assert len(chain.exported.out.splitlines()) == 3


def test_an_ablation_trains_a_line_judges_it_and_keeps_it(chain: Chain) -> None:
    out, budget, lines = ablation(chain.folder, LINE)
    said = chain.ablated
    config = json.loads((out / "01" / "config.json").read_text())
    assert (config["head_epochs"], config["epochs"], config["epoch_images"]) == (2, 0, 32)
    assert (config["without"], config["sources"]) == (["balance", "render"], ["own"])
    assert [row["phase"] for row in read_history(out / "01")] == ["head"] * 2
    table = (out / TABLE).read_text().splitlines()
    faces = [one for one in read_manifest(chain.manifest) if one.split == VALIDATION]
    bare = sum(one.label == NO_MASK for one in faces)
    assert f"of {bare} / {len(faces) - bare}" in table[2]
    assert table[-1] == said[0] and said[0].startswith("| plain | ")
    assert len({row.count("|") for row in table[2:]}) == 1
    Path(budget.weights).unlink()  # a line that is there is not trained again
    assert list(ablate(chain.manifest, out, budget, lines)) == said
    with pytest.raises(UnusableInput, match="other seed; name another folder"):
        list(ablate(chain.manifest, out, replace(budget, seed=9), lines))
    with pytest.raises(UnusableInput, match="other without; name another folder"):
        list(ablate(chain.manifest, out, budget, [replace(LINE, without=())]))
    with pytest.raises(UnusableInput, match="measured with --ladder-faces 4; delete it"):
        list(ablate(chain.manifest, out, replace(budget, ladder_faces=5), lines))
    rewritten = out / "rewritten.csv"
    rewritten.write_text(chain.manifest.read_text() + "\n")
    with pytest.raises(UnusableInput, match="other manifest_sha256; name another folder"):
        list(ablate(rewritten, out, budget, lines))
    other = Line("other", (), ("own",), input_size=SIZE)
    with pytest.raises(UnusableInput, match="no such weights file"):
        list(ablate(chain.manifest, out, budget, [LINE, other]))
