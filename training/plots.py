"""The pictures of an evaluation: what is confused, the curves, calibration, the ladders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from training.ladders import SIZE, UNITS
from training.measures import Bin, Curve, Interval, Measures
from training.risk_coverage import LEVELS, RiskCoverage
from training.summary import Rung, Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MISSED, _FALSE = "#d55e00", "#0072b2"
"""Vermillion and blue, which colour-blind people too can tell apart (Okabe and Ito, 2008)."""
_DPI = 110


def draw_confusion(measures: Measures, target: Path) -> None:
    """Draw the counts of truth against answer."""
    scores = measures.scores
    counts = np.array(
        [
            [scores.positives - scores.missed_alarms, scores.missed_alarms],
            [scores.false_alarms, scores.negatives - scores.false_alarms],
        ]
    )
    names = [["caught", "missed alarms"], ["false alarms", "left alone"]]
    figure, axes = _figure(5.2, 4.4)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(2):
        for column in range(2):
            ink = "white" if shares[row, column] > 0.5 else "black"
            text = f"{counts[row, column]}\n{names[row][column]}"
            axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=13)
    axes.set_xticks([0, 1], ["no mask", "mask"])
    axes.set_yticks([0, 1], ["no mask", "mask"], rotation=90, va="center")
    axes.set_xlabel(f"called, at threshold {scores.threshold:.4g}")
    axes.set_ylabel("truth")
    figure.savefig(target, dpi=_DPI)


def draw_roc(curve: Curve, measures: Measures, target: Path) -> None:
    """Draw the receiver operating characteristic, its corner enlarged."""
    figure, axes = _figure(5.6, 5)
    if curve.positives and curve.negatives:
        x, y = curve.false / curve.negatives, curve.caught / curve.positives
        axes.step(x, y, where="post", color=_FALSE)
        corner = axes.inset_axes((0.4, 0.16, 0.55, 0.5))
        corner.step(x, y, where="post", color=_FALSE)
        corner.set_xlim(-0.002, 0.05)
        corner.set_ylim(0.95, 1.002)
        corner.grid(alpha=0.3)
        if measures.missed_rate is not None and measures.false_rate is not None:
            for one in (axes, corner):
                one.plot(measures.false_rate, 1 - measures.missed_rate, "o", color=_MISSED)
        axes.set_title(f"ROC AUC {measures.roc_auc:.5f}; the dot is threshold {measures.scores.threshold:.4g}")
    else:
        _absent(axes, "a curve needs bare and masked faces")
    axes.set_xlabel("masked faces called bare (false alarms)")
    axes.set_ylabel("bare faces called bare (recall)")
    figure.savefig(target, dpi=_DPI)


def draw_precision_recall(curve: Curve, measures: Measures, target: Path) -> None:
    """Draw precision against recall."""
    figure, axes = _figure(5.6, 5)
    if curve.positives:
        caught, false = curve.caught[1:], curve.false[1:]
        axes.plot(caught / curve.positives, caught / (caught + false), color=_FALSE)
        if measures.scores.recall is not None and measures.precision is not None:
            axes.plot(measures.scores.recall, measures.precision, "o", color=_MISSED)
        axes.set_ylim(min(0.5, curve.positives / (curve.positives + curve.negatives)), 1.01)
        axes.set_title(f"the dot is threshold {measures.scores.threshold:.4g}")
    else:
        _absent(axes, "a curve needs bare faces")
    axes.set_xlabel("recall of bare faces")
    axes.set_ylabel("precision: called bare and bare")
    figure.savefig(target, dpi=_DPI)


def draw_reliability(bins: Sequence[Bin], measures: Measures, target: Path) -> None:
    """Draw what share is bare among faces of like probability, and how many those are."""
    figure, axes = _figure(5.6, 5)
    axes.plot([0, 1], [0, 1], ":", color="grey", label="well calibrated")
    held = [(one.mean_probability or 0.0, one.share_bare or 0.0) for one in bins if one.faces]
    axes.plot([one[0] for one in held], [one[1] for one in held], "o-", color=_MISSED, label="measured")
    beside = axes.twinx()
    beside.bar(
        [(one.low + one.high) / 2 for one in bins],
        [one.faces for one in bins],
        width=1 / len(bins) * 0.9,
        color="grey",
        alpha=0.25,
    )
    beside.set_yscale("symlog")
    beside.set_ylabel("faces (bars)")
    axes.set_xlabel("no-mask probability")
    axes.set_ylabel("share of bare faces")
    error = "none" if measures.ece is None else f"{measures.ece:.4f}"
    axes.set_title(f"expected calibration error {error} ({len(bins)} bins of equal width)")
    axes.legend(loc="upper left")
    figure.savefig(target, dpi=_DPI)


def draw_risk_coverage(found: RiskCoverage, target: Path) -> None:
    """Draw the errors among the surest faces against how many those are, and where the app stands."""
    figure, axes = _figure(7, 5)
    curve, app = found.curve, found.app
    percent = 100 * curve.covered / max(app.faces, 1)
    errors = 100 * (curve.missed + curve.false) / curve.covered
    bare = curve.bare > 0
    missed = 100 * curve.missed[bare] / curve.bare[bare]
    axes.plot(percent, errors, "--", color=_FALSE, label="errors, % of the faces with a verdict")
    axes.plot(percent[bare], missed, color=_MISSED, label="missed alarms, % of the bare faces with a verdict")
    stands = 100 * (app.coverage or 0)
    axes.axvline(stands, color="grey", linestyle=":", label=f"the app gives {stands:.1f} % a verdict")
    scores = app.scores
    if scores.accuracy is not None:
        axes.plot(stands, 100 * (1 - scores.accuracy), "s", color=_FALSE)
    if scores.recall is not None:
        axes.plot(stands, 100 * (1 - scores.recall), "o", color=_MISSED)
    left = min(stands, LEVELS[-1]) - 2
    axes.set_xlim(left, 101)
    # Of a few faces one error is a large share; where those aren't seen, the axis needn't reach so high.
    axes.set_ylim(0, 1.1 * max([1, *errors[percent >= left], *missed[percent[bare] >= left]]))
    axes.set_xlabel("faces with a verdict, % (the surest first; the marks are the app)")
    axes.set_ylabel("errors, %")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside upper center")  # within the axes it would cover marks
    figure.savefig(target, dpi=_DPI)


def draw_size_ladder(summary: Summary, target: Path) -> None:
    """Draw both error rates against the size that every face is scaled to."""
    figure, axes = _figure(7, 4.4)
    _errors(axes, summary.of_kind(SIZE), [f"{one.step.value:g}" for one in summary.of_kind(SIZE)])
    axes.set_xlabel(f"{UNITS[SIZE]} that every face was scaled to")
    axes.set_title("errors by size; bands: 95 % (Wilson)")
    figure.savefig(target, dpi=_DPI)


def draw_weather_ladder(summary: Summary, target: Path) -> None:
    """Draw both error rates against each kind of bad weather, from nothing to harsh."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    kinds = summary.weather_kinds
    figure = Figure(figsize=(3.1 * len(kinds), 4), layout="constrained")
    for place, (axes, kind) in enumerate(zip(np.atleast_1d(figure.subplots(1, len(kinds))), kinds, strict=True)):
        rungs = summary.of_kind(kind)
        _errors(axes, rungs, ["none", *(f"{one.step.value:g}" for one in rungs)], summary.unchanged)
        axes.set_title(kind)
        axes.set_xlabel(UNITS[kind].replace(", as", ",\nas"))
        if place:
            axes.set_ylabel("")
    figure.suptitle("errors by kind of weather, from mild to harsh; each has its own scale; bands: 95 % (Wilson)")
    figure.savefig(target, dpi=_DPI)


def _errors(axes: Axes, rungs: Sequence[Rung], names: Sequence[str], unchanged: Measures | None = None) -> None:
    """Draw missed and false rates in per cent, with bands, in even steps."""
    measured = [*([unchanged] if unchanged else []), *(one.measures for one in rungs)]
    places = np.arange(len(measured))
    kinds: list[tuple[str, str, str, Callable[[Measures], tuple[float | None, Interval | None]]]] = [
        ("missed alarms", "o-", _MISSED, lambda one: (one.missed_rate, one.missed_interval)),
        ("false alarms", "s--", _FALSE, lambda one: (one.false_rate, one.false_interval)),
    ]
    for name, line, colour, of in kinds:
        values = [of(one) for one in measured]
        if any(rate is None for rate, _ in values):
            continue
        axes.plot(places, [100 * (rate or 0) for rate, _ in values], line, color=colour, label=f"{name}, %")
        ends = np.array([ends for _, ends in values])
        axes.fill_between(places, 100 * ends[:, 0], 100 * ends[:, 1], color=colour, alpha=0.15)
    axes.set_xticks(places, names)
    # From 0, and never so fine that a single error looks like a disaster.
    axes.set_ylim(0, max(axes.get_ylim()[1], 5))
    axes.set_ylabel("errors, % of the class")
    axes.grid(alpha=0.3)
    if axes.lines:
        axes.legend()
    else:
        _absent(axes, "no face climbed")


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to import; a Figure of its own needs no screen)

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _absent(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
