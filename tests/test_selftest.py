from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from maskcam.assets import MASK_MODEL, asset
from maskcam.modelcard import card_path
from tests.support import environment, maskcam, one_clear_line


def test_all_is_well_here(tmp_path: Path) -> None:
    run = maskcam("selftest", cwd=tmp_path)
    assert run.returncode == 0, run.stdout
    assert run.stderr == ""
    checks = [line for line in run.stdout.splitlines() if line.startswith("ok  ")]
    assert len(checks) == 11
    assert "mediapipe 0.10.33" in run.stdout
    assert list(tmp_path.iterdir()) == []


def test_damaged_weights_are_found(tmp_path: Path) -> None:
    weights = tmp_path / "model.tflite"
    weights.write_bytes(asset(MASK_MODEL).read_bytes()[:-5])
    shutil.copy(card_path(asset(MASK_MODEL)), card_path(weights))
    run = maskcam("selftest", "--model", weights, cwd=tmp_path)
    assert run.returncode == 1
    assert "FAILED  weights:" in run.stdout
    assert "ok      faces:" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def test_a_socket_is_noticed(tmp_path: Path) -> None:
    script = """
import socket
from maskcam.assets import MASK_MODEL, asset
from maskcam.selftest import SocketWatch, run_checks
watch = SocketWatch()
socket.socket().close()
print([good for good, line in run_checks(asset(MASK_MODEL), watch) if "network" in line])
"""
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[False]"


def test_an_installation_without_its_files_says_so(tmp_path: Path) -> None:
    package = Path(__file__).resolve().parent.parent / "maskcam"
    shutil.copytree(package, tmp_path / "lonely" / "maskcam")
    run = subprocess.run(
        [sys.executable, "-m", "maskcam", "demo"],
        cwd=tmp_path / "lonely",
        env=environment(PYTHONPATH=str(tmp_path / "lonely")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "install maskcam again" in one_clear_line(run)
