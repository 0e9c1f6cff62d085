"""What the commands of training say when they can't go on."""

from __future__ import annotations

import errno
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from maskcam import __version__
from maskcam.modelcard import MASK, card_path
from tests.drawn_faces import save_classes
from tests.training_parts import SIZE, refused, small_manifest, tiny_model
from training.checkpoint import RunFolder
from training.cli import main
from training.config import TrainConfig
from training.manifest import LABELS, TRAIN, VALIDATION, read_manifest, write_manifest
from training.model import all_layers, build, head_only
from training.tf import import_tensorflow

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_manifest(tmp_path_factory.mktemp("parts"))


def test_prepare_names_what_is_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a_file").touch()
    out = ["--out", tmp_path / "out"]
    assert "no such folder" in refused(capsys, "prepare", tmp_path / "absent", *out)
    assert "is no folder" in refused(capsys, "prepare", tmp_path / "a_file", *out)
    assert "known layout" in refused(capsys, "prepare", tmp_path / "empty", *out)
    (tmp_path / "bare" / "with_mask").mkdir(parents=True)
    assert "not one readable" in refused(capsys, "prepare", tmp_path / "bare", *out)
    assert list((tmp_path / "out").iterdir()) == [], "tried before the work, and nothing left in it"
    save_classes(tmp_path / "own", ("with_mask", "without_mask"), 1, 0)
    assert "a_file" in refused(capsys, "prepare", tmp_path / "own", "--out", tmp_path / "a_file")


def test_train_names_what_is_wrong_with_its_data(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, manifest: Path
) -> None:
    run = ["--out", tmp_path / "run"]
    assert "not a manifest" in refused(capsys, "train", tmp_path / "absent.csv", *run)
    (tmp_path / "text.csv").write_text("not\na manifest\n")
    assert "not a manifest" in refused(capsys, "train", tmp_path / "text.csv", *run)
    samples = read_manifest(manifest)
    gone = [*samples, replace(samples[0], path=tmp_path / "gone.png")]
    for name, kept, said in (
        ("gone", gone, "1 of its pictures are gone, "),
        ("no validation", [one for one in samples if one.split != VALIDATION], "no validation pictures"),
        ("one class", [one for one in samples if one.label == MASK or one.split != TRAIN], "both classes"),
    ):
        write_manifest(tmp_path / f"{name}.csv", kept)
        assert said in refused(capsys, "train", tmp_path / f"{name}.csv", *run)
    assert not (tmp_path / "run").exists(), "what can't be used leaves no run behind"


def test_train_names_wrong_options(capsys: pytest.CaptureFixture[str], tmp_path: Path, manifest: Path) -> None:
    run = ["--out", tmp_path / "run"]
    assert "--resume" in refused(capsys, "train", *run)
    assert "--resume" in refused(capsys, "train", manifest, "--resume", *run)
    assert "holds no training run" in refused(capsys, "train", "--resume", *run)
    assert "--input-size" in refused(capsys, "train", manifest, *run, "--input-size", "20")
    assert "batch" in refused(capsys, "train", manifest, *run, "--batch", "0")
    (tmp_path / "a_file").touch()
    assert "a_file" in refused(capsys, "train", manifest, "--out", tmp_path / "a_file")
    assert not (tmp_path / "run").exists()
    RunFolder(tmp_path / "run").start(TrainConfig(manifest=str(manifest), weights=None))
    assert "holds a run already" in refused(capsys, "train", manifest, *run)


@pytest.mark.parametrize("name", ["absent.weights.h5", "text.weights.h5", "text.h5", "text.keras", "text.bin"])
def test_train_refuses_what_are_no_start_weights(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, manifest: Path, name: str
) -> None:
    weights = tmp_path / name
    if name.startswith("text"):
        weights.write_text("hello")
    given = ["--weights", weights, "--input-size", str(SIZE)]
    said = refused(capsys, "train", manifest, "--out", tmp_path / "run", *given)
    assert str(weights) in said and "weights" in said
    assert not (tmp_path / "run").exists(), "the same command with good weights may follow"


def test_train_refuses_the_weights_of_another_network_in_one_line(tmp_path: Path, manifest: Path) -> None:
    """In a process of its own, where Keras' warnings would reach the user."""
    weights = tmp_path / "other.weights.h5"
    tiny_model(1).save_weights(weights)
    given = [manifest, "--weights", weights, "--input-size", str(SIZE), "--out", tmp_path / "run"]
    done = subprocess.run(
        [sys.executable, "-m", "training", "train", *given], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"training: {weights}: not weights of InceptionV3") and done.stderr.count("\n") == 1


def test_start_weights_are_those_of_the_file(tmp_path: Path) -> None:
    keras = import_tensorflow().keras
    keras.utils.set_random_seed(1)
    base = keras.applications.InceptionV3(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
    base.save_weights(tmp_path / "start.weights.h5")
    keras.utils.set_random_seed(2)
    model = build(SIZE, len(LABELS), 16, 0.3, weights=str(tmp_path / "start.weights.h5"))
    assert model.output_shape == (None, 2)
    expected = base.get_weights()
    assert len(model.get_weights()) == len(expected) + 4
    assert all((one == other).all() for one, other in zip(model.get_weights(), expected, strict=False))
    head_only(model)
    learning = {one.path.split("/")[0].rstrip("_0123456789") for one in model.trainable_variables}
    assert learning == {"hidden", "answer", "batch_normalization"}
    all_layers(model)
    assert len(model.trainable_variables) > 190


def test_export_names_what_is_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path, manifest: Path) -> None:
    run, target = tmp_path / "run", tmp_path / "app.tflite"
    assert "holds no training run" in refused(capsys, "export", run, "--out", target)
    RunFolder(run).start(TrainConfig(manifest=str(manifest), weights=None, input_size=SIZE))
    assert "no epoch is finished" in refused(capsys, "export", run, "--out", target)
    (run / "best.weights.h5").write_text("stands for weights")
    assert ".tflite" in refused(capsys, "export", run, "--out", tmp_path / "app.bin")
    assert "folder that exists" in refused(capsys, "export", run, "--out", tmp_path / "absent" / "app.tflite")
    for path in (target, card_path(target)):
        path.write_text("precious")
        assert f"{path}: exists; add --force" in refused(capsys, "export", run, "--out", target)
        assert path.read_text() == "precious"
        path.unlink()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["run"]


@pytest.mark.parametrize(
    "command",
    [[], ["nobody"], ["prepare"], ["train"], ["export"], ["evaluate"], ["evaluate-scenes"], ["ablate"]],
)
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"usage: {' '.join(['python -m training', *command])}")
    assert err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        *([], ["dance"], ["train", "--batch", "many", "--out", "x"], ["export"]),
        *(["prepare", "x" * 300], ["nobody", "--out", "x" * 300], ["nobody", "--out", "x\0y"]),
        *(["evaluate", "a.tflite", "x" * 300, "--out", "o"], ["evaluate-scenes", "x" * 300, "--out", "o"]),
    ],
)
def test_wrong_use_is_code_2(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_an_error_reaches_the_shell(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "training", "prepare", tmp_path / "absent", "--out", tmp_path / "out"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"training: {tmp_path / 'absent'}: no such folder of data\n"


def test_resume_takes_no_other_options(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["train", "--resume", "--out", str(tmp_path), "--epochs", "9"]) == 2
    assert "leave the other options out" in capsys.readouterr().err


def test_a_folder_that_may_not_be_looked_into_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Root may look everywhere, so the refusal is made up."""

    def refused(self: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "is_dir", refused)
    assert main(["prepare", str(tmp_path / "closed"), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and "closed: " in said[0] and "ermission" in said[0]


def test_a_list_whose_name_has_an_equals_sign_is_left_out_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    save_classes(tmp_path / "own", ("with_mask", "without_mask"), 4, 0)
    left = sorted(path for path in (tmp_path / "own").rglob("face*"))[:2]
    (tmp_path / "a=b.csv").write_text("file,reason\n" + "".join(f"{path.parent.name}/{path.name},x\n" for path in left))
    arguments = ["prepare", str(tmp_path / "own"), "--leave-out", str(tmp_path / "a=b.csv")]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0
    trained = {one.path for one in read_manifest(tmp_path / "out" / "manifest.csv") if one.split == "train"}
    assert trained and not trained & {path.resolve() for path in left}
    assert "of no face found" not in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.split()[-1] == __version__
