"""The report of an evaluation: a page that a person reads in a minute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from training.judge import Judged
from training.labelled import Labelled
from training.ladders import SIZE, UNITS
from training.markdown import cell, percent_of, share
from training.measures import BINS, Measures
from training.report_verdicts import verdicts
from training.scan import INCORRECT, Trouble
from training.summary import Row, Summary

_SHOWN = 20
"""Wrong faces and unreadable files listed in the report; `wrong.csv` holds them all."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was judged on what, in words."""

    model: str
    kind: str
    data: tuple[str, ...]
    split: str | None
    maskcam: str
    strange: tuple[str, ...] = ()
    """Manifests among the data by which the model was not trained: their splits may hold what it has seen."""
    learnt: tuple[str, ...] = ()
    """What of the data the model was trained on."""

    @property
    def cautions(self) -> tuple[str, ...]:
        """Why the figures may flatter, in words."""
        return (*map(not_trained_by, self.strange), *map(trained_on, self.learnt))


def write_report(
    facts: Facts, summary: Summary, judged: Judged, wrong: Sequence[int], pictures: dict[str, str], *, trouble: Trouble
) -> str:
    """Return the report in Markdown; `pictures` gives the title of each file that it links."""
    parts = [
        _head(facts, summary),
        (line for one in facts.cautions for line in (f"**{one}.**", "")),
        _overall(summary.overall),
        verdicts(summary.verdicts),
        _wrong(judged, wrong, pictures),
        _rows("By source", "source", summary.by_source),
        _rows("By size", "side of the crop, px", summary.by_size),
        _rows("Masks worn incorrectly", "faces", summary.incorrect),
        _rows("Listed pictures", "list", summary.listed),
        _ladders(summary, judged),
        _drawn(summary),
        _rejection(summary),
        _links(pictures),
        _not_judged(trouble),
        _how(),
    ]
    return "\n".join(line for part in parts for line in part)


def not_trained_by(manifest: str) -> str:
    """Return what is to be said of a manifest by which the model was not trained."""
    return f"{manifest} is not what this model was trained by: it may have been trained on any of these faces"


def trained_on(data: str) -> str:
    """Return what is to be said of a manifest or folder that the model was trained on."""
    return f"{data} holds what this model was trained on, so these figures flatter: judge it by a split it has not seen"


def headline(measures: Measures) -> str:
    """Return the errors in one line."""
    scores = measures.scores
    missed, false = percent_of(measures.missed_interval), percent_of(measures.false_interval)
    return (
        f"{scores.missed_alarms} of {scores.positives} bare faces missed (95 %: {missed}),"
        f" {scores.false_alarms} of {scores.negatives} masked faces a false alarm (95 %: {false})"
    )


def _head(facts: Facts, summary: Summary) -> Iterator[str]:
    yield f"# Evaluation of {facts.model}"
    yield ""
    yield (
        "**The positive class is `no_mask`, a bare face.** A *missed alarm* is a bare face called masked, the"
        " serious error; a *false alarm* is a masked face called bare."
    )
    yield ""
    yield f"**{headline(summary.overall)}.**"
    yield ""
    part = f", split {facts.split}" if facts.split else ", all splits"
    yield (
        f"Model: {facts.model} ({facts.kind}); data: {', '.join(facts.data)}{part}; a face is called bare from"
        f" probability {summary.overall.scores.threshold:.4f} on; maskcam {facts.maskcam}."
    )
    yield ""


def _overall(measures: Measures) -> Iterator[str]:
    scores = measures.scores
    yield "| measure | value |"
    yield "| --- | --- |"
    rows = [
        ("faces", str(measures.faces)),
        ("accuracy", share(scores.accuracy)),
        ("precision (called bare and bare)", share(measures.precision)),
        ("recall (bare and called bare)", share(scores.recall)),
        ("specificity (masked and called masked)", share(scores.specificity)),
        ("F1", share(measures.f1)),
        ("ROC AUC", share(measures.roc_auc, 5)),
        ("expected calibration error", share(measures.ece)),
    ]
    yield from (f"| {name} | {value} |" for name, value in rows)
    yield ""


def _wrong(judged: Judged, wrong: Sequence[int], pictures: dict[str, str]) -> Iterator[str]:
    yield "## Wrong predictions"
    yield ""
    if not wrong:
        yield "None."
        yield ""
        return
    pages = [name for name in pictures if name.startswith("wrong-")]
    yield f"{len(wrong)}, all in [wrong.csv](wrong.csv); seen on {', '.join(f'[{one}]({one})' for one in pages)}."
    yield ""
    yield "| picture | truth | no-mask probability | size, px |"
    yield "| --- | --- | --- | --- |"
    for number in wrong[:_SHOWN]:
        face = judged.faces[number]
        said = "rejected as no face" if judged.rejected[number] else f"{judged.no_mask_probability[number]:.3f}"
        yield f"| {_short(face)} | {face.truth} | {said} | {judged.sizes[number]} |"
    if len(wrong) > _SHOWN:
        yield ""
        yield f"... and {len(wrong) - _SHOWN} more."
    yield ""


def _rows(title: str, what: str, rows: Sequence[Row]) -> Iterator[str]:
    if not rows:
        return
    yield f"## {title}"
    yield ""
    yield f"| {what} | missed of bare | 95 % | false of masked | 95 % | accuracy | AUC |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    yield from (_row(one.name, one.measures) for one in rows)
    yield ""


def _ladders(summary: Summary, judged: Judged) -> Iterator[str]:
    if not summary.rungs:
        return
    yield f"## Ladders, {len(judged.on_ladder)} faces"
    yield ""
    yield "Every face is scaled to the size, or made worse by the step, and judged again."
    yield ""
    yield "| step | missed of bare | 95 % | false of masked | 95 % | accuracy | AUC |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    yield _row("unchanged", summary.unchanged)
    for one in summary.rungs:
        name = f"{one.step.value:g} px" if one.step.kind == SIZE else f"{one.step.kind} {one.step.value:g}"
        yield _row(name, one.measures)
    yield ""
    yield "; ".join(f"{kind}: {unit}" for kind, unit in UNITS.items()) + "."
    yield ""


def _rejection(summary: Summary) -> Iterator[str]:
    found = summary.rejection
    if found is None:
        return
    scores = summary.overall.scores
    kept = [f"{one.kept} of {one.rejects} pictures of what is none from {one.source}" for one in found.let_through]
    yield "## No face"
    yield ""
    yield (
        f"Rejected as no face: {found.bare_rejected} of {scores.positives} bare faces, which count as missed above, and"
        f" {found.masked_rejected} of {scores.negatives} masked ones. More likely none than a face, and so shown by the"
        f" app only where the detector is surer: {found.bare_hardly} bare and {found.masked_hardly} masked ones."
        + (f" Taken for a face: {', '.join(kept)}." if kept else "")
    )
    yield ""


def _drawn(summary: Summary) -> Iterator[str]:
    if not any(one.measures.faces for one in summary.drawn):
        return
    yield from _rows("Drawn on bare faces", "what", summary.drawn)
    yield "Drawn by the code that draws for training, on bare faces of these data."
    yield ""


def _links(pictures: dict[str, str]) -> Iterator[str]:
    yield "## Pictures"
    yield ""
    for name, title in pictures.items():
        yield f"![{title}]({name})"
        yield ""


def _not_judged(trouble: Trouble) -> Iterator[str]:
    passed_over = list(trouble.passed_over())
    if not (passed_over or trouble.unreadable or trouble.other_labels):
        return
    yield "## Not judged"
    yield ""
    yield from (f"- {one}" for one in passed_over)
    if trouble.other_labels:
        yield f"- {trouble.other_labels} heads with a label of another kind"
    if trouble.unreadable:
        yield f"- {len(trouble.unreadable)} pictures that can't be read:"
        yield from (f"  - {line}" for line in trouble.unreadable[:_SHOWN])
        if len(trouble.unreadable) > _SHOWN:
            yield f"  - ... and {len(trouble.unreadable) - _SHOWN} more"
    yield ""


def _how() -> Iterator[str]:
    yield "## How it was measured"
    yield ""
    yield "- Faces are cut and scaled by the app's own code, with the numbers of the model's card."
    yield f"- Heads labelled `{INCORRECT}` count as bare: such a mask protects nobody."
    yield (
        "- Intervals: 95 %, E. B. Wilson, Probable inference, the law of succession, and statistical inference,"
        " J. Am. Stat. Assoc. 22 (1927), 209-212. Copies of one picture count as if they were independent, so"
        " the true uncertainty is larger where data hold copies."
    )
    yield (
        f"- Expected calibration error: {BINS} bins of equal width of the no-mask probability. There and in the curves"
        " a face that is rejected as none counts with probability 0, as it isn't called bare."
    )
    yield "- A dash stands for what can't be told, since a class is absent."
    yield ""


def _row(name: str, measures: Measures) -> str:
    scores = measures.scores
    missed, false = f"{scores.missed_alarms} of {scores.positives}", f"{scores.false_alarms} of {scores.negatives}"
    return (
        f"| {cell(name)} | {missed} | {percent_of(measures.missed_interval)} | {false}"
        f" | {percent_of(measures.false_interval)} | {share(scores.accuracy)} | {share(measures.roc_auc)} |"
    )


def _short(face: Labelled) -> str:
    name = PurePath(*face.path.parts[-4:]).as_posix()
    return cell(name if face.box is None else f"{name}, at {', '.join(f'{value:.0f}' for value in face.box)}")
