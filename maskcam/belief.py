"""How sure it is that a box is a face: what the detector and the classifier say of it, taken together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maskcam.frames import Faces, Floats, Judgement, Reason

# Both numbers were chosen on labelled scenes, where they let the fewest boxes through that are on no face at a given
# number of faces found.
DETECTOR_WEIGHS = 2.0
"""What the detector's log-odds count beside the classifier's."""
DOUBTED = 4.0
"""Log-odds that both together must reach for an even chance: most boxes that are looked at are no faces."""


def believe(faces: Faces, judgement: Judgement, doubts: Sequence[Reason | None]) -> Faces:
    """Return the faces with scores that the classifier's third answer has gone into, in the same order.

    A weak box that the classifier sees a face in becomes a sure one, a box that it sees none in a weak one. The two
    see different things in different cuts, so their log-odds are added as of independent witnesses. What it says of
    a doubtful crop counts for nothing: somebody in the dark is to be told as unsure, not to vanish.
    """
    detector, network = _log_odds(faces.scores), -_log_odds(judgement.not_face_probability)
    scores = 1 / (1 + np.exp(DOUBTED - DETECTOR_WEIGHS * detector - network))
    clear = np.array([doubt is None for doubt in doubts], np.bool_)
    return Faces(faces.boxes, np.where(clear, scores, faces.scores).astype(np.float32), faces.keypoints)


def _log_odds(probability: Floats) -> NDArray[np.float64]:
    safe = np.clip(probability.astype(np.float64), 1e-4, 1 - 1e-4)
    return np.asarray(np.log(safe / (1 - safe)))
