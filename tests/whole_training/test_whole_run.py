"""A run that is prepared, interrupted and resumed."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from PIL import Image

from maskcam.modelcard import CropRule
from tests.whole_training.chain_parts import (
    BATCH,
    EPOCH_STEPS,
    EPOCHS,
    HIDDEN,
    SIZE,
    STEPS,
    Chain,
    read_history,
)
from training.manifest import SPLITS, TRAIN, VALIDATION, read_manifest

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")


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


def test_tensorflow_keeps_quiet(chain: Chain) -> None:
    assert chain.prepared.err == ""
    assert chain.resumed.err == ""
    assert chain.exported.err == ""
    assert len(chain.interrupted.out.splitlines()) == len(chain.history_before)
    assert len(chain.resumed.out.splitlines()) == EPOCHS - len(chain.history_before) + 2
    assert len(chain.exported.out.splitlines()) == 3
