"""Keeps the native libraries in their place: their start-up chatter, and what they drag in when imported."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
import tempfile
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from maskcam.errors import UnusableInput

_BARE_PACKAGES = (
    "mediapipe",
    "mediapipe.tasks",
    "mediapipe.tasks.python",
    "mediapipe.tasks.python.core",
    "mediapipe.tasks.python.components",
    "mediapipe.tasks.python.components.containers",
    "mediapipe.tasks.python.vision",
    "mediapipe.tasks.python.vision.core",
)


_TURN = threading.RLock()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hold back what native code writes to file descriptor 2; give it back if the block raises.

    MediaPipe and LiteRT write log lines from C++ when a model is created, first run and closed, and heed no
    setting. The redirection counts for the whole process, also for what other threads write meanwhile. Threads take
    turns: of two at once the first to end would let the other's lines through, and the last would leave the descriptor
    on its file for ever.
    """
    with _TURN, _quiet():
        yield


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    if sys.stderr is not None:
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # a windowed program may have no descriptor 2, hence nothing to silence
        yield
        return
    with _somewhere() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except (UnusableInput, KeyboardInterrupt):
            raise  # told in one line of its own
        except BaseException:
            os.dup2(kept, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _somewhere() -> IO[bytes]:
    """Open a file to hold text; where no folder can be written to, one that forgets it."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return Path(os.devnull).open("r+b")


def import_face_detector() -> tuple[Any, Any]:
    """Import MediaPipe's face detector and image module without the rest of MediaPipe.

    MediaPipe's packages import every task they have, and with them matplotlib, sounddevice and, where it is
    installed, TensorFlow: seconds for nothing. Here its packages are entered as bare folders, so that only the
    modules that face detection names are run. Code in the same process that wants the whole of MediaPipe imports it
    before this is called; it is then used as it is.
    """
    if "mediapipe" in sys.modules:
        return (
            importlib.import_module("mediapipe.tasks.python.vision.face_detector"),
            importlib.import_module("mediapipe.tasks.python.vision.core.image"),
        )
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("mediapipe is not installed")
    root = next(iter(spec.submodule_search_locations))
    absent_tensorflow = "tensorflow" not in sys.modules
    try:
        for name in _BARE_PACKAGES:
            found = importlib.util.find_spec(name)
            package = types.ModuleType(name)
            package.__path__ = [str(Path(root).joinpath(*name.split(".")[1:]))]
            package.__spec__ = found  # whoever looks for the package later finds where it lies
            sys.modules[name] = package
        if absent_tensorflow:
            # None makes an import fail as if it were not installed; MediaPipe then does without.
            sys.modules["tensorflow"] = None  # type: ignore[assignment]
        return (
            importlib.import_module("mediapipe.tasks.python.vision.face_detector"),
            importlib.import_module("mediapipe.tasks.python.vision.core.image"),
        )
    finally:
        if absent_tensorflow:
            del sys.modules["tensorflow"]
