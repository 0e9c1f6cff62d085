"""The live sources, and the way from what a user wrote to an open one."""

from __future__ import annotations

from pathlib import Path

from maskcam.camera_source import CameraSource
from maskcam.live import LiveSource
from maskcam.played import PlayedVideo
from maskcam.source_spec import SourceKind, SourceSpec, mask_password, parse_source
from maskcam.stream_source import StreamSource

__all__ = [
    "CameraSource",
    "PlayedVideo",
    "SourceKind",
    "SourceSpec",
    "StreamSource",
    "mask_password",
    "open_source",
    "parse_source",
]


def open_source(spec: SourceSpec) -> LiveSource:
    """Open what `spec` names, which may take seconds; SourceLost, in one line, if it can't be opened."""
    if spec.kind is SourceKind.CAMERA:
        return CameraSource(spec.index, spec.width, spec.height, spec.rate)
    if spec.kind is SourceKind.STREAM:
        return StreamSource(spec.where)
    return PlayedVideo(Path(spec.where), spec.loop)
