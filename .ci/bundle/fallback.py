"""Libraries of the system that a machine without a screen may lack although MediaPipe and Qt are linked to them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from bundle.selection import Entry, is_system, needed_by

FOLDER = "fallback"
ORDER = "order.txt"
LIBRARIES = ("libxcb.so.1", "libGL.so.1", "libEGL.so.1", "libGLESv2.so.2")
"""maskcam draws nothing through them. Where there is a screen, the system's own fit its driver; so `at_start.py` opens
these, and what they need, only where the system has none."""


def entries(chosen: Iterable[Entry], work: Path) -> list[Entry]:
    """The entries of these libraries, of what they need beyond what is `chosen`, and of a list of them in order.

    SystemExit when this machine lacks one.
    """
    inside = {PurePosixPath(place).name for place, _, _ in chosen}
    order: dict[str, Path] = {}
    for name in LIBRARIES:
        _add(name, inside, order)
    work.mkdir(parents=True, exist_ok=True)
    told = work / ORDER
    told.write_text("\n".join(order) + "\n", encoding="ascii")
    found = [(f"{FOLDER}/{name}", str(path), "DATA") for name, path in order.items()]
    return [*found, (f"{FOLDER}/{ORDER}", str(told), "DATA")]


def _add(name: str, inside: set[str], order: dict[str, Path]) -> None:
    """Add a library behind all that it needs."""
    from PyInstaller.depend.bindepend import resolve_library_path  # noqa: PLC0415 (only where the folder is built)

    path = resolve_library_path(name)
    if not path:
        raise SystemExit(f"build.spec: {name} is missing, which MediaPipe and Qt need; the README names packages")
    real = Path(path).resolve()
    for other in sorted(needed_by([real])[str(real)]):
        glibc = is_system(other) and not other.startswith(("libGL", "libEGL", "libxcb"))
        if not (glibc or other in inside or other in order):
            _add(other, inside, order)
    order[name] = real
