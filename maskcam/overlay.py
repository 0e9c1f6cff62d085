"""The picture that users see: every face framed and labelled, and the people counted."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcam.boxes import shared_areas
from maskcam.frames import Pixels, Result, Verdict, check_image
from maskcam.overlay_patches import COLOURS, INK, Patch, counts, label

Rectangle = tuple[float, float, float, float]

_FIRST = (Verdict.NO_MASK, Verdict.UNSURE, Verdict.MASK)
# cv2 takes sub-pixel coordinates as integers with this many binary places.
_SHIFT = 4


def draw(image: Pixels, result: Result, *, counted: bool = True) -> Pixels:
    """A copy of `image (h, w, 3) uint8, RGB` with every person of `result` framed and labelled.

    `counted` puts how many people there are, by verdict, on a plate in a corner that is free. Each verdict has its
    colour, its sign and its frame: no mask a heavy sharp rectangle, mask a rounded one, unsure four corners. A person
    not detected in this frame has a thin dashed frame and a paler label. ValueError for what is no such image, and for
    a result of another size.
    """
    check_image(image)
    height, width = image.shape[:2]
    if (result.width, result.height) != (width, height):
        raise ValueError(f"a result for {result.width} x {result.height} does not fit {width} x {height}")
    drawn = image.copy()
    size = text_size(width, height)
    boxes = [(x0, y0, x1, y1) for x0, y0, x1, y1 in result.boxes.tolist()]
    # The gravest verdict is drawn last, over the others, but chooses its label's place first.
    gravest = sorted(range(len(boxes)), key=lambda i: (_FIRST.index(result.verdicts[i]), i))
    for i in reversed(gravest):
        _frame(drawn, boxes[i], result.verdicts[i], bool(result.detected[i]), size)

    placed: list[Rectangle] = []
    if counted:
        total, (x, y) = _counts(result, boxes, size)
        total.lay(drawn, x, y)
        placed.append((x, y, x + total.width, y + total.height))
    chosen: list[tuple[Patch, int, int]] = []
    for i in gravest:
        patch, (x, y) = _label(result, i, boxes, placed, size)
        placed.append((x, y, x + patch.width, y + patch.height))
        chosen.append((patch, x, y))
    for patch, x, y in reversed(chosen):
        patch.lay(drawn, x, y)
    return drawn


def text_size(width: int, height: int) -> int:
    """Height of the text in pixels in a picture of this size: it grows with it, but never below readable."""
    return max(round(0.026 * math.sqrt(width * height) * 0.82), 12)


def wording(result: Result, row: int) -> tuple[str, str]:
    """What is said of one person, and the details: how likely it is, and the id.

    Of an unsure person the number is the chance of a bare face, and says so: next to "unsure" a number alone
    could be read as the chance of either. So it is of somebody whose mask is less likely than not, as it may be where
    the threshold is high.
    """
    verdict, reason = result.verdicts[row], result.reasons[row]
    bare = float(result.no_mask_probability[row])
    track = int(result.track_ids[row])
    said = verdict.words.capitalize()
    words = said if reason is None else f"{said}: {reason.words}"
    if verdict is Verdict.UNSURE or (verdict is Verdict.MASK and bare > 0.5):
        chance = f"{_percent(bare)} bare"
    else:
        chance = _percent(bare if verdict is Verdict.NO_MASK else 1 - bare)
    return words, chance if track < 0 else f"{chance}  #{track}"


def _percent(share: float) -> str:
    # Never "100%": nothing here is certain.
    return f"{min(max(round(100 * share), 1), 99)}%"


def _counts(result: Result, boxes: Sequence[Rectangle], size: int) -> tuple[Patch, tuple[int, int]]:
    numbers = tuple((verdict, result.count(verdict)) for verdict in Verdict)
    margin = max(size // 2, 3)
    patch = counts(numbers, size, False)
    if patch.width + 2 * margin > result.width:
        patch = counts(numbers, size, True)
    right = max(result.width - margin - patch.width, 0)
    bottom = max(result.height - margin - patch.height, 0)
    left, top = min(margin, right), min(margin, bottom)
    corners = [(left, top), (right, top), (left, bottom), (right, bottom)]
    areas = np.array([(x, y, x + patch.width, y + patch.height) for x, y in corners], np.float64)
    covered = shared_areas(areas, np.array(boxes).reshape(-1, 4)).sum(axis=1)
    return patch, corners[int(np.argmin(covered))]


def _label(
    result: Result, row: int, boxes: Sequence[Rectangle], placed: Sequence[Rectangle], size: int
) -> tuple[Patch, tuple[int, int]]:
    words, details = wording(result, row)
    verdict, faded = result.verdicts[row], not result.detected[row]
    patch = label(verdict, words, details, size, faded)
    cost, place = _place(patch, row, boxes, placed, result)
    if cost >= 1 or patch.width > result.width:
        # Where there is no room for all of it, the verdict alone may still find some.
        track = int(result.track_ids[row])
        short = label(verdict, verdict.words.capitalize(), "" if track < 0 else f"#{track}", size, faded)
        short_cost, short_place = _place(short, row, boxes, placed, result)
        if short_cost < cost or patch.width > result.width:
            return short, short_place
    return patch, place


def _place(
    patch: Patch, row: int, boxes: Sequence[Rectangle], placed: Sequence[Rectangle], result: Result
) -> tuple[float, tuple[int, int]]:
    """The best place for a label and its cost: from 1 on it hides something that should be seen."""
    x0, y0, x1, y1 = boxes[row]
    wide, high = patch.width, patch.height
    gap = max(high // 6, 2)
    left, right = x0 - gap / 2, x1 - wide + gap / 2
    above, below = y0 - high - gap, y1 + gap
    middle = (x0 + x1 - wide) / 2
    wanted = np.array(
        [
            (left, above),
            (right, above),
            (left, below),
            (right, below),
            (middle, above),
            (middle, below),
            (x1 + gap, y0),
            (x0 - wide - gap, y0),
            (x1 + gap, y1 - high),
            (x0 - wide - gap, y1 - high),
            (left, above - high - gap),
            (left, below + high + gap),
            (x1 + gap, (y0 + y1 - high) / 2),
            (x0 + gap, y1 - high - gap),
            (x0 + gap, y0 + gap),
        ]
    )
    room = np.array([max(result.width - wide, 0), max(result.height - high, 0)])
    corners = np.rint(np.clip(wanted, 0, room))
    # A label over a label leaves neither readable; one over its own face hides what it speaks of.
    weights = np.array([3.0] * len(placed) + [1.0] * len(boxes))
    weights[len(placed) + row] = 2.0
    hidden = shared_areas(np.hstack([corners, corners + np.array([wide, high])]), np.array([*placed, *boxes])) @ weights
    moved = np.hypot(*(corners - wanted).T) / high
    costs = 100 * hidden / (wide * high) + 0.01 * np.arange(len(wanted)) + np.minimum(0.02 * moved, 0.2)
    best = int(np.argmin(costs))
    return float(costs[best]), (int(corners[best, 0]), int(corners[best, 1]))


def _frame(image: Pixels, box: Rectangle, verdict: Verdict, detected: bool, size: int) -> None:
    height, width = image.shape[:2]
    x0, y0, x1, y1 = box
    side = min(x1 - x0, y1 - y0)
    # Thick enough to be seen in a big picture, thin enough to leave something of a small face.
    full = max(size / 6 * (1.25 if verdict is Verdict.NO_MASK else 1.0), 2.6)
    line = max(round(min(full if detected else max(full / 2, 1.6), side / 10)), 1)
    edge = (line + 1) / 2
    left, top = min(max(x0, edge), width - 1), min(max(y0, edge), height - 1)
    right, bottom = max(min(x1 - 1, width - 1 - edge), left), max(min(y1 - 1, height - 1 - edge), top)
    paths = _paths((left, top, right, bottom), verdict, size)
    if not detected:
        dash = max(size * 0.4, 4.0)
        # Lines end in round caps as wide as the rim, which eat into the gaps.
        paths = [piece for path in paths for piece in _dashes(path, dash, dash + line + 2)]
    fixed = [np.rint(path * (1 << _SHIFT)).astype(np.int32) for path in paths]
    # A dark rim keeps the line visible on a ground of its own colour.
    cv2.polylines(image, fixed, False, INK, line + 2, cv2.LINE_AA, _SHIFT)
    cv2.polylines(image, fixed, False, COLOURS[verdict], line, cv2.LINE_AA, _SHIFT)


def _paths(box: Rectangle, verdict: Verdict, size: int) -> list[NDArray[np.float64]]:
    x0, y0, x1, y1 = box
    side = min(x1 - x0, y1 - y0)
    if verdict is Verdict.NO_MASK:
        return [np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)])]
    if verdict is Verdict.MASK:
        radius = min(0.22 * side, 1.6 * size)
        quarter = np.linspace(0, math.pi / 2, 7)
        turn = np.stack([np.sin(quarter), -np.cos(quarter)], axis=1) * radius
        corners = []
        for x, y in (
            (x1 - radius, y0 + radius),
            (x1 - radius, y1 - radius),
            (x0 + radius, y1 - radius),
            (x0 + radius, y0 + radius),
        ):
            corners.append(turn + np.array([x, y]))
            turn = np.stack([-turn[:, 1], turn[:, 0]], axis=1)
        return [np.concatenate([*corners, corners[0][:1]])]
    arm = min(0.28 * side, 3.0 * size)
    return [
        np.array([(x + dx * arm, y), (x, y), (x, y + dy * arm)])
        for x, y, dx, dy in ((x0, y0, 1, 1), (x1, y0, -1, 1), (x1, y1, -1, -1), (x0, y1, 1, -1))
    ]


def _dashes(path: NDArray[np.float64], dash: float, gap: float) -> list[NDArray[np.float64]]:
    """The path cut into dashes and gaps of about these lengths, a dash at each end of a straight side."""
    steps = np.hypot(*np.diff(path, axis=0).T)
    if len(path) > 5:
        # A rounded path is cut as a whole: three points a dash follow its bends.
        along = np.concatenate([[0.0], np.cumsum(steps)])
        at = _cuts(along[-1], dash, gap)
        return list(np.stack([np.interp(at, along, path[:, k]) for k in (0, 1)], axis=2))
    dashes: list[NDArray[np.float64]] = []
    for start, end, step in zip(path[:-1], path[1:], steps, strict=True):
        if step > 0:
            dashes.extend(start + (end - start) * (_cuts(step, dash, gap)[:, ::2, None] / step))
    return dashes


def _cuts(total: float, dash: float, gap: float) -> NDArray[np.float64]:
    """Start, middle and end of each dash along a line of length `total`, `(n, 3)`."""
    n = max(round((total - dash) / (dash + gap)), 0)
    scale = total / (dash + n * (dash + gap))
    starts = np.arange(n + 1) * (dash + gap) * scale
    return starts[:, None] + np.array([0.0, 0.5, 1.0]) * dash * scale
