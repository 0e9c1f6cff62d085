"""Native libraries pass Python's sockets by, so the system's own calls are watched."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import environment

LOCAL = re.compile(r"sa_family=AF_(UNIX|NETLINK)|127\.0\.0\.1|\"::1\"")


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("command", [["demo"], ["selftest"]], ids=lambda command: command[0])
def test_nothing_is_sent_anywhere(command: list[str], tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    watched = ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", str(trace)]
    run = subprocess.run(
        [*watched, sys.executable, "-m", "maskcam", *command],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if "ptrace" in run.stderr and not trace.read_text():
        pytest.skip("strace may not trace here")
    assert run.returncode == 0, run.stderr
    calls = [line for line in trace.read_text().splitlines() if "(" in line and not LOCAL.search(line)]
    sent = [line for line in calls if re.search(r"connect\(|sa_family=AF_INET", line)]
    assert sent == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_watch_would_notice(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    script = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('192.0.2.1', 9))"
    subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=connect", "-o", str(trace), sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )
    if not trace.exists() or not trace.read_text():
        pytest.skip("strace may not trace here")
    assert any("192.0.2.1" in line and not LOCAL.search(line) for line in trace.read_text().splitlines())
