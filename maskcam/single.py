"""A picture that stands alone: what is said of the faces in it."""

from __future__ import annotations

import numpy as np

from maskcam.association import fresh
from maskcam.detections import Sighting, as_box, clipped
from maskcam.evidence import check_threshold, single_verdict
from maskcam.frames import Result
from maskcam.track_rules import TrackRules


def judge_single(seen: Sighting, threshold: float, rules: TrackRules | None = None) -> Result:
    """Judge a single picture, which has no before: ids are -1 and there are no events.

    Shown are the faces of at least `picture_score`, from left to right.
    """
    rules = rules or TrackRules()
    check_threshold(threshold)
    faces, judgement = seen.faces, seen.judgement
    order = seen.in_order(rules.picture_score)
    rows = [order[j] for j in fresh(faces.boxes[order].astype(np.float64), set(), rules)]
    rows.sort(key=lambda row: as_box(faces.boxes[row]))
    said = [single_verdict(judgement.of(row)[0], seen.doubts[row], threshold, rules) for row in rows]
    probability = judgement.no_mask_probability[rows]
    return Result(
        seen.frame_index,
        seen.time,
        seen.width,
        seen.height,
        clipped(faces.boxes[rows].astype(np.float64), seen.width, seen.height),
        faces.scores[rows],
        np.full(len(rows), -1, np.int64),
        np.ones(len(rows), np.bool_),
        probability,
        probability,
        tuple(verdict for verdict, _ in said),
        tuple(reason for _, reason in said),
        judgement.not_face_probability[rows],
        found=faces.boxes,
    )
