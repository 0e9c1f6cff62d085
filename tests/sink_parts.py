"""Small written videos that several tests need."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from maskcam.sinks.video_file import VideoSink
from maskcam.sources.video_file import VideoSource

TICK = Fraction(1, 25)


def copy(path: Path, target: Path) -> bool:
    """Write `path` anew as `target`; return whether its sound was copied."""
    with VideoSource(path) as source, VideoSink.like(source, target) as sink:
        for one in source:
            sink.write_sound(one.sound)
            sink.write(one.frame.image, one.pts)
        sink.write_sound(source.trailing_sound)
        sink.finish()
        assert sink.sound_lost == 0
        return sink.sound_copied


def small_sink(target: Path, **more: object) -> VideoSink:
    return VideoSink(target, width=64, height=48, time_base=TICK, **more)  # type: ignore[arg-type]
