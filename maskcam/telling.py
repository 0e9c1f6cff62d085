"""What the command line says of what was seen: one sentence for each event and for the whole."""

from __future__ import annotations

from maskcam.frames import Event, EventKind, Result, Verdict
from maskcam.tally import Summary
from maskcam.words import counted


def tell_event(event: Event) -> str:
    """Return what happened to a person, and when."""
    what = {
        EventKind.APPEARED: f"appears: {event.verdict.words}",
        EventKind.VERDICT: f"now: {event.verdict.words}",
        EventKind.LEFT: "leaves",
    }[event.kind]
    return f"{event.time:5.1f} s  person {event.track} {what}"


def tell_summary(summary: Summary, seconds: float) -> str:
    """Return what a video showed, and how fast it was worked through in `seconds`."""
    longest = ""
    if summary.longest_without_track is not None:
        longest = f", longest {summary.longest_without:.1f} s (person {summary.longest_without_track})"
    return (
        f"{counted(summary.people, 'person', 'people')} seen, {summary.people_without} without a mask{longest};"
        f" {counted(summary.frames, 'frame', 'frames')}, {summary.frames / max(seconds, 1e-6):.1f} frames/s"
    )


def tell_tracks(tracks: int, width: int, height: int) -> str | None:
    """Return which of a file's `tracks` of pictures is judged, None where there is no choice."""
    if tracks == 1:
        return None
    return f"it holds {tracks} tracks of pictures; only that of {width}x{height} is judged"


def tell_losses(damage: str | None, sound_lost: int) -> str | None:
    """Return what of a video could not be kept, None if nothing: `damage` as its source says it, pieces of sound."""
    sound = f"{counted(sound_lost, 'piece', 'pieces')} of its sound could not be kept" if sound_lost else None
    return ", ".join(one for one in (damage, sound) if one) or None


def tell_picture(name: str, result: Result) -> str:
    """Return how many faces of which verdict a picture holds."""
    if not len(result):
        return f"{name}: no face"
    counts = [f"{result.count(one)} {one.words}" for one in Verdict if result.count(one)]
    return f"{name}: {counted(len(result), 'face', 'faces')}, {', '.join(counts)}"
