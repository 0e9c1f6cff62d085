"""Turns a video file into an annotated one, with its records."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from maskcam.errors import BrokenOff, UnusableInput
from maskcam.frames import Result
from maskcam.overlay import draw
from maskcam.pending import check_distinct
from maskcam.pipeline import Pipeline
from maskcam.runner import side_by_side
from maskcam.signals import StopRequest
from maskcam.sinks.lines import STANDARD_OUTPUT, Record
from maskcam.sinks.records import EVENT_HEADER, event_line, frame_line
from maskcam.sinks.video_file import VideoSink
from maskcam.sources.video_file import FileFrame, VideoSource
from maskcam.tally import Summary, Tally


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
        check_distinct([source], [self.video, *records])
        if self.json == self.events == STANDARD_OUTPUT:
            raise UnusableInput("only one record can go to standard output; give the other a file")


@dataclass(frozen=True, slots=True)
class VideoReport:
    """How the work went.

    `complete` is False when it was stopped early. `damage` and `lost` say in one line what of the source could not
    be read and which records could not be written, or are None. `sound_lost` counts the pieces of sound that could not
    be kept.
    """

    summary: Summary
    complete: bool
    damage: str | None
    lost: str | None
    sound_lost: int = 0


def process_video(
    source: VideoSource,
    pipeline: Pipeline,
    outputs: VideoOutputs,
    stop: StopRequest,
    watch: Callable[[Result], None],
) -> VideoReport:
    """Annotate `source` and write `outputs`; `watch` is called with each frame's result.

    When `stop` is set, what has been done so far, one picture at least, becomes a whole, shorter video. Raises
    UnusableInput before any work when an output can't be made, FailedOnTheWay when the video can't be written. Outputs
    appear only at the end, the video last.
    """
    tally = Tally()
    complete = False
    with ExitStack() as stack:
        sink = stack.enter_context(VideoSink.like(source, outputs.video, outputs.force))
        frames = stack.enter_context(Record(outputs.json, outputs.force))
        events = stack.enter_context(Record(outputs.events, outputs.force))
        events.write([EVENT_HEADER])

        def analyse(read: FileFrame) -> tuple[FileFrame, Result]:
            return read, pipeline.process(read.frame)

        def results() -> Generator[tuple[FileFrame, Result], None, None]:
            nonlocal complete
            complete = yield from side_by_side(source, analyse, lambda: stop)

        analysed = results()
        stack.callback(analysed.close)
        with suppress(BrokenOff):  # what was done before the frame whose search takes too long is whole
            for read, result in analysed:
                sink.write_sound(read.sound)
                sink.write(draw(read.frame.image, result), read.pts)
                frames.write([frame_line(result)])
                events.write(event_line(event) for event in result.events)
                tally.add(result)
                watch(result)
        stop.wind_up()
        if complete:
            sink.write_sound(source.trailing_sound)
        leaving = pipeline.finish()
        tally.finish(leaving)
        events.write(event_line(event) for event in leaving)
        sink.complete()  # a video that can't be made must not cost records that were there before
        events.finish()
        frames.finish()
        sink.finish()
    lost = "; ".join(one.lost for one in (frames, events) if one.lost) or None
    return VideoReport(tally.summary(), complete, source.damage, lost, sink.sound_lost)
