from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maskcam.assets import MASK_MODEL, asset
from maskcam.errors import UnusableInput
from maskcam.modelcard import CropRule, ModelCard, card_path, load_card


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    target = tmp_path / "model.tflite"
    shutil.copy(asset(MASK_MODEL), target)
    shutil.copy(card_path(asset(MASK_MODEL)), card_path(target))
    return target


def test_a_card_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "w.tflite"
    path.write_bytes(b"weights")
    card = ModelCard(
        labels=("mask", "no_mask"),
        input_size=99,
        crop=CropRule(margin=0.25),
        threshold=0.3,
        sha256="9c8f9a4ee2be2c05bd96b64ae0ae3d5ad6f3a0f0c33bf5d9e4f2f5b2d1c9b1a0",
        metrics={"test": {"missed_alarms": 1}},
    )
    card_path(path).write_text(card.to_json(), encoding="utf-8")
    with pytest.raises(UnusableInput, match="SHA-256"):
        load_card(path)
    import hashlib

    told = {"sha256": hashlib.sha256(b"weights").hexdigest(), "data": [{"source": "café"}, {"source": "caf\udce9"}]}
    honest = ModelCard(**{**_fields(card), **told})
    card_path(path).write_text(honest.to_json(), encoding="utf-8")
    assert load_card(path) == honest


def _fields(card: ModelCard) -> dict[str, Any]:
    return {name: getattr(card, name) for name in ModelCard.__dataclass_fields__}


def _changed(change: Callable[[dict[str, Any]], object], path: Path) -> None:
    fields = json.loads(path.read_text(encoding="utf-8"))
    change(fields)
    path.write_text(json.dumps(fields), encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card.pop("threshold"),
        lambda card: card.update(threshold=1.5),
        lambda card: card.update(threshold="high"),
        lambda card: card.update(labels=["mask", "bare"]),
        lambda card: card.update(labels=["mask", "no_mask", "mask"]),
        lambda card: card.update(colour_order="BGR"),
        lambda card: card["crop"].update(interpolation="cubic"),
        lambda card: card["crop"].update(margin=-1),
        lambda card: card.update(format=99),
        lambda card: card.update(unknown=1),
        lambda card: card.update(input_size=20),
        lambda card: card.update(input_size=160.0),
        lambda card: card.update(scale=None),
        lambda card: card.update(scale=0),
        lambda card: card.update(scale=10**400),
        lambda card: card.update(offset=float("nan")),
        lambda card: card.update(offset="x"),
    ],
)
def test_a_card_that_can_not_be_followed_is_refused_in_one_line(
    weights: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    _changed(change, card_path(weights))
    with pytest.raises(UnusableInput) as refused:
        load_card(weights)
    assert str(card_path(weights)) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "not json", "[" * 200_000, "[1, 2]", "null", '{"format": 1}'])
def test_what_is_no_card_is_refused(weights: Path, text: str) -> None:
    card_path(weights).write_text(text, encoding="utf-8")
    with pytest.raises(UnusableInput, match="not a model card"):
        load_card(weights)


def test_changed_weights_are_refused(weights: Path) -> None:
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    with pytest.raises(UnusableInput, match="SHA-256"):
        load_card(weights)


def test_missing_weights_and_missing_card_are_told_apart(weights: Path) -> None:
    card_path(weights).unlink()
    with pytest.raises(UnusableInput, match="model card"):
        load_card(weights)
    weights.unlink()
    with pytest.raises(UnusableInput, match="weights file"):
        load_card(weights)


def test_the_bundled_card_tells_where_the_weights_come_from() -> None:
    card = load_card(asset(MASK_MODEL))
    assert card.labels == ("mask", "no_mask", "not_face")
    assert 0.1 <= card.threshold <= 0.9
    assert card.data
    assert card.start_weights["licence"]
    assert card.training["seed"] >= 0
    test = card.metrics["test"]
    assert test["positives"] + test["negatives"] == 992
    assert test["missed_alarms"] <= 1
    # Weights that had seen copies of Test's masked pictures had 1 to 7, those that hadn't 6 to 8.
    assert test["false_alarms"] <= 7


def test_the_bundled_weights_are_small_enough() -> None:
    assert asset(MASK_MODEL).stat().st_size <= 25_000_000


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() == 0, reason="root may read every file")
def test_weights_that_may_not_be_read_are_refused_in_one_line(weights: Path) -> None:
    weights.chmod(0)
    with pytest.raises(UnusableInput, match="can't be read") as caught:
        load_card(weights)
    assert "\n" not in str(caught.value)
