"""Moves the boxes of the last result on to the moment that is painted."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from maskcam.frames import Result
from maskcam.track_rules import TrackRules

REACH = 0.25
"""Seconds that a box is moved beyond its result at most; later it waits there."""
_DAMP = 0.2
"""Time constant by which the speed fades: people stop more often than they fly on."""
_STALE = 0.6
"""Seconds between two results from which the way between them says nothing of the motion now."""
_SPEED_LIMIT = TrackRules().speed_limit


def glide(previous: Result | None, latest: Result, time: float) -> Result:
    """Return `latest` with every box where it should be at `time`, in seconds of the results' clock.

    Each track goes on as it moved from `previous` to `latest`, ever slower, for at most `REACH` seconds, and its
    centre stays in the picture. Tracks that `previous` doesn't know, and all of them where it is None, of another
    picture size, or long ago, stay where they are. Only `boxes` and `time` differ from `latest`.
    """
    gap = min(time - latest.time, REACH)
    if previous is None or gap <= 0 or not len(latest):
        return latest
    step = latest.time - previous.time
    if not 0 < step <= _STALE or (previous.width, previous.height) != (latest.width, latest.height):
        return latest
    before = {int(track): box for track, box in zip(previous.track_ids, previous.boxes, strict=True) if track >= 0}
    travel = _DAMP * -math.expm1(-gap / _DAMP)
    boxes = latest.boxes.astype(np.float64)
    size = np.array([latest.width, latest.height], np.float64)
    for row, track in enumerate(latest.track_ids):
        if int(track) not in before:
            continue
        old, box = before[int(track)].astype(np.float64), boxes[row]
        centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
        speed = (centre - (old[:2] + old[2:]) / 2) / step
        limit = _SPEED_LIMIT * 2 * math.sqrt(half[0] * half[1])
        speed *= min(1.0, limit / max(float(np.hypot(*speed)), 1e-9))
        # The centre stays inside, so that a part of the box does.
        centre = np.clip(centre + travel * speed, 0, size)
        boxes[row] = np.concatenate([np.clip(centre - half, 0, size), np.clip(centre + half, 0, size)])
    return replace(latest, boxes=boxes.astype(np.float32), time=latest.time + gap)
