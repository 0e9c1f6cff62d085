"""Training meets a full disk, a reader who is gone, damaged runs, and numbers and names that can't be right."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from maskcam.assets import MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.modelcard import MASK, NO_MASK, NOT_FACE
from tests.drawn_faces import save, save_classes
from tests.support import environment, heed_signals
from tests.training_parts import tiny_model
from training import ablation, checkpoint
from training.ablation import _kept, _precision
from training.ablation_plan import Budget
from training.about import read_about, write_about
from training.checkpoint import Progress, RunFolder
from training.cli import main
from training.config import TrainConfig
from training.judge import judge
from training.labelled import Labelled, read_labelled, read_list, read_rejects
from training.manifest import TRAIN, VALIDATION, Sample, write_manifest
from training.precision import BFLOAT16, FASTEST, FLOAT32
from training.prepare import prepare as prepare_data
from training.run_data import readable
from training.scan import Trouble
from training.scene_corrections import read_corrections
from training.scenes import FARTHEST, read_scenes
from training.tf import import_tensorflow

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")

WILD = (0.0, 0.0, 2.0 * FARTHEST, 2.0 * FARTHEST)


def prepare(folder: Path, **streams: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "training", "prepare", str(folder / "faces"), "--out", str(folder / "data")]
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        command, stderr=subprocess.PIPE, text=True, timeout=120, check=False, **streams
    )


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    save_classes(tmp_path / "faces", ("with_mask", "without_mask"), 4, 0)
    return tmp_path


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_report_that_can_not_be_written_is_one_line(faces: Path) -> None:
    with Path("/dev/full").open("w") as full:
        run = prepare(faces, stdout=full, env=environment())
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == "training: standard output: no space left on device"
    assert "Traceback" not in run.stderr and (faces / "data" / "manifest.csv").is_file()


def test_a_reader_who_is_gone_is_no_error_to_speak_of(faces: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE)
    gone.wait()
    run = prepare(faces, stdout=gone.stdin, env=environment())
    assert gone.stdin is not None
    gone.stdin.close()
    assert run.returncode == 1 and "Traceback" not in run.stderr and "Exception" not in run.stderr
    assert (faces / "data" / "manifest.csv").is_file()


def test_a_full_disk_is_told_before_hdf5_meets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, model = RunFolder(tmp_path), tiny_model(1)
    optimizer = import_tensorflow().keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    run.save_best(model, 1, 0.5)
    kept = run.best.read_bytes()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=checkpoint.ROOM_BESIDE))
    for save_it in (
        lambda: run.save_best(model, 1, 0.5),
        lambda: run.save_end(model, 0),
        lambda: run.save(model, optimizer, Progress(3)),
    ):
        with pytest.raises(FailedOnTheWay, match=r"2 MB are free, 2 needed\); make room and go on"):
            save_it()
    assert run.best.read_bytes() == kept and [one.name for one in tmp_path.iterdir()] == [run.best.name]


@pytest.mark.parametrize("damage", [b"", b"PK", b"no archive at all"])
def test_an_optimizer_s_damaged_state_is_one_line(tmp_path: Path, damage: bytes) -> None:
    model = tiny_model(1)
    optimizer = import_tensorflow().keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    (tmp_path / "checkpoint-1.npz").write_bytes(damage)
    with pytest.raises(UnusableInput, match="the checkpoint is damaged") as refused:
        RunFolder(tmp_path).restore_optimizer(optimizer, "checkpoint-1")
    assert "\n" not in str(refused.value)


@pytest.mark.filterwarnings("ignore:Skipping nested container:UserWarning:keras")
def test_damaged_weights_are_one_line_wherever_the_damage_is(tmp_path: Path) -> None:
    run, model = RunFolder(tmp_path), tiny_model(1)
    run.save_best(model, 1, 0.5)
    whole = run.best.read_bytes()
    refusals = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        damaged = bytearray(whole)
        place = int(random.integers(len(damaged) - 64))
        damaged[place : place + 64] = random.bytes(64)
        run.best.write_bytes(damaged if seed % 2 else damaged[:place])
        try:
            run.restore_best(model)
            assert seed % 2, "what is cut off is always noticed"
        except UnusableInput as refused:
            assert "\n" not in str(refused)
            refusals += 1
    assert refusals > 30, "and some of what is overwritten"


@pytest.mark.parametrize("text", [b"epoche,loss\n1,2\n", b"epoch,loss\none,2\n", b"\xff\xfe\x00", b"epoch\n\x00\n"])
def test_a_damaged_history_is_one_line(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "history.csv").write_bytes(text)
    with pytest.raises(UnusableInput, match="not the history of a training"):
        RunFolder(tmp_path).history()


@pytest.mark.parametrize("state", [{"step": "5"}, {"step": 1.5}, {"step": -1}, {"best_loss": None}, {"batches": []}])
def test_a_checkpoint_counts_in_numbers(tmp_path: Path, state: dict[str, object]) -> None:
    (tmp_path / "checkpoint.json").write_text(json.dumps({"name": "checkpoint-1", **state}))
    with pytest.raises(UnusableInput, match="the checkpoint is damaged"):
        RunFolder(tmp_path).progress()


def test_json_too_deep_to_read_is_one_line(tmp_path: Path) -> None:
    deep = '{"a.jpg": ' + "[" * 200_000
    (tmp_path / "images").mkdir()
    for name in ("faces.json", "sources.json", "config.json", "checkpoint.json"):
        (tmp_path / name).write_text(deep)
    for read in (
        lambda: read_scenes(tmp_path),
        lambda: read_about(tmp_path / "sources.json"),
        RunFolder(tmp_path).config,
        RunFolder(tmp_path).progress,
        lambda: _kept(tmp_path / "config.json", 200),
    ):
        with pytest.raises(UnusableInput):
            read()


@pytest.mark.parametrize("box", [[0, 0, 1e6, 1e6], [-1e30, 0, 5, 5]])
def test_a_scene_s_box_beyond_any_picture_is_refused(tmp_path: Path, box: list[float]) -> None:
    (tmp_path / "faces.json").write_text(json.dumps({"a.png": {"faces": [{"label": "with_mask", "box": box}]}}))
    with pytest.raises(UnusableInput, match="no picture has a box with"):
        read_scenes(tmp_path)


def test_a_picture_s_name_holds_no_nul(tmp_path: Path) -> None:
    (tmp_path / "faces.json").write_text(json.dumps({"a\0.png": {"faces": []}}))
    with pytest.raises(UnusableInput, match="names no picture"):
        read_scenes(tmp_path)


def manifest(folder: Path, *rows: tuple[str, str, tuple[float, float, float, float] | None]) -> Path:
    samples = []
    for number, (label, split, box) in enumerate(rows):
        path = save(np.full((40, 40, 3), 90 + number, np.uint8), folder / f"{number}.png")
        samples.append(Sample(path, label, "own", f"own/{number}", split, box))
    write_manifest(folder / "m.csv", samples)
    return folder / "m.csv"


BOTH = [(label, split, None) for label in (MASK, NO_MASK) for split in (TRAIN, VALIDATION)]


def test_a_manifest_s_box_beyond_any_picture_is_refused_by_all_who_cut(tmp_path: Path) -> None:
    wild = manifest(tmp_path, *BOTH, (MASK, VALIDATION, WILD))
    for read in (lambda: readable(wild), lambda: read_labelled([wild], VALIDATION, Trouble())):
        with pytest.raises(UnusableInput, match=r"4\.png"):
            read()
    rejects = manifest(tmp_path, *BOTH, (NOT_FACE, VALIDATION, WILD))
    with pytest.raises(UnusableInput, match=r"4\.png"):
        read_rejects([rejects], VALIDATION)


@pytest.mark.parametrize("left", [(MASK,), (NO_MASK,), (NOT_FACE,)])
def test_what_can_not_be_validated_is_not_trained(tmp_path: Path, left: tuple[str, ...]) -> None:
    rows = [one for one in BOTH if one[1] == TRAIN] + [(label, VALIDATION, None) for label in left]
    with pytest.raises(UnusableInput, match="validation split needs faces of both classes"):
        readable(manifest(tmp_path, *rows))
    assert len(readable(manifest(tmp_path, *BOTH))[VALIDATION]) == 2


def test_an_ablation_goes_on_in_the_numbers_it_was_begun_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ablation, "settled", lambda asked: FLOAT32 if asked == FASTEST else asked)
    assert _precision(tmp_path, Budget("w", FASTEST)) == FLOAT32
    RunFolder(tmp_path / "01").start(TrainConfig("m.csv", None, precision=BFLOAT16))
    assert _precision(tmp_path, Budget("w", FASTEST)) == BFLOAT16
    assert _precision(tmp_path, Budget("w", FLOAT32)) == FLOAT32


@pytest.mark.parametrize("results", ['{"ladder_faces": 200}', '{"ladder_faces": 200, "overall": {}}', "[]", "7"])
def test_a_line_s_results_that_are_not_all_there_are_one_line(tmp_path: Path, results: str) -> None:
    (tmp_path / "ablation.json").write_text(results)
    with pytest.raises(UnusableInput, match="delete it to measure anew"):
        _kept(tmp_path / "ablation.json", 200)


def test_lists_from_a_spreadsheet_are_read(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(b"\xef\xbb\xbffile,reason\r\na/b.png,dark\r\n")
    assert read_list("own", tmp_path / "list.csv").files == {("a", "b.png")}
    (tmp_path / "right.csv").write_bytes(b"\xef\xbb\xbffile,box,label,reason\r\na.png,1 2 3 4,face,hidden\r\n")
    assert [one.label for one in read_corrections(tmp_path / "right.csv")] == ["face"]


def test_a_source_whose_name_is_no_text_is_told_of_all_the_same(tmp_path: Path) -> None:
    about = {"caf\udce9": {"name": "own", "licence": "CC0"}}
    write_about(tmp_path / "sources.json", about)
    assert read_about(tmp_path / "sources.json") == about


def test_a_face_comes_once_and_an_original_has_one_split(tmp_path: Path) -> None:
    def told(*rows: tuple[int, str, str]) -> str:
        samples = [
            Sample(tmp_path / f"{number}.png", label, "own", group, split)
            for (label, split, _), (number, group) in zip(BOTH, ((0, "a"), (1, "b"), (2, "c"), (3, "d")), strict=True)
        ]
        samples += [Sample(tmp_path / f"{number}.png", MASK, "own", group, split) for number, group, split in rows]
        for one in samples:
            save(np.full((40, 40, 3), 90, np.uint8), one.path)
        write_manifest(tmp_path / "m.csv", samples)
        with pytest.raises(UnusableInput) as caught:
            readable(tmp_path / "m.csv")
        return str(caught.value)

    assert "0.png comes twice with the same box" in told((0, "a", TRAIN))
    assert "a is in two splits" in told((4, "a", VALIDATION))
    samples_of_one = manifest(tmp_path / "whole", *BOTH)
    with pytest.raises(UnusableInput, match="is among the data before it too"):
        read_labelled([samples_of_one, shutil.copy(samples_of_one, tmp_path / "copy.csv")], None, Trouble())


def test_a_torn_scene_is_named_once_however_many_faces_are_in_it(tmp_path: Path) -> None:
    torn = tmp_path / "torn.png"
    torn.write_bytes(b"no picture")
    whole = save(np.full((90, 90, 3), 120, np.uint8), tmp_path / "whole.png")
    boxes = [(8.0 * one, 8.0, 8.0 * one + 30.0, 40.0) for one in range(5)]
    faces = [Labelled(path, MASK, "own", box) for path in (torn, whole) for box in boxes]
    trouble = Trouble()
    with MaskClassifier(asset(MASK_MODEL)) as classifier:
        assert len(judge(classifier, faces, (), None, trouble).faces) == 5
    assert len(trouble.unreadable) == 1


@pytest.mark.filterwarnings("error")
def test_a_correction_s_box_beyond_any_number_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "right.csv").write_text("file,box,label,reason\na.png,0 0 1e300 1e300,face,hidden\n")
    with pytest.raises(UnusableInput, match="not a list of corrections"):
        read_corrections(tmp_path / "right.csv")


def test_a_name_that_would_break_the_line_is_written_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prepare", str(tmp_path / "no\nsuch\x1b[31m"), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and r"no\nsuch\x1b[31m" in said


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
def test_sigterm_is_told_as_ctrl_c_is(faces: Path) -> None:
    os.mkfifo(faces / "faces" / "list.csv")  # whoever reads it waits
    command = [sys.executable, "-m", "training", "prepare", str(faces / "faces"), "--out", str(faces / "data")]
    command += ["--leave-out", str(faces / "faces" / "list.csv")]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        preexec_fn=heed_signals,  # noqa: PLW1509
    )
    with process, (faces / "faces" / "list.csv").open("w"):  # opens only once the other side does
        time.sleep(0.5)  # which then waits for something to read; in between Python doesn't heed signals
        process.terminate()
        assert process.communicate(timeout=60)[1].splitlines()[-1] == "training: stopped"
    assert process.returncode == 130


def test_what_is_told_of_the_sources_stays_unless_it_is_told_anew(faces: Path) -> None:
    (faces / "about.json").write_text('{"faces": {"name": "Mine", "licence": "MIT"}}')
    prepare_data([faces / "faces"], faces / "data", faces / "about.json")
    prepare_data([faces / "faces"], faces / "data", force=True)
    assert read_about(faces / "data" / "sources.json") == {"faces": {"name": "Mine", "licence": "MIT"}}
