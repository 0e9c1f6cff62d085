"""The commands: each takes the parsed options, does its work, tells what it saw and returns its exit code."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from maskcam.assets import DEMO_CLIP, MASK_MODEL, asset
from maskcam.errors import DONE, FAILED, STOPPED, UNUSABLE, FailedOnTheWay
from maskcam.pending import reason
from maskcam.signals import interrupted_by_signals, leave_on_signals, stop_on_signals
from maskcam.sinks.lines import STANDARD_OUTPUT, abandon, abandon_stdout, one_line

if TYPE_CHECKING:
    from maskcam.frames import Result
    from maskcam.video_job import VideoOutputs


@interrupted_by_signals()
def video(options: argparse.Namespace) -> int:
    """Annotate a video file."""
    from maskcam.video_job import VideoOutputs  # noqa: PLC0415 (brings the video libraries)

    outputs = VideoOutputs(options.output, options.json, options.events, options.force)
    return _annotate(options.input, outputs, options, tell_events=False)


@interrupted_by_signals()
def demo(options: argparse.Namespace) -> int:
    """Annotate the bundled clip, and say what is seen."""
    from maskcam.video_job import VideoOutputs  # noqa: PLC0415

    outputs = VideoOutputs(options.output, force=options.force)
    code = _annotate(asset(DEMO_CLIP), outputs, options, tell_events=True)
    if code == DONE:
        _say(f"wrote {options.output}", sys.stdout)
    return code


def _annotate(path: Path, outputs: VideoOutputs, options: argparse.Namespace, *, tell_events: bool) -> int:
    from tqdm import tqdm  # noqa: PLC0415

    from maskcam.classifier import MaskClassifier  # noqa: PLC0415
    from maskcam.finder import FaceFinder  # noqa: PLC0415
    from maskcam.pipeline import MOST_JUDGED, Pipeline  # noqa: PLC0415
    from maskcam.runner import DetectorPool  # noqa: PLC0415
    from maskcam.search import Effort  # noqa: PLC0415
    from maskcam.sources.video_file import VideoSource  # noqa: PLC0415
    from maskcam.telling import tell_event, tell_losses, tell_summary, tell_tracks  # noqa: PLC0415
    from maskcam.video_job import process_video  # noqa: PLC0415

    out: TextIO | None = sys.stderr if STANDARD_OUTPUT in (outputs.json, outputs.events) else sys.stdout
    outputs.check(path)
    begun_to_write = False
    with (
        stop_on_signals() as stop,
        VideoSource(path) as source,
        DetectorPool(stopped=lambda: bool(stop) and begun_to_write) as detector,
        MaskClassifier(_weights(options)) as classifier,
        tqdm(total=source.frame_count, unit=" frames", leave=False, disable=None) as bar,
    ):
        begun = time.perf_counter()

        def watch(result: Result) -> None:
            nonlocal begun_to_write
            begun_to_write = True
            bar.update()
            if tell_events:
                for event in result.events:
                    _say(tell_event(event), out, bar.write)

        if several := tell_tracks(source.tracks, source.width, source.height):
            _say(f"{path}: {several}", out)
        finder = FaceFinder(detector, options.smallest_face, Effort.IN_TURNS if options.fast else Effort.EVERYTHING)
        if options.verbose:
            _say(f"looks for {finder.plan(source.width, source.height)}{', in turns' if options.fast else ''}", out)
        pipeline = Pipeline(finder, classifier, options.threshold, most_judged=MOST_JUDGED if options.fast else None)
        report = process_video(source, pipeline, outputs, stop, watch)
        seconds = time.perf_counter() - begun
    _say(tell_summary(report.summary, seconds), out)
    losses = tell_losses(report.damage if report.complete else None, report.sound_lost)
    if losses:
        complain(f"{path}: {losses}; {outputs.video} holds what could be read", FAILED)
    if report.lost:
        complain(f"{report.lost}; {outputs.video} is whole", FAILED)
    if not report.complete:
        whole = f" of {source.duration:.1f}" if source.duration else ""
        return complain(
            f"stopped after {report.summary.duration:.1f}{whole} s; {outputs.video} holds what was done",
            STOPPED,
        )
    return FAILED if losses or report.lost else DONE


@interrupted_by_signals()
def image(options: argparse.Namespace) -> int:
    """Judge pictures, and annotate copies of them."""
    from maskcam.classifier import MaskClassifier  # noqa: PLC0415
    from maskcam.finder import FaceFinder  # noqa: PLC0415
    from maskcam.picture_job import PictureOutputs, process_pictures  # noqa: PLC0415
    from maskcam.pictures import list_pictures  # noqa: PLC0415
    from maskcam.pipeline import Pipeline  # noqa: PLC0415
    from maskcam.runner import DetectorPool  # noqa: PLC0415
    from maskcam.search import Effort  # noqa: PLC0415
    from maskcam.sinks.lines import Record  # noqa: PLC0415
    from maskcam.telling import tell_picture  # noqa: PLC0415

    out: TextIO | None = sys.stderr if options.json == STANDARD_OUTPUT else sys.stdout
    paths = list_pictures(options.paths)
    outputs = PictureOutputs(options.output, options.json, options.force)
    outputs.prepare(paths)
    seen = done = failed = 0
    with (
        stop_on_signals() as stop,
        Record(options.json, options.force) as records,
        DetectorPool(stopped=lambda: bool(stop)) as detector,
        MaskClassifier(_weights(options)) as classifier,
    ):
        finder = FaceFinder(detector, options.smallest_face, Effort.WHOLE_ONLY if options.fast else Effort.CLOSELY)
        pipeline = Pipeline(finder, classifier, options.threshold)
        for judged in process_pictures(paths, pipeline, outputs, records):
            seen += 1
            if judged.error:
                failed += 1
                complain(judged.error, FAILED)
            if judged.result is not None:
                done += 1
                trouble = _say(tell_picture(str(judged.path), judged.result), out)
                if options.verbose:
                    plan = finder.plan(judged.result.width, judged.result.height)
                    trouble = trouble or _say(f"  looked for {plan}", out)
                if trouble is not None and not options.output and not options.json:  # what is said is all there is then
                    if isinstance(trouble, BrokenPipeError):
                        return FAILED  # whoever read it has gone
                    return complain("standard output: writing stopped; make room, or give --json FILE", FAILED)
            if stop or (records.lost and options.json == STANDARD_OUTPUT and not options.output):
                break
        stop.wind_up()
        if done:
            records.finish()
    if records.lost:
        complain(records.lost, FAILED)
    if stop and seen < len(paths):
        return complain(f"stopped after {seen} of {len(paths)} pictures", STOPPED)
    if not done:
        return UNUSABLE
    return FAILED if failed or records.lost else DONE


def live(options: argparse.Namespace) -> int:
    """Open the viewer."""
    leave_on_signals()
    from maskcam.viewer.start import start  # noqa: PLC0415 (brings large libraries)

    return start(
        options.source,
        _weights(options),
        options.threshold,
        options.smallest_face,
        tell_in_window=options.tell_in_window,
    )


def cameras(options: argparse.Namespace) -> int:
    """List the cameras."""
    from maskcam.sources.cameras import describe_cameras  # noqa: PLC0415

    for line in describe_cameras():
        _print(line)
    return DONE


def selftest(options: argparse.Namespace) -> int:
    """Check every part of this installation."""
    from maskcam.modelcard import load_card  # noqa: PLC0415
    from maskcam.selftest import SocketWatch, run_checks, versions  # noqa: PLC0415

    if options.model is not None and not options.model.is_file():
        load_card(options.model)  # says what is wrong; a file that is there is checked with everything else
    sockets = SocketWatch()
    for line in versions():
        _print(line)
    passed = True
    for good, line in run_checks(_weights(options), sockets):
        _print(line)
        passed = passed and good
    _print("all is well" if passed else "something is wrong; the lines above say what")
    return DONE if passed else FAILED


def _weights(options: argparse.Namespace) -> Path:
    given: Path | None = options.model
    return asset(MASK_MODEL) if given is None else given


def _print(line: str) -> None:
    """Write a line that is what the command is for; FailedOnTheWay where it can't be, as on a full disk."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon_stdout()
        raise FailedOnTheWay(f"standard output: writing stopped ({reason(error)})") from None


def _say(text: str, out: TextIO | None, write: Callable[..., object] = print) -> OSError | None:
    """Tell the user something in one line; the work may go on when it can't be written any more: return why, then."""
    if out is None:  # closed from the start
        return None
    try:
        write(one_line(text), file=out)
        out.flush()
    except OSError as error:
        abandon(out)  # that one alone: the other may hold records
        return error
    return None


def complain(message: object, code: int) -> int:
    """Tell an error in one line and return the exit code."""
    _say(f"maskcam: {message}", sys.stderr)
    return code
