"""The command line: parse, call, print."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from maskcam import __version__
from maskcam.assets import DEMO_CLIP, MASK_MODEL, asset
from maskcam.errors import FailedOnTheWay, UnusableInput

if TYPE_CHECKING:
    from maskcam.frames import Result
    from maskcam.video_job import VideoOutputs

DONE, FAILED, UNUSABLE, STOPPED = 0, 1, 2, 130

_MEND = "install maskcam again, on Debian or Ubuntu with the system packages that the README names"

_EXAMPLES = """examples:
  maskcam demo                                  annotate the bundled clip, write maskcam-demo.mp4
  maskcam video door.mp4 -o door-seen.mp4       annotate a video
  maskcam video door.mp4 -o seen.mp4 --json seen.jsonl --events seen.csv
  maskcam image photos/ -o photos-seen/         annotate every picture in a folder
  maskcam selftest                              check this installation

exit codes: 0 done, 1 failed on the way, 2 wrong use or unusable input, 130 after Ctrl-C;
what is seen in the picture never changes them
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        return code
    except UnusableInput as error:
        return _complain(error, UNUSABLE)
    except FailedOnTheWay as error:
        return _complain(error, FAILED)
    except ImportError as error:
        return _complain(f"a part of this installation can't be loaded ({error}); {_MEND}", FAILED)
    except KeyboardInterrupt:
        return _complain("stopped; nothing was written", STOPPED)
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter would complain again when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _video(options: argparse.Namespace) -> int:
    from maskcam.video_job import VideoOutputs  # noqa: PLC0415 (brings the video libraries)

    outputs = VideoOutputs(options.output, options.json, options.events, options.force)
    return _annotate(options.input, outputs, options, tell_events=False)


def _demo(options: argparse.Namespace) -> int:
    from maskcam.video_job import VideoOutputs  # noqa: PLC0415

    outputs = VideoOutputs(options.output, force=options.force)
    code = _annotate(asset(DEMO_CLIP), outputs, options, tell_events=True)
    if code == DONE:
        print(f"wrote {options.output}")
    return code


def _annotate(path: Path, outputs: VideoOutputs, options: argparse.Namespace, *, tell_events: bool) -> int:
    from tqdm import tqdm  # noqa: PLC0415

    from maskcam.classifier import MaskClassifier  # noqa: PLC0415
    from maskcam.faces import FaceDetector  # noqa: PLC0415
    from maskcam.pipeline import Pipeline  # noqa: PLC0415
    from maskcam.signals import stop_on_signals  # noqa: PLC0415
    from maskcam.sources import VideoSource  # noqa: PLC0415
    from maskcam.telling import tell_event, tell_summary  # noqa: PLC0415
    from maskcam.video_job import STANDARD_OUTPUT, process_video  # noqa: PLC0415

    out: TextIO = sys.stderr if STANDARD_OUTPUT in (outputs.json, outputs.events) else sys.stdout
    outputs.check(path)
    with (
        stop_on_signals() as stop,
        VideoSource(path) as source,
        FaceDetector(options.range) as detector,
        MaskClassifier(_weights(options)) as classifier,
        tqdm(total=source.frame_count, unit=" frames", leave=False, disable=None) as bar,
    ):
        begun = time.perf_counter()

        def watch(result: Result) -> None:
            bar.update()
            if tell_events:
                for event in result.events:
                    bar.write(tell_event(event), file=out)

        pipeline = Pipeline(detector, classifier, options.threshold)
        report = process_video(source, pipeline, outputs, stop, watch)
        seconds = time.perf_counter() - begun
    print(tell_summary(report.summary, seconds), file=out)
    if stop:
        whole = f" of {source.duration:.1f}" if source.duration else ""
        return _complain(
            f"stopped after {report.summary.duration:.1f}{whole} s; {outputs.video} holds what was done",
            STOPPED,
        )
    if report.damage:
        return _complain(f"{path}: {report.damage}; {outputs.video} holds what could be read", FAILED)
    return DONE


def _image(options: argparse.Namespace) -> int:
    from contextlib import nullcontext  # noqa: PLC0415

    from maskcam.classifier import MaskClassifier  # noqa: PLC0415
    from maskcam.faces import FaceDetector  # noqa: PLC0415
    from maskcam.lines import TextSink  # noqa: PLC0415
    from maskcam.picture_job import process_pictures  # noqa: PLC0415
    from maskcam.pictures import list_pictures  # noqa: PLC0415
    from maskcam.pipeline import Pipeline  # noqa: PLC0415
    from maskcam.telling import tell_picture  # noqa: PLC0415

    out: TextIO = sys.stderr if options.json == "-" else sys.stdout
    paths = list_pictures(options.paths)
    failed = done = 0
    with (
        TextSink(options.json, options.force) if options.json else nullcontext() as records,
        FaceDetector(options.range) as detector,
        MaskClassifier(_weights(options)) as classifier,
    ):
        pipeline = Pipeline(detector, classifier, options.threshold)
        for judged in process_pictures(paths, pipeline, options.output, records, options.force):
            if judged.result is None:
                failed += 1
                _complain(judged.error or "failed", FAILED)
            else:
                done += 1
                print(tell_picture(str(judged.path), judged.result), file=out)
        if records and done:
            records.finish()
    if not done:
        return UNUSABLE
    return FAILED if failed else DONE


def _selftest(options: argparse.Namespace) -> int:
    from maskcam.selftest import SocketWatch, run_checks, versions  # noqa: PLC0415

    sockets = SocketWatch()
    for line in versions():
        print(line)
    passed = True
    for good, line in run_checks(_weights(options), sockets):
        print(line, flush=True)
        passed = passed and good
    print("all is well" if passed else "something is wrong; the lines above say what")
    return DONE if passed else FAILED


def _weights(options: argparse.Namespace) -> Path:
    given: Path | None = options.model
    return asset(MASK_MODEL) if given is None else given


def _complain(message: object, code: int) -> int:
    print(f"maskcam: {message}", file=sys.stderr)
    return code


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must be between 0 and 1, not {text!r}")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="maskcam",
        description="Says, for every face in a video or picture, whether it wears a mask.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"maskcam {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    model = argparse.ArgumentParser(add_help=False)
    model.add_argument("--model", type=Path, metavar="FILE", help="another exported .tflite, its card beside it")
    judging = argparse.ArgumentParser(add_help=False, parents=[model])
    judging.add_argument(
        "--threshold",
        type=_probability,
        metavar="P",
        help="no-mask probability from which a face counts as bare; lower misses fewer bare faces and raises"
        " more false alarms (default: the model card's)",
    )
    judging.add_argument(
        "--range",
        choices=["near", "far"],
        default="near",
        help="near: faces from about an eighth of the frame's width; far: from a twentieth, at more than twice the"
        " time, and weaker on masked faces that fill the frame (%(default)s)",
    )
    judging.add_argument("--force", action="store_true", help="replace files that are there")

    one = commands.add_parser("video", parents=[judging], help="annotate a video file")
    one.add_argument("input", type=Path, metavar="INPUT", help="the video to read")
    one.add_argument("-o", "--output", type=Path, required=True, metavar="OUTPUT", help="the MP4 to write")
    one.add_argument("--json", metavar="FILE", help="write one JSON line a frame; - is standard output")
    one.add_argument("--events", metavar="FILE", help="write who came, changed and left as CSV")
    one.set_defaults(run=_video)

    one = commands.add_parser("image", parents=[judging], help="annotate pictures")
    one.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="pictures, or folders of pictures")
    one.add_argument("-o", "--output", type=Path, metavar="DIR", help="folder for annotated copies")
    one.add_argument("--json", metavar="FILE", help="write one JSON line a picture; - is standard output")
    one.set_defaults(run=_image)

    one = commands.add_parser("demo", parents=[judging], help="annotate the bundled clip, and say what is seen")
    one.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("maskcam-demo.mp4"),
        metavar="OUTPUT",
        help="the MP4 to write (%(default)s)",
    )
    one.set_defaults(run=_demo)

    one = commands.add_parser("selftest", parents=[model], help="check every part of this installation")
    one.set_defaults(run=_selftest)
    return parser


if __name__ == "__main__":
    sys.exit(main())
