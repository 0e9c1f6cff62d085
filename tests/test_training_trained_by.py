"""What a model was trained by and on, and who is told of it when that is judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from maskcam.modelcard import MASK, CropRule, card_path, file_sha256
from training.checkpoint import RunFolder
from training.config import TrainConfig
from training.manifest import Sample, write_manifest
from training.scorers import learnt_from, strange_manifests
from training.train import training_card


def a_run_and_two_manifests(folder: Path) -> tuple[Path, Path, TrainConfig, RunFolder]:
    """The manifest by which a run was trained, another one, and the run."""
    own, other = folder / "own.csv", folder / "other.csv"
    own.write_text("path,label,source,group,split,box,keypoints\n")
    other.write_text(own.read_text() + "\n")
    config = TrainConfig(manifest=str(own), weights=None, manifest_sha256=file_sha256(own))
    run = RunFolder(folder / "run")
    run.start(config)
    return own, other, config, run


def test_a_manifest_by_which_a_model_was_not_trained_is_told_of(tmp_path: Path) -> None:
    own, other, config, run = a_run_and_two_manifests(tmp_path)
    assert strange_manifests(run.path, [own, tmp_path]) == ()
    assert strange_manifests(run.path, [own, other]) == (str(other),)
    assert strange_manifests(run.path, [other.rename(tmp_path / "other.txt")]) == (str(tmp_path / "other.txt"),)
    other = (tmp_path / "other.txt").rename(other)
    exported = tmp_path / "app.tflite"
    exported.write_bytes(b"weights")
    card = replace(training_card(config, CropRule()), sha256=file_sha256(exported))
    for told, strange in (({"manifest_sha256": file_sha256(own)}, (str(other),)), ({}, ())):
        card_path(exported).write_text(replace(card, training=told).to_json())
        assert strange_manifests(exported, [own, other]) == strange
    assert strange_manifests(tmp_path / "any.keras", [other]) == ()


def test_data_that_a_model_was_trained_on_are_told_of(tmp_path: Path) -> None:
    own, other, config, run = a_run_and_two_manifests(tmp_path)
    for split, learnt in ((None, (str(own),)), ("train", (str(own),)), ("validation", ()), ("test", ())):
        assert learnt_from(run.path, [own, other], split) == learnt
    exported, source = tmp_path / "app.tflite", tmp_path / "faces-of-then"
    exported.write_bytes(b"weights")
    source.mkdir()
    card = replace(training_card(config, CropRule()), sha256=file_sha256(exported), data=[{"source": source.name}])
    card_path(exported).write_text(replace(card, training={"manifest_sha256": file_sha256(own)}).to_json())
    assert learnt_from(exported, [source, own, other, tmp_path], None) == (str(source), str(own))
    linked = tmp_path / "elsewhere" / source.name
    linked.parent.mkdir()
    linked.symlink_to(tmp_path / "archive", target_is_directory=True)
    (tmp_path / "archive").mkdir()
    assert learnt_from(exported, [linked], None) == (str(linked),), "sources go by the name of a link"
    assert learnt_from(exported, [source, own], "test") == ()
    assert learnt_from(tmp_path / "any.keras", [own], None) == ()


def test_a_run_knows_the_folders_that_it_was_trained_on(tmp_path: Path) -> None:
    samples = [
        Sample(tmp_path / f"{number}.png", MASK, source, f"{source}/{number}", part)
        for number, (source, part) in enumerate((("own", "train"), ("web", "train"), ("judged", "test")))
    ]
    write_manifest(tmp_path / "m.csv", samples)
    folders = [tmp_path / name for name in ("own", "web", "judged")]
    for folder in folders:
        folder.mkdir()
    for sources, known in (((), folders[:2]), (("web",), folders[1:2])):
        run = RunFolder(tmp_path / f"run{len(sources)}")
        sha256 = file_sha256(tmp_path / "m.csv")
        run.start(TrainConfig(str(tmp_path / "m.csv"), None, manifest_sha256=sha256, sources=sources))
        assert learnt_from(run.path, folders, None) == tuple(map(str, known))
    (tmp_path / "m.csv").write_text("another one since")
    assert learnt_from(run.path, folders, None) == ()
