"""The plan of the ablation: one change a line, the same budget for each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from maskcam.modelcard import MASK, NOT_FACE
from tests.support import environment, heed_signals, wait_for
from training.ablation import _false_at_recall, _sources
from training.ablation_plan import Budget, plan
from training.cli import _parser, main
from training.manifest import TRAIN, VALIDATION, Sample, write_manifest
from training.sampling import INGREDIENTS

SOURCES = ("large", "second", "scenes")


def test_the_plan_begins_with_the_textbook_and_changes_one_thing_a_line() -> None:
    lines = plan(SOURCES)
    assert lines[0].without == INGREDIENTS and lines[0].sources == ("large",) and lines[0].head_only
    for one, following in pairwise(lines):
        changed = [
            one.without != following.without,
            one.sources != following.sources,
            one.head_only != following.head_only,
            one.input_size != following.input_size,
        ]
        assert sum(changed) == 1
        assert set(following.without) <= set(one.without) and set(following.sources) >= set(one.sources)
    assert lines[-1].without == () and lines[-1].sources == SOURCES
    assert [one.input_size for one in lines[-3:]] == [160, 224, 299]


def test_the_source_with_most_faces_to_train_on_comes_first(tmp_path: Path) -> None:
    """However much is in another that is no face, or not trained on."""
    counts = {("small", MASK, TRAIN): 2, ("small", NOT_FACE, TRAIN): 9, ("large", MASK, TRAIN): 3}
    counts |= {("small", MASK, VALIDATION): 5, ("unused", MASK, VALIDATION): 4}
    samples = [
        Sample(
            tmp_path / f"{source}{label}{split}{number}.png", label, source, f"{source}{label}{split}{number}", split
        )
        for (source, label, split), count in counts.items()
        for number in range(count)
    ]
    write_manifest(tmp_path / "m.csv", samples)
    assert _sources(tmp_path / "m.csv") == ["large", "small"]


@pytest.mark.parametrize("epochs", [2, 5])
def test_every_line_sees_as_many_pictures_and_is_understood_by_train(epochs: int) -> None:
    for line in plan(SOURCES):
        options = _parser().parse_args(["train", "m.csv", "--out", "x", *line.options(epochs)])
        assert options.head_epochs + options.epochs == epochs
        assert tuple(options.without or ()) == line.without and tuple(options.sources) == line.sources
        assert options.input_size == line.input_size


def test_false_alarms_are_counted_where_enough_bare_faces_are_caught() -> None:
    bare = np.linspace(0.5, 0.9, 800)
    masked = np.array([0.1, 0.4995, 0.50075, 0.6])
    truth = np.arange(804) < 800
    assert _false_at_recall(np.concatenate([bare, masked]).astype(np.float32), truth) == 1
    few = np.arange(14) < 10
    assert _false_at_recall(np.concatenate([bare[::80], masked]).astype(np.float32), few) == 2


@pytest.mark.parametrize("budget", [{"epochs": 1}, {"epoch_images": 0}, {"ladder_faces": 0}])
def test_a_budget_needs_something_to_spend(budget: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="ablation needs"):
        Budget("w", "float32", **budget)


def test_wrong_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options, words in (([], "not a manifest"), (["--epochs", "1"], "needs two epochs")):
        assert main(["ablate", str(tmp_path / "absent.csv"), "--out", str(tmp_path / "out"), *options]) == 2
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1


SLOW_TO_STOP = """#!{python}
import pathlib, signal, time
folder = pathlib.Path({folder!r})
def save(*_):
    time.sleep(1)
    (folder / "saved").touch()
    raise SystemExit(130)
signal.signal(signal.SIGINT, save)
(folder / "trains").touch()
time.sleep(60)
"""
ABLATING = """
import sys
from pathlib import Path
from training import ablation, ablation_plan
sys.executable = sys.argv[1]
line = ablation_plan.Line("plain", (), ("own",))
ablation._train(Path("m.csv"), Path("line"), line, ablation_plan.Budget("w", "float32"))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups with Ctrl-C")
def test_a_training_that_is_stopped_may_save_what_it_did(tmp_path: Path) -> None:
    trainer = tmp_path / "trainer"
    trainer.write_text(SLOW_TO_STOP.format(python=sys.executable, folder=str(tmp_path)))
    trainer.chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, "-c", ABLATING, str(trainer)],
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
        preexec_fn=heed_signals,  # noqa: PLW1509
    )
    try:
        wait_for((tmp_path / "trains").exists)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to both
        assert "KeyboardInterrupt" in process.communicate(timeout=60)[1]
    finally:
        process.kill()
        process.wait()
    assert (tmp_path / "saved").exists()
