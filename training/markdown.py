"""How numbers and names are written in the reports."""

from __future__ import annotations

from training.measures import Interval


def percent_of(interval: Interval | None) -> str:
    """Return the ends of an interval of a share, 0 to 1, in per cent; a dash for None."""
    return "-" if interval is None else f"{100 * interval[0]:.2f}-{100 * interval[1]:.2f} %"


def share(value: float | None, digits: int = 4) -> str:
    """Return a share, 0 to 1, with so many decimals; a dash for None."""
    return "-" if value is None else f"{value:.{digits}f}"


def cell(text: str) -> str:
    """Keep a name from breaking a table, or the file's encoding."""
    return text.encode(errors="replace").decode().replace("|", "\\|").replace("\n", " ")
