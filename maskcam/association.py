"""Which of this frame's boxes belongs to which person of the frames before."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from maskcam.boxes import overlaps
from maskcam.track_rules import TrackRules

Doubles = NDArray[np.float64]


def match_costs(predicted: Doubles, gaps: Doubles, boxes: Doubles, share: float, rules: TrackRules) -> Doubles:
    """Cost of taking each box for each person, `(n, m) float64`: 0 to 1, infinite where it cannot be.

    `predicted` is `(n, 4)`, where each person should be now; `gaps` is `(n,)`, seconds since each was last
    detected; `boxes` is `(m, 4)`; `share` of the usual reach is allowed. Place counts most, then size; and of
    two people at one place the one seen last is the more likely in front.
    """
    size_a = np.sqrt(np.prod(predicted[:, 2:] - predicted[:, :2], axis=1))[:, None]
    size_b = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))[None, :]
    offset = (predicted[:, None, :2] + predicted[:, None, 2:] - boxes[None, :, :2] - boxes[None, :, 2:]) / 2
    distance = np.hypot(offset[..., 0], offset[..., 1]) / np.sqrt(size_a * size_b)
    growth = np.abs(np.log(size_a / size_b)) / math.log(rules.size_ratio)
    reach = share * np.minimum(rules.reach + rules.reach_per_second * gaps, rules.reach_limit)[:, None]
    iou, _ = overlaps(predicted, boxes)
    stale = np.minimum(gaps / rules.coast_seconds, 1.0)[:, None]
    cost: Doubles = 0.6 * distance / reach + 0.2 * growth + 0.1 * (1.0 - iou) + 0.1 * stale
    possible = ((distance <= reach) & (growth <= 1.0)) | (iou >= rules.same_iou)
    return np.where(possible, np.minimum(cost, 1.0), np.inf)


def assign(costs: Doubles) -> list[tuple[int, int]]:
    """Pairs (row, column) of least total cost, `costs` being `(n, m)`, 0 to 1 or infinite where not allowed.

    Leaving a row without a partner costs 1, as much as the worst allowed pair, so that one good pair is not
    given up for two bad ones.
    """
    allowed = np.isfinite(costs)
    rows, columns = allowed.sum(axis=1), allowed.sum(axis=0)
    # Most faces have just one candidate, and the general method is slow in Python.
    alone = allowed & (rows == 1)[:, None] & (columns == 1)[None, :]
    pairs = [(int(row), int(column)) for row, column in np.argwhere(alone)]
    left_rows = np.flatnonzero((rows > 0) & ~alone.any(axis=1))
    left_columns = np.flatnonzero((columns > 0) & ~alone.any(axis=0))
    if len(left_rows) and len(left_columns):
        rest = np.where(allowed, costs, 1.0)[np.ix_(left_rows, left_columns)]
        flipped = len(left_rows) > len(left_columns)
        for i, j in enumerate(_hungarian(rest.T if flipped else rest)):
            row, column = (left_rows[j], left_columns[i]) if flipped else (left_rows[i], left_columns[j])
            if allowed[row, column]:
                pairs.append((int(row), int(column)))
    return sorted(pairs)


def _hungarian(costs: Doubles) -> list[int]:
    """Each row's column in the assignment of least total cost; `costs` is `(n, m) float64`, finite, n <= m.

    The Hungarian method with potentials and shortest augmenting paths (Kuhn 1955; Jonker and Volgenant 1987);
    row and column 0 of its tables stand for "none".
    """
    n, m = costs.shape
    row_potential, column_potential = np.zeros(n + 1), np.zeros(m + 1)
    row_of = np.zeros(m + 1, np.int64)
    for start in range(1, n + 1):
        row_of[0] = start
        column = 0
        least = np.full(m + 1, np.inf)
        before = np.zeros(m + 1, np.int64)
        used = np.zeros(m + 1, np.bool_)
        while row_of[column]:
            used[column] = True
            row = row_of[column]
            slack = costs[row - 1] - row_potential[row] - column_potential[1:]
            better = ~used[1:] & (slack < least[1:])
            least[1:][better] = slack[better]
            before[1:][better] = column
            step_to = int(np.argmin(np.where(used, np.inf, least)[1:])) + 1
            step = least[step_to]
            row_potential[row_of[used]] += step
            column_potential[used] -= step
            least[~used] -= step
            column = step_to
        while column:
            row_of[column] = row_of[before[column]]
            column = int(before[column])
    columns = [0] * n
    for column in range(1, m + 1):
        if row_of[column]:
            columns[int(row_of[column]) - 1] = column - 1
    return columns


def match(
    predicted: Doubles,
    gaps: Doubles,
    started: NDArray[np.bool_],
    faces: tuple[Doubles, Doubles],
    rules: TrackRules,
) -> dict[int, int]:
    """The box of each person found, as {person: box}.

    People are rows of `predicted (n, 4)`, `gaps (n,)` and `started (n,) bool`; `faces` is the boxes `(m, 4)`
    and their scores `(m,)`. Rounds in the manner of ByteTrack (Zhang et al., "ByteTrack: Multi-Object
    Tracking by Associating Every Detection Box", ECCV 2022, arXiv:2110.06864): confident boxes choose first
    among the people in view, weak boxes then continue those left over, and only what remains can belong to
    people who have not been started yet.
    """
    boxes, scores = faces
    found: dict[int, int] = {}
    confident = scores >= rules.start_score
    for people, offered, share in (
        (started, confident, 1.0),
        (started, ~confident, rules.weak_reach_share),
        (~started, np.ones(len(boxes), np.bool_), rules.weak_reach_share),
    ):
        rows = np.array([i for i in np.flatnonzero(people) if i not in found], np.int64)
        taken = set(found.values())
        columns = np.array([j for j in np.flatnonzero(offered) if j not in taken], np.int64)
        if len(rows) and len(columns):
            costs = match_costs(predicted[rows], gaps[rows], boxes[columns], share, rules)
            found.update((int(rows[i]), int(columns[j])) for i, j in assign(costs))
    return found


def fresh(boxes: Doubles, matched: set[int], rules: TrackRules) -> list[int]:
    """Rows of `boxes (m, 4)`, best first, neither matched nor a second box on a face already taken."""
    iou, share = overlaps(boxes, boxes)
    same = (iou >= rules.duplicate_iou) | (share >= rules.duplicate_share)
    taken, new = sorted(matched), []
    for j in range(len(boxes)):
        if j not in matched and not same[j, taken].any():
            taken.append(j)
            new.append(j)
    return new
