"""Has a model judge bare faces on which something is drawn: what hides a mouth and is no mask, and masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from tqdm import tqdm

from maskcam.crops import resize
from maskcam.errors import UnusableInput
from maskcam.faces import FaceDetector, Range
from maskcam.frames import Floats, Pixels, check_array
from training.face_frame import FaceFrame, face_frame
from training.judge import ask, box_inside
from training.labelled import Labelled
from training.landmarks import find_keypoints
from training.metrics import called_bare
from training.pictures import whole_crop
from training.render_covers import draw_beard, draw_card, draw_cup, draw_hand, draw_head, draw_microphone
from training.render_masks import draw_random_mask
from training.scorers import Scorer

Draw = Callable[[Pixels, FaceFrame, np.random.Generator], Pixels]

MASKS = "drawn masks"
DRAWINGS: dict[str, Draw] = {
    "hands": draw_hand,
    "cups": draw_cup,
    "microphones": draw_microphone,
    "heads in front": draw_head,
    "beards": draw_beard,
    "flat things": draw_card,
    "masks on the chin": partial(draw_random_mask, on_chin=True),
    MASKS: draw_random_mask,
}
"""What is drawn on bare faces; with all but a mask over nose and mouth they stay bare."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """The answers for m bare faces with each of the `DRAWINGS` on them, `(len(DRAWINGS), m) float32`."""

    no_mask_probability: Floats

    def __post_init__(self) -> None:
        check_array("no_mask_probability", self.no_mask_probability, (len(DRAWINGS), self.faces))

    @property
    def faces(self) -> int:
        """How many faces were drawn on."""
        return int(self.no_mask_probability.shape[1])


def judge_drawn(scorer: Scorer, faces: Sequence[Labelled]) -> Drawn:
    """Draw on every bare one of `faces` whose key points the app's detector finds, and have the results judged.

    What is drawn depends on a face's place in the row alone, so that two models see the same.
    """
    size = scorer.card.input_size
    answers: list[Floats] = []
    bare = [(place, one) for place, one in enumerate(faces) if one.bare]
    with FaceDetector(Range.NEAR) as detector:
        for place, one in tqdm(bare, desc="drawing", unit=" faces", disable=None):
            try:
                crop = whole_crop(one.path, one.box, scorer.card.crop)
            except UnusableInput:  # told of already, when the faces were judged as they are
                continue
            keypoints = find_keypoints(crop, detector)
            frame = None if keypoints is None else face_frame(crop.shape[:2], keypoints)
            if frame is None:
                continue
            views = [
                resize(draw(crop, frame, np.random.default_rng([place, number])), size)
                for number, draw in enumerate(DRAWINGS.values())
            ]
            box = one.box or box_inside(max(crop.shape[:2]), scorer.card.crop)
            answers.append(called_bare(ask(scorer, views, [box] * len(views))[0]))
    return Drawn(np.stack(answers, axis=1) if answers else np.empty((len(DRAWINGS), 0), np.float32))
