"""An ordinary wheel carries the assets and works from any folder."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support import ROOT, environment


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the unpacked wheel, as pip would install it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--no-deps",
            "--no-build-isolation",
            "--no-index",
            "--disable-pip-version-check",
            "-q",
            "-w",
            folder,
            ROOT,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert build.returncode == 0, build.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_carries_the_assets_once_and_no_tests(site: Path) -> None:
    assert {path.name for path in (site / "maskcam" / "assets").iterdir()} == {
        path.name for path in (ROOT / "assets").iterdir()
    }
    assert {path.name for path in site.iterdir() if path.suffix != ".dist-info"} == {"maskcam", "training"}


def test_the_wheel_carries_the_lists_of_training(site: Path) -> None:
    lists = {path.name for path in (ROOT / "training").iterdir() if path.suffix in (".csv", ".json")}
    assert {"corrected_scenes.csv", "drawn_faces.csv", "mislabelled.csv", "sources.json"} <= lists
    assert lists <= {path.name for path in (site / "training").iterdir()}


def test_it_works_from_another_folder(site: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "maskcam", "selftest"],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(site)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    where = subprocess.run(
        [sys.executable, "-c", "import maskcam.assets; print(maskcam.assets.asset_folder())"],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(site)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.strip() == str(site / "maskcam" / "assets")
