"""Which crops are too poor to judge by, measured on the pictures themselves."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcam.frames import Flags, Floats, Pixels, Reason

LEAST_JUDGED_SIDE = 16
"""Pixels a face's box needs on its longer side: about the least that the classifier was trained on."""

LEAST_DETAIL = 0.085
"""Detail below which a crop counts as blurred; how it was chosen is told in `detail`."""

LEAST_CONTRAST = 12.0
"""Grey levels of standard deviation below which there is too little light to tell a bare face from a masked one."""

_SIDE = 32


def detail(crops: Pixels) -> tuple[Floats, Floats]:
    """Return how much fine structure and how much contrast each crop `(n, s, s, 3) uint8` holds, both `(n,) float32`.

    Contrast is the standard deviation of the grey crop, scaled to 32 px, in grey levels. Fine structure is the share
    of it that a Gaussian blur of one pixel takes away: independent of light and size. Of 289 validation faces half
    have .25 or more and 1 in 100 less than .15; reduced to 16 px, 1 in 20 has less than .086. Blurred by 5 % of the
    crop's width, from where on bare faces are called masked (10 of 151), half have less than .08; blurred by 2.5 %,
    which does no harm, 1 in 20 less than .1.
    """
    fine, contrast = np.zeros(len(crops), np.float32), np.zeros(len(crops), np.float32)
    for place, crop in enumerate(crops):
        grey = cv2.resize(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        wide: NDArray[np.float32] = grey.astype(np.float32)
        contrast[place] = wide.std()
        fine[place] = (wide - cv2.GaussianBlur(wide, (0, 0), 1.0)).std() / max(float(contrast[place]), 1.0)
    return fine, contrast


def cut_off(poor: Sequence[Reason | None], masked: Flags, mouths: Floats, height: int) -> Sequence[Reason | None]:
    """Return the doubts `poor` of n faces, with `CUT_OFF` added for those that look masked with the mouth out of sight.

    `masked` is `(n,) bool`, who looks masked, `mouths` `(n, 2)`, where their mouths are, in pixels of a picture that is
    `height` high. A crop that reaches over the lower edge shows the last row there again and again, which looks like
    cloth: of 31 bare people, cut off at .6 of their heads in a video, 22 were called masked.
    """
    out = masked & (mouths[:, 1] >= height)
    return [doubt or (Reason.CUT_OFF if hidden else None) for doubt, hidden in zip(poor, out, strict=True)]


def doubts(boxes: Floats, crops: Pixels) -> Sequence[Reason | None]:
    """Say of each face, `boxes` `(n, 4) pixels xyxy` and its crop, why it can't be judged, or None.

    Too little light counts as too blurred: there, too, what would tell is not to be seen.
    """
    sides = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0)
    found: list[Reason | None] = []
    for side, fine, contrast in zip(sides, *detail(crops), strict=True):
        if side < LEAST_JUDGED_SIDE:
            found.append(Reason.TOO_SMALL)
        else:
            unclear = fine < LEAST_DETAIL or contrast < LEAST_CONTRAST
            found.append(Reason.TOO_BLURRED if unclear else None)
    return found
