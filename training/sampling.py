"""Draws balanced, augmented batches, the same for the same seed and step whatever came before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from maskcam.crops import scale
from maskcam.frames import Floats
from maskcam.modelcard import MASK, NO_MASK, NOT_FACE, ModelCard
from training.augment import KINDS, augment
from training.dress import MASKED_SHARE, cover, put_mask_on
from training.manifest import LABELS, Sample
from training.pictures import Surrounded, app_crop, surrounded
from training.recipe import HARDER, PLAIN, Recipe
from training.textures import texture

AHEAD = 4
"""Batches made in advance."""
NOT_FACE_SHARE = 0.12
"""Share of what is drawn that is no face, where the data hold such."""
TEXTURE_SHARE = 0.08
"""Share of that which are textures; the rest is what the detector took for faces."""
BALANCE, RENDER = "balance", "render"
INGREDIENTS = (BALANCE, *KINDS, RENDER, NOT_FACE)
"""What can be left out of a training, to see what it is good for."""


def drawn_shares(labels: Sequence[str]) -> list[float]:
    """Return how often each of these labels is drawn: faces alike, what is no face as `NOT_FACE_SHARE` says."""
    rejects = NOT_FACE_SHARE if NOT_FACE in labels else 0.0
    return [rejects if label == NOT_FACE else (1 - rejects) / len(LABELS) for label in labels]


Groups = list[list[Sample]]
"""The samples of a source, those of one original together."""


class Sampler:
    """Chooses samples so that classes weigh the same, sources by the root of their size, originals alike.

    A copied original (the 12k set has six copies of many) thus counts once, and a small source is heard without
    being learnt by heart. Unbalanced, every picture weighs the same, as in a plain run through a folder.
    """

    def __init__(self, samples: Sequence[Sample], *, balanced: bool = True) -> None:
        """Sort `samples` into classes, sources and groups; ValueError when a class has none."""
        there = {one.label for one in samples}
        if not there >= set(LABELS):
            raise ValueError(f"training needs faces of both classes, {' and '.join(LABELS)}")
        self._all = list(samples)
        self._balanced = balanced
        self._cells = {label: _Cell([one for one in samples if one.label == label]) for label in there}
        known = [one for one in samples if one.label == NO_MASK and one.keypoints is not None]
        self._drawable = _Cell(known) if known else None

    def draw(self, random: np.random.Generator) -> Sample:
        """Draw one sample."""
        if not self._balanced:
            return self._all[int(random.integers(len(self._all)))]
        if NOT_FACE in self._cells and random.random() < NOT_FACE_SHARE:
            return self._cells[NOT_FACE].draw(random)
        return self.draw_face(random)

    def draw_face(self, random: np.random.Generator) -> Sample:
        """Draw a face, bare or masked."""
        return self._cells[LABELS[int(random.integers(len(LABELS)))]].draw(random)

    def draw_bare_face(self, random: np.random.Generator) -> Sample | None:
        """Draw a bare face whose key points are known, so that a mask can be drawn on it; None without any."""
        return self._drawable.draw(random) if self._drawable else None


class _Cell:
    """The samples of one class."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        sources: defaultdict[str, defaultdict[str, list[Sample]]] = defaultdict(lambda: defaultdict(list))
        for one in samples:
            sources[one.source][one.group].append(one)
        self._sources: list[Groups] = [list(groups.values()) for _, groups in sorted(sources.items())]
        weights = np.sqrt([len(groups) for groups in self._sources])
        self._shares = weights / weights.sum()

    def draw(self, random: np.random.Generator) -> Sample:
        groups = self._sources[int(random.choice(len(self._sources), p=self._shares))]
        group = groups[int(random.integers(len(groups)))]
        return group[int(random.integers(len(group)))]


class Batches:
    """Makes augmented batches by number, ahead of their use, in threads that end with `close`."""

    def __init__(
        self,
        samples: Sequence[Sample],
        card: ModelCard,
        size: int,
        *,
        seed: int,
        without: Container[str] = (),
        harder_from: int | None = None,
        threads: int = 2,
    ) -> None:
        """Draw from `samples` batches of `size` as the network of `card` wants them, but for what `without` names.

        From batch `harder_from` on they follow the recipe `HARDER`.
        """
        self._sampler = Sampler(samples, balanced=BALANCE not in without)
        self._card, self._size, self._seed, self._without = card, size, seed, without
        self._harder_from = harder_from
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="augment")

    def make(self, number: int) -> tuple[Floats, Floats]:
        """Return batch `number`: `(b, s, s, 3) float32`, scaled, and one-hot labels `(b, k) float32`."""
        random = np.random.default_rng([self._seed, number])
        recipe = PLAIN if self._harder_from is None or number < self._harder_from else HARDER
        side = self._card.input_size
        batch = np.empty((self._size, side, side, 3), np.uint8)
        truth = np.zeros((self._size, len(self._card.labels)), np.float32)
        for row in range(self._size):
            label, source = self._choose(random, recipe)
            batch[row] = augment(source, side, random, self._without, recipe)
            truth[row, self._card.labels.index(label)] = 1
        return scale(batch, self._card), truth

    def _choose(self, random: np.random.Generator, recipe: Recipe) -> tuple[str, Surrounded]:
        """Draw a face, and what is drawn on it."""
        one = self._sampler.draw(random)
        if one.label == NOT_FACE:
            return NOT_FACE, self._no_face(one, random)
        if RENDER in self._without:
            return one.label, self._load(one)
        if one.label == MASK and random.random() < MASKED_SHARE:
            bare = self._sampler.draw_bare_face(random)
            masked = put_mask_on(self._load(bare), random) if bare else None
            if masked is not None:
                return MASK, cover(masked, bare=False, random=random, recipe=recipe)
        return one.label, cover(self._load(one), one.label == NO_MASK, random, recipe)

    def _no_face(self, one: Sample, random: np.random.Generator) -> Surrounded:
        return texture(self._card.input_size, random) if random.random() < TEXTURE_SHARE else self._load(one)

    def _load(self, one: Sample) -> Surrounded:
        return surrounded(one.path, one.box, one.keypoints, self._card.crop)

    def run(self, start: int, stop: int) -> Iterator[tuple[int, Floats, Floats]]:
        """Yield batches `start` to `stop - 1`: number, scaled images `(n, s, s, 3) float32`, one-hot labels."""
        waiting: dict[int, Future[tuple[Floats, Floats]]] = {}
        for number in range(start, stop):
            for ahead in range(number, min(number + AHEAD, stop)):
                if ahead not in waiting:
                    waiting[ahead] = self._pool.submit(self.make, ahead)
            images, truth = waiting.pop(number).result()
            yield number, images, truth

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def plain_batches(samples: Sequence[Sample], card: ModelCard, size: int = 32) -> Iterator[tuple[Floats, Floats]]:
    """Yield all samples in order, unaugmented, exactly as the app would see them.

    At most `size` at a time: images `(n, s, s, 3) float32` as the card scales them, one-hot labels `(n, k) float32`.
    """
    for start in range(0, len(samples), size):
        part = samples[start : start + size]
        batch = np.stack([app_crop(one, card.crop, card.input_size) for one in part])
        truth = np.zeros((len(part), len(card.labels)), np.float32)
        truth[np.arange(len(part)), [card.labels.index(one.label) for one in part]] = 1
        yield scale(batch, card), truth


def check_readable(samples: Sequence[Sample]) -> list[Path]:
    """Return the paths in a manifest that are no longer there."""
    return sorted({one.path for one in samples if not one.path.is_file()})
