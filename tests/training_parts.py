"""What several tests of training need: a small set of pictures, its manifest, a tiny network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskcam.frames import Pixels
from maskcam.modelcard import MASK, NO_MASK, CropRule, ModelCard
from tests.drawn_faces import draw_face, save, save_classes
from training.cli import main
from training.config import TrainConfig
from training.manifest import TEST, TRAIN, VALIDATION, Sample, write_manifest
from training.pictures import Surrounded
from training.tf import import_tensorflow
from training.train import training_card

SIZE = 75


def card(size: int = SIZE) -> ModelCard:
    return training_card(TrainConfig(manifest="", weights=None, input_size=size), CropRule())


def small_manifest(folder: Path) -> Path:
    """Make the manifest of a small set with all three splits and, in one picture, a boxed face at its edge."""
    save_classes(folder, ("with_mask", "without_mask"), 12, 0)
    samples = []
    for number, path in enumerate(sorted(folder.rglob("face*.*"))):
        label = MASK if path.parent.name == "with_mask" else NO_MASK
        part = (TRAIN, TRAIN, VALIDATION, TEST)[number % 4]
        samples.append(Sample(path, label, "own", f"own/{number}", part))
    scene = save(np.hstack([draw_face(True, 40), draw_face(False, 41)]), folder / "scene.png")
    samples.append(Sample(scene, MASK, "scenes", "scenes/0", TRAIN, (20.0, -5.0, 90.0, 80.0)))
    samples.append(Sample(scene, NO_MASK, "scenes", "scenes/0", TRAIN, (120.0, 10.0, 185.0, 90.0)))
    write_manifest(folder / "manifest.csv", samples)
    return folder / "manifest.csv"


def whole(picture: Pixels) -> Surrounded:
    """Take all of a picture for the face."""
    height, width = picture.shape[:2]
    return Surrounded(picture, (0.0, 0.0, float(width), float(height)))


def tiny_model(seed: int) -> Any:
    """Large answers and enough weights for the conversion to reduce them to 8 bits."""
    keras = import_tensorflow().keras
    keras.utils.set_random_seed(seed)
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Conv2D(32, 9, strides=4, activation="relu")(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dense(64, activation="relu")(x)
    return keras.Model(image, keras.layers.Dense(2, activation="softmax", kernel_initializer="he_normal")(x))


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a command that must fail by wrong use; return its one line."""
    assert main([str(one) for one in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("training: ") and err.endswith("\n") and err.count("\n") == 1, err
    return err
