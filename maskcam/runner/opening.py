"""One opening of a live source: it may take its time, hang, and be given up for the next one."""

from __future__ import annotations

import threading
from collections.abc import Callable

from maskcam.live import LiveSource

OpenSource = Callable[[], LiveSource]


class Opening:
    """One opening of one source; `scene` stays the same when that source is opened again.

    `over` is set when the source is let go, and `before` that of the opening that this one follows.
    """

    def __init__(self, open_source: OpenSource, scene: int, before: threading.Event | None = None) -> None:
        self.open_source, self.scene, self.before = open_source, scene, before
        self.source: LiveSource | None = None
        self.over = threading.Event()
