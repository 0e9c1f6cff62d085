"""The few lines that `maskcam selftest` reads of the bundled distributions: their names and versions."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from bundle.contents import DISTRIBUTIONS
from bundle.selection import Entry


def entries(work: Path) -> list[Entry]:
    """An entry for each distribution, its file written below `work`."""
    made: list[Entry] = []
    for name in DISTRIBUTIONS:
        about = importlib.metadata.metadata(name)
        place = f"{name.replace('-', '_')}-{about['Version']}.dist-info/METADATA"
        path = work / "metadata" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"Metadata-Version: 2.1\nName: {about['Name']}\nVersion: {about['Version']}\n", encoding="utf-8"
        )
        made.append((place, str(path), "DATA"))
    return made
