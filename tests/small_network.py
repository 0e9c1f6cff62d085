"""A network that is compiled in a second, where what is tested does not depend on InceptionV3 and its 300 layers."""

from __future__ import annotations

from typing import Any

import pytest


def small_base(keras: Any, input_size: int, weights: str | None) -> Any:
    """Stand where InceptionV3 stands: layers of the kinds that it has, and weights from a file if one is named."""
    image = keras.Input((input_size, input_size, 3))
    x = keras.layers.Conv2D(8, 5, strides=4, use_bias=False, name="first")(image)
    x = keras.layers.BatchNormalization(name="batch_normalization")(x)
    x = keras.layers.Activation("relu")(x)
    x = keras.layers.Conv2D(8, 3, strides=2, use_bias=False, name="second")(x)
    x = keras.layers.BatchNormalization(name="batch_normalization_1")(x)
    base = keras.Model(image, keras.layers.Activation("relu")(x))
    if weights is not None:
        base.load_weights(weights)
    return base


@pytest.fixture
def small_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `training.model.build` put its layers on the small network."""
    monkeypatch.setattr("training.model._base", small_base)
