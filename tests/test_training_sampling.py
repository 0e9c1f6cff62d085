"""Balance, batches, and the crops in them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from maskcam.crops import crop_faces, resize, scale
from maskcam.modelcard import MASK, NO_MASK, CropRule
from tests.drawn_faces import draw_face, save
from tests.training_parts import SIZE, card, small_manifest, whole
from training.augment import augment
from training.manifest import LABELS, TRAIN, Box, Sample, read_manifest
from training.pictures import app_crop, crop_of, surrounded
from training.sampling import RENDER, Batches, Sampler, plain_batches

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_manifest(tmp_path_factory.mktemp("parts"))


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


def test_batches_get_harder_when_they_are_to(manifest: Path, batches: Batches) -> None:
    samples = [one for one in read_manifest(manifest) if one.split == TRAIN]
    later = Batches(samples, card(), size=6, seed=11, harder_from=3)
    try:
        for number in range(6):
            alike = (batches.make(number)[0] == later.make(number)[0]).all()
            assert alike == (number < 3)
    finally:
        later.close()


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


def test_surroundings_end_with_the_picture_and_the_crop_goes_on_as_far_as_it_must(tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (150, 200, 3), np.uint8)
    box = (0.0, 60.0, 60.0, 120.0)  # its crop is 72 px: from -6 to 66 and from 54 to 126
    sample = Sample(save(picture, tmp_path / "edge.png"), MASK, "own", "g", TRAIN, box)
    kept = surrounded(sample.path, box, None, CropRule())
    assert kept.inner == (0.0, 28.0, 72.0, 100.0)
    assert kept.picture.shape == (124, 100, 3), "nothing is repeated but the six columns of the crop itself"
    assert (resize(crop_of(kept), SIZE) == app_crop(sample, CropRule(), SIZE)).all()


def test_a_large_picture_is_shrunk_in_both_directions_alike(tmp_path: Path) -> None:
    picture = np.zeros((400, 800, 3), np.uint8)
    points = tuple(float(value) for value in range(0, 240, 20))
    kept = surrounded(save(picture, tmp_path / "large.png"), None, points, CropRule())
    assert kept.picture.shape == (144, 288, 3) and kept.inner == (0, 0, 288, 144)
    assert kept.keypoints is not None
    assert np.allclose(kept.keypoints.ravel(), np.array(points) * 0.36)


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
