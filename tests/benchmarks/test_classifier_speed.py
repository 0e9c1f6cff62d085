"""Milliseconds a face, against `predict` of the same network in the same run.

python -m pytest tests/benchmarks --benchmark-only --benchmark-columns=median,iqr,rounds
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from maskcam.assets import MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.crops import crop_faces, scale
from tests.support import astronaut

FACE = np.array([[177, 82, 272, 177]], np.float32)


@pytest.fixture(scope="module")
def classifier() -> Any:
    with MaskClassifier(asset(MASK_MODEL)) as one:
        yield one


@pytest.fixture(scope="module")
def keras_model(classifier: MaskClassifier) -> Any:
    """The same network, with weights of chance, which take as long."""
    from training.model import build

    card = classifier.card
    return build(card.input_size, len(card.labels), int(card.training["hidden"]), 0.0)


@pytest.mark.parametrize("faces", [1, 4, 16])
def test_litert(benchmark: Any, classifier: MaskClassifier, faces: int) -> None:
    crops = crop_faces(astronaut(), np.repeat(FACE, faces, axis=0), classifier.card)
    benchmark.extra_info["faces"] = faces
    benchmark.pedantic(classifier.no_mask_probability, [crops], rounds=max(96 // faces, 12), warmup_rounds=3)


@pytest.mark.parametrize("faces", [1, 4, 16])
def test_keras_predict(benchmark: Any, classifier: MaskClassifier, keras_model: Any, faces: int) -> None:
    crops = crop_faces(astronaut(), np.repeat(FACE, faces, axis=0), classifier.card)
    batch = scale(crops, classifier.card)
    benchmark.pedantic(lambda: keras_model.predict(batch, verbose=0), rounds=12, warmup_rounds=3)


def test_ratio_for_one_face(benchmark: Any, classifier: MaskClassifier, keras_model: Any) -> None:
    """Both in turns in one run, so that neither has the quieter machine; prints the ratio of medians."""
    crops = crop_faces(astronaut(), FACE, classifier.card)
    batch = scale(crops, classifier.card)

    def both() -> tuple[float, float]:
        begun = time.perf_counter()
        classifier.no_mask_probability(crops)
        between = time.perf_counter()
        keras_model.predict(batch, verbose=0)
        return between - begun, time.perf_counter() - between

    for _ in range(3):
        both()
    times = np.median([both() for _ in range(20)], axis=0) * 1000
    benchmark.extra_info.update(litert_ms=round(times[0], 2), predict_ms=round(times[1], 2))
    benchmark.pedantic(both, rounds=3)
    print(f"\none face: LiteRT {times[0]:.1f} ms, predict {times[1]:.1f} ms, {times[1] / times[0]:.1f} times")
    assert times[1] > times[0]
