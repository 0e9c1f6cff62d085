"""The folder of a report, and what else lies in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from maskcam.errors import UnusableInput
from training.report_folder import ReportFolder


def test_a_report_takes_the_place_of_its_own_files_only(tmp_path: Path) -> None:
    for name in ("wrong-1.png", "wrong-12.png", "wrong-1-my-notes.png", "wrong-.png", "awrong-1.png", "report.md"):
        (tmp_path / name).write_text("of before")
    with pytest.raises(UnusableInput, match=r"report\.md exists"):
        ReportFolder(tmp_path, ["report.md"], ["wrong"], force=False)
    ReportFolder(tmp_path, ["report.md"], ["wrong"], force=True).sweep()
    assert {one.name for one in tmp_path.iterdir()} == {"wrong-1-my-notes.png", "wrong-.png", "awrong-1.png"}
