"""A picture that stands alone: what is said of the faces in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskcam.association import fresh
from maskcam.detections import as_box, check_detections, clipped, in_order
from maskcam.evidence import check_threshold, single_verdict
from maskcam.frames import Faces, Judgement, Reason, Result
from maskcam.track_rules import TrackRules


def judge_single(
    frame_index: int,
    time: float,
    width: int,
    height: int,
    faces: Faces,
    *,
    judgement: Judgement,
    doubts: Sequence[Reason | None],
    threshold: float,
    rules: TrackRules | None = None,
) -> Result:
    """Judge a single picture, which has no before: ids are -1 and there are no events.

    The arguments are those of `Tracker.update`. Shown are the faces of at least `picture_score`, from left to
    right.
    """
    rules = rules or TrackRules()
    check_threshold(threshold)
    check_detections(width, height, faces, judgement, doubts)
    order = in_order(faces, judgement, doubts, (width, height), rules.picture_score)
    rows = [order[j] for j in fresh(faces.boxes[order].astype(np.float64), set(), rules)]
    rows.sort(key=lambda row: as_box(faces.boxes[row]))
    said = [single_verdict(judgement.of(row)[0], doubts[row], threshold, rules) for row in rows]
    probability = judgement.no_mask_probability[rows]
    return Result(
        frame_index,
        time,
        width,
        height,
        clipped(faces.boxes[rows].astype(np.float64), width, height),
        faces.scores[rows],
        np.full(len(rows), -1, np.int64),
        np.ones(len(rows), np.bool_),
        probability,
        probability,
        tuple(verdict for verdict, _ in said),
        tuple(reason for _, reason in said),
        found=faces.boxes,
        not_face_probability=judgement.not_face_probability[rows],
    )
