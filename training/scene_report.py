"""What an evaluation on scenes tells: counts by label and width, as Markdown and for a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from maskcam.frames import Verdict
from training.heads import FILLS_HEAD, INSIDE_HEAD
from training.measures import wilson
from training.scan import Trouble
from training.scene_outcome import BAND_NAMES, BANDS, FOUND_IOU, OUTCOMES, Holds, Outcome, band
from training.scene_split import Chosen

VERDICTS = tuple(Verdict)
BESIDE = 0.12
"""Overlap (intersection over union) from which a box that is on no label is on somebody labelled, only badly placed."""


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """Return the counts for a file."""
    return {
        "scenes": outcome.scenes,
        "milliseconds_a_scene": round(outcome.seconds * 1000, 1),
        "boxes_without_label": len(outcome.extra),
        "of_them_beside_a_label": _beside(outcome),
        "faces": [
            {"label": label, "width": width, **dict(zip(OUTCOMES, counts, strict=True))}
            for (label, width), counts in _counts(outcome).items()
        ],
        "without_label": [
            {"width": width, **{str(name): count for name, count in zip(VERDICTS, counts, strict=True)}}
            for width, counts in _extra_counts(outcome).items()
        ],
    }


def head(facts: dict[str, Any], chosen: Chosen) -> Iterator[str]:
    """Yield what was judged by what, and what the labels are taken for."""
    yield (
        f"{facts['scenes']} scenes of {facts['data']}, judged by {facts['model']} from no-mask probability"
        f" {facts['threshold']:.4f} on; faces are looked for from {facts['smallest_face']} px on."
    )
    if facts["split"] is not None:
        others = f"{chosen.of_others} pictures of other splits are left out"
        unlisted = f", and {chosen.unlisted} that it doesn't list" if chosen.unlisted else ""
        yield f"Only pictures of the split {facts['split']} of {facts['manifest']} are judged; {others}{unlisted}."
    yield ""
    if facts["boxes"] == Holds.HEAD:
        yield (
            f"The labels hold whole heads. A box is a head's face where {INSIDE_HEAD:g} of the box or more lies in the"
            f" head and the box fills {FILLS_HEAD:g} of the head or more; the widths of labels are those of heads."
            " Scenes with such labels often leave small faces in the background without one, and a box there counts as"
            " on no label: only the sheets tell which of these are false."
        )
    else:
        yield f"The labels hold faces. A box is a labelled face where the two overlap by {FOUND_IOU:g} or more."
    yield ""


def report(outcome: Outcome) -> Iterator[str]:
    """Yield the counts, in Markdown."""
    yield "| label | width, px | faces | right | 95 % | wrong | unsure | missed |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for (label, width), counts in _counts(outcome).items():
        right, wrong, unsure, missed = counts
        low, high = wilson(right, sum(counts)) or (0.0, 1.0)
        share = f"{100 * low:.0f}-{100 * high:.0f} %"
        yield f"| {label} | {width} | {sum(counts)} | {right} | {share} | {wrong} | {unsure} | {missed} |"
    yield ""
    if outcome.extra:
        yield "| on no label, width of the box, px | boxes | no mask | mask | unsure |"
        yield "| --- | --- | --- | --- | --- |"
        for width, counts in _extra_counts(outcome).items():
            said = dict(zip(VERDICTS, counts, strict=True))
            row = " | ".join(str(said[name]) for name in (Verdict.NO_MASK, Verdict.MASK, Verdict.UNSURE))
            yield f"| {width} | {sum(counts)} | {row} |"
        yield ""
    yield (
        f"{len(outcome.extra)} boxes on no labelled face in {outcome.scenes} scenes,"
        f" {len(outcome.extra) / outcome.scenes:.2f} each, {_beside(outcome)} of them beside one (overlap of {BESIDE:g}"
        f" or more); {outcome.seconds * 1000:.0f} ms a scene"
    )


def not_judged(trouble: Trouble) -> Iterator[str]:
    """Yield what was left out, if anything."""
    if trouble.other_labels:
        yield f"not judged: {trouble.other_labels} heads with other labels"
    if trouble.unreadable:
        yield f"unreadable: {len(trouble.unreadable)}"
        yield from (f"  {line}" for line in trouble.unreadable)


def _beside(outcome: Outcome) -> int:
    return sum(one.overlap >= BESIDE for one in outcome.extra)


def _counts(outcome: Outcome) -> dict[tuple[str, str], tuple[int, ...]]:
    """Return the outcomes counted by label and band, and after a label's bands those of the two largest together."""
    counts: dict[tuple[str, str], tuple[int, ...]] = {}
    for label in sorted({one.label for one in outcome.faces}):
        of_label = [one for one in outcome.faces if one.label == label]
        bands = {name: (name,) for name in BAND_NAMES} | {f">={BANDS[1]} in all": BAND_NAMES[-2:]}
        for width, names in bands.items():
            found = [one.outcome for one in of_label if one.band in names]
            if found:
                counts[label, width] = tuple(found.count(name) for name in OUTCOMES)
    return counts


def _extra_counts(outcome: Outcome) -> dict[str, tuple[int, ...]]:
    """Return the verdicts on boxes without a label, in the order of `VERDICTS`, by the width of the box."""
    said = [(band(one.seen.box), one.seen.verdict) for one in outcome.extra]
    found = {width: tuple(said.count((width, name)) for name in VERDICTS) for width in BAND_NAMES}
    return {width: counts for width, counts in found.items() if any(counts)}
