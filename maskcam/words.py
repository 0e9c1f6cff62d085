"""Numbers as people say them."""

from __future__ import annotations


def counted(count: int, one: str, many: str) -> str:
    """Return a number with its noun, as 1 person or 2 people."""
    return f"{count} {one if count == 1 else many}"


def clock(seconds: float) -> str:
    """Return a length of time, as of a film up to some place, as 0:07 or 1:02:03."""
    minutes, rest = divmod(max(int(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
