"""The network: InceptionV3 without its top, pooled, a connected layer, dropout, one answer for each label."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from maskcam.errors import UnusableInput
from training.tf import first_line, import_tensorflow

IMAGENET = "imagenet"


def build(
    input_size: int, labels: int, hidden: int, dropout: float, *, precision: str = "float32", weights: str | None = None
) -> Any:
    """Return the Keras model: `(n, s, s, 3) float32` scaled to [-1, 1] -> `(n, labels) float32` probabilities.

    `weights` is None, "imagenet" (Keras fetches it) or the path of an InceptionV3 file without its top, as written
    by `save_weights`. Raises UnusableInput when the weights can't be had or don't fit.
    """
    check_weights(weights)
    keras = import_tensorflow().keras
    keras.config.set_dtype_policy(precision)
    base = _base(keras, input_size, weights)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(base.output)
    x = keras.layers.Dense(hidden, activation="relu", name="hidden")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    answer = keras.layers.Dense(labels, activation="softmax", dtype="float32", name="answer")(x)
    return keras.Model(base.input, answer, name="mask_classifier")


def check_weights(weights: str | None) -> None:
    """Raise UnusableInput when `weights` is to be a file and there is none; what is in it `build` finds out."""
    if weights is not None and weights != IMAGENET and not Path(weights).is_file():
        raise UnusableInput(f"{weights}: no such weights file; give one, or --weights imagenet")


def head_only(model: Any) -> None:
    """Make the new layers and the BatchNorms trainable, nothing else.

    The BatchNorms run in training mode, so that their statistics fit these pictures before anything finer moves:
    start weights may come with coarse ones.
    """
    for layer in model.layers:
        layer.trainable = layer.name in ("hidden", "answer") or "batch_normalization" in layer.name


def all_layers(model: Any) -> None:
    """Make every layer trainable."""
    for layer in model.layers:
        layer.trainable = True


def _base(keras: Any, input_size: int, weights: str | None) -> Any:
    shape = (input_size, input_size, 3)
    if weights == IMAGENET:
        try:
            return keras.applications.InceptionV3(include_top=False, weights=IMAGENET, input_shape=shape)
        except Exception as error:  # Keras raises a bare Exception where there is no network
            raise UnusableInput(
                f"Keras can't fetch the ImageNet weights ({first_line(error)}); give a file with --weights"
            ) from None
    base = keras.applications.InceptionV3(include_top=False, weights=None, input_shape=shape)
    if weights is not None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of every layer that a wrong file lacks, before the error
                base.load_weights(weights)
        except Exception as error:  # Keras and h5py raise whatever a wrong file drives them to, BadZipFile too
            raise UnusableInput(f"{weights}: not weights of InceptionV3 ({first_line(error)})") from None
    return base
