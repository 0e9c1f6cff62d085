"""What several tests of the viewer without a window need."""

from __future__ import annotations

from maskcam.source_spec import SourceKind

CAMERA, STREAM, FILE = SourceKind.CAMERA, SourceKind.STREAM, SourceKind.FILE
