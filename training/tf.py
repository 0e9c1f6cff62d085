"""The one door to TensorFlow: imported late, without its log lines, and missing with one clear line."""

from __future__ import annotations

import os
from typing import Any

from maskcam.errors import UnusableInput
from maskcam.native import quiet


def import_tensorflow() -> Any:
    """Return the module `tensorflow`; UnusableInput when the `train` extra is not installed."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    try:
        with quiet():
            import tensorflow  # noqa: PLC0415 (takes seconds, so only when used)

            tensorflow.config.list_physical_devices()  # looks for a GPU, and says so at length
    except ImportError:
        raise UnusableInput('training needs TensorFlow; install it with pip install "maskcam[train]"') from None
    return tensorflow


def first_line(error: Exception) -> str:
    """Return the first line of what a library says of an error; TensorFlow, Keras and h5py say many."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
