"""Turns a video file into an annotated one, with its records."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from maskcam.errors import UnusableInput
from maskcam.frames import Result
from maskcam.overlay import draw
from maskcam.pipeline import Pipeline
from maskcam.records import EVENT_HEADER, event_line, frame_line
from maskcam.runner import side_by_side
from maskcam.signals import StopRequest
from maskcam.sinks import TextSink, VideoSink
from maskcam.sources import VideoFrame, VideoSource
from maskcam.tally import Summary, Tally

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class VideoOutputs:
    """Where the annotated video and its records go; `-` for a record is standard output."""

    video: Path
    json: str | None = None
    events: str | None = None
    force: bool = False

    def check(self, source: Path) -> None:
        """Raise UnusableInput when two outputs, or an output and the input, are one and the same."""
        records = [Path(one) for one in (self.json, self.events) if one and one != STANDARD_OUTPUT]
        targets = [self.video, *records]
        if source.resolve() in [one.resolve() for one in targets]:
            raise UnusableInput(f"{source}: is the input, so it can't be an output too; choose another name")
        if len({one.resolve() for one in targets}) < len(targets) or (self.json == self.events == STANDARD_OUTPUT):
            raise UnusableInput("two outputs have the same name; give each its own")


@dataclass(frozen=True, slots=True)
class VideoReport:
    """How the work went: what was seen, and what was lost of the source, if anything."""

    summary: Summary
    damage: str | None


def process_video(
    source: VideoSource,
    pipeline: Pipeline,
    outputs: VideoOutputs,
    stop: StopRequest,
    watch: Callable[[Result], None],
) -> VideoReport:
    """Annotate `source` and write `outputs`; `watch` is called with each frame's result.

    When `stop` is set, what has been done so far becomes a whole, shorter video. Raises UnusableInput before
    any work when an output can't be made, FailedOnTheWay when writing fails; then no output appears.
    """
    tally = Tally()
    with ExitStack() as stack:
        sink = stack.enter_context(VideoSink.like(source, outputs.video, outputs.force))
        json_sink, event_sink = (
            stack.enter_context(TextSink(target, outputs.force)) if target else None
            for target in (outputs.json, outputs.events)
        )
        if event_sink:
            event_sink.write_line(EVENT_HEADER)

        def analyse(read: VideoFrame) -> tuple[VideoFrame, Result]:
            return read, pipeline.process(read.frame)

        analysed = side_by_side(source, analyse)
        stack.callback(analysed.close)
        for read, result in analysed:
            sink.write_sound(read.sound)
            sink.write(draw(read.frame.image, result), read.pts)
            if json_sink:
                json_sink.write_line(frame_line(result))
            if event_sink:
                for event in result.events:
                    event_sink.write_line(event_line(event))
            tally.add(result)
            watch(result)
            if stop:
                break
        analysed.close()
        if not stop:
            sink.write_sound(source.trailing_sound)
        leaving = pipeline.finish()
        tally.finish(leaving)
        sink.finish()
        if json_sink:
            json_sink.finish()
        if event_sink:
            for event in leaving:
                event_sink.write_line(event_line(event))
            event_sink.finish()
    return VideoReport(tally.summary(), source.damage)
