"""One opening of a live source: it may take its time, hang, and be given up for the next one."""

from __future__ import annotations

import threading
from collections.abc import Callable

from maskcam.live import LiveSource

OpenSource = Callable[[], LiveSource]

_WAIT_FOR_OTHER = 0.5
"""Seconds that an opening waits for the source before it to be let go."""
_WAIT_FOR_SAME = 1.5
"""The same where that source is opened again: a camera that is still held is busy to itself, and one that has fallen
silent is held until its driver gives up."""


class Opening:
    """One opening of one source; `scene` stays the same when that source is opened again.

    `over` is set when the source is let go, and `before` that of the opening that this one follows; `same` says that
    it was of the same source or device.
    """

    def __init__(
        self, open_source: OpenSource, scene: int, before: threading.Event | None = None, *, same: bool = False
    ) -> None:
        self.open_source, self.scene, self.before, self.same = open_source, scene, before, same
        self.source: LiveSource | None = None
        self.over = threading.Event()

    def hangs(self, scene: int) -> bool:
        """Whether it is of this scene and isn't over: it opens its source, or waits for it, or is to be let go."""
        return self.scene == scene and not self.over.is_set()

    def wait_for_its_turn(self) -> None:
        """Wait for the source before to be let go, but not long for one that hangs."""
        if self.before is not None:
            self.before.wait(_WAIT_FOR_SAME if self.same else _WAIT_FOR_OTHER)
