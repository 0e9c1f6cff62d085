"""Draws balanced, augmented batches, the same for the same seed and step whatever came before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from maskcam.crops import scale
from maskcam.frames import Floats
from maskcam.modelcard import ModelCard
from training.augment import augment
from training.manifest import LABELS, Sample
from training.pictures import app_crop, surrounded

AHEAD = 4
"""Batches made in advance."""


class Sampler:
    """Chooses samples so that classes weigh the same, sources by the root of their size, originals alike.

    A copied original (the 12k set has six copies of many) thus counts once, and a small source is heard without
    being learnt by heart.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        """Sort `samples` into classes, sources and groups; ValueError when a class has none."""
        cells: defaultdict[str, defaultdict[str, defaultdict[str, list[Sample]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(list))
        )
        for one in samples:
            cells[one.label][one.source][one.group].append(one)
        if set(cells) != set(LABELS):
            raise ValueError(f"training needs faces of both classes, {' and '.join(LABELS)}")
        self._cells = {
            label: [list(groups.values()) for _, groups in sorted(sources.items())] for label, sources in cells.items()
        }
        self._shares = {}
        for label, sources in self._cells.items():
            weights = np.sqrt([len(groups) for groups in sources])
            self._shares[label] = weights / weights.sum()

    def draw(self, random: np.random.Generator) -> Sample:
        """Draw one sample."""
        label = LABELS[int(random.integers(len(LABELS)))]
        sources = self._cells[label]
        groups = sources[int(random.choice(len(sources), p=self._shares[label]))]
        group = groups[int(random.integers(len(groups)))]
        return group[int(random.integers(len(group)))]


class Batches:
    """Makes augmented batches by number, ahead of their use, in threads that end with `close`."""

    def __init__(self, samples: Sequence[Sample], card: ModelCard, size: int, seed: int, threads: int = 2) -> None:
        """Draw from `samples` batches of `size` as the network of `card` wants them."""
        self._sampler = Sampler(samples)
        self._card, self._size, self._seed = card, size, seed
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="augment")

    def make(self, number: int) -> tuple[Floats, Floats]:
        """Return batch `number`: `(b, s, s, 3) float32`, scaled, and one-hot labels `(b, k) float32`."""
        random = np.random.default_rng([self._seed, number])
        side = self._card.input_size
        batch = np.empty((self._size, side, side, 3), np.uint8)
        truth = np.zeros((self._size, len(self._card.labels)), np.float32)
        for row in range(self._size):
            one = self._sampler.draw(random)
            batch[row] = augment(surrounded(one.path, one.box, self._card.crop), side, random)
            truth[row, self._card.labels.index(one.label)] = 1
        return scale(batch, self._card), truth

    def run(self, start: int, stop: int) -> Iterator[tuple[int, Floats, Floats]]:
        """Yield batches `start` to `stop - 1` with their numbers."""
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
    """Yield all samples in order, unaugmented, exactly as the app would see them: images and one-hot labels."""
    for start in range(0, len(samples), size):
        part = samples[start : start + size]
        batch = np.stack([app_crop(one, card.crop, card.input_size) for one in part])
        truth = np.zeros((len(part), len(card.labels)), np.float32)
        truth[np.arange(len(part)), [card.labels.index(one.label) for one in part]] = 1
        yield scale(batch, card), truth


def check_readable(samples: Sequence[Sample]) -> list[Path]:
    """Return the paths in a manifest that are no longer there."""
    return sorted({one.path for one in samples if not one.path.is_file()})
