from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from maskcam.assets import MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.faces import FaceDetector
from tests.support import wait_for

# How long an example takes says something of the machine's other work, not of the code.
settings.register_profile("maskcam", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("maskcam")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden pictures instead of comparing")


@pytest.fixture(scope="module")
def parts() -> Iterator[tuple[FaceDetector, MaskClassifier]]:
    with FaceDetector() as detector, MaskClassifier(asset(MASK_MODEL)) as classifier:
        yield detector, classifier


@pytest.fixture
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    wait_for(lambda: threading.active_count() == before)
