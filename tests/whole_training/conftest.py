"""A whole tiny training, in processes of its own, done once: prepare, train, Ctrl-C, resume, export, ablate."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from maskcam.crops import resize
from maskcam.frames import Pixels
from tests.drawn_faces import draw_face, save_classes
from tests.whole_training.chain_parts import (
    ABLATION_START,
    BATCH,
    EPOCH_STEPS,
    EPOCHS,
    HIDDEN,
    LINE,
    SIZE,
    Chain,
    ablation,
    read_history,
    run,
    run_until_interrupted,
)
from training.ablation import ablate
from training.tf import import_tensorflow


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def pictures() -> Pixels:
    """Drawn faces that no step has seen, as the classifier takes them."""
    return np.stack([resize(draw_face(masked, seed), SIZE) for masked in (True, False) for seed in range(9000, 9010)])
