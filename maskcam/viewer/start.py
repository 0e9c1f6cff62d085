"""From what the command line says to the window; looks before anything large is loaded."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from maskcam.errors import UnusableInput
from maskcam.modelcard import load_card
from maskcam.sources.inputs import check_video
from maskcam.sources.spec import SourceKind, SourceSpec, parse_source


def start(
    source: str | None, weights: Path, threshold: float | None, smallest: int | None, *, tell_in_window: bool = False
) -> int:
    """Open the viewer and return its exit code.

    UnusableInput without a screen, and for a wrong source, unless that is to be told in the window.
    """
    spec, trouble = None, ""
    try:
        spec = None if source is None else _usable(source)
    except UnusableInput as error:
        if not tell_in_window:
            raise
        trouble = str(error)
    load_card(weights)
    check_screen()
    from maskcam.viewer.app import run  # noqa: PLC0415 (brings Qt, which a wrong use need not wait for)

    return run(spec, weights, threshold, smallest, trouble)


def _usable(source: str) -> SourceSpec:
    spec = parse_source(source)
    if spec.kind is SourceKind.FILE:
        check_video(Path(spec.where))
    return spec


def check_screen() -> None:
    """Raise UnusableInput where no window can be shown: Qt itself would abort the process."""
    if sys.platform.startswith("linux") and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    ):
        raise UnusableInput("the viewer needs a screen, and there is none here; maskcam video works without")
