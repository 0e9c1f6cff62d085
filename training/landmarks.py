"""Finds the six key points of a labelled face, where something is to be drawn on it."""

from __future__ import annotations

import cv2
import numpy as np

from maskcam.faces import FaceDetector
from maskcam.frames import Floats, Pixels

BORDER = 0.35
"""How much wider a crop is made for the detector, on each side: in a tight crop it finds no face."""
LEAST_SCORE = 0.5
LEAST_WIDTH = 0.4
"""Share of the crop's longer side that the face must have; smaller boxes are somebody else, or nothing."""


def find_keypoints(crop: Pixels, detector: FaceDetector) -> Floats | None:
    """Return the key points `(6, 2) float32, pixels` of the face that fills `crop` `(h, w, 3) uint8 RGB`, or None."""
    longer = max(crop.shape[:2])
    border = int(longer * BORDER)
    wide = cv2.copyMakeBorder(crop, border, border, border, border, cv2.BORDER_REPLICATE)
    found = detector.detect(np.ascontiguousarray(wide, dtype=np.uint8))
    sure = (found.scores >= LEAST_SCORE) & (found.boxes[:, 2] - found.boxes[:, 0] >= LEAST_WIDTH * longer)
    if not sure.any():
        return None
    best = int(np.where(sure, found.scores, 0).argmax())
    return np.asarray(found.keypoints[best] - border, np.float32)
