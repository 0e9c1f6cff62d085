"""The report's section on verdicts: whom the app judges, whom it leaves unsure, and what that is worth."""

from __future__ import annotations

from collections.abc import Iterator

from maskcam.frames import Reason, Verdict
from training.markdown import percent_of, share
from training.risk_coverage import LEVELS, REJECTED, Covered, RiskCoverage

_IN_WORDS = {
    Verdict.NO_MASK: "no mask",
    Verdict.MASK: "mask",
    Reason.TOO_SMALL: "unsure: too small",
    Reason.TOO_BLURRED: "unsure: too blurred, or too dark",
    Reason.MIXED: "unsure: mixed, about the threshold",
    REJECTED: "nothing: rejected as no face",
}


def caught_line(found: RiskCoverage) -> str:
    """Return in one line who gets a verdict, and what becomes of the bare faces."""
    app = found.app
    missed, unsure, rejected = found.bare(Verdict.MASK), found.bare(*Reason), found.bare(REJECTED)
    return (
        f"the app gives {app.covered} of {app.faces} faces a verdict; of {app.bare} bare faces {app.caught} are caught"
        f" (95 %: {percent_of(app.caught_interval)}), {app.bare - app.caught} are not: {missed} called masked,"
        f" {unsure} left unsure, {rejected} rejected as no face"
    )


def verdicts(found: RiskCoverage) -> Iterator[str]:
    """Yield the section's lines, in Markdown."""
    yield "## Verdicts"
    yield ""
    line = caught_line(found)
    yield f"**{line[0].upper()}{line[1:]}.**"
    yield ""
    yield (
        "All other numbers of this report take every face for masked or bare by the threshold alone. The app leaves"
        " faces `unsure` that are too small, blurred or dark, and those about the threshold; here every face is judged"
        " as if it stood in a single picture. *Caught* are the bare faces that are called `no_mask`. A bare face that"
        " is left unsure or rejected as no face is *not caught*; missed alarms are in this section only those called"
        " masked. Whether the detector finds a face plays no part."
    )
    yield ""
    yield "| the app says | bare faces | masked faces |"
    yield "| --- | --- | --- |"
    yield from (f"| {_IN_WORDS[one.name]} | {one.bare} | {one.masked} |" for one in found.answers)
    yield ""
    yield (
        "| who gets a verdict | coverage | missed of bare | 95 % | false of masked | 95 % | accuracy | 95 %"
        " | caught of all bare | 95 % |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    yield _row("the app", found.app)
    yield from (_row(f"surest {percent} %", found.curve.at(percent)) for percent in LEVELS)
    yield ""
    yield (
        "*Surest* are the faces whose log-odds lie farthest from the threshold's; crops that are too small, blurred or"
        " dark come after all others, and what is rejected as no face last, where it counts as called masked. Equally"
        " sure faces go together, so a row may cover more than it says. The app wants more to say `mask` than to say"
        " `no mask`, and so needn't lie on this curve."
    )
    yield ""


def _row(name: str, one: Covered) -> str:
    scores = one.scores
    return (
        f"| {name} | {one.covered} of {one.faces}, {share(one.coverage)} | {scores.missed_alarms} of {scores.positives}"
        f" | {percent_of(one.missed_interval)} | {scores.false_alarms} of {scores.negatives}"
        f" | {percent_of(one.false_interval)} | {share(scores.accuracy)} | {percent_of(one.accuracy_interval)}"
        f" | {one.caught} of {one.bare} | {percent_of(one.caught_interval)} |"
    )
