"""Two phases of a training, stopped and gone on with at each kind of step; on a small network."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tqdm import tqdm

from maskcam.errors import FailedOnTheWay
from maskcam.modelcard import MASK, NO_MASK
from tests.drawn_faces import save_classes
from tests.small_network import small_base, small_network  # noqa: F401 (a fixture)
from training.checkpoint import Progress, RunFolder
from training.cli import main
from training.config import TrainConfig
from training.export import _kept, _unfinished
from training.manifest import LABELS, TRAIN, VALIDATION, Sample, write_manifest
from training.model import build
from training.precision import BFLOAT16, FASTEST, FLOAT32
from training.tf import import_tensorflow
from training.train import Interrupted, train

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras"),
    pytest.mark.usefixtures("small_network", "ctrl_c_is_heard"),
]

SIZE, HIDDEN, BATCH = 75, 8, 4
EPOCH_STEPS, HEAD_EPOCHS, EPOCHS = 3, 1, 1
HEAD_STEPS, STEPS = HEAD_EPOCHS * EPOCH_STEPS, (HEAD_EPOCHS + EPOCHS) * EPOCH_STEPS


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phases")
    save_classes(folder, ("with_mask", "without_mask"), 4, 0)
    samples = [
        Sample(path, label, "own", f"own/{label}/{number}", VALIDATION if number == 0 else TRAIN)
        for label, name in ((MASK, "with_mask"), (NO_MASK, "without_mask"))
        for number, path in enumerate(sorted((folder / name).iterdir()))
    ]
    write_manifest(folder / "manifest.csv", samples)
    return folder / "manifest.csv"


@pytest.fixture
def config(manifest: Path, tmp_path: Path) -> TrainConfig:
    keras = import_tensorflow().keras
    keras.utils.set_random_seed(5)
    start = tmp_path / "start.weights.h5"
    small_base(keras, SIZE, None).save_weights(start)
    return TrainConfig(
        manifest=str(manifest),
        weights=str(start),
        input_size=SIZE,
        batch=BATCH,
        epoch_images=BATCH * EPOCH_STEPS,
        head_epochs=HEAD_EPOCHS,
        epochs=EPOCHS,
        hidden=HIDDEN,
    )


def weights_of(path: Path) -> dict[str, Any]:
    """Kernels by the name of their layer."""
    model = build(SIZE, len(LABELS), HIDDEN, 0.3)
    model.load_weights(path)
    return {layer.name: layer.get_weights()[0] for layer in model.layers if layer.get_weights()}


def same(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {name for name in one if np.array_equal(one[name], other[name])}


def test_a_run_is_told_in_which_numbers_it_computes_once_and_for_all(config: TrainConfig, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    train(folder, replace(config, precision=FASTEST))
    assert folder.config()[0].precision in {FLOAT32, BFLOAT16}


def test_an_epoch_is_kept_though_nobody_can_be_told_of_it(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(tqdm, "write", gone)
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(BrokenPipeError):
        train(folder, config)
    saved = folder.progress()
    assert saved is not None and saved[0].step == EPOCH_STEPS


def test_curves_that_can_not_be_drawn_cost_no_training(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def in_use(*_: object) -> None:
        raise PermissionError(13, "open in another program")

    monkeypatch.setattr("training.train.draw_curves", in_use)
    folder = RunFolder(tmp_path / "run")
    assert train(folder, config).step == STEPS
    assert len(folder.history()) == HEAD_EPOCHS + EPOCHS
    assert capsys.readouterr().err.count("training goes on: ") == HEAD_EPOCHS + EPOCHS


def test_a_run_that_was_stopped_in_its_last_step_is_finished(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Progress.add

    def pressing(self: Progress, loss: float, accuracy: float) -> None:
        add(self, loss, accuracy)
        if self.step == STEPS:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Progress, "add", pressing)
    assert train(RunFolder(tmp_path / "run"), config).step == STEPS


@pytest.mark.parametrize("step", [HEAD_STEPS - 1, HEAD_STEPS, HEAD_STEPS + 1])
def test_a_run_goes_on_wherever_it_was_stopped(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    folder = RunFolder(tmp_path / "run")
    add = Progress.add

    def pressing(self: Progress, loss: float, accuracy: float) -> None:
        add(self, loss, accuracy)
        if self.step == step:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as at_the_keyboard:
        at_the_keyboard.setattr(Progress, "add", pressing)
        with pytest.raises(Interrupted, match=f"stopped after step {step} of {STEPS}; go on with .* --resume"):
            train(folder, config)
    state = json.loads((folder.path / "checkpoint.json").read_text())
    assert state["step"] == step
    before = folder.history()
    assert len(before) == step // EPOCH_STEPS
    assert state["batches"] == step % EPOCH_STEPS
    stopped_at = weights_of(folder.path / f"checkpoint-{step}.weights.h5")

    Path(str(config.weights)).rename(tmp_path / "kept.weights.h5")  # the checkpoint is what it goes on from
    assert train(folder, None).step == STEPS
    history = folder.history()
    assert history[: len(before)] == before
    assert [int(row["epoch"]) for row in history] == list(range(1, HEAD_EPOCHS + EPOCHS + 1))
    assert [row["phase"] for row in history] == ["head"] * HEAD_EPOCHS + ["all layers"] * EPOCHS
    with np.load(folder.path / f"checkpoint-{STEPS}.npz") as optimizer:
        taken = [int(value) for value in optimizer.values() if value.shape == () and value.dtype.kind in "iu"]
    assert taken == [EPOCHS * EPOCH_STEPS], "each phase has an optimizer, whose count of steps goes on"

    base = small_base(import_tensorflow().keras, SIZE, str(tmp_path / "kept.weights.h5"))
    start = {layer.name: layer.get_weights()[0] for layer in base.layers if layer.get_weights()}
    kernels = {"first", "second"}
    assert same(start, stopped_at) == (kernels if step <= HEAD_STEPS else set()), "first the new layers learn alone"
    assert not same(stopped_at, weights_of(folder.path / f"checkpoint-{STEPS}.weights.h5"))


@pytest.mark.parametrize("stop", [0, HEAD_STEPS + EPOCH_STEPS, STEPS + EPOCH_STEPS - 1, STEPS + 2 * EPOCH_STEPS])
def test_after_cycles_the_weights_at_all_ends_are_averaged(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stop: int
) -> None:
    config = replace(config, cycles=2, cycle_epochs=1, cycle_rate=0.01)
    folder = RunFolder(tmp_path / "run")
    add = Progress.add

    def pressing(self: Progress, loss: float, accuracy: float) -> None:
        add(self, loss, accuracy)
        if self.step == stop:
            os.kill(os.getpid(), signal.SIGINT)

    # Ever worse: the mean is kept all the same.
    monkeypatch.setattr(
        "training.train._Training._validate",
        lambda self: {"val_loss": 1 + len(folder.history()), "val_accuracy": 1, "val_missed": 0, "val_false": 0},
    )
    if stop:
        with monkeypatch.context() as at_the_keyboard:
            at_the_keyboard.setattr(Progress, "add", pressing)
            with pytest.raises(Interrupted):
                train(folder, config)
        saved = folder.progress()
        assert saved is not None
        said = _unfinished(folder, config, saved[0])
        assert f"{stop} of {config.steps} steps" in said if stop < config.steps else "--resume" in said
    progress = train(folder, None if stop else config)
    assert progress.step == config.steps == STEPS + 2 * EPOCH_STEPS
    assert [row["phase"] for row in folder.history()] == ["head"] + ["all layers"] * 3 + ["mean of ends"]
    assert progress.best_epoch == HEAD_EPOCHS + EPOCHS + 2 + 1
    ends = [weights_of(folder.path / f"end-{place}.weights.h5") for place in range(3)]
    assert not same(ends[0], ends[1]) and not same(ends[1], ends[2])
    for name, kept in weights_of(folder.best).items():
        np.testing.assert_allclose(kept, np.mean([end[name] for end in ends], axis=0), atol=1e-6)
    assert _kept(folder, progress) == "mean of ends" and not _unfinished(folder, config, progress)
    assert "the mean of the ends, validation loss" in capsys.readouterr().out


def test_a_run_says_of_which_epoch_its_weights_are_also_after_a_failure_before_their_checkpoint(
    config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, losses = RunFolder(tmp_path / "run"), iter((0.5, 0.3, 0.6, 0.7))
    save, full = RunFolder.save, [False, True, False, False]
    monkeypatch.setattr(
        "training.train._Training._validate",
        lambda self: {"val_loss": next(losses), "val_accuracy": 1, "val_missed": 0, "val_false": 0},
    )

    def save_if_there_is_room(self: RunFolder, *given: Any) -> None:
        if full.pop(0):
            raise FailedOnTheWay("no room")
        save(self, *given)

    monkeypatch.setattr(RunFolder, "save", save_if_there_is_room)
    with pytest.raises(FailedOnTheWay):
        train(folder, replace(config, epochs=2))
    kept = folder.best.read_bytes()
    behind = folder.progress()
    assert behind is not None and behind[0].best_epoch == 1 and _kept(folder, behind[0]) == "epoch 2"
    progress = train(folder, None)
    assert (progress.best_epoch, progress.best_loss) == (2, 0.3) == folder.kept()
    assert folder.best.read_bytes() == kept


@pytest.mark.parametrize("cycles", [0, 1])
def test_going_on_with_a_finished_run_changes_nothing(
    config: TrainConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str], cycles: int
) -> None:
    folder = RunFolder(tmp_path / "run")
    config = replace(config, head_epochs=0, cycles=cycles, cycle_epochs=1)
    train(folder, config)
    said = capsys.readouterr().out.splitlines()[-1:]
    files = {one.name: one.read_bytes() for one in folder.path.iterdir() if one != folder.best}
    kept = weights_of(folder.best)
    assert main(["train", "--resume", "--out", str(folder.path)]) == 0
    again = capsys.readouterr().out.splitlines()
    assert again[-2].startswith(f"trained {config.steps} steps; ")
    assert again[:-2] == (said if cycles else []), "the mean is told again"
    assert {one.name: one.read_bytes() for one in folder.path.iterdir() if one != folder.best} == files
    assert same(kept, weights_of(folder.best)) == set(kept), "written anew, as HDF5 does it: other bytes"
