"""From what a user named to an open live source."""

from __future__ import annotations

from pathlib import Path

from maskcam.live import LiveSource
from maskcam.sources.camera import CameraSource
from maskcam.sources.played import PlayedVideo
from maskcam.sources.spec import SourceKind, SourceSpec
from maskcam.sources.stream import StreamSource


def open_source(spec: SourceSpec) -> LiveSource:
    """Open what `spec` names, which may take seconds; SourceLost, in one line, if it can't be opened."""
    if spec.kind is SourceKind.CAMERA:
        return CameraSource(spec.index, spec.width, spec.height, spec.rate)
    if spec.kind is SourceKind.STREAM:
        return StreamSource(spec.where)
    return PlayedVideo(Path(spec.where), spec.loop)
