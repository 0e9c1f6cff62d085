"""Decides what is drawn on a face before it is augmented, so that the network learns what the data lack.

A mask drawn over nose and mouth makes a bare face a masked one. Whatever else is drawn keeps the label: a hand or a
cup before the mouth, a mask pulled down to the chin, a hand before a mask.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training.face_frame import face_frame
from training.pictures import Surrounded
from training.recipe import PLAIN, Recipe
from training.render_covers import draw_random_cover
from training.render_masks import draw_random_mask

MASKED_SHARE = 0.15
"""Share of the masked faces that are bare ones with a drawn mask."""
MASK_COVERED_SHARE = 0.06
"""Share of the masked faces on which such a thing is drawn, before the mask."""
BEFORE_A_MASK = (0.33, 0.22, 0.26, 0.09, 0.0, 0.1)
"""How often that is a hand, a cup, a head, a microphone, a beard, a flat thing: beards grow beneath masks."""


def put_mask_on(source: Surrounded, random: np.random.Generator) -> Surrounded | None:
    """Draw a mask on a bare face; None where the face is too small, or its key points aren't known."""
    if source.keypoints is None:
        return None
    frame = face_frame(source.picture.shape[:2], source.keypoints)
    return None if frame is None else replace(source, picture=draw_random_mask(source.picture, frame, random))


def cover(source: Surrounded, bare: bool, random: np.random.Generator, recipe: Recipe = PLAIN) -> Surrounded:
    """Draw, on some of the faces whose key points are known, what does not change the label."""
    if random.random() >= (recipe.covered if bare else MASK_COVERED_SHARE) or source.keypoints is None:
        return source
    frame = face_frame(source.picture.shape[:2], source.keypoints)
    if frame is None:
        return source
    if bare and random.random() < recipe.on_chin:
        return replace(source, picture=draw_random_mask(source.picture, frame, random, on_chin=True))
    shares = recipe.covers if bare else BEFORE_A_MASK
    return replace(source, picture=draw_random_cover(source.picture, frame, random, shares))
