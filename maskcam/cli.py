"""The command line: parse, call, print."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from maskcam import __version__, commands
from maskcam.errors import FAILED, STOPPED, UNUSABLE, FailedOnTheWay, UnusableInput
from maskcam.search import LARGEST_FACE, LEAST_FACE, SMALLEST_FACE, SMALLEST_LIVE_FACE
from maskcam.sinks.lines import abandon_stdout, standard_streams
from maskcam.sources.schemes import SCHEMES, mask_password, scheme_of
from maskcam.videoio import set_environment
from maskcam.viewer.settings import SMALLEST_FACES

_MEND = "install maskcam again, on Debian or Ubuntu with the system packages that the README names"

_EXAMPLES = """examples:
  maskcam                                       open the viewer: the last source, or the first camera
  maskcam live rtsp://192.168.1.20/stream       open it on a stream; also a camera's number or a video file
  maskcam demo                                  annotate the bundled clip, write maskcam-demo.mp4
  maskcam video door.mp4 -o door-seen.mp4       annotate a video
  maskcam video door.mp4 -o seen.mp4 --json seen.jsonl --events seen.csv
  maskcam image photos/ -o photos-seen/         annotate every picture in a folder
  maskcam cameras                               which cameras there are
  maskcam selftest                              check this installation

exit codes: 0 done, 1 failed on the way, 2 wrong use or unusable input, 130 stopped (Ctrl-C;
video, image and demo also by SIGTERM and the terminal's end), the window 0 then; what is seen in
the picture never changes them
"""


@standard_streams()
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; SystemExit where `argparse` ends it, after help or a wrong use."""
    try:
        options = _parser().parse_args(arguments)
        set_environment()
        code: int = options.run(options)
    except UnusableInput as error:
        code = commands.complain(error, UNUSABLE)
    except FailedOnTheWay as error:
        code = commands.complain(error, FAILED)
    except ImportError as error:
        code = commands.complain(f"a part of this installation can't be loaded ({error}); {_MEND}", FAILED)
    except KeyboardInterrupt:
        code = commands.complain("stopped", STOPPED)
    except BrokenPipeError:
        abandon_stdout()
        code = FAILED
    except OSError as error:
        code = commands.complain(f"{error.filename or 'the system'}: {error.strerror or error}", FAILED)
    return code


def _name(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("the name given is empty")
    return text


def _path(text: str) -> Path:
    return Path(_name(text))


def _file(text: str) -> Path:
    scheme = scheme_of(text)
    if scheme is not None:
        what = "what is at such an address can't be read here"
        if scheme in SCHEMES:
            what = "what comes over the network is watched by maskcam live ADDRESS"
        raise UnusableInput(f"{mask_password(text)}: this command reads files; {what}")
    return _path(text)


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must be above 0 and below 1, not {text!r}")
    return value


def _pixels(text: str) -> int:
    value = _whole(text)
    if not LEAST_FACE <= value <= LARGEST_FACE:
        raise argparse.ArgumentTypeError(
            f"must be a whole number of pixels from {LEAST_FACE} to {LARGEST_FACE}, not {text[:20]!r}"
        )
    return value


def _pixels_in_window(text: str) -> int:
    least, most = SMALLEST_FACES
    value = _whole(text)
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"must be a whole number of pixels from {least} to {most}, not {text!r}")
    return value


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 0


def _judging(model: argparse.ArgumentParser, smallest: str) -> argparse.ArgumentParser:
    """Return what the commands that judge files share; `smallest` says from which face on they look unless told."""
    judging = argparse.ArgumentParser(add_help=False, parents=[model])
    judging.add_argument(
        "--threshold",
        type=_probability,
        metavar="P",
        help="no-mask probability where evidence turns from mask to bare; lower misses fewer bare faces and raises"
        " more false alarms (default: the model card's)",
    )
    judging.add_argument(
        "--smallest-face",
        type=_pixels,
        metavar="PX",
        help="search finely enough for faces from this width on; smaller ones that show are judged too; halving it"
        f" takes about four times as long where everything is searched (default: {smallest})",
    )
    judging.add_argument("--verbose", action="store_true", help="tell where faces are looked for")
    judging.add_argument("--force", action="store_true", help="replace files that are there")
    return judging


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="maskcam",
        description="Says, for every face in a video or picture, whether it wears a mask.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"maskcam {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND")
    parser.set_defaults(
        run=commands.live, source=None, model=None, threshold=None, smallest_face=None, tell_in_window=False
    )

    model = argparse.ArgumentParser(add_help=False)
    model.add_argument(
        "--model", type=_path, metavar="FILE", help="use another exported model: its .tflite, the .json card beside it"
    )
    video = subparsers.add_parser(
        "video",
        parents=[_judging(model, f"{SMALLEST_FACE}, with --fast {SMALLEST_LIVE_FACE}")],
        help="annotate a video file",
    )
    video.add_argument("input", type=_file, metavar="INPUT", help="the video to read")
    video.add_argument("-o", "--output", type=_path, required=True, metavar="OUTPUT", help="the MP4 to write")
    video.add_argument("--json", type=_name, metavar="FILE", help="write one JSON line a frame; - is standard output")
    video.add_argument(
        "--events", type=_name, metavar="FILE", help="write who came, changed and left as CSV; - is standard output"
    )
    video.add_argument(
        "--fast",
        action="store_true",
        help="do as the viewer does: search the whole frame and around those who hardly show in each frame, the rest in"
        " turns, and in a crowd judge people in turns",
    )
    video.set_defaults(run=commands.video)

    image = subparsers.add_parser("image", parents=[_judging(model, str(SMALLEST_FACE))], help="annotate pictures")
    image.add_argument("paths", nargs="+", type=_file, metavar="PATH", help="pictures, or folders of pictures")
    image.add_argument("-o", "--output", type=_path, metavar="DIR", help="folder for annotated copies")
    image.add_argument("--json", type=_name, metavar="FILE", help="write one JSON line a picture; - is standard output")
    image.add_argument(
        "--fast",
        action="store_true",
        help="look at the whole picture only: faces from about a sixth of its longer side",
    )
    image.set_defaults(run=commands.image)

    demo = subparsers.add_parser(
        "demo",
        parents=[_judging(model, str(SMALLEST_LIVE_FACE))],
        help="annotate the bundled clip, and say what is seen",
    )
    demo.add_argument(
        "-o",
        "--output",
        type=_path,
        default=Path("maskcam-demo.mp4"),
        metavar="OUTPUT",
        help="the MP4 to write (%(default)s)",
    )
    demo.set_defaults(run=commands.demo, fast=True)

    live = subparsers.add_parser(
        "live", parents=[model], help="watch a camera, a stream or a video in a window (default)"
    )
    live.add_argument("source", nargs="?", metavar="SOURCE", help="a camera's number, a stream's address or a file")
    live.add_argument(
        "--threshold",
        type=_probability,
        metavar="P",
        help="as for video, for this run (default: what the window was set to)",
    )
    live.add_argument(
        "--smallest-face",
        type=_pixels_in_window,
        metavar="PX",
        help=f"as for video, at most {SMALLEST_FACES[1]}, for this run (default: what the window was set to)",
    )
    live.add_argument(
        "--tell-in-window",
        action="store_true",
        help="say in the window what is wrong with SOURCE, for a start from a desktop, where nobody reads a terminal",
    )
    live.set_defaults(run=commands.live)

    cameras = subparsers.add_parser("cameras", help="list the cameras and what each can do")
    cameras.set_defaults(run=commands.cameras)

    selftest = subparsers.add_parser("selftest", parents=[model], help="check every part of this installation")
    selftest.set_defaults(run=commands.selftest)
    return parser


if __name__ == "__main__":
    sys.exit(main())
