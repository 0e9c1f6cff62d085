"""Has a model judge labelled faces: as they are, and on every step of the ladders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from maskcam.crops import resize
from maskcam.doubts import doubts
from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.frames import UNCLEAR, Flags, Floats, Integers, Judgement, Pixels, Reason, check_array
from maskcam.modelcard import CropRule, ModelCard
from training.evenly import evenly
from training.labelled import Labelled
from training.ladders import Step
from training.manifest import Box
from training.metrics import called_bare
from training.pictures import whole_crop
from training.scan import Trouble
from training.scorers import Scorer

_AT_ONCE = 8


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The answers for n faces.

    `no_mask_probability` is `(n,) float32`, 0 for a face that is `rejected`, `(n,) bool`, as none, since it isn't
    called bare; `hardly` `(n,) bool` are those not rejected that are nevertheless more likely none than a face, which
    the app shows only where the detector is surer; `doubts` tells of each why the app finds its crop too poor to judge
    by, or None; `sizes` `(n,) int64`, the longer side of the unscaled crop in pixels.
    `on_ladder` holds, ascending, the m faces that climbed the ladders, `(m,) int64`; `by_step` is
    `(len(steps), m) float32`.
    """

    faces: tuple[Labelled, ...]
    no_mask_probability: Floats
    rejected: Flags
    hardly: Flags
    doubts: tuple[Reason | None, ...]
    sizes: Integers
    steps: tuple[Step, ...]
    on_ladder: Integers
    by_step: Floats

    def __post_init__(self) -> None:
        n, m = len(self.faces), len(self.on_ladder)
        check_array("no_mask_probability", self.no_mask_probability, (n,))
        check_array("rejected", self.rejected, (n,), np.bool_)
        check_array("hardly", self.hardly, (n,), np.bool_)
        if len(self.doubts) != n:
            raise ValueError(f"{n} faces need as many doubts, not {len(self.doubts)}")
        check_array("sizes", self.sizes, (n,), np.int64)
        check_array("on_ladder", self.on_ladder, (m,), np.int64)
        check_array("by_step", self.by_step, (len(self.steps), m))

    @property
    def bare(self) -> Flags:
        """The truth, `(n,) bool`."""
        return np.array([one.bare for one in self.faces], np.bool_)

    def wrong(self, threshold: float) -> list[int]:
        """Return the faces judged wrongly: missed alarms first, and of each kind the surest first."""
        bare, probability = self.bare, self.no_mask_probability
        missed = np.flatnonzero(bare & (probability < threshold))
        false = np.flatnonzero(~bare & (probability >= threshold))
        by_surety = [
            missed[np.argsort(probability[missed], kind="stable")],
            false[np.argsort(-probability[false], kind="stable")],
        ]
        return [int(one) for one in np.concatenate(by_surety)]


def judge(
    scorer: Scorer, faces: Sequence[Labelled], steps: Sequence[Step], ladder_faces: int | None, trouble: Trouble
) -> Judged:
    """Judge every face whose picture can be read; the others are added to `trouble`.

    At most `ladder_faces` of them, evenly taken, climb the ladders; all of them where it is None. Raises
    UnusableInput when not one picture can be read, FailedOnTheWay for a model that doesn't answer with numbers.
    """
    climbing = evenly(len(faces), ladder_faces) & bool(steps)
    readable: list[Labelled] = []
    sides: list[int] = []
    climbed: list[bool] = []
    plain: list[Judgement] = []
    poor: list[Reason | None] = []
    by_step: list[Floats] = []
    with tqdm(total=len(faces), desc="judging", unit=" faces", disable=None) as bar:
        for start in range(0, len(faces), _AT_ONCE):
            some = faces[start : start + _AT_ONCE]
            bar.update(len(some))
            read = list(_read(some, climbing[start : start + _AT_ONCE], scorer.card, trouble))
            if not read:
                continue
            climbers = [(one, step) for one in read if one.climbs for step in steps]
            views = [one.view for one in read] + [
                step.view(one.picture, scorer.card.input_size) for one, step in climbers
            ]
            boxes = [one.box for one in read] + [_scaled(one.box, step.scale(one.side)) for one, step in climbers]
            said, doubtful = ask(scorer, views, boxes)
            plain.append(_first(said, len(read)))
            poor += doubtful[: len(read)]
            by_step.append(called_bare(said)[len(read) :])
            readable += [one.face for one in read]
            sides += [one.side for one in read]
            climbed += [one.climbs for one in read]
    if not readable:
        first = f": {trouble.unreadable[0]}" if trouble.unreadable else ""
        raise UnusableInput(f"not one readable, labelled face in these data{first}")
    on_ladder = np.flatnonzero(climbed)
    no_face: Floats = np.concatenate([one.not_face_probability for one in plain])
    rejected = np.concatenate([one.rejected for one in plain])
    answers: Floats = np.concatenate(by_step)
    return Judged(
        faces=tuple(readable),
        no_mask_probability=np.concatenate([called_bare(one) for one in plain]),
        rejected=rejected,
        hardly=(no_face > 0.5) & ~rejected,
        doubts=tuple(poor),
        sizes=np.array(sides, np.int64),
        steps=tuple(steps),
        on_ladder=on_ladder,
        by_step=np.ascontiguousarray(answers.reshape(len(on_ladder), len(steps)).T),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Crop:
    """A face cut out: its unscaled `picture`, the `view` that a model is shown, the box that the app would have had."""

    face: Labelled
    side: int
    box: Box
    climbs: bool
    picture: Pixels
    view: Pixels


def _read(faces: Sequence[Labelled], climbs: Flags, card: ModelCard, trouble: Trouble) -> Iterator[_Crop]:
    """Yield the faces that can be read; of the others `trouble` is told."""
    for one, climbing in zip(faces, climbs.tolist(), strict=True):
        try:
            picture = whole_crop(one.path, one.box, card.crop)
        except UnusableInput as error:
            trouble.unread(error)
            continue
        side = max(picture.shape[:2])
        box = one.box or box_inside(side, card.crop)
        yield _Crop(one, side, box, climbing, picture, resize(picture, card.input_size))


def _first(said: Judgement, count: int) -> Judgement:
    return Judgement(said.no_mask_probability[:count], said.not_face_probability[:count])


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What is no face, and which of it is taken for one, `(n,) bool`."""

    rejects: tuple[Labelled, ...]
    kept: Flags

    def __post_init__(self) -> None:
        check_array("kept", self.kept, (len(self.rejects),), np.bool_)


def judge_rejects(scorer: Scorer, rejects: Sequence[Labelled], trouble: Trouble) -> Kept:
    """Judge pictures of what is no face; those that can't be read are added to `trouble`."""
    readable: list[Labelled] = []
    kept: list[Flags] = []
    for start in tqdm(range(0, len(rejects), _AT_ONCE), desc="rejecting", disable=None):
        some = rejects[start : start + _AT_ONCE]
        read = list(_read(some, np.zeros(len(some), np.bool_), scorer.card, trouble))
        if read:
            said, _ = ask(scorer, [one.view for one in read], [one.box for one in read])
            readable += [one.face for one in read]
            kept.append(~said.rejected)
    return Kept(tuple(readable), np.concatenate([np.zeros(0, np.bool_), *kept]))


def box_inside(side: float, rule: CropRule) -> Box:
    """Return the box, pixels xyxy, that the app would have cut a crop of this side for."""
    own = side / (1 + 2 * rule.margin)
    return 0.0, 0.0, own, own


def ask(scorer: Scorer, views: list[Pixels], boxes: Sequence[Box]) -> tuple[Judgement, list[Reason | None]]:
    """Return what is said of each view, cut for its box, and why the app finds it too poor to judge by, or None.

    As in the app, what is said of a doubtful view doesn't reject a face of which the detector is sure.
    FailedOnTheWay for answers that are no numbers.
    """
    said = _answers(scorer, views)
    poor = list(doubts(np.array(boxes, np.float32), np.stack(views)))
    unclear = np.array([doubt in UNCLEAR for doubt in poor], np.bool_)
    no_face = np.where(unclear, 0, said.not_face_probability).astype(np.float32)
    return Judgement(said.no_mask_probability, no_face), poor


def _scaled(box: Box, factor: float) -> Box:
    x0, y0, x1, y1 = (value * factor for value in box)
    return x0, y0, x1, y1


def _answers(scorer: Scorer, views: list[Pixels]) -> Judgement:
    try:
        return scorer.judge(np.stack(views))
    except ValueError as error:
        raise FailedOnTheWay(f"the model's answers are no numbers; its training has gone astray ({error})") from None
