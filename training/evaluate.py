"""`evaluate`: how good a model is on labelled faces, as numbers, pictures and a report."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from maskcam import __version__
from maskcam.errors import UnusableInput
from maskcam.frames import Pixels
from maskcam.modelcard import file_sha256
from training.contact import sheets
from training.curves import check_plots
from training.drawn import judge_drawn
from training.judge import Judged, judge, judge_rejects
from training.labelled import known_lists, read_labelled, read_listed, read_rejects
from training.ladders import SIZE_STEPS, WEATHER_STEPS
from training.measures import curve
from training.plots import (
    draw_confusion,
    draw_precision_recall,
    draw_reliability,
    draw_risk_coverage,
    draw_roc,
    draw_size_ladder,
    draw_weather_ladder,
)
from training.report import Facts, headline, write_report
from training.report_folder import ReportFolder
from training.report_verdicts import caught_line
from training.scan import Trouble
from training.scorers import learnt_from, open_scorer, strange_manifests, weights_file
from training.summary import Summary, summarise

METRICS, WRONG, REPORT = "metrics.json", "wrong.csv", "report.md"
CONFUSION, ROC, PRECISION_RECALL = "confusion.png", "roc.png", "precision-recall.png"
RELIABILITY, RISK_COVERAGE = "reliability.png", "risk-coverage.png"
SIZE_LADDER, WEATHER_LADDER = "size-ladder.png", "weather-ladder.png"
DIAGRAMS = (CONFUSION, RISK_COVERAGE, SIZE_LADDER, WEATHER_LADDER, RELIABILITY, ROC, PRECISION_RECALL)
OUTPUTS = (METRICS, WRONG, REPORT, *DIAGRAMS)
"""Every file of an evaluation but the contact sheets, `wrong-1.png` and on."""
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """One evaluation as it was asked for.

    `threshold` is None for that of the model's card; `ladder_faces` None for all faces, 0 for no ladders; `listed`
    holds `NAME=FILE`, lists beside those that are known; `smallest` leaves out faces whose box is less wide, in pixels.
    """

    model: Path
    data: tuple[Path, ...]
    out: Path
    split: str | None = None
    threshold: float | None = None
    listed: tuple[str, ...] = ()
    ladder_faces: int | None = None
    smallest: int = 0
    force: bool = False

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 < self.threshold < 1:
            raise ValueError(f"the threshold must be between 0 and 1, not {self.threshold:g}")
        if self.smallest < 0:
            raise ValueError(f"the smallest face must have 0 px or more, not {self.smallest}")
        if self.ladder_faces is not None and self.ladder_faces < 0:
            raise ValueError(f"the ladders can't be climbed by {self.ladder_faces} faces")


def evaluate(wanted: Wanted) -> Iterator[str]:
    """Judge the faces, write all files to `wanted.out`, and yield what is worth telling.

    Raises UnusableInput, in one line, for a model, data or a folder that can't be used, and without what draws the
    diagrams; FailedOnTheWay when a file can't be written. Pictures that can't be read are told of and left out.
    """
    check_plots()
    out = ReportFolder(wanted.out, OUTPUTS, ["wrong"], wanted.force)
    lists = [read_listed(one) for one in wanted.listed]
    names = {one.name for one in lists}
    if len(names) < len(lists):
        raise UnusableInput("two lists have the same name; name each row once")
    trouble = Trouble()
    steps = () if wanted.ladder_faces == 0 else (*SIZE_STEPS, *WEATHER_STEPS)
    with open_scorer(wanted.model) as scorer:
        faces = read_labelled(wanted.data, wanted.split, trouble, wanted.smallest)
        lists += [one for one in known_lists() if one.name not in names and any(face.path in one for face in faces)]
        out.make()
        judged = judge(scorer, faces, steps, wanted.ladder_faces, trouble)
        drawn = judge_drawn(scorer, [judged.faces[place] for place in judged.on_ladder])
        card = scorer.card
        rejects = read_rejects(wanted.data, wanted.split) if card.not_face_index is not None else None
        kept = None if rejects is None else judge_rejects(scorer, rejects, trouble)
    threshold = card.threshold if wanted.threshold is None else wanted.threshold
    summary = summarise(judged, threshold, lists, drawn, kept)
    wrong = judged.wrong(threshold)
    pictures = _draw(out, summary, judged)
    for page, sheet in enumerate(sheets(judged, wrong, card.crop), 1):
        name = f"wrong-{page}.png"
        out.write(name, partial(_save, sheet))
        pictures[name] = f"wrong predictions, page {page}"
    out.write(WRONG, lambda path: _write_wrong(path, judged, wrong))
    kind = "a run's best weights" if wanted.model.is_dir() else wanted.model.suffix[1:]
    strange = strange_manifests(wanted.model, wanted.data)
    learnt = learnt_from(wanted.model, wanted.data, wanted.split)
    name, data = wanted.model.resolve().name, tuple(map(str, wanted.data))
    facts = Facts(name, kind, data, wanted.split, __version__, strange, learnt)
    report = write_report(facts, summary, judged, wrong, pictures, trouble=trouble)
    out.write(REPORT, lambda path: path.write_text(report, encoding="utf-8", errors="replace"))
    out.write(METRICS, lambda path: path.write_text(_metrics(wanted, facts, card.input_size, summary, trouble)))
    out.sweep()
    yield from _tell(wanted, summary, trouble)
    yield from facts.cautions


def _draw(out: ReportFolder, summary: Summary, judged: Judged) -> dict[str, str]:
    """Write the diagrams; return the title of each."""
    measures = summary.overall
    line = curve(judged.no_mask_probability, judged.bare)
    diagrams: list[tuple[str, str, Callable[[Path], None]]] = [
        (CONFUSION, "confusion matrix", lambda path: draw_confusion(measures, path)),
        (RISK_COVERAGE, "errors by coverage", lambda path: draw_risk_coverage(summary.verdicts, path)),
        (SIZE_LADDER, "size ladder", lambda path: draw_size_ladder(summary, path)),
        (WEATHER_LADDER, "weather ladder", lambda path: draw_weather_ladder(summary, path)),
        (RELIABILITY, "reliability", lambda path: draw_reliability(summary.bins, measures, path)),
        (ROC, "ROC curve", lambda path: draw_roc(line, measures, path)),
        (PRECISION_RECALL, "precision and recall", lambda path: draw_precision_recall(line, measures, path)),
    ]
    chosen = [one for one in diagrams if summary.rungs or one[0] not in (SIZE_LADDER, WEATHER_LADDER)]
    for name, _, fill in chosen:
        out.write(name, fill)
    return {name: title for name, title, _ in chosen}


def _save(picture: Pixels, path: Path) -> None:
    Image.fromarray(picture).save(path)


def _write_wrong(path: Path, judged: Judged, wrong: Sequence[int]) -> None:
    # A file name that isn't UTF-8 comes back as it was from surrogateescape.
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "box", "truth", "no_mask_probability", "rejected", "source", "size"])
        for number in wrong:
            face = judged.faces[number]
            box = " ".join(f"{value:g}" for value in face.box) if face.box else ""
            probability = f"{judged.no_mask_probability[number]:.6f}"
            rejected = "yes" if judged.rejected[number] else "no"
            rows.writerow([face.path, box, face.truth, probability, rejected, face.source, judged.sizes[number]])


def _metrics(wanted: Wanted, facts: Facts, input_size: int, summary: Summary, trouble: Trouble) -> str:
    fields: dict[str, Any] = {
        "format": FORMAT,
        "maskcam": facts.maskcam,
        "model": facts.model,
        "kind": facts.kind,
        "sha256": file_sha256(weights_file(wanted.model)),
        "input_size": input_size,
        "data": list(facts.data),
        "split": facts.split,
        "not_trained_by": list(facts.strange),
        "trained_on": list(facts.learnt),
        **summary.as_dict(),
        "not_judged": {
            "unreadable": len(trouble.unreadable),
            "heads_not_found": trouble.heads_not_found,
            "other_labels": trouble.other_labels,
            "several_faces": trouble.several_faces,
            "small_faces": trouble.small_faces,
        },
    }
    # NaN is no JSON; were one to come through, better no file than one that can't be read.
    return json.dumps(fields, indent=2, allow_nan=False) + "\n"


def _tell(wanted: Wanted, summary: Summary, trouble: Trouble) -> Iterator[str]:
    yield f"positive class: no mask; called bare from probability {summary.overall.scores.threshold:.4f} on"
    yield headline(summary.overall)
    yield caught_line(summary.verdicts)
    for row in summary.listed:
        if not row.measures.faces:
            yield f"{row.name}: none of its pictures are among these data"
    yield from (f"not judged: {one}" for one in trouble.passed_over())
    if trouble.unreadable:
        yield f"unreadable: {len(trouble.unreadable)}"
        yield from (f"  {line}" for line in trouble.unreadable)
    yield f"wrote {wanted.out / REPORT}"
