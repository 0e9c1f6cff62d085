"""The training commands: each takes the parsed options, does its work, prints what it has to tell and returns 0."""

from __future__ import annotations

import argparse
from dataclasses import fields

from maskcam.assets import MASK_MODEL, asset
from maskcam.errors import UnusableInput
from maskcam.sinks.lines import one_line
from training.ablation_plan import Budget
from training.checkpoint import RunFolder
from training.config import TrainConfig
from training.labelled import read_list
from training.manifest import LABELS
from training.model import IMAGENET
from training.prepare import describe, prepare
from training.train import train


def run_nobody(options: argparse.Namespace) -> int:
    """Write pictures without people."""
    from training.nobody import write_nobody  # noqa: PLC0415 (brings scikit-image, which nothing else needs)

    _say(f"wrote {options.out} with {write_nobody(options.out)} pictures without people")
    return 0


def run_prepare(options: argparse.Namespace) -> int:
    """Read folders of data and write a manifest."""
    unwanted = [read_list(str(file), file) for file in options.leave_out]
    prepared = prepare(options.data, options.out, options.about, options.force, unwanted)
    for line in describe(prepared):
        _say(line)
    faces = sum(one.label in LABELS for one in prepared.samples)
    rejects = len(prepared.samples) - faces
    _say(
        f"wrote {options.out / 'manifest.csv'} with {faces} faces"
        + (f", and {rejects} of what is none" * (rejects > 0))
    )
    return 0


def run_train(options: argparse.Namespace) -> int:
    """Start a training or go on with one."""
    if options.resume == (options.manifest is not None):
        raise UnusableInput("give a manifest to start a training, or --resume to go on with one")
    config = None
    given = {one.name: value for one in fields(TrainConfig) if (value := getattr(options, one.name, None)) is not None}
    if options.resume and given:
        raise UnusableInput("--resume goes on as the run was begun; leave the other options out")
    if not options.resume:
        given |= {"manifest": str(options.manifest.absolute()), "weights": options.weights or IMAGENET}
        try:
            config = TrainConfig(**given)
        except ValueError as error:
            raise UnusableInput(str(error)) from None
    progress = train(RunFolder(options.out), config)
    kept = f"kept is epoch {progress.best_epoch} of history.csv, validation loss {progress.best_loss:.4f}"
    _say(f"trained {progress.step} steps; {kept}")
    _say(f"export it with: python -m training export {options.out}")
    return 0


def run_export(options: argparse.Namespace) -> int:
    """Convert a run to the file that the app loads."""
    from training.export import export  # noqa: PLC0415 (brings TensorFlow, which `prepare` does without)

    target = options.out or options.folder / MASK_MODEL
    for line in export(RunFolder(options.folder), target, options.force):
        _say(line)
    return 0


def run_evaluate(options: argparse.Namespace) -> int:
    """Judge a model on labelled faces."""
    from training.evaluate import Wanted, evaluate  # noqa: PLC0415 (brings LiteRT and Pillow's fonts)

    given = {one.name: getattr(options, one.name) for one in fields(Wanted)}
    given |= {name: tuple(given[name]) for name in ("data", "listed")}
    try:
        wanted = Wanted(**given)
    except ValueError as error:
        raise UnusableInput(str(error)) from None
    for line in evaluate(wanted):
        _say(line)
    return 0


def run_evaluate_scenes(options: argparse.Namespace) -> int:
    """Judge the whole app on labelled scenes."""
    from training.evaluate_scenes import WantedScenes, evaluate_scenes  # noqa: PLC0415 (brings LiteRT and MediaPipe)
    from training.scene_outcome import Holds  # noqa: PLC0415

    given = {one.name: getattr(options, one.name) for one in fields(WantedScenes)}
    given |= {"model": options.model or asset(MASK_MODEL), "boxes": Holds(options.boxes)}
    try:
        wanted = WantedScenes(**given)
    except ValueError as error:
        raise UnusableInput(str(error)) from None
    for line in evaluate_scenes(wanted):
        _say(line)
    return 0


def run_ablate(options: argparse.Namespace) -> int:
    """Train briefly again and again, one change at a time."""
    from training.ablation import ablate  # noqa: PLC0415 (brings TensorFlow, which `prepare` does without)

    given = {one.name: value for one in fields(Budget) if (value := getattr(options, one.name)) is not None}
    try:
        budget = Budget(**given)
    except ValueError as error:
        raise UnusableInput(str(error)) from None
    for line in ablate(options.manifest.absolute(), options.out, budget):
        _say(line)
    return 0


def _say(line: str) -> None:
    """Print one line at once: what goes on for hours is watched, and file names hold what breaks lines."""
    print(one_line(line), flush=True)
