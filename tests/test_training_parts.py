"""The parts of `train` and `export`, one by one, and what the commands say when they can't go on."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_faces import draw_face, save, save_classes
from hypothesis import given, settings
from hypothesis import strategies as st

from maskcam.classifier import MaskClassifier
from maskcam.crops import crop_faces, resize, scale
from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.frames import Flags, Floats, Pixels
from maskcam.modelcard import MASK, NO_MASK, CropRule, ModelCard, card_path, file_sha256
from training.augment import SMALLEST, augment
from training.checkpoint import Progress, RunFolder
from training.cli import main
from training.config import TrainConfig
from training.export import check_agreement, convert
from training.manifest import LABELS, TEST, TRAIN, VALIDATION, Box, Sample, read_manifest, write_manifest
from training.metrics import HIGHEST, LEAST_RECALL, LOWEST, MISSED_WEIGHS, Scores, choose_threshold, score
from training.model import all_layers, build, head_only
from training.pictures import Surrounded, app_crop, surrounded
from training.sampling import RENDER, Batches, Sampler, plain_batches
from training.tf import import_tensorflow
from training.train import check_manifest, rate_at, training_card

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")

SIZE = 75


def card(size: int = SIZE) -> ModelCard:
    return training_card(TrainConfig(manifest="", weights=None, input_size=size), CropRule())


# Metrics.


def test_counts_errors_by_hand() -> None:
    probability = np.array([0.9, 0.5, 0.4, 0.6, 0.1, 0.2, 0.3], np.float32)
    bare = np.array([True, True, True, False, False, False, False])
    scores = score(probability, bare, 0.5)
    assert scores == Scores(threshold=0.5, positives=3, negatives=4, missed_alarms=1, false_alarms=1)
    assert scores.as_dict() == {
        "threshold": 0.5,
        "positives": 3,
        "negatives": 4,
        "missed_alarms": 1,
        "false_alarms": 1,
        "accuracy": 0.71429,
        "precision": 0.66667,
        "recall": 0.66667,
        "specificity": 0.75,
    }


@pytest.mark.parametrize(
    ("bare", "nothing"),
    [
        ([True, True], {"specificity"}),
        ([False, False], {"recall"}),
        ([], {"accuracy", "precision", "recall", "specificity"}),
    ],
)
def test_a_share_of_nothing_is_none(bare: list[bool], nothing: set[str]) -> None:
    shares = score(np.full(len(bare), 0.7, np.float32), np.array(bare, np.bool_), 0.5).as_dict()
    assert {name for name, value in shares.items() if value is None} == nothing


def test_nobody_called_bare_gives_no_precision() -> None:
    scores = score(np.array([0.1, 0.2], np.float32), np.array([True, False]), 0.5)
    assert (scores.precision, scores.recall, scores.specificity, scores.accuracy) == (None, 0.0, 1.0, 0.5)


def test_scores_refuse_more_errors_than_faces() -> None:
    with pytest.raises(ValueError, match="more errors"):
        Scores(threshold=0.5, positives=1, negatives=1, missed_alarms=2, false_alarms=0)


judged = st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=2, max_size=40).filter(
    lambda faces: len({bare for _, bare in faces}) == 2
)


def catches(probability: Floats, bare: Flags, threshold: float) -> bool:
    return (score(probability, bare, threshold).recall or 0) >= LEAST_RECALL


@settings(deadline=None)
def errors(probability: Floats, bare: Flags, threshold: float) -> int:
    found = score(probability, bare, threshold)
    return MISSED_WEIGHS * found.missed_alarms + found.false_alarms


@settings(deadline=None, max_examples=200)
@given(judged)
def test_the_chosen_threshold_has_the_fewest_errors_of_those_that_catch(faces: list[tuple[float, bool]]) -> None:
    probability = np.array([one for one, _ in faces], np.float32)
    bare = np.array([one for _, one in faces])
    able = [float(one) for one in np.linspace(0.0005, 0.9995, 1000) if catches(probability, bare, float(one))]
    fewest = min((errors(probability, bare, one) for one in able), default=MISSED_WEIGHS * len(faces))
    try:
        threshold = choose_threshold(probability, bare)
    except ValueError as error:
        assert "calibration" in str(error)
        assert all(errors(probability, bare, one) >= fewest for one in able if LOWEST < one < HIGHEST)
        return
    assert LOWEST < threshold < HIGHEST and catches(probability, bare, threshold)
    assert errors(probability, bare, threshold) <= fewest


def test_one_false_alarm_fewer_is_not_worth_two_missed_faces() -> None:
    masked, bare = [0.05, 0.1, 0.86], [0.83, 0.85, *[0.97] * 998]
    probability, truth = np.array(masked + bare, np.float32), np.arange(1003) >= 3
    threshold = choose_threshold(probability, truth)
    assert catches(probability, truth, 0.9), "recall alone would allow it"
    assert threshold == pytest.approx((0.1 + 0.83) / 2)


def test_the_chosen_threshold_lies_in_the_middle_of_the_gap() -> None:
    probability = np.array([0.02, 0.2, 0.7, 0.99], np.float32)
    assert choose_threshold(probability, np.array([False, False, True, True])) == pytest.approx(0.45)


def test_one_bare_face_of_a_thousand_may_be_given_up_and_one_of_a_hundred_not() -> None:
    masked = np.linspace(0.31, 0.4, 6).astype(np.float32)
    for many, given_up in ((1000, True), (100, False)):
        bare = np.concatenate([[0.3], np.full(many - 1, 0.95)]).astype(np.float32)
        truth = np.arange(many + len(masked)) < many
        threshold = choose_threshold(np.concatenate([bare, masked]), truth)
        assert (threshold > 0.3) == given_up


@pytest.mark.parametrize("probability", [[0.01, 0.05, 0.03, 0.06], [0.93, 0.98, 0.95, 0.99]])
def test_a_threshold_at_the_very_edge_is_refused(probability: list[float]) -> None:
    with pytest.raises(ValueError, match="calibration"):
        choose_threshold(np.array(probability, np.float32), np.array([False, False, True, True]))


@pytest.mark.parametrize("bare", [[True, True], [False, False]])
def test_no_threshold_without_both_classes(bare: list[bool]) -> None:
    with pytest.raises(ValueError, match="both classes"):
        choose_threshold(np.array([0.2, 0.8], np.float32), np.array(bare))


# Augmentation.


def whole(picture: Pixels) -> Surrounded:
    height, width = picture.shape[:2]
    return Surrounded(picture, (0.0, 0.0, float(width), float(height)))


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 40), (288, 31), (96, 96), (600, 600), (2, 2)])
@pytest.mark.parametrize("size", [75, 160])
def test_augmentation_takes_any_size(height: int, width: int, size: int) -> None:
    source = whole(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))
    before = source.picture.copy()
    for seed in range(60):
        view = augment(source, size, np.random.default_rng(seed))
        assert view.shape == (size, size, 3)
        assert view.dtype == np.uint8
    assert (source.picture == before).all(), "the kept picture stays as it is"


def test_augmentation_is_chance_fixed_by_the_seed() -> None:
    source = whole(draw_face(True, 1))
    views = [augment(source, SIZE, np.random.default_rng(seed)) for seed in range(30)]
    again = [augment(source, SIZE, np.random.default_rng(seed)) for seed in range(30)]
    assert all((one == other).all() for one, other in zip(views, again, strict=True))
    assert len({one.tobytes() for one in views}) == 30


def test_augmentation_shows_the_crop_and_not_its_surroundings() -> None:
    picture = np.zeros((180, 180, 3), np.uint8)
    picture[40:140, 40:140] = 255
    source = Surrounded(picture, (40.0, 40.0, 140.0, 140.0))
    mean = np.mean([augment(source, SIZE, np.random.default_rng(seed)) for seed in range(200)], axis=0)
    middle = mean[SIZE // 3 : -SIZE // 3, SIZE // 3 : -SIZE // 3].mean()
    rim = np.concatenate([mean[0], mean[-1], mean[:, 0], mean[:, -1]]).mean()
    assert middle > 190
    assert 40 < rim < middle - 40, "shift, zoom and rotation bring some of the surroundings in, not much"


def test_augmentation_brings_what_it_promises() -> None:
    """Detail is lost on many views and kept on many; some are grey; light differs; they are mirrored."""
    size = 160
    noise = np.random.default_rng(5).integers(0, 256, (size, size, 3), np.uint8)
    detail = [
        float(np.abs(np.diff(augment(whole(noise), size, np.random.default_rng(seed)).astype(float), axis=1)).mean())
        for seed in range(200)
    ]
    assert np.quantile(detail, 0.1) < 0.15 * np.quantile(detail, 0.9)
    ramp = np.repeat(np.linspace(60, 200, size).astype(np.uint8)[None, :, None], size, axis=0)
    coloured = np.concatenate([ramp, ramp // 2, ramp // 3], axis=2)
    views = [augment(whole(coloured), size, np.random.default_rng(seed)).astype(float) for seed in range(200)]
    grey = sum(float(np.ptp(one.mean(axis=(0, 1)))) < 6 for one in views)
    assert 5 <= grey <= 40
    assert np.std([one.mean() for one in views]) > 8
    mirrored = sum(one[:, : size // 3].mean() > one[:, -size // 3 :].mean() for one in views)
    assert 70 <= mirrored <= 130


def test_views_are_scaled_down_to_the_smallest_size_and_not_below() -> None:
    """A black and white edge, scaled down to n pixels and up again, gets a slope of about size / n pixels."""
    size = 160
    picture = np.zeros((size, size, 3), np.uint8)
    picture[:, size // 2 :] = 255
    slopes = []
    for seed in range(400):
        row = augment(whole(picture), size, np.random.default_rng(seed)).astype(float).mean(axis=2)[size // 2]
        low, high = np.quantile(row, 0.05), np.quantile(row, 0.95)
        if high - low > 60:
            share = (row - low) / (high - low)
            slopes.append(int(((share > 0.25) & (share < 0.75)).sum()))
    assert len(slopes) > 300
    assert np.quantile(slopes, 0.2) <= 3, "many stay sharp"
    assert max(slopes) >= size / SMALLEST / 2, "some lose nearly everything"


# Balance and batches.


def samples_of(label: str, source: str, groups: int, copies: int = 1) -> list[Sample]:
    return [
        Sample(Path(f"/{source}/{label}/{group}-{copy}.png"), label, source, f"{source}/{label}/{group}", TRAIN)
        for group in range(groups)
        for copy in range(copies)
    ]


def test_classes_weigh_the_same_sources_by_the_root_and_originals_alike() -> None:
    samples = samples_of(MASK, "big", 400) + samples_of(MASK, "small", 25)
    samples += samples_of(NO_MASK, "big", 4)
    samples += [replace(samples[-1], path=Path(f"/copy{copy}.png")) for copy in range(50)]
    sampler, random = Sampler(samples), np.random.default_rng(0)
    drawn = [sampler.draw(random) for _ in range(30_000)]
    labels = Counter(one.label for one in drawn)
    assert labels[MASK] / len(drawn) == pytest.approx(0.5, abs=0.015)
    sources = Counter(one.source for one in drawn if one.label == MASK)
    assert sources["big"] / sources["small"] == pytest.approx(20 / 5, rel=0.08)
    originals = Counter(one.group for one in drawn if one.label == NO_MASK)
    assert len(originals) == 4
    for count in originals.values():
        assert count / labels[NO_MASK] == pytest.approx(0.25, abs=0.02)
    copies = Counter(one.path for one in drawn if one.group == "big/no_mask/3")
    assert len(copies) == 51, "every copy has its turn"


def test_a_sampler_needs_both_classes() -> None:
    with pytest.raises(ValueError, match="both classes"):
        Sampler(samples_of(MASK, "own", 3))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of a small set with all three splits and, in one picture, a boxed face at its edge."""
    folder = tmp_path_factory.mktemp("parts")
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


@pytest.fixture
def batches(manifest: Path) -> Iterator[Batches]:
    made = Batches([one for one in read_manifest(manifest) if one.split == TRAIN], card(), size=6, seed=11)
    yield made
    made.close()


def test_a_batch_is_what_the_network_wants(batches: Batches) -> None:
    images, truth = batches.make(0)
    assert images.shape == (6, SIZE, SIZE, 3) and images.dtype == np.float32
    assert images.min() >= -1 and images.max() <= 1 and np.ptp(images) > 1
    assert truth.shape == (6, 2) and truth.dtype == np.float32
    assert (truth.sum(axis=1) == 1).all() and set(np.unique(truth)) == {0.0, 1.0}


def test_a_batch_depends_on_seed_and_number_alone(manifest: Path, batches: Batches) -> None:
    samples = [one for one in read_manifest(manifest) if one.split == TRAIN]
    first = batches.make(7)
    for number in (3, 0, 7):
        batches.make(number)
    surrounded.cache_clear()
    fresh = Batches(samples, card(), size=6, seed=11)
    other = Batches(samples, card(), size=6, seed=12)
    try:
        for one in (batches.make(7), fresh.make(7)):
            assert (one[0] == first[0]).all() and (one[1] == first[1]).all()
        assert (batches.make(8)[0] != first[0]).any()
        assert (other.make(7)[0] != first[0]).any()
    finally:
        fresh.close()
        other.close()


def test_batches_come_in_order_whichever_thread_made_them(batches: Batches) -> None:
    numbers = []
    for number, images, truth in batches.run(3, 14):
        numbers.append(number)
        expected = batches.make(number)
        assert (images == expected[0]).all() and (truth == expected[1]).all()
    assert numbers == list(range(3, 14))
    assert list(batches.run(5, 5)) == []


def test_batches_end_their_threads_even_when_left_early(manifest: Path) -> None:
    made = Batches([one for one in read_manifest(manifest) if one.split == TRAIN], card(), size=4, seed=1)
    running = made.run(0, 100)
    next(running)
    assert any(thread.name.startswith("augment") for thread in threading.enumerate())
    made.close()
    assert not any(thread.name.startswith("augment") for thread in threading.enumerate())


def test_both_classes_are_augmented_alike(tmp_path: Path) -> None:
    """The same picture in both classes: a batch's views are those of `augment`, which knows no label."""
    picture = draw_face(True, 3)
    samples = [
        Sample(save(picture, tmp_path / f"{label}.png"), label, "own", label, TRAIN) for label in (MASK, NO_MASK)
    ]
    made = Batches(samples, card(), size=12, seed=5, without=(RENDER,))
    try:
        images, truth = made.make(2)
    finally:
        made.close()
    assert set(truth.argmax(axis=1)) == {0, 1}
    random, sampler = np.random.default_rng([5, 2]), Sampler(samples)
    for row in range(12):
        label = sampler.draw(random).label
        assert truth[row, LABELS.index(label)] == 1
        view = augment(whole(picture), SIZE, random)
        assert (images[row] == scale(view[None], card())[0]).all()


def test_validation_batches_show_every_face_once_as_the_app_would(manifest: Path) -> None:
    samples = read_manifest(manifest)
    parts = list(plain_batches(samples, card(), size=7))
    images, truth = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    assert len(images) == len(samples)
    for one, image, row in zip(samples, images, truth, strict=True):
        assert (image == scale(app_crop(one, CropRule(), SIZE)[None], card())[0]).all()
        assert row[LABELS.index(one.label)] == 1 and row.sum() == 1


@pytest.mark.parametrize("box", [(30.0, 20.0, 71.0, 66.0), (-9.0, 40.0, 33.0, 101.0), (60.0, 60.0, 140.0, 130.0)])
def test_a_boxed_face_is_cut_as_the_app_cuts_it(tmp_path: Path, box: Box) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (110, 120, 3), np.uint8)
    sample = Sample(save(picture, tmp_path / "scene.png"), MASK, "own", "g", TRAIN, box)
    for size in (75, 160):
        expected = crop_faces(picture, np.array([box], np.float32), card(size))[0]
        assert (app_crop(sample, CropRule(), size) == expected).all()


def test_an_unboxed_picture_is_the_crop(tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (50, 90, 3), np.uint8)
    sample = Sample(save(picture, tmp_path / "face.png"), MASK, "own", "g", TRAIN)
    assert (app_crop(sample, CropRule(), SIZE) == resize(picture, SIZE)).all()


@pytest.mark.parametrize("side", [60, 900])
def test_a_boxed_face_keeps_its_surroundings_for_augmentation(tmp_path: Path, side: int) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (side * 2, side * 2, 3), np.uint8)
    box = (side * 0.5, side * 0.5, side * 1.4, side * 1.4)
    sample = Sample(save(picture, tmp_path / "scene.png"), MASK, "own", "g", TRAIN, box)
    kept = surrounded(sample.path, box, None, CropRule())
    x0, y0, x1, y1 = (round(value) for value in kept.inner)
    assert max(kept.picture.shape) <= 288 and x0 > 0 and x1 < kept.picture.shape[1]
    inner = kept.picture[y0:y1, x0:x1]
    if side == 60:
        assert (resize(inner, SIZE) == app_crop(sample, CropRule(), SIZE)).all()
    else:
        apart = resize(inner, 16).astype(float) - app_crop(sample, CropRule(), 16)
        assert np.abs(apart).mean() < 12


# The rate, the configuration and the run's folder.


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


@settings(deadline=None)
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
        *(("head_rate", -1e-3), ("clip", 0.0), ("clip", math.nan), ("dropout", 1.0), ("dropout", -0.1)),
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


@pytest.mark.parametrize("text", [None, "no json", "{}", '{"crop": {}, "manifest": 1, "seed": -1, "weights": null}'])
def test_a_folder_without_a_run_is_refused_in_one_line(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(UnusableInput, match="holds no training run") as caught:
        RunFolder(tmp_path).config()
    assert "\n" not in str(caught.value)


def test_the_history_grows_line_by_line(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for epoch in (1, 2, 3):
        folder.add_history({"epoch": epoch, "phase": "head", "loss": 0.5 / epoch})
    assert [row["epoch"] for row in folder.history()] == ["1", "2", "3"]
    assert folder.history()[1] == {"epoch": "2", "phase": "head", "loss": "0.25"}


def test_an_epoch_done_again_replaces_its_line(tmp_path: Path) -> None:
    """A run that was killed between history and checkpoint goes on from the checkpoint before."""
    folder = RunFolder(tmp_path)
    for epoch, loss in ((1, 0.5), (2, 0.4), (2, 0.3), (3, 0.2)):
        folder.add_history({"epoch": epoch, "phase": "head", "loss": loss})
    assert [(row["epoch"], row["loss"]) for row in folder.history()] == [("1", "0.5"), ("2", "0.3"), ("3", "0.2")]


def tiny_model(seed: int) -> Any:
    """Large answers and enough weights for the conversion to reduce them to 8 bits."""
    keras = import_tensorflow().keras
    keras.utils.set_random_seed(seed)
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Conv2D(32, 9, strides=4, activation="relu")(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dense(64, activation="relu")(x)
    return keras.Model(image, keras.layers.Dense(2, activation="softmax", kernel_initializer="he_normal")(x))


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


# The comparison before an export.


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, MaskClassifier]]:
    """A small model and the classifier that runs its export."""
    model = tiny_model(4)
    path = tmp_path_factory.mktemp("exported") / "tiny.tflite"
    path.write_bytes(convert(model))
    card_path(path).write_text(replace(card(), sha256=file_sha256(path)).to_json())
    with MaskClassifier(path) as classifier:
        yield model, classifier


@pytest.fixture(scope="module")
def faces() -> Pixels:
    return np.stack([resize(draw_face(masked, seed), SIZE) for masked in (True, False) for seed in range(20)])


def test_an_honest_export_is_accepted(exported: tuple[Any, MaskClassifier], faces: Pixels) -> None:
    check_agreement(*exported, faces)
    check_agreement(*exported, faces[:1])


def test_an_export_of_other_weights_is_refused(exported: tuple[Any, MaskClassifier], faces: Pixels) -> None:
    model, classifier = exported
    kept = model.get_weights()
    kernel, bias = kept[-2], kept[-1]
    try:
        for changed in ([kernel[:, ::-1], bias], [kernel, bias + np.array([0.2, 0.0], np.float32)]):
            model.set_weights([*kept[:-2], *changed])
            with pytest.raises(FailedOnTheWay, match="does not agree with the Keras model") as caught:
                check_agreement(model, classifier, faces)
            assert "\n" not in str(caught.value)
    finally:
        model.set_weights(kept)
    check_agreement(model, classifier, faces)


def test_an_export_that_is_far_off_for_few_faces_is_refused(
    exported: tuple[Any, MaskClassifier], faces: Pixels
) -> None:
    """One face of 40 moves the average by little, so the worst count too."""
    model, classifier = exported
    keras = import_tensorflow().keras
    black = keras.ops.max(model.input, axis=(1, 2, 3)) < 0
    shift = keras.ops.cast(black, "float32")[:, None] * np.array([[0.3, -0.3]], np.float32)
    differs = keras.Model(model.input, model.output + shift)
    check_agreement(differs, classifier, faces)
    some_black = np.concatenate([faces[1:], np.zeros_like(faces[:1])])
    check_agreement(model, classifier, some_black)
    with pytest.raises(FailedOnTheWay, match=r"0\.00\d\d apart on average .* 0\.[12]\d\d\d for 99 of 100"):
        check_agreement(differs, classifier, some_black)


def test_the_conversion_has_8_bit_weights(exported: tuple[Any, MaskClassifier]) -> None:
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=convert(exported[0]))
    kinds = Counter(tensor["dtype"].__name__ for tensor in runner.get_tensor_details())
    assert kinds["int8"] >= 1
    assert runner.get_input_details()[0]["dtype"] is np.float32


# What the commands say when they can't go on.


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Run a command that must fail by wrong use; return its one line."""
    assert main([str(one) for one in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("training: ") and err.endswith("\n") and err.count("\n") == 1
    return err


def test_prepare_names_what_is_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a_file").touch()
    out = ["--out", tmp_path / "out"]
    assert "no such folder" in refused(capsys, "prepare", tmp_path / "absent", *out)
    assert "no such folder" in refused(capsys, "prepare", tmp_path / "a_file", *out)
    assert "known layout" in refused(capsys, "prepare", tmp_path / "empty", *out)
    (tmp_path / "bare" / "with_mask").mkdir(parents=True)
    assert "not one readable" in refused(capsys, "prepare", tmp_path / "bare", *out)
    assert not (tmp_path / "out").exists()
    save_classes(tmp_path / "own", ("with_mask", "without_mask"), 1, 0)
    assert "a_file" in refused(capsys, "prepare", tmp_path / "own", "--out", tmp_path / "a_file")


def test_train_names_what_is_wrong_with_its_data(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, manifest: Path
) -> None:
    run = ["--out", tmp_path / "run"]
    assert "not a manifest" in refused(capsys, "train", tmp_path / "absent.csv", *run)
    (tmp_path / "text.csv").write_text("not\na manifest\n")
    assert "not a manifest" in refused(capsys, "train", tmp_path / "text.csv", *run)
    samples = read_manifest(manifest)
    gone = [*samples, replace(samples[0], path=tmp_path / "gone.png")]
    for name, kept, said in (
        ("gone", gone, "1 of its pictures are gone, "),
        ("no validation", [one for one in samples if one.split != VALIDATION], "no validation pictures"),
        ("one class", [one for one in samples if one.label == MASK or one.split != TRAIN], "both classes"),
    ):
        write_manifest(tmp_path / f"{name}.csv", kept)
        assert said in refused(capsys, "train", tmp_path / f"{name}.csv", *run)
    assert not (tmp_path / "run").exists(), "what can't be used leaves no run behind"


def test_train_names_wrong_options(capsys: pytest.CaptureFixture[str], tmp_path: Path, manifest: Path) -> None:
    run = ["--out", tmp_path / "run"]
    assert "--resume" in refused(capsys, "train", *run)
    assert "--resume" in refused(capsys, "train", manifest, "--resume", *run)
    assert "holds no training run" in refused(capsys, "train", "--resume", *run)
    assert "input_size" in refused(capsys, "train", manifest, *run, "--input-size", "20")
    assert "batch" in refused(capsys, "train", manifest, *run, "--batch", "0")
    (tmp_path / "a_file").touch()
    assert "a_file" in refused(capsys, "train", manifest, "--out", tmp_path / "a_file")
    assert not (tmp_path / "run").exists()
    RunFolder(tmp_path / "run").start(TrainConfig(manifest=str(manifest), weights=None))
    assert "holds a run already" in refused(capsys, "train", manifest, *run)


@pytest.mark.parametrize("name", ["absent.weights.h5", "text.weights.h5", "text.h5", "text.keras", "text.bin"])
def test_train_refuses_what_are_no_start_weights(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, manifest: Path, name: str
) -> None:
    weights = tmp_path / name
    if name.startswith("text"):
        weights.write_text("hello")
    given = ["--weights", weights, "--input-size", str(SIZE)]
    said = refused(capsys, "train", manifest, "--out", tmp_path / "run", *given)
    assert str(weights) in said and "weights" in said
    assert not (tmp_path / "run").exists(), "the same command with good weights may follow"


def test_train_refuses_the_weights_of_another_network_in_one_line(tmp_path: Path, manifest: Path) -> None:
    """In a process of its own, where Keras' warnings would reach the user."""
    weights = tmp_path / "other.weights.h5"
    tiny_model(1).save_weights(weights)
    given = [manifest, "--weights", weights, "--input-size", str(SIZE), "--out", tmp_path / "run"]
    done = subprocess.run(
        [sys.executable, "-m", "training", "train", *given], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"training: {weights}: not weights of InceptionV3") and done.stderr.count("\n") == 1


def test_start_weights_are_those_of_the_file(tmp_path: Path) -> None:
    keras = import_tensorflow().keras
    keras.utils.set_random_seed(1)
    base = keras.applications.InceptionV3(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
    base.save_weights(tmp_path / "start.weights.h5")
    keras.utils.set_random_seed(2)
    model = build(SIZE, len(LABELS), 16, 0.3, weights=str(tmp_path / "start.weights.h5"))
    assert model.output_shape == (None, 2)
    expected = base.get_weights()
    assert len(model.get_weights()) == len(expected) + 4
    assert all((one == other).all() for one, other in zip(model.get_weights(), expected, strict=False))
    head_only(model)
    learning = {one.path.split("/")[0].rstrip("_0123456789") for one in model.trainable_variables}
    assert learning == {"hidden", "answer", "batch_normalization"}
    all_layers(model)
    assert len(model.trainable_variables) > 190


def test_export_names_what_is_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path, manifest: Path) -> None:
    run, target = tmp_path / "run", tmp_path / "app.tflite"
    assert "holds no training run" in refused(capsys, "export", run, "--out", target)
    RunFolder(run).start(TrainConfig(manifest=str(manifest), weights=None, input_size=SIZE))
    assert "no epoch is finished" in refused(capsys, "export", run, "--out", target)
    (run / "best.weights.h5").write_text("stands for weights")
    assert ".tflite" in refused(capsys, "export", run, "--out", tmp_path / "app.bin")
    assert "folder that exists" in refused(capsys, "export", run, "--out", tmp_path / "absent" / "app.tflite")
    for path in (target, card_path(target)):
        path.write_text("precious")
        assert f"{path}: exists; add --force" in refused(capsys, "export", run, "--out", target)
        assert path.read_text() == "precious"
        path.unlink()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["run"]


@pytest.mark.parametrize("command", [[], ["prepare"], ["train"], ["export"]])
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"usage: {' '.join(['python -m training', *command])}")
    assert err == ""


@pytest.mark.parametrize("arguments", [[], ["dance"], ["train", "--batch", "many", "--out", "x"], ["export"]])
def test_wrong_use_is_code_2(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_an_error_reaches_the_shell(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "training", "prepare", tmp_path / "absent", "--out", tmp_path / "out"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"training: {tmp_path / 'absent'}: no such folder of data\n"


def test_the_configuration_in_the_folder_is_plain_json(tmp_path: Path) -> None:
    config = TrainConfig(manifest="m.csv", weights="w.h5", seed=4)
    RunFolder(tmp_path / "run").start(config)
    fields = json.loads((tmp_path / "run" / "config.json").read_text())
    assert fields["seed"] == 4 and fields["weights"] == "w.h5" and fields["crop"]["margin"] == CropRule().margin


@pytest.mark.parametrize("step", ["_patch", "_colour", "_darken", "_blur", "_scale_down", "_noise", "_jpeg", "_warp"])
def test_every_step_of_augmentation_changes_the_picture(step: str) -> None:
    import skimage.data

    from training import augment as steps

    face = np.array(skimage.data.astronaut()[75:178, 177:280], np.uint8)
    first = Surrounded(face, (0.0, 0.0, 103.0, 103.0)) if step == "_warp" else face
    more = (96,) if step == "_warp" else ()
    changed = [getattr(steps, step)(first, *more, np.random.default_rng(seed)) for seed in range(20)]
    assert all(one.dtype == np.uint8 and one.ndim == 3 for one in changed)
    assert sum(one.shape != face.shape or not np.array_equal(one, face) for one in changed) >= 18


def test_augment_takes_every_step_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    from training import augment as steps

    taken: dict[str, int] = {}

    def counted(name: str, work: Callable[..., object]) -> Callable[..., object]:
        def step(*given: object) -> object:
            taken[name] = taken.get(name, 0) + 1
            return work(*given)

        return step

    names = ["_patch", "_colour", "_darken", "_blur", "_scale_down", "_noise", "_jpeg", "_warp"]
    for name in names:
        monkeypatch.setattr(steps, name, counted(name, getattr(steps, name)))
    source = Surrounded(np.full((60, 60, 3), 120, np.uint8), (0.0, 0.0, 60.0, 60.0))
    for seed in range(200):
        steps.augment(source, 75, np.random.default_rng(seed))
    assert set(taken) == set(names)
    assert min(taken.values()) > 20


def test_a_manifest_changed_after_training_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    write_manifest(path, [])
    config = TrainConfig(manifest=str(path), weights=None, manifest_sha256=file_sha256(path))
    check_manifest(config)
    path.write_text(path.read_text() + "a,mask,s,g,test,\n")
    with pytest.raises(UnusableInput, match="changed since the run began"):
        check_manifest(config)


def test_a_damaged_checkpoint_is_refused_in_one_line(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    for text in ("", "{}", "[]", '{"name": "checkpoint-1", "step": 1, "unknown": 2}'):
        (tmp_path / "checkpoint.json").write_text(text)
        with pytest.raises(UnusableInput, match="damaged") as refused:
            run.progress()
        assert "\n" not in str(refused.value)


def test_resume_takes_no_other_options(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["train", "--resume", "--out", str(tmp_path), "--epochs", "9"]) == 2
    assert "leave the other options out" in capsys.readouterr().err
