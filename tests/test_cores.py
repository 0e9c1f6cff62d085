"""The cores that a process may use, which may be fewer than the processor has."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support import environment

ONE = """
import os
from maskcam.cores import usable_cores
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
print(usable_cores())
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system can't keep a process to some cores")
def test_a_process_that_is_kept_to_one_core_counts_one() -> None:
    run = subprocess.run([sys.executable, "-c", ONE], env=environment(), capture_output=True, text=True, check=True)
    assert run.stdout == "1\n"
