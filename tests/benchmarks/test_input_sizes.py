"""Milliseconds a face, in a batch of four, of the same network at other input sizes, and in float at the smallest.

Needs the `train` extra: python -m pytest tests/benchmarks/test_input_sizes.py --benchmark-only -s
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from maskcam.assets import MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.crops import crop_faces
from maskcam.modelcard import card_path, file_sha256, load_card
from tests.support import astronaut

SIZES = (160, 224, 299)
FACES = np.repeat(np.array([[177, 82, 272, 177]], np.float32), 4, axis=0)


def exported(folder: Path, size: int, eight_bits: bool) -> MaskClassifier:
    """The network with weights of chance, which take as long, as a file that the app loads."""
    from training.export import convert
    from training.model import build
    from training.tf import import_tensorflow

    card = load_card(asset(MASK_MODEL))
    model = build(size, len(card.labels), int(card.training["hidden"]), 0.0)
    path = folder / f"{size}{'' if eight_bits else '-float'}.tflite"
    if eight_bits:
        path.write_bytes(convert(model))
    else:
        path.write_bytes(import_tensorflow().lite.TFLiteConverter.from_keras_model(model).convert())
    card_path(path).write_text(replace(card, input_size=size, sha256=file_sha256(path)).to_json(), encoding="utf-8")
    return MaskClassifier(path)


def test_input_sizes(benchmark: Any, tmp_path: Path) -> None:
    """All in turns in one run, so that none has the quieter machine."""
    with ExitStack() as stack:
        names = [f"{size} px" for size in SIZES] + [f"{SIZES[0]} px, float"]
        kinds = [(size, True) for size in SIZES] + [(SIZES[0], False)]
        networks = [stack.enter_context(exported(tmp_path, *kind)) for kind in kinds]
        crops = [crop_faces(astronaut(), FACES, network.card) for network in networks]

        def each() -> list[float]:
            ends = [time.perf_counter()]
            for network, faces in zip(networks, crops, strict=True):
                network.judge(faces)
                ends.append(time.perf_counter())
            return list(np.diff(ends))

        for _ in range(3):
            each()
        times = np.median([each() for _ in range(20)], axis=0) * 1000 / len(FACES)
        benchmark.extra_info.update(dict(zip(names, times.round(2).tolist(), strict=True)))
        benchmark.pedantic(each, rounds=3)
        print("\n" + ", ".join(f"{name}: {ms:.1f} ms a face" for name, ms in zip(names, times, strict=True)))
        assert (np.diff(times[: len(SIZES)]) > 0).all(), "larger pictures take longer"
