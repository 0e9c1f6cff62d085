"""Finds faces cut from the same photograph however they were turned, moved, cut or coloured since.

Laid upon each other by eyes and mouth, copies are alike already where the detector was exact; where it wasn't, they
become so once one is moved onto the other, and different people don't: "Parametric Image Alignment Using Enhanced
Correlation Coefficient Maximization" (Evangelidis and Psarakis, IEEE TPAMI 2008), as OpenCV has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from maskcam.frames import KEYPOINTS, Floats, Pixels
from training.manifest import Keypoints

SIDE = 40
"""Pixels of a side of what is compared."""
RIGHT_EYE, LEFT_EYE, MOUTH = (12.0, 13.0), (28.0, 13.0), (20.0, 29.0)
"""Where eyes and mouth are moved to, x and y."""
FINE, COARSE = 1.0, 5.0
"""Detail is compared, not light: what is finer than the first and coarser than the second, in pixels, is taken away."""
WORTH_MOVING, SAME = 0.72, 0.945
"""Correlation from which two faces are moved upon each other, and from which they are then the same.

Of 12,000 faces, 104 pairs between .93 and .975 were looked at: from .945 on all were copies, below .93 few.
"""
FARTHEST, LARGEST_CHANGE = 8.0, 1.6
"""How far, in pixels, and by which factor a face may be moved and scaled: eyes are found more exactly than that."""
_LEAST_SPREAD = 4.0
"""Pixels, root of the sum of squares, that eyes and mouth must be apart in the picture."""
_CHUNK = 1024
_CRITERIA = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)


def upright_face(picture: Pixels, keypoints: Keypoints) -> Floats | None:
    """Return the detail of a face, eyes and mouth in their places, `(40, 40) float32`, mean 0 and length 1.

    `picture` is `(h, w, 3) uint8 RGB`, `keypoints` a manifest's, pixels in it. None where these are too near to each
    other to tell how the face lies, and where there is no detail.
    """
    points = np.array(keypoints, np.float64).reshape(KEYPOINTS, 2)[[0, 1, 3]]
    places = np.array([RIGHT_EYE, LEFT_EYE, MOUTH])
    own, wanted = points - points.mean(axis=0), places - places.mean(axis=0)
    spread = float((own**2).sum())
    if spread < _LEAST_SPREAD**2:
        return None
    along = float((own * wanted).sum()) / spread
    across = float((own[:, 0] * wanted[:, 1] - own[:, 1] * wanted[:, 0]).sum()) / spread
    turn = np.array([[along, -across], [across, along]])
    scale = float(np.hypot(along, across))
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if scale < 0.5:  # sampled linearly it would sparkle
        grey = cv2.GaussianBlur(grey, (0, 0), 0.5 / scale)
    matrix = np.column_stack([turn, places.mean(axis=0) - turn @ points.mean(axis=0)])
    face = cv2.warpAffine(grey, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    fine = cv2.GaussianBlur(face.astype(np.float32), (0, 0), FINE)
    detail = fine - cv2.GaussianBlur(fine, (0, 0), COARSE)
    detail -= detail.mean()
    length = float(np.linalg.norm(detail))
    return np.asarray(detail / length, np.float32) if length > 1 else None


def same_faces(faces: Sequence[Floats | None], known: Sequence[str] | None = None) -> Iterator[tuple[int, int]]:
    """Yield the pairs `(i, j)`, i < j, of faces from `upright_face` that are of one photograph, mirrored or not.

    Pairs of equal `known`, one for each face, are passed over: that they belong together is known.
    """
    there = [place for place, face in enumerate(faces) if face is not None]
    if len(there) < 2:
        return
    own = np.stack([face for face in faces if face is not None])
    names = np.unique([known[place] for place in there], return_inverse=True)[1] if known else np.arange(len(there))
    flat, mirrored = own.reshape(len(own), -1), own[:, :, ::-1].reshape(len(own), -1)
    for start in range(0, len(own), _CHUNK):
        found: set[tuple[int, int]] = set()
        for others in (flat, mirrored):
            rows, columns = np.nonzero(flat[start : start + _CHUNK] @ others[start:].T > WORTH_MOVING)
            rows, columns = rows + start, columns + start
            wanted = (columns > rows) & (names[rows] != names[columns])
            for row, column in zip(rows[wanted].tolist(), columns[wanted].tolist(), strict=True):
                if (row, column) not in found and moved_alike(own[row], others[column].reshape(SIDE, SIDE)):
                    found.add((row, column))
        yield from sorted((there[row], there[column]) for row, column in found)


def moved_alike(one: Floats, other: Floats) -> bool:
    """Return whether two faces are the same once one is moved upon the other, each `(40, 40) float32`."""
    try:
        alike, move = cv2.findTransformECC(
            np.ascontiguousarray(one),
            np.ascontiguousarray(other),
            np.eye(2, 3, dtype=np.float32),
            cv2.MOTION_AFFINE,
            _CRITERIA,
            np.ones((SIDE, SIDE), np.uint8),
            1,
        )
    except cv2.error:  # they have nothing in common that could be followed
        return False
    moved = np.asarray(move, np.float64)
    middle = np.full(2, (SIDE - 1) / 2)
    away = float(np.linalg.norm(moved[:, :2] @ middle + moved[:, 2] - middle))
    stretched = np.linalg.svd(moved[:, :2], compute_uv=False)
    near = away <= FARTHEST and stretched.max() <= LARGEST_CHANGE and stretched.min() >= 1 / LARGEST_CHANGE
    return bool(alike >= SAME and near)
