"""How sure it is that a box is a face: what the detector and the classifier say of it, taken together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskcam.frames import UNCLEAR, Faces, Flags, Floats, Judgement, Reason
from maskcam.odds import log_odds_of, probability_of

# The next three were chosen on labelled scenes, where they let the fewest boxes through that are on no face at a given
# number of faces found.
DETECTOR_WEIGHS = 2.25
"""What the detector's log-odds count beside the classifier's."""
VERDICT_WEIGHS = 0.4
"""What the log-odds of the verdict count, whichever way: a face is bare or masked, what is no face is neither."""
DOUBTED = 6.9
"""Log-odds that all together must reach for an even chance: most boxes that are looked at are no faces."""
SUREST = 1e-4
"""How near to 0 or 1 either is believed to be: beyond it they differ by chance."""
ON_A_CHEST = 3.0
"""Log-odds that a box on somebody's chest loses: badges, emblems and folds there look like small faces."""
SURE = 2.0
"""Log-odds from which somebody is sure enough for that."""
CHEST = (2.0, 0.9, 5.5)
"""Where a chest is, in sides of the face: so far to either side, from here to there below the face's middle."""
CHILD = 0.5
"""Share of somebody's face from which a face before their chest may be one: a child's."""


def believe(faces: Faces, judgement: Judgement, doubts: Sequence[Reason | None]) -> Faces:
    """Return the faces with scores that the classifier's third answer has gone into, in the same order.

    A weak box that the classifier sees a face in becomes a sure one, a box that it sees none in a weak one. The two see
    different things in different cuts, so their log-odds are added as of independent witnesses; how sure the classifier
    is of bare or masked speaks for a face too. What lies small on the chest of somebody who is sure has to be surer
    itself. What the classifier says of a doubtful crop can only make it a weaker one, where it is surer of no face than
    the detector is of one: somebody in the dark is told as unsure and doesn't vanish, plain cloth does. Of 432
    validation faces with 12 % of their light 1 in 200 is rejected with .9, of 851 other places 3 in 4; blurred by 5 %
    of their width, 3 in 100 of the faces and 17 in 20 of the others.
    """
    detector = log_odds_of(faces.scores, SUREST)
    clear = np.array([doubt not in UNCLEAR for doubt in doubts], np.bool_)
    together = DETECTOR_WEIGHS * detector - log_odds_of(judgement.not_face_probability, SUREST)
    decided = VERDICT_WEIGHS * np.abs(log_odds_of(judgement.no_mask_probability, SUREST))
    odds = np.where(clear, together + decided - DOUBTED, np.minimum(detector, together))
    odds -= ON_A_CHEST * on_a_chest(faces.boxes, faces.boxes[clear & (odds > SURE)])
    return Faces(faces.boxes, probability_of(odds).astype(np.float32), faces.keypoints)


def on_a_chest(boxes: Floats, people: Floats) -> Flags:
    """Return `(n,) bool` which of `boxes` `(n, 4)` lie small on the chest below one of the faces `people` `(m, 4)`."""
    side = (people[:, 2:] - people[:, :2]).max(axis=1)
    small = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)[:, None] < CHILD * side
    away = ((boxes[:, None, :2] + boxes[:, None, 2:]) - (people[:, :2] + people[:, 2:])) / 2 / side[:, None]
    wide, top, bottom = CHEST
    there = (np.abs(away[..., 0]) < wide) & (away[..., 1] > top) & (away[..., 1] < bottom)
    return np.asarray((small & there).any(axis=1), np.bool_)
