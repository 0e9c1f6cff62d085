"""Sums judged faces up: overall, by source, by size, by list, by step of the ladders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from maskcam.frames import Flags
from maskcam.modelcard import NO_MASK
from training.drawn import DRAWINGS, MASKS, Drawn
from training.judge import Judged, Kept
from training.labelled import Listed
from training.ladders import SIZE, UNITS, Step
from training.measures import BINS, Bin, Measures, calibration, measure
from training.risk_coverage import RiskCoverage, measure_coverage
from training.scan import INCORRECT

SIZE_EDGES = (24, 48, 96, 192)
"""Sides in pixels at which a crop falls into the next class of size."""


@dataclass(frozen=True, slots=True)
class Row:
    """A named set of faces and its measures."""

    name: str
    measures: Measures

    def as_dict(self) -> dict[str, Any]:
        """Return the row for a file."""
        return {"name": self.name, "faces": self.measures.faces, **self.measures.as_dict()}


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of a ladder and the measures of the faces on it."""

    step: Step
    measures: Measures

    def as_dict(self) -> dict[str, Any]:
        """Return the rung for a file."""
        return {"kind": self.step.kind, "value": self.step.value, **self.measures.as_dict()}


@dataclass(frozen=True, slots=True)
class LetThrough:
    """How many pictures of what is no face there are from a source, and how many of them are taken for one."""

    source: str
    rejects: int
    kept: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """What the third answer does: faces that it rejects or nearly does, and pictures of none that it lets through."""

    bare_rejected: int
    masked_rejected: int
    bare_hardly: int
    masked_hardly: int
    let_through: tuple[LetThrough, ...]

    @property
    def rejects(self) -> int:
        """How many pictures of what is no face there are."""
        return sum(one.rejects for one in self.let_through)

    @property
    def rejects_kept(self) -> int:
        """How many of them are taken for a face."""
        return sum(one.kept for one in self.let_through)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts for a file."""
        return {
            "bare_rejected": self.bare_rejected,
            "masked_rejected": self.masked_rejected,
            "bare_hardly_faces": self.bare_hardly,
            "masked_hardly_faces": self.masked_hardly,
            "rejects": self.rejects,
            "rejects_kept": self.rejects_kept,
            "by_source": [asdict(one) for one in self.let_through],
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that is reported of one evaluation, apart from the single faces.

    `verdicts` tells what the app would say, `unsure` included; all else goes by the threshold alone.
    `incorrect` holds the faces with a mask worn incorrectly and all others, when there are any; `listed` each list
    and all faces but those; `unchanged` the faces that climbed the ladders as they are; `drawn` the bare ones of
    them with each kind of thing drawn on them.
    """

    overall: Measures
    by_source: tuple[Row, ...]
    by_size: tuple[Row, ...]
    incorrect: tuple[Row, ...]
    listed: tuple[Row, ...]
    unchanged: Measures
    rungs: tuple[Rung, ...]
    drawn: tuple[Row, ...]
    bins: tuple[Bin, ...]
    verdicts: RiskCoverage
    rejection: Rejection | None = None

    def of_kind(self, kind: str) -> tuple[Rung, ...]:
        """Return the rungs of one ladder."""
        return tuple(one for one in self.rungs if one.step.kind == kind)

    @property
    def weather_kinds(self) -> tuple[str, ...]:
        """What the weather ladder changes, in order."""
        return tuple(dict.fromkeys(one.step.kind for one in self.rungs if one.step.kind != SIZE))

    def as_dict(self) -> dict[str, Any]:
        """Return the summary for `metrics.json`."""
        return {
            "positive_class": NO_MASK,
            "faces": self.overall.faces,
            **self.overall.as_dict(),
            "interval": "95 %, Wilson 1927",
            "calibration": {
                "bins": BINS,
                "binning": "equal width, of the no-mask probability",
                "rows": [
                    {
                        "low": round(one.low, 5),
                        "high": round(one.high, 5),
                        "faces": one.faces,
                        "mean_probability": one.mean_probability,
                        "share_bare": one.share_bare,
                    }
                    for one in self.bins
                ],
            },
            "by_source": [one.as_dict() for one in self.by_source],
            "by_size": [one.as_dict() for one in self.by_size],
            "worn_incorrectly": [one.as_dict() for one in self.incorrect],
            "listed": [one.as_dict() for one in self.listed],
            "ladder_unchanged": self.unchanged.as_dict(),
            "size_ladder": [one.as_dict() for one in self.of_kind(SIZE)],
            "weather_ladder": [one.as_dict() for one in self.rungs if one.step.kind != SIZE],
            "verdicts": self.verdicts.as_dict(),
            "third_answer": self.rejection.as_dict() if self.rejection else None,
            "drawn_on_bare_faces": [one.as_dict() for one in self.drawn],
            "units": UNITS,
        }


def summarise(
    judged: Judged,
    threshold: float,
    lists: Sequence[Listed],
    drawn: Drawn | None = None,
    rejects: Kept | None = None,
) -> Summary:
    """Measure the judged faces, and those that were drawn on, in every way that is reported.

    `rejects` tells which pictures of what is no face were taken for one.
    """
    bare, probability = judged.bare, judged.no_mask_probability

    def row(name: str, chosen: Flags) -> Row:
        return Row(name, measure(probability[chosen], bare[chosen], threshold))

    sources = np.array([one.source for one in judged.faces])
    incorrect: Flags = np.array([one.truth == INCORRECT for one in judged.faces], np.bool_)
    on_ladder = judged.on_ladder
    return Summary(
        overall=measure(probability, bare, threshold),
        by_source=tuple(row(str(name), sources == name) for name in sorted(set(sources.tolist()))),
        by_size=_by_size(judged, row),
        incorrect=(
            (row("mask worn incorrectly", incorrect), row("all but worn incorrectly", ~incorrect))
            if incorrect.any()
            else ()
        ),
        listed=tuple(
            row(name, chosen)
            for one in lists
            for inside in (np.array([face.path in one for face in judged.faces], np.bool_),)
            for name, chosen in ((one.name, inside), (f"all but {one.name}", ~inside))
        ),
        unchanged=measure(probability[on_ladder], bare[on_ladder], threshold),
        rungs=tuple(
            Rung(step, measure(answers, bare[on_ladder], threshold))
            for step, answers in zip(judged.steps, judged.by_step, strict=True)
        ),
        drawn=_drawn(drawn, threshold) if drawn else (),
        bins=calibration(probability, bare),
        verdicts=measure_coverage(judged, threshold),
        rejection=None if rejects is None else _rejection(judged, rejects),
    )


def _rejection(judged: Judged, rejects: Kept) -> Rejection:
    bare = judged.bare
    sources = np.array([one.source for one in rejects.rejects])
    return Rejection(
        int((judged.rejected & bare).sum()),
        int((judged.rejected & ~bare).sum()),
        int((judged.hardly & bare).sum()),
        int((judged.hardly & ~bare).sum()),
        tuple(
            LetThrough(str(name), int((sources == name).sum()), int(rejects.kept[sources == name].sum()))
            for name in sorted(set(sources.tolist()))
        ),
    )


def _drawn(drawn: Drawn, threshold: float) -> tuple[Row, ...]:
    return tuple(
        Row(name, measure(answers, np.full(drawn.faces, name != MASKS), threshold))
        for name, answers in zip(DRAWINGS, drawn.no_mask_probability, strict=True)
    )


def _by_size(judged: Judged, row: Any) -> tuple[Row, ...]:
    classes = np.digitize(judged.sizes, SIZE_EDGES)
    names = [f"<{SIZE_EDGES[0]}"]
    names += [f"{low}-{high}" for low, high in pairwise(SIZE_EDGES)]
    names.append(f">={SIZE_EDGES[-1]}")
    return tuple(row(name, classes == place) for place, name in enumerate(names))
