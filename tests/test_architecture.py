"""Data flows one way, and a module imports only what stands before it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support import ROOT, environment

# Each module's rank is its row: it may import modules of the rows above and of its own row.
ORDER = [
    ["errors", "frames", "closing", "words"],
    ["assets", "cores", "native", "signals", "videoio"],
    ["modelcard"],
    ["crops", "doubts", "drawn_mask"],
    ["boxes", "odds", "search"],
    ["merging"],
    ["faces", "classifier", "finder", "belief"],
    ["motion", "track_rules", "evidence", "detections", "association", "judging"],
    ["tracks", "single", "tally"],
    ["pipeline"],
    ["live"],
    ["colour", "letterbox", "pending"],
    ["sources.damage", "sources.losses", "sources.upright", "sources.inputs", "sources.timing", "sources.schemes"],
    ["sources.video_file", "pictures"],
    ["sources.cameras", "sources.handle", "sources.pace", "sources.spec"],
    ["sources.address", "sources.feed", "sources.film"],
    ["sources.camera", "sources.stream", "sources.played"],
    ["sources.opener"],
    ["overlay_patches", "overlay", "privacy", "glide"],
    ["sinks.encoder", "sinks.sound", "sinks.lines", "sinks.records"],
    ["sinks.video_file", "sinks.keeping", "sinks.recording"],
    ["runner", "telling"],
    ["viewer"],
    ["video_job", "picture_job", "selftest_parts", "selftest"],
    ["commands"],
    ["cli"],
    ["__main__"],
]
RANK = {name: rank for rank, row in enumerate(ORDER) for name in row}
CORE = [name for name, rank in RANK.items() if rank <= RANK["pipeline"] and name not in ("assets", "native", "signals")]

# The same within the viewer: its rules, what works without a window, and the window.
RULES = [
    ["settings", "keys", "health", "reconnect", "timeline", "alarm", "totals", "camera_modes"],
    ["messages"],
    ["shown"],
    ["supervision", "sight"],
    ["state"],
]
WINDOWLESS = [["compose", "wall_clock"], ["keeper", "engine"], ["play_control"]]
WINDOW = [
    ["palette", "dialogs", "crash", "remember", "actions"],
    ["layers", "status", "timeline_strip", "welcome", "settings_dialog", "camera_menu"],
    ["canvas"],
    ["front", "keep_control", "source_control"],
    ["wiring", "window", "qt_messages"],
    ["app"],
    ["start"],
]
VIEWER = {name: rank for rank, row in enumerate([["__init__"], *RULES, *WINDOWLESS, *WINDOW]) for name in row}


def imported(path: Path) -> set[str]:
    """All modules that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return names


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def parts(path: Path) -> tuple[str, ...]:
    """The names by which a file of the app is imported, without the first."""
    return path.relative_to(ROOT / "maskcam").with_suffix("").parts


def place(names: Sequence[str]) -> str:
    """The name in ORDER of a module or what is in it; `runner` and `viewer` have one place for all that is in them."""
    return ".".join(names[:2]) if names[0] in ("sources", "sinks") else names[0]


def starts_threads(path: Path) -> bool:
    """Whether a file names anything that makes a thread or a process."""
    makers = {
        "Thread",
        "Timer",
        "ThreadPoolExecutor",
        "ProcessPoolExecutor",
        "QThread",
        "QThreadPool",
        "start_new_thread",
    }
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    names = {getattr(node, "attr", None) or getattr(node, "id", None) for node in nodes}
    return bool((names | {name.rpartition(".")[2] for name in imported(path)}) & makers)


@pytest.mark.parametrize("path", modules("maskcam"), ids=lambda path: "-".join(path.relative_to(ROOT).parts[1:]))
def test_module_imports_only_what_stands_before_it(path: Path) -> None:
    name = place(parts(path))
    if name.endswith("__init__"):
        assert not imported(path)
        return
    assert name in RANK, f"give {name} a place in ORDER"
    for other in imported(path):
        package, _, rest = other.partition(".")
        assert package != "training", f"{name} imports training"
        if package == "maskcam" and rest:
            module = place(rest.split("."))
            assert module not in RANK or RANK[module] <= RANK[name], f"{name} imports {module}, which comes after it"


@pytest.mark.parametrize("path", modules("maskcam/viewer"), ids=lambda path: path.stem)
def test_the_viewers_rules_know_no_window(path: Path) -> None:
    name = path.stem
    names = imported(path)
    for other in names:
        if other.startswith("maskcam.viewer."):
            module = other.split(".")[2]
            assert VIEWER[module] <= VIEWER[name], f"{name} imports {module}, which comes after it"
    roots = {other.split(".")[0] for other in names}
    if any(name in row for row in RULES):
        assert not roots & {"PySide6", "threading", "queue", "time", "datetime", "cv2"}
    if any(name in row for row in WINDOWLESS):
        assert "PySide6" not in roots


@pytest.mark.parametrize("name", CORE)
def test_core_has_no_threads_clocks_or_window(name: str) -> None:
    forbidden = {"threading", "queue", "time", "datetime", "PySide6", "asyncio", "multiprocessing", "socket"}
    roots = {other.split(".")[0] for other in imported(ROOT / "maskcam" / f"{name}.py")}
    assert not roots & forbidden


def test_threads_live_in_the_runner_alone() -> None:
    with_threads = {place(parts(path)) for path in modules("maskcam") if starts_threads(path)}
    assert with_threads == {"runner"}
    # What the runner's threads share may have locks of its own, and the window hears of errors in threads.
    with_locks = {place(parts(path)) for path in modules("maskcam") if "threading" in imported(path)}
    assert with_locks <= {"runner", "native", "viewer", "sources.handle", "sources.pace", "sources.played"}


def test_running_the_app_brings_neither_tensorflow_nor_matplotlib() -> None:
    script = """
import sys
import maskcam, maskcam.cli, maskcam.video_job, maskcam.picture_job, maskcam.selftest
from maskcam.assets import MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.faces import FaceDetector
with FaceDetector() as detector, MaskClassifier(asset(MASK_MODEL)):
    pass
heavy = ("tensorflow", "keras", "matplotlib", "sounddevice", "scipy", "training")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""
