"""Where one person's face is, how fast it moves, and where it will be."""

from __future__ import annotations

import math

from maskcam.track_rules import TrackRules

Box = tuple[float, float, float, float]


class Motion:
    """One face's place, size and speed: an alpha-beta filter, a constant-velocity Kalman filter once settled.

    `x`, `y` are the centre, `width`, `height` the size, all in pixels; boxes are xyxy, and may reach over the
    picture's edge.
    """

    __slots__ = ("_hits", "_rules", "_speed_x", "_speed_y", "height", "width", "x", "y")

    def __init__(self, box: Box, rules: TrackRules) -> None:
        self._rules = rules
        self._hits = 1
        self._speed_x = self._speed_y = 0.0
        self._place(box)

    def _place(self, box: Box) -> None:
        x0, y0, x1, y1 = box
        self.x, self.y, self.width, self.height = (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0

    def predicted(self, gap: float) -> Box:
        """The box `gap` seconds after the last one measured, its speed fading."""
        damp = self._rules.damp_seconds
        travel = damp * -math.expm1(-gap / damp)
        x, y = self.x + self._speed_x * travel, self.y + self._speed_y * travel
        return x - self.width / 2, y - self.height / 2, x + self.width / 2, y + self.height / 2

    def measured(self, gap: float, box: Box) -> None:
        """Take the box measured `gap` seconds after the last one."""
        rules = self._rules
        self._hits += 1
        n = self._hits
        # The first few boxes are weighed as a straight line through them would be: the speed is soon known.
        steady = 1.0 - math.exp(-gap / rules.box_seconds)
        alpha = max(steady, 2.0 * (2 * n - 1) / (n * (n + 1)))
        beta = alpha * alpha / (2.0 - alpha)
        before = self.predicted(gap)
        self._place(box)
        off_x, off_y = self.x - (before[0] + before[2]) / 2, self.y - (before[1] + before[3]) / 2
        size = math.sqrt(self.width * self.height)
        # Frames closer than 1/120 s would turn a pixel of jitter into a sprint.
        step = beta / max(gap, 1.0 / 120.0)
        self._speed_x += step * off_x
        self._speed_y += step * off_y
        speed = math.hypot(self._speed_x, self._speed_y)
        if speed > (limit := rules.speed_limit * size):
            self._speed_x, self._speed_y = self._speed_x * limit / speed, self._speed_y * limit / speed
        off = max(abs(new - old) for new, old in zip(box, before, strict=True)) / size
        taken = max(alpha, min(off / rules.box_jump, 1.0))
        x0, y0, x1, y1 = (old + taken * (new - old) for new, old in zip(box, before, strict=True))
        self._place((x0, y0, x1, y1))
