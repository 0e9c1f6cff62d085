"""Libraries of the system that a machine without a screen may lack although MediaPipe and Qt are linked to them."""

from __future__ import annotations

from pathlib import Path

from bundle.selection import Entry

FOLDER = "fallback"
ORDER = "order.txt"
LIBRARIES = (
    "libXau.so.6",
    "libXdmcp.so.6",
    "libxcb.so.1",
    "libGLdispatch.so.0",
    "libGLX.so.0",
    "libGL.so.1",
    "libEGL.so.1",
    "libGLESv2.so.2",
)
"""In the order in which they need each other. maskcam draws nothing through them. Where there is a screen, the
system's own fit its driver; so `at_start.py` opens these only where the system has none."""


def entries(work: Path) -> list[Entry]:
    """The entries of these libraries and of a list of them; SystemExit when this machine lacks one."""
    from PyInstaller.depend.bindepend import resolve_library_path  # noqa: PLC0415 (only where the folder is built)

    found: list[Entry] = []
    for name in LIBRARIES:
        path = resolve_library_path(name)
        if not path:
            raise SystemExit(f"build.spec: {name} is missing, which MediaPipe and Qt need; the README names packages")
        found.append((f"{FOLDER}/{name}", str(Path(path).resolve()), "DATA"))
    order = work / ORDER
    order.write_text("\n".join(LIBRARIES) + "\n", encoding="ascii")
    return [*found, (f"{FOLDER}/{ORDER}", str(order), "DATA")]
