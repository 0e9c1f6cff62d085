"""The plan of the ablation: one change a line, the same budget for each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from maskcam.errors import UnusableInput
from maskcam.frames import Judgement, Pixels
from maskcam.modelcard import MASK, NO_MASK, NOT_FACE, CropRule, file_sha256
from tests.drawn_faces import save
from tests.support import environment, heed_signals, judged, wait_for
from training import ablation
from training.ablation import _false_at_recall, _sources
from training.ablation_plan import Budget, Line, plan
from training.checkpoint import RunFolder
from training.cli import _parser, main
from training.config import TrainConfig
from training.labelled import Labelled
from training.manifest import TRAIN, VALIDATION, Sample, write_manifest
from training.recipe import fingerprint
from training.sampling import INGREDIENTS
from training.train import training_card

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
    assert _sources(tmp_path / "m.csv") == (["large", "small"], [])


def test_a_validation_set_of_one_class_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    faces = [save(np.full((30, 30, 3), 90 + number, np.uint8), tmp_path / f"{number}.png") for number in range(4)]
    truths = ((MASK, TRAIN), (NO_MASK, TRAIN), (MASK, VALIDATION), (MASK, VALIDATION))
    samples = [Sample(path, label, "own", path.stem, split) for path, (label, split) in zip(faces, truths, strict=True)]
    write_manifest(tmp_path / "m.csv", samples)
    with pytest.raises(UnusableInput, match="faces of both classes"):
        list(ablation.ablate(tmp_path / "m.csv", tmp_path / "out", Budget("imagenet", "float32", 2, 32)))
    assert not (tmp_path / "out").exists()


def test_a_source_without_faces_is_trained_on_from_the_third_answer_on(tmp_path: Path) -> None:
    samples = [
        Sample(tmp_path / f"{source}{label}.png", label, source, f"{source}{label}", split)
        for source, label, split in (
            *(("large", MASK, TRAIN), ("nobody", NOT_FACE, TRAIN), ("unused", NOT_FACE, VALIDATION)),
        )
    ]
    write_manifest(tmp_path / "m.csv", samples)
    lines = plan(*_sources(tmp_path / "m.csv"))
    with_it = [line for line in lines if "nobody" in line.sources]
    assert with_it == lines[-3:] and {line.sources for line in with_it} == {("large", "nobody")}
    assert with_it[0].name.startswith("+ a third answer")
    assert not any("unused" in line.sources for line in lines)


def test_the_cells_of_a_line_are_what_was_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a stand-in for the network to which the brighter is the barer, on faces counted by hand."""

    class Brightness:
        def __init__(self) -> None:
            self.card = training_card(TrainConfig(manifest="", weights=None, input_size=75), CropRule())

        def judge(self, crops: Pixels) -> Judgement:
            return judged((crops.mean(axis=(1, 2, 3)) / 255).astype(np.float32))

    @contextmanager
    def scorer(_: Path) -> Iterator[Brightness]:
        yield Brightness()

    grain = np.random.default_rng(0).integers(-9, 10, (120, 120, 3))
    faces = [
        Labelled(save((level + grain).astype(np.uint8), tmp_path / f"{number}.png"), truth, "own")
        for number, (level, truth) in enumerate(
            [(240, NO_MASK), (200, NO_MASK), (90, NO_MASK), (180, MASK), (20, MASK), (150, MASK)]
        )
    ]
    RunFolder(tmp_path / "run").start(TrainConfig(manifest="m.csv", weights=None, input_size=75))
    monkeypatch.setattr(ablation, "open_scorer", scorer)
    found = ablation._measure(tmp_path / "run", faces, 200)
    assert (found["overall"]["missed_alarms"], found["overall"]["false_alarms"]) == (1, 2)
    assert found["false_at_recall"] == 2
    sizes, dark = found["steps"][:2], found["steps"][2]
    assert sizes == [[1, 2, 3, 3]] * 2, "smaller is no darker"
    assert dark == [3, 0, 3, 3]
    assert found["covered"] == [0, 0] and found["drawn_masks"] == [0, 0], "no face in these to draw on"
    found["covered"], found["drawn_masks"] = [7, 40], [5, 8]
    row = ablation._row(Line("this", (), ("own",)), found)
    assert (
        row == f"| this | 1 / 2 | 2 | 1 / 2 | 1 / 2 | 3 / 0 | {' / '.join(map(str, found['steps'][3][:2]))} | 7 | 5 |"
    )


@pytest.mark.parametrize("change", [{}, {"dropout": 0.2}, {"rate": 1e-4}, {"cycles": 1}, {"seed": 2}])
def test_a_line_of_before_is_compared_in_every_number_of_its_training(tmp_path: Path, change: dict[str, float]) -> None:
    manifest, line, budget = tmp_path / "m.csv", plan(SOURCES)[0], Budget("imagenet", "float32", 2, 32)
    manifest.write_text("path,label,source,group,split,box,keypoints\n")
    config = TrainConfig(
        manifest=str(manifest),
        manifest_sha256=file_sha256(manifest),
        recipe=fingerprint(),
        weights="imagenet",
        epoch_images=32,
        head_epochs=line.head_epochs(2),
        epochs=2 - line.head_epochs(2),
        without=line.without,
        sources=line.sources,
        input_size=line.input_size,
    )
    if "cycles" in change:
        config = replace(config, head_epochs=1, epochs=1)
    run = RunFolder(tmp_path / "01")
    run.start(replace(config, **change))  # type: ignore[arg-type]
    if not change:
        ablation._check_same(run, manifest, line, budget)
        return
    with pytest.raises(UnusableInput, match=f"trained with other .*{next(iter(change))}"):
        ablation._check_same(run, manifest, line, budget)


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
import pathlib, time
from maskcam.signals import stop_on_signals
folder = pathlib.Path({folder!r})
with stop_on_signals() as stopped:
    (folder / "trains").touch()
    while not stopped:
        time.sleep(0.05)
    time.sleep(1)
    (folder / "saved").touch()
raise SystemExit(130)
"""
ABLATING = """
import sys
from pathlib import Path
from maskcam.signals import interrupted_by_signals
from training import ablation, ablation_plan
sys.executable = sys.argv[1]
line = ablation_plan.Line("plain", (), ("own",))
with interrupted_by_signals():
    ablation._train(Path("m.csv"), Path("line"), line, ablation_plan.Budget("w", "float32"))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups with Ctrl-C")
@pytest.mark.parametrize("told", ["both", "ablate alone"])
def test_a_training_that_is_stopped_may_save_what_it_did(tmp_path: Path, told: str) -> None:
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
        if told == "both":
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        else:
            os.kill(process.pid, signal.SIGTERM)
        assert "KeyboardInterrupt" in process.communicate(timeout=60)[1]
    finally:
        with suppress(ProcessLookupError):  # the trainer too, which is in its session
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert (tmp_path / "saved").exists()
