"""Finds exact and near copies among pictures, so that no copy of a test picture is trained on.

Candidates share a difference hash (a picture and its mirror image are the same original); a candidate is a near
copy when the grey thumbnails correlate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcam.frames import Pixels

HASH_BITS_APART = 10
SAME_CORRELATION = 0.95
THUMBNAIL = 24
_CHUNK = 512


def thumbnail(picture: Pixels) -> Pixels:
    """Return the grey `(24, 24) uint8` thumbnail of a picture `(h, w, 3) uint8 RGB`."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA), np.uint8)


def difference_hash(thumb: Pixels) -> np.uint64:
    """Return 64 bits, each telling whether a cell of the 8 x 9 reduced thumbnail is darker than the next."""
    small = cv2.resize(thumb, (9, 8), interpolation=cv2.INTER_AREA)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return np.uint64(int("".join("1" if bit else "0" for bit in bits), 2))


def near_copies(thumbs: Sequence[Pixels]) -> Iterator[tuple[int, int]]:
    """Yield the pairs `(i, j)`, i < j, of pictures that show the same original, given their thumbnails."""
    if len(thumbs) < 2:
        return
    hashes = np.array([difference_hash(thumb) for thumb in thumbs])
    mirrored = np.array([difference_hash(thumb[:, ::-1].copy()) for thumb in thumbs])
    flat = _normalised(thumbs)
    flipped = _normalised([thumb[:, ::-1] for thumb in thumbs])
    for start in range(0, len(thumbs), _CHUNK):
        part = slice(start, start + _CHUNK)
        pairs: set[tuple[int, int]] = set()
        for others, vectors in ((hashes, flat), (mirrored, flipped)):
            apart = np.bitwise_count(hashes[part, None] ^ others[None, start:])
            rows, columns = np.nonzero(apart <= HASH_BITS_APART)
            rows, columns = rows + start, columns + start
            later = columns > rows
            rows, columns = rows[later], columns[later]
            alike = np.einsum("ij,ij->i", flat[rows], vectors[columns]) > SAME_CORRELATION
            pairs.update(zip(rows[alike].tolist(), columns[alike].tolist(), strict=True))
        yield from sorted(pairs)


def join(count: int, pairs: Iterator[tuple[int, int]]) -> list[int]:
    """Return for each of `count` items the smallest item that the pairs connect it to (union-find)."""
    parents = list(range(count))

    def root(item: int) -> int:
        while parents[item] != item:
            parents[item] = parents[parents[item]]
            item = parents[item]
        return item

    for one, other in pairs:
        a, b = root(one), root(other)
        parents[max(a, b)] = min(a, b)
    return [root(item) for item in range(count)]


def _normalised(thumbs: Sequence[Pixels]) -> NDArray[np.float32]:
    """Return the thumbnails as vectors of mean 0 and length 1, whose product is their correlation."""
    flat = np.stack([thumb.ravel() for thumb in thumbs]).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6), np.float32)
