"""The training's command line: its options, its errors and its exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from maskcam import __version__
from maskcam.assets import MASK_MODEL
from maskcam.errors import FAILED, STOPPED, UNUSABLE, FailedOnTheWay, UnusableInput
from maskcam.pending import reason
from maskcam.search import SMALLEST_FACE
from maskcam.signals import interrupted_by_signals
from maskcam.sinks.lines import abandon_stdout, one_line, standard_streams
from training.commands import (
    run_ablate,
    run_evaluate,
    run_evaluate_scenes,
    run_export,
    run_nobody,
    run_prepare,
    run_train,
)
from training.config import TrainConfig
from training.model import IMAGENET
from training.precision import BFLOAT16, CHOICES, FASTEST, FLOAT32
from training.sampling import INGREDIENTS
from training.train import Interrupted

_EXAMPLES = """examples:
  python -m training nobody --out data/nobody
  python -m training prepare data/face-mask-12k data/nobody --leave-out training/mislabelled.csv --out runs/data
  python -m training train runs/data/manifest.csv --weights imagenet --out runs/first
  python -m training train --resume --out runs/first
  python -m training export runs/first
  python -m training evaluate runs/first runs/data/manifest.csv --split validation --out runs/first/validation
  python -m training evaluate-scenes data/scenes-dev

exit codes: 0 done, 1 failed on the way, 2 wrong use or unusable input, 130 stopped (Ctrl-C, SIGTERM)
"""


_MEND = 'install it anew with pip install "maskcam[train]"'
_CODES: dict[type[Exception], int] = {UnusableInput: UNUSABLE, FailedOnTheWay: FAILED, Interrupted: STOPPED}


@standard_streams()
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when done, 1 when it failed on the way, 2 for wrong use, 130 after Ctrl-C."""
    try:
        options = _parser().parse_args(arguments)
        with interrupted_by_signals():
            code: int = options.run(options)
        sys.stdout.flush()  # what can't be written is to be known here, not at the interpreter's end
    except (UnusableInput, FailedOnTheWay, Interrupted) as error:
        code = _CODES[type(error)]
        print(one_line(f"training: {error}"), file=sys.stderr)
    except KeyboardInterrupt:
        code = STOPPED
        print("training: stopped", file=sys.stderr)
    except BrokenPipeError:
        code = FAILED
        abandon_stdout()
    except ImportError as error:
        code = FAILED
        print(f"training: a part of this installation can't be loaded ({error}); {_MEND}", file=sys.stderr)
    except PermissionError as error:
        code = UNUSABLE
        print(one_line(f"training: {error.filename}: {reason(error)}"), file=sys.stderr)
    except OSError as error:
        code = FAILED
        abandon_stdout()  # mostly it is that which can't be written
        print(one_line(f"training: {error.filename or 'standard output'}: {reason(error)}"), file=sys.stderr)
    return code


def _path(text: str) -> Path:
    """Read a path that the system can look for, whether something is there or not."""
    try:
        Path(text).lstat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # told of by whoever wants to open it
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text[:40]}...: no path ({reason(error)})") from None
    return Path(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description="Prepare data, train the classifier, export the weights that maskcam loads, judge a model.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"maskcam training {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    nobody = commands.add_parser("nobody", help="write pictures without people, to learn from them what is no face")
    nobody.add_argument("--out", type=_path, default=Path("data/nobody"), help="the folder to make (%(default)s)")
    nobody.set_defaults(run=run_nobody)
    prepare = commands.add_parser("prepare", help="read folders of data and write a manifest")
    prepare.add_argument("data", nargs="+", type=_path, metavar="DATA", help="a folder in one of the known layouts")
    prepare.add_argument("--out", type=_path, default=Path("runs/data"), help="folder of the manifest (%(default)s)")
    prepare.add_argument(
        "--about",
        type=_path,
        metavar="FILE",
        help="JSON with name and licence of each source, for the card (default: what was told before)",
    )
    prepare.add_argument(
        "--leave-out",
        action="append",
        default=[],
        type=_path,
        metavar="FILE",
        help="a CSV whose column file lists pictures not to train on; may be repeated",
    )
    prepare.add_argument("--force", action="store_true", help="replace a manifest that is there")
    prepare.set_defaults(run=run_prepare)
    _add_train(commands)
    export = commands.add_parser("export", help="convert a run to the file that the app loads, with its card")
    export.add_argument("folder", type=_path, metavar="RUN", help="the folder of a training")
    export.add_argument("--out", type=_path, metavar="FILE", help=f"the file to write (RUN/{MASK_MODEL})")
    export.add_argument("--force", action="store_true", help="replace files that are there")
    export.set_defaults(run=run_export)
    _add_evaluate(commands)
    _add_evaluate_scenes(commands)
    _add_ablate(commands)
    return parser


def _add_ablate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    ablate = commands.add_parser(
        "ablate",
        help="train again and again, one change at a time, and write a table of what each is good for",
        description="Train briefly for each line of a table, the same number of pictures each, and judge the network"
        " on the validation split. Lines that the folder holds already are kept, so it can be stopped.",
    )
    ablate.add_argument("manifest", type=_path, metavar="MANIFEST", help="the CSV that prepare wrote")
    ablate.add_argument("--out", type=_path, required=True, metavar="DIR", help="folder of the trainings and the table")
    ablate.add_argument("--weights", default=IMAGENET, help="what InceptionV3 starts from (%(default)s)")
    ablate.add_argument("--precision", choices=CHOICES, default=FLOAT32, help="as for train (%(default)s)")
    ablate.add_argument(
        "--epochs", type=int, metavar="N", help="epochs of each line, the first for the head where all layers learn (3)"
    )
    ablate.add_argument("--epoch-images", type=int, metavar="N", help="pictures in an epoch (2048)")
    ablate.add_argument("--seed", type=int, metavar="N", help="fixes what chance decides (1)")
    ablate.add_argument("--ladder-faces", type=int, metavar="N", help="faces made smaller, darker, covered (200)")
    ablate.set_defaults(run=run_ablate)


def _add_train(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    train = commands.add_parser("train", help="train InceptionV3 on a manifest")
    default = TrainConfig(manifest="", weights=None)
    train.add_argument("manifest", nargs="?", type=_path, metavar="MANIFEST", help="the CSV that prepare wrote")
    train.add_argument("--out", type=_path, required=True, metavar="RUN", help="folder of the training")
    train.add_argument("--resume", action="store_true", help="go on from the checkpoint in RUN")
    train.add_argument(
        "--weights",
        help="what InceptionV3 starts from: imagenet, fetched by Keras, or a file without the top (imagenet)",
    )
    train.add_argument("--weights-origin", metavar="TEXT", help="where these weights come from, for the card")
    train.add_argument("--weights-licence", metavar="TEXT", help="their licence, for the card")
    numbers: list[tuple[str, type, str]] = [
        ("input_size", int, "side of the square input in pixels, from 75"),
        ("batch", int, "pictures in a step"),
        ("epoch_images", int, "pictures between two validations"),
        ("head_epochs", int, "epochs in which only the new layers and BatchNorm learn"),
        ("epochs", int, "epochs in which all layers learn"),
        (
            "cycles",
            int,
            "times the rate rises and falls again, on harder views; kept is the mean of the weights at all ends",
        ),
        ("cycle_epochs", int, "epochs of such a cycle"),
        ("rate", float, "highest learning rate for all layers"),
        ("cycle_rate", float, "highest learning rate of a cycle"),
        ("head_rate", float, "learning rate of the head"),
        ("warm_up", float, "share of the steps in which the rate rises"),
        ("hidden", int, "units of the connected layer"),
        ("dropout", float, "share of them dropped while learning"),
        ("smoothing", float, "label smoothing"),
        ("clip", float, "greatest norm of a gradient"),
        ("seed", int, "fixes what chance decides"),
    ]
    for name, kind, text in numbers:
        train.add_argument(
            f"--{name.replace('_', '-')}",
            type=kind,
            metavar="N" if kind is int else "X",
            help=f"{text} ({getattr(default, name)})",
        )
    train.add_argument(
        "--precision",
        choices=CHOICES,
        help=f"{BFLOAT16} halves the time on processors that have it, and is extremely slow on others; {FASTEST} tries"
        f" both for a moment ({default.precision})",
    )
    train.add_argument(
        "--without",
        action="append",
        choices=INGREDIENTS,
        metavar="NAME",
        help=f"leave out one of {', '.join(INGREDIENTS)}, to see what it is good for; may be repeated",
    )
    train.add_argument(
        "--source",
        action="append",
        dest="sources",
        metavar="NAME",
        help="train on this source only, may be repeated; all are validated on",
    )
    train.set_defaults(run=run_train)


def _add_evaluate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    evaluate = commands.add_parser(
        "evaluate",
        help="judge a model on labelled faces",
        description="Judge a model on labelled faces, and tell what the app would say of each, unsure included. The"
        " positive class is no mask: a bare face.",
    )
    evaluate.add_argument("model", type=_path, metavar="MODEL", help="a run's folder, or a .tflite or .keras file")
    evaluate.add_argument("data", nargs="+", type=_path, metavar="DATA", help="manifests, or folders in a known layout")
    evaluate.add_argument(
        "--out", type=_path, required=True, metavar="DIR", help="folder of report, numbers and pictures"
    )
    evaluate.add_argument("--split", metavar="NAME", help="train, validation or test only (all, trained on or not)")
    evaluate.add_argument(
        "--threshold",
        type=float,
        metavar="P",
        help="call a face bare from this probability on (the exported file's own; .5 for a run or a .keras file)",
    )
    evaluate.add_argument(
        "--listed",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="report the pictures in a CSV's column file on a row of their own; may be repeated",
    )
    evaluate.add_argument(
        "--ladder-faces",
        type=int,
        metavar="N",
        help="at most N faces, evenly taken, for the ladders and drawings, by far the longest part; 0 for none (all)",
    )
    evaluate.add_argument(
        "--smallest", type=int, default=0, metavar="PX", help="leave out faces whose box is less wide (%(default)s)"
    )
    evaluate.add_argument("--force", action="store_true", help="replace the files of an earlier evaluation")
    evaluate.set_defaults(run=run_evaluate)


def _add_evaluate_scenes(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    evaluate_scenes = commands.add_parser(
        "evaluate-scenes",
        help="judge the whole app, from picture to verdict, on labelled scenes",
        description="Have the whole app find and judge the people in pictures whose heads are labelled: what of each"
        " label and size is right, wrong, unsure or missed, how many boxes are on no label, how long it takes. With"
        " --manifest and --split it judges only the pictures of that split, so that those trained on can be left out.",
    )
    evaluate_scenes.add_argument("folder", type=_path, metavar="DIR", help="a folder with images/ and faces.json")
    evaluate_scenes.add_argument(
        "--out",
        type=_path,
        default=Path("runs/scenes"),
        metavar="DIR",
        help="folder of report, numbers and sheets (%(default)s)",
    )
    evaluate_scenes.add_argument(
        "--model", type=_path, metavar="FILE", help="exported weights, their card beside them (the bundled)"
    )
    evaluate_scenes.add_argument(
        "--smallest",
        type=int,
        default=SMALLEST_FACE,
        metavar="PX",
        help="look for faces from this width on (%(default)s)",
    )
    evaluate_scenes.add_argument(
        "--threshold", type=float, metavar="P", help="call a face bare from this probability on (the model's own)"
    )
    evaluate_scenes.add_argument(
        "--manifest", type=_path, metavar="FILE", help="the CSV that prepare made of this folder"
    )
    evaluate_scenes.add_argument(
        "--split", metavar="NAME", help="of that manifest: judge pictures of train, validation or test only"
    )
    evaluate_scenes.add_argument(
        "--boxes",
        choices=["face", "head"],
        default="face",
        help="what the labels' boxes hold (%(default)s); a face is found by other rules in a box of the whole head",
    )
    evaluate_scenes.add_argument(
        "--corrected",
        type=_path,
        metavar="FILE",
        help="a CSV (file, box, label, reason) of labels that are wrong or missing; all is reported both ways",
    )
    evaluate_scenes.add_argument("--force", action="store_true", help="replace the files of an earlier evaluation")
    evaluate_scenes.set_defaults(run=run_evaluate_scenes)
