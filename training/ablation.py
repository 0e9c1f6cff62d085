"""`ablate`: what each part of the training is good for, measured one change at a time on the same budget."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np

from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.frames import Flags, Floats
from maskcam.modelcard import NOT_FACE, file_sha256
from training.ablation_plan import Budget, Line, plan
from training.checkpoint import CONFIG, RunFolder
from training.config import TrainConfig
from training.drawn import DRAWINGS, MASKS, judge_drawn
from training.judge import Judged, judge
from training.labelled import Labelled, read_labelled
from training.ladders import Step
from training.manifest import LABELS, TRAIN, VALIDATION, read_manifest
from training.measures import measure
from training.metrics import LEAST_RECALL
from training.precision import FASTEST, FLOAT32, settled
from training.recipe import fingerprint
from training.report_folder import ReportFolder
from training.scan import Trouble
from training.scorers import open_scorer

STEPS = (Step("size", 24), Step("size", 16), Step("dark", 0.12), Step("blur", 0.04))
TABLE, RESULTS = "ablation.md", "ablation.json"


def ablate(manifest: Path, out: Path, budget: Budget, lines: Sequence[Line] = ()) -> Iterator[str]:
    """Train and measure every line that `out` doesn't hold yet, then write the table; yield its lines as they come.

    `lines` are those of `plan`, unless others are given.
    Raises UnusableInput for a manifest, weights or a folder that can't be used, and for one that holds lines of another
    plan or budget; FailedOnTheWay when a training fails or a file can't be written.
    """
    lines = lines or plan(*_sources(manifest))
    faces = read_labelled([manifest], VALIDATION, Trouble())
    if len({one.bare for one in faces}) < len(LABELS):
        raise UnusableInput(f"{manifest}: its validation set needs faces of both classes to tell networks apart")
    folder = ReportFolder(out, (TABLE,), (), force=True)
    folder.make()
    budget = replace(budget, precision=_precision(out, budget))
    results = []
    for number, line in enumerate(lines, 1):
        place = out / f"{number:02}"
        kept = place / RESULTS
        if (place / CONFIG).is_file() or kept.is_file():
            _check_same(RunFolder(place), manifest, line, budget)
        if not kept.is_file():
            _train(manifest, place, line, budget)
            found = {"ladder_faces": budget.ladder_faces, **_measure(place, faces, budget.ladder_faces)}
            folder.write(f"{place.name}/{RESULTS}", partial(_write, json.dumps(found)))
        results.append((line, _kept(kept, budget.ladder_faces)))
        yield _row(*results[-1])
    folder.write(TABLE, partial(_write, "\n".join(_table(results, budget)) + "\n"))
    yield f"wrote {out / TABLE}"


def _sources(manifest: Path) -> tuple[list[str], list[str]]:
    """Return the sources of faces that are trained on, the one with most first, and those that hold none."""
    samples = [one for one in read_manifest(manifest) if one.split == TRAIN]
    names = Counter(one.source for one in samples if one.label != NOT_FACE)
    if not names:
        raise UnusableInput(f"{manifest}: has no training faces")
    return sorted(names, key=lambda name: (-names[name], name)), sorted({one.source for one in samples} - set(names))


def _precision(out: Path, budget: Budget) -> str:
    """Return the precision asked for, `FASTEST` settled as it was when the folder's first line was begun."""
    first = RunFolder(out / "01")
    if budget.precision == FASTEST and (first.path / CONFIG).is_file():
        return first.config()[0].precision
    return settled(budget.precision)


def _check_same(run: RunFolder, manifest: Path, line: Line, budget: Budget) -> None:
    """Raise UnusableInput unless the run is that of this line on this budget: a table compares like with like."""
    config, _ = run.config()
    wanted = TrainConfig(
        manifest=config.manifest,
        manifest_sha256=file_sha256(manifest),
        recipe=fingerprint(),
        weights=budget.weights,
        weights_origin=config.weights_origin,
        weights_licence=config.weights_licence,
        precision=budget.precision,
        epoch_images=budget.epoch_images,
        head_epochs=line.head_epochs(budget.epochs),
        epochs=budget.epochs - line.head_epochs(budget.epochs),
        seed=budget.seed,
        without=line.without,
        sources=line.sources,
        input_size=line.input_size,
        labels=config.labels,  # as the data and `without` have it
    )
    if apart := [one.name for one in fields(config) if getattr(config, one.name) != getattr(wanted, one.name)]:
        raise UnusableInput(f"{run.path}: was trained with other {', '.join(apart)}; name another folder")


def _kept(path: Path, ladder_faces: int) -> dict[str, Any]:
    """Read a line's results; UnusableInput for others than `ablate` writes, or on other faces."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        others = found["ladder_faces"]
        list(_table([(Line("", (), ()), found)], Budget("", FLOAT32)))  # takes all that a line needs
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise UnusableInput(f"{path}: holds no results of a line ({error!r}); delete it to measure anew") from None
    if others != ladder_faces:
        raise UnusableInput(f"{path}: was measured with --ladder-faces {others}; delete it to measure anew")
    return found


def _write(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def _train(manifest: Path, place: Path, line: Line, budget: Budget) -> None:
    """Train in a process of its own: what TensorFlow takes for one line must not stay for the next.

    What stops this process stops that one too, and is waited for: it writes a checkpoint then.
    """
    command = [sys.executable, "-m", "training", "train", "--out", str(place)]
    if (place / CONFIG).is_file():
        command.append("--resume")
    else:
        command += [str(manifest), "--weights", budget.weights, "--precision", budget.precision]
        command += ["--epoch-images", str(budget.epoch_images), "--seed", str(budget.seed)]
        command += line.options(budget.epochs)
    with (
        TemporaryFile("w+", encoding="utf-8", errors="replace") as told,
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told) as process,
    ):
        try:
            code = process.wait()
        except KeyboardInterrupt:
            # Ctrl-C has reached it; a signal to this process alone has not. Told twice it would break off at once,
            # but for the end of the terminal, which may be told twice, and which Windows has no signal for.
            if hasattr(signal, "SIGHUP"):
                process.send_signal(signal.SIGHUP)
            process.wait()
            raise
        told.seek(0)
        last = (told.read().strip().splitlines() or ["it said nothing"])[-1].removeprefix("training: ")
    if code == 2:
        raise UnusableInput(last)
    if code:
        raise FailedOnTheWay(f"{line.name}: the training ended with {code}: {last}")


def _measure(place: Path, faces: Sequence[Labelled], ladder_faces: int) -> dict[str, Any]:
    with open_scorer(place) as scorer:
        judged = judge(scorer, faces, STEPS, ladder_faces, Trouble())
        drawn = judge_drawn(scorer, [judged.faces[one] for one in judged.on_ladder])
    bare = judged.bare
    overall = measure(judged.no_mask_probability, bare, 0.5)
    covered = [row for name, row in zip(DRAWINGS, drawn.no_mask_probability, strict=True) if name != MASKS]
    config, _ = RunFolder(place).config()
    return {
        "config": asdict(config),
        "overall": overall.as_dict(),
        "false_at_recall": _false_at_recall(judged.no_mask_probability, bare),
        "steps": [_errors(judged, row) for row in judged.by_step],
        "covered": [int((np.concatenate(covered) < 0.5).sum()), len(covered) * drawn.faces],
        "drawn_masks": [int((drawn.no_mask_probability[list(DRAWINGS).index(MASKS)] >= 0.5).sum()), drawn.faces],
    }


def _errors(judged: Judged, answers: Floats) -> list[int]:
    """Return missed alarms, false alarms and both totals on one step."""
    scores = measure(answers, judged.bare[judged.on_ladder], 0.5).scores
    return [scores.missed_alarms, scores.false_alarms, scores.positives, scores.negatives]


def _false_at_recall(no_mask_probability: Floats, bare: Flags) -> int:
    """Return how many masked faces are called bare once `LEAST_RECALL` of the bare ones are caught."""
    positive = np.sort(no_mask_probability[bare])
    given_up = int((1 - LEAST_RECALL) * len(positive) + 1e-9)
    return int((no_mask_probability[~bare] >= positive[given_up]).sum())


def _table(results: Sequence[tuple[Line, dict[str, Any]]], budget: Budget) -> Iterator[str]:
    yield (
        f"Missed / false alarms at probability .5 after {budget.epochs} epochs of {budget.epoch_images} pictures, seed"
        f" {budget.seed}, judged as trained, in float. The positive class is no mask: a missed alarm is a bare face"
        " called masked."
    )
    yield ""
    first = results[0][1]
    overall, (*_, bare, masked) = first["overall"], first["steps"][0]
    yield (
        f"| | decision set, of {overall['positives']} / {overall['negatives']} | false at {100 * LEAST_RECALL:g} %"
        f" recall | "
        + " | ".join(f"{step.kind} {step.value:g}, of {bare} / {masked}" for step in STEPS)
        + f" | covered, missed of {first['covered'][1]} | drawn masks, false of {first['drawn_masks'][1]} |"
    )
    yield "| --- |" + " --- |" * (len(STEPS) + 4)
    yield from (_row(*one) for one in results)


def _row(line: Line, found: dict[str, Any]) -> str:
    overall = found["overall"]
    cells = [f"{overall['missed_alarms']} / {overall['false_alarms']}", str(found["false_at_recall"])]
    cells += [f"{missed} / {false}" for missed, false, _, _ in found["steps"]]
    cells += [str(found["covered"][0]), str(found["drawn_masks"][0])]
    return f"| {line.name} | " + " | ".join(cells) + " |"
