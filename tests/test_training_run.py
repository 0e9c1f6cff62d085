"""The rate, the configuration and the run's folder."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import training
from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.modelcard import CropRule, file_sha256
from tests.support import environment
from tests.training_parts import SIZE, tiny_model
from training.checkpoint import Progress, RunFolder
from training.config import TrainConfig
from training.manifest import write_manifest
from training.recipe import SHOWN_BY, fingerprint
from training.run_data import check_manifest, check_recipe
from training.tf import import_tensorflow
from training.train import rate_at

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")


def test_the_rate_is_level_then_rises_then_falls_to_nothing() -> None:
    config = TrainConfig(manifest="", weights=None, batch=4, epoch_images=40, head_epochs=2, epochs=10, warm_up=0.2)
    rates = [rate_at(step, config) for step in range(config.steps)]
    assert config.head_steps == 20 and config.steps == 120
    assert rates[:20] == [config.head_rate] * 20
    rising, falling = rates[20:40], rates[39:]
    assert all(a < b for a, b in pairwise(rising))
    assert all(a > b for a, b in pairwise(falling))
    assert max(rates[20:]) == pytest.approx(config.rate)
    assert rates[20] == pytest.approx(config.rate / 20)
    assert rates[-1] == pytest.approx(0, abs=config.rate / 1000)
    assert falling[len(falling) // 2] == pytest.approx(config.rate / 2, rel=0.05)


def test_in_a_cycle_the_rate_rises_to_its_own_top_and_falls_to_nothing_again() -> None:
    config = TrainConfig("", None, batch=4, epoch_images=40, epochs=5, cycles=2, cycle_epochs=3, warm_up=0.1)
    assert config.ends == (60, 90, 120) and config.steps == 120
    rates = [rate_at(step, config) for step in range(config.steps)]
    assert rates[:60] == [rate_at(step, replace(config, cycles=0)) for step in range(60)]
    assert rates[60:90] == pytest.approx(rates[90:])
    assert max(rates[60:]) == pytest.approx(config.cycle_rate)
    assert all(a < b for a, b in pairwise(rates[60:63])) and all(a > b for a, b in pairwise(rates[62:90]))
    assert all(rates[end - 1] == pytest.approx(0, abs=1e-9) for end in config.ends)


@given(st.integers(1, 50), st.integers(0, 3), st.integers(1, 5), st.floats(0, 0.99), st.integers(1, 200))
def test_a_rate_is_never_negative_or_above_its_top(
    batch: int, head_epochs: int, epochs: int, warm_up: float, epoch_images: int
) -> None:
    config = TrainConfig(
        "", None, batch=batch, epoch_images=epoch_images, head_epochs=head_epochs, epochs=epochs, warm_up=warm_up
    )
    for step in range(config.steps):
        top = config.head_rate if step < config.head_steps else config.rate
        assert 0 <= rate_at(step, config) <= top * (1 + 1e-9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("batch", 0),
            ("epoch_images", 0),
            ("epochs", -1),
            ("hidden", 0),
            ("without", ("sleep",)),
            ("head_epochs", -1),
            ("seed", -1),
        ),
        *(("input_size", 74), ("input_size", 1025), ("rate", 0.0), ("rate", 1.0), ("rate", math.nan)),
        *(
            ("head_rate", -1e-3),
            ("clip", 0.0),
            ("clip", math.nan),
            ("clip", math.inf),
            ("dropout", 1.0),
            ("dropout", -0.1),
        ),
        *(("smoothing", 0.5), ("smoothing", math.nan), ("warm_up", 1.0), ("warm_up", -0.1)),
    ],
)
def test_a_configuration_refuses_nonsense(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=r"must be|can't be|between|shares|known are"):
        TrainConfig(manifest="", weights=None, **{name: value})  # type: ignore[arg-type]


def test_a_run_starts_once_and_remembers_its_configuration(tmp_path: Path) -> None:
    config = TrainConfig(manifest="m.csv", weights=None, input_size=96, rate=1.5e-4, seed=9)
    folder = RunFolder(tmp_path / "deep" / "run")
    assert folder.progress() is None
    folder.start(config)
    assert folder.config() == (config, CropRule())
    assert folder.history() == []
    with pytest.raises(UnusableInput, match="holds a run already"):
        folder.start(replace(config, seed=10))
    assert folder.config()[0].seed == 9


@pytest.mark.parametrize("left", ["checkpoint.json", "best.weights.h5", "history.csv"])
def test_a_run_is_not_started_upon_what_is_left_of_another(tmp_path: Path, left: str) -> None:
    (tmp_path / left).write_text("of a run whose configuration was deleted")
    with pytest.raises(UnusableInput, match=f"holds {left} of another run"):
        RunFolder(tmp_path).start(TrainConfig(manifest="m.csv", weights=None))
    assert [one.name for one in tmp_path.iterdir()] == [left]


@pytest.mark.parametrize("place", ["a file", "a file/run"])
def test_a_run_is_not_started_where_no_folder_can_be(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").write_text("no folder")
    with pytest.raises(UnusableInput, match="a file: is no folder"):
        RunFolder(tmp_path / place).check_free()


HOLDING = """
import sys
from pathlib import Path
from training.checkpoint import RunFolder
with RunFolder(Path(sys.argv[1])).alone():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_run_belongs_to_one_process_until_that_ends_however_it_does(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.start(TrainConfig(manifest="m.csv", weights=None))
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(run.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held" + os.linesep.encode()
        with pytest.raises(UnusableInput, match="another process trains in it"), run.alone():
            pass
        other.kill()
    with run.alone():
        assert run.config()[0].manifest == "m.csv"


@pytest.mark.parametrize("text", [None, "no json", "{}", '{"crop": {}, "manifest": 1, "seed": -1, "weights": null}'])
def test_a_folder_without_a_run_is_refused_in_one_line(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(UnusableInput, match="holds no training run") as caught:
        RunFolder(tmp_path).config()
    assert "\n" not in str(caught.value)


def line(epoch: int, loss: float) -> dict[str, float | int | str]:
    """A line of a history."""
    numbers = dict.fromkeys(("rate", "accuracy", "val_loss", "val_accuracy"), 0.5)
    return {"epoch": epoch, "phase": "head", "loss": loss, **numbers}


def test_the_history_grows_line_by_line(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for epoch in (1, 2, 3):
        folder.add_history(line(epoch, 0.5 / epoch))
    assert [row["epoch"] for row in folder.history()] == ["1", "2", "3"]
    assert folder.history()[1] == {name: str(value) for name, value in line(2, 0.25).items()}


def test_a_column_that_somebody_added_to_the_history_is_kept(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.add_history(line(1, 0.5))
    before = (tmp_path / "history.csv").read_text().splitlines()
    (tmp_path / "history.csv").write_text(f"{before[0]},note\n{before[1]},good\n")
    folder.add_history(line(2, 0.4))
    assert [row["note"] for row in folder.history()] == ["good", ""]
    (tmp_path / "history.csv").write_text(f"{before[0]}\n{before[1]},without a name\n")
    with pytest.raises(UnusableInput, match="not the history of a training"):
        folder.history()


@pytest.mark.parametrize("changed", [{"val_loss": "much"}, {"phase": ""}, {"accuracy": None}])
def test_a_history_of_which_no_curve_can_be_drawn_is_refused(tmp_path: Path, changed: dict[str, str | None]) -> None:
    row = {name: value for name, value in {**line(1, 0.5), **changed}.items() if value is not None}
    (tmp_path / "history.csv").write_text(",".join(row) + "\n" + ",".join(map(str, row.values())) + "\n")
    with pytest.raises(UnusableInput, match="not the history of a training"):
        RunFolder(tmp_path).history()


def test_the_weights_kept_say_of_which_epoch_they_are(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert run.kept() is None
    tiny_model(1).save_weights(run.best)
    assert run.kept() is None, "of a run begun before they did"
    run.save_best(tiny_model(1), 7, 0.25)
    assert run.kept() == (7, 0.25)
    run.restore_best(tiny_model(2))
    run.best.write_bytes(b"no weights")
    assert run.kept() is None


def test_an_epoch_done_again_replaces_its_line(tmp_path: Path) -> None:
    """A run that was killed between history and checkpoint goes on from the checkpoint before."""
    folder = RunFolder(tmp_path)
    for epoch, loss in ((1, 0.5), (2, 0.4), (2, 0.3), (3, 0.2)):
        folder.add_history(line(epoch, loss))
    assert [(row["epoch"], row["loss"]) for row in folder.history()] == [("1", "0.5"), ("2", "0.3"), ("3", "0.2")]


def test_a_checkpoint_restores_weights_and_optimizer(tmp_path: Path) -> None:
    keras = import_tensorflow().keras
    folder = RunFolder(tmp_path)
    images = np.random.default_rng(0).random((4, SIZE, SIZE, 3), np.float32)
    truth = np.eye(2, dtype=np.float32)[[0, 1, 0, 1]]

    def ready(seed: int) -> tuple[Any, Any]:
        model, optimizer = tiny_model(seed), keras.optimizers.Adam(1e-3)
        model.compile(optimizer, "categorical_crossentropy")
        optimizer.build(model.trainable_variables)
        return model, optimizer

    model, optimizer = ready(1)
    for step in (1, 2, 3):
        model.train_on_batch(images, truth)
        folder.save(model, optimizer, Progress(step=step, best_loss=0.25, best_epoch=2))
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "checkpoint-3.npz",
        "checkpoint-3.weights.h5",
        "checkpoint.json",
    ]
    saved = folder.progress()
    assert saved == (Progress(step=3, best_loss=0.25, best_epoch=2), "checkpoint-3")

    other, fresh = ready(2)
    folder.restore_weights(other, saved[1])
    folder.restore_optimizer(fresh, saved[1])
    for one, expected in zip(other.get_weights(), model.get_weights(), strict=True):
        assert (one == expected).all()
    assert [np.asarray(one).tolist() for one in fresh.variables] == [
        np.asarray(one).tolist() for one in optimizer.variables
    ]
    losses = [float(one.train_on_batch(images, truth)) for one in (model, other)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    np.testing.assert_allclose(other.get_weights()[0], model.get_weights()[0], atol=1e-5)


def test_the_configuration_in_the_folder_is_plain_json(tmp_path: Path) -> None:
    config = TrainConfig(manifest="m.csv", weights="w.h5", seed=4)
    RunFolder(tmp_path / "run").start(config)
    fields = json.loads((tmp_path / "run" / "config.json").read_text())
    assert fields["seed"] == 4 and fields["weights"] == "w.h5" and fields["crop"]["margin"] == CropRule().margin


def test_a_manifest_changed_after_training_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    write_manifest(path, [])
    config = TrainConfig(manifest=str(path), weights=None, manifest_sha256=file_sha256(path))
    check_manifest(config)
    path.write_text(path.read_text() + "a,mask,s,g,test,\n")
    with pytest.raises(UnusableInput, match="changed since the run began"):
        check_manifest(config)


def test_a_run_doesnt_go_on_with_another_recipe() -> None:
    for recipe in ("", fingerprint()):
        check_recipe(TrainConfig(manifest="m.csv", weights=None, recipe=recipe))
    with pytest.raises(UnusableInput, match="train anew"):
        check_recipe(TrainConfig(manifest="m.csv", weights=None, recipe="0123456789ab"))


def test_the_recipe_is_all_that_decides_what_is_shown() -> None:
    package = Path(training.__file__).parent
    reached, waiting = set[str](), ["sampling"]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += re.findall(r"^ *from training\.(\w+) import", (package / f"{name}.py").read_text(), re.MULTILINE)
    assert reached == set(SHOWN_BY)


def test_a_damaged_checkpoint_is_refused_in_one_line(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    for text in ("", "{}", "[]", '{"name": "checkpoint-1", "step": 1, "unknown": 2}'):
        (tmp_path / "checkpoint.json").write_text(text)
        with pytest.raises(UnusableInput, match="damaged") as refused:
            run.progress()
        assert "\n" not in str(refused.value)


def test_a_file_that_can_not_be_written_is_told_and_the_old_one_stays(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.add_history(line(1, 0.5))
    (tmp_path / "part.history.csv").mkdir()
    with pytest.raises(FailedOnTheWay, match=r"history.csv can't be written .* go on with --resume"):
        run.add_history(line(2, 0.4))
    assert [row["epoch"] for row in run.history()] == ["1"]
    (tmp_path / "part.best.weights.h5").mkdir()
    with pytest.raises(FailedOnTheWay, match=r"best.weights.h5 can't be written"):
        run.save_best(tiny_model(1), 1, 0.5)
    (tmp_path / "file").touch()
    with pytest.raises(UnusableInput, match="is no folder"):
        RunFolder(tmp_path / "file" / "run").start(TrainConfig("m.csv", None))
