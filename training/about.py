"""Where data comes from and under which licence: told in a JSON file, carried beside the manifest to the card."""

from __future__ import annotations

import json
from pathlib import Path

from maskcam.errors import UnusableInput


def about_path(manifest: Path) -> Path:
    """Return where the description of a manifest's sources lies."""
    return manifest.with_name("sources.json")


def read_about(path: Path) -> dict[str, dict[str, str]]:
    """Read `{source: {"name": ..., "licence": ...}}`; empty when there is no file, UnusableInput for another form."""
    if not path.exists():
        return {}
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        return {str(source): {str(key): str(value) for key, value in told.items()} for source, told in about.items()}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise UnusableInput(f"{path}: doesn't tell of sources as {{source: {{name, licence}}}} ({error})") from None


def write_about(path: Path, about: dict[str, dict[str, str]]) -> None:
    """Write the description."""
    path.write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", errors="backslashreplace")
