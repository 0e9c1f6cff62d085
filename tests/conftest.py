from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from maskcam.assets import MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.faces import FaceDetector
from tests.support import STARTED, wait_for

# How long an example takes says something of the machine's other work, not of the code.
settings.register_profile("maskcam", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("maskcam")


TOGETHER = "tests/whole_training/"
"""A folder whose tests look at one long training, so that one process should have them all, from the start."""


class ByFile(LoadScopeScheduling):
    """Gives each process whole files: what a file's tests share is made once."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, or all other processes would wait for it at the end."""
    items.sort(key=lambda one: not one.nodeid.startswith(TOGETHER))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden pictures instead of comparing")


@pytest.fixture(scope="module")
def parts() -> Iterator[tuple[FaceDetector, MaskClassifier]]:
    with FaceDetector() as detector, MaskClassifier(asset(MASK_MODEL)) as classifier:
        yield detector, classifier


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    for process in STARTED:
        process.kill()
        process.wait()
    STARTED.clear()


@pytest.fixture
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    wait_for(lambda: set(threading.enumerate()) <= before)


@pytest.fixture
def ctrl_c_is_heard() -> Iterator[None]:
    """A suite that runs in the background may have been started with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
