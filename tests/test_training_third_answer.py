"""The third answer, "no face", in training: what is drawn, how it is scored, and when a network learns it."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.classifier import judgement
from maskcam.errors import UnusableInput
from maskcam.frames import NOT_FACE_FROM, Floats
from maskcam.modelcard import MASK, NO_MASK, NOT_FACE, CropRule, ModelCard
from tests.drawn_faces import draw_face, save, save_classes
from tests.small_network import small_network  # noqa: F401 (a fixture)
from tests.support import judged
from training.checkpoint import RunFolder
from training.config import TrainConfig
from training.labelled import read_labelled, read_rejects
from training.manifest import ALL_LABELS, LABELS, SPLITS, TEST, TRAIN, VALIDATION, Box, Sample, write_manifest
from training.metrics import called_bare, score
from training.model import build
from training.prepare import Found, describe, split
from training.sampling import (
    NOT_FACE_SHARE,
    RENDER,
    TEXTURE_SHARE,
    Batches,
    Sampler,
    drawn_shares,
)
from training.scan import Trouble
from training.scorers import open_scorer
from training.temperature import tempered_loss
from training.train import train, training_card

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")

SIZE = 75
ALIKE = [1 / 3] * 3
CARD = ModelCard(labels=ALL_LABELS, input_size=SIZE, crop=CropRule(), threshold=0.5, sha256="")


# Scores.

probabilities = st.lists(
    st.tuples(st.floats(0, 1, width=32), st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=30
)


@given(probabilities, st.floats(0.01, 0.99))
def test_a_face_that_is_rejected_is_not_caught_whatever_the_threshold(
    faces: list[tuple[float, float, bool]], threshold: float
) -> None:
    bare_probability, rejected = (np.array([one[place] for one in faces], np.float32) for place in (0, 1))
    bare = np.array([one[2] for one in faces])
    said = called_bare(judged(bare_probability, rejected))
    assert said.dtype == np.float32
    caught = (bare_probability >= threshold) & (rejected < NOT_FACE_FROM)
    scores = score(said, bare, threshold)
    assert scores.missed_alarms == int((bare & ~caught).sum())
    assert scores.false_alarms == int((~bare & caught).sum())


def test_answers_are_read_by_the_card_s_labels() -> None:
    answers = np.array([[0.0025, 0.0075, 0.99], [0.6, 0.2, 0.2], [0.0, 0.0, 1.0]], np.float32)
    said = judgement(answers, CARD)
    np.testing.assert_allclose(said.no_mask_probability, [0.75, 0.25, 0], atol=1e-5)
    np.testing.assert_allclose(said.not_face_probability, [0.99, 0.2, 1])
    turned = ModelCard(labels=(NOT_FACE, NO_MASK, MASK), input_size=SIZE, crop=CropRule(), threshold=0.5, sha256="")
    again = judgement(np.ascontiguousarray(answers[:, ::-1]), turned)
    np.testing.assert_array_equal(again.no_mask_probability, said.no_mask_probability)
    np.testing.assert_array_equal(again.not_face_probability, said.not_face_probability)
    np.testing.assert_allclose(called_bare(said), [0, 0.25, 0], atol=1e-6)


def test_a_network_of_two_answers_rejects_nobody() -> None:
    card = training_card(TrainConfig(manifest="", weights=None), CropRule())
    assert card.not_face_index is None and CARD.not_face_index == 2
    said = judgement(np.array([[0.2, 0.8]], np.float32), card)
    assert said.not_face_probability.tolist() == [0]
    assert said.no_mask_probability[0] == pytest.approx(0.8)
    assert len(judgement(np.empty((0, 2), np.float32), card)) == 0


def answers_at(temperature: float, count: int = 3000, seed: int = 0) -> tuple[Floats, Floats]:
    """Answers of three classes that tell the truth, as another temperature would give them, and the truth."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (count, 3))
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    chosen = (random.random((count, 1)) > honest.cumsum(axis=1)).sum(axis=1)
    spoilt = np.exp(logits / temperature)
    truth = np.eye(3, dtype=np.float32)[np.minimum(chosen, 2)]
    return np.asarray(spoilt / spoilt.sum(axis=1, keepdims=True), np.float32), truth


def test_how_sure_a_network_says_it_is_does_not_change_the_tempered_loss() -> None:
    losses = [tempered_loss(*answers_at(temperature), ALIKE) for temperature in (0.5, 1.0, 2.0)]
    assert losses == pytest.approx([losses[1]] * 3, rel=2e-3)
    answers, truth = answers_at(0.5)
    plain = float(-(np.log(answers) * truth).sum(axis=1).mean())
    assert losses[0] < plain * 0.9, "what is too sure would look worse than it is"


def test_better_answers_have_less_tempered_loss() -> None:
    answers, truth = answers_at(1.0)
    better = np.asarray(answers * 0.8 + truth * 0.2, np.float32)
    shuffled = truth[np.random.default_rng(1).permutation(len(truth))]
    assert tempered_loss(better, truth, ALIKE) < tempered_loss(answers, truth, ALIKE)
    assert tempered_loss(answers, truth, ALIKE) < tempered_loss(answers, shuffled, ALIKE)
    assert tempered_loss(truth, truth, ALIKE) < 0.01


def test_every_class_has_its_share_in_the_tempered_loss() -> None:
    """However often the third class is repeated, the loss stays; how much it counts, the shares say."""
    answers, truth = answers_at(1.0, 300)
    rejects = truth[:, 2] > 0
    many = np.concatenate([answers, *[answers[rejects]] * 9]), np.concatenate([truth, *[truth[rejects]] * 9])
    assert tempered_loss(*many, ALIKE) == pytest.approx(tempered_loss(answers, truth, ALIKE), rel=1e-4)
    faces, none = truth[:, 2] == 0, [0.5, 0.5, 0.0]
    assert tempered_loss(answers, truth, none) == pytest.approx(tempered_loss(answers[faces], truth[faces], ALIKE))
    wrong = np.where(rejects[:, None], answers[:, [2, 1, 0]], answers)
    few, half = [0.45, 0.45, 0.1], [0.25, 0.25, 0.5]
    assert tempered_loss(wrong, truth, few) < tempered_loss(wrong, truth, half)


def test_shares_are_those_that_are_drawn() -> None:
    assert drawn_shares(LABELS) == [0.5, 0.5]
    assert sum(drawn_shares(ALL_LABELS)) == pytest.approx(1)
    assert drawn_shares(ALL_LABELS)[ALL_LABELS.index(NOT_FACE)] == NOT_FACE_SHARE


# What is drawn.


def samples_of(label: str, count: int, source: str = "own", path: Path = Path("/x.png")) -> list[Sample]:
    return [Sample(path, label, source, f"{source}/{label}/{number}", TRAIN) for number in range(count)]


def test_what_is_no_face_has_its_share_whatever_its_number() -> None:
    for rejects in (3, 900):
        samples = samples_of(MASK, 20) + samples_of(NO_MASK, 60) + samples_of(NOT_FACE, rejects)
        sampler, random = Sampler(samples), np.random.default_rng(0)
        drawn = Counter(sampler.draw(random).label for _ in range(20_000))
        assert drawn[NOT_FACE] / 20_000 == pytest.approx(NOT_FACE_SHARE, abs=0.012)
        assert drawn[MASK] / drawn[NO_MASK] == pytest.approx(1, abs=0.05)
        assert {sampler.draw_face(random).label for _ in range(200)} == set(LABELS)


def test_without_what_is_no_face_none_is_drawn() -> None:
    sampler, random = Sampler(samples_of(MASK, 2) + samples_of(NO_MASK, 2)), np.random.default_rng(0)
    assert {sampler.draw(random).label for _ in range(500)} == set(LABELS)


def test_what_is_no_face_alone_can_t_be_trained_on() -> None:
    with pytest.raises(ValueError, match="both classes"):
        Sampler(samples_of(NOT_FACE, 5) + samples_of(MASK, 5))


def grey(path: Path, level: int) -> Path:
    return save(np.full((120, 120, 3), level, np.uint8), path)


def kinds(images: Floats) -> list[str]:
    """Tell plain views apart by their grey level, and what isn't plain from them."""
    names = []
    for one in images:
        level = float(one.mean()) * 127.5 + 127.5
        names.append("textured" if one.std() > 0.02 else "face" if level > 150 else "mined" if level < 60 else "?")
    return names


def test_both_kinds_of_what_is_no_face_come_in_their_shares(tmp_path: Path) -> None:
    """Faces are plainly light and what was mined plainly dark, so that each view tells where it is from."""
    samples = [
        *samples_of(MASK, 2, path=grey(tmp_path / "mask.png", 200)),
        *samples_of(NO_MASK, 2, path=grey(tmp_path / "bare.png", 200)),
        *samples_of(NOT_FACE, 2, path=grey(tmp_path / "none.png", 20)),
    ]
    plain = ("warp", "patch", "spoil", "colour", "dark", RENDER)
    batches = Batches(samples, CARD, 1500, seed=3, without=plain)
    try:
        images, truth = batches.make(0)
    finally:
        batches.close()
    assert truth.shape == (1500, 3) and (truth.sum(axis=1) == 1).all()
    rejects = truth[:, ALL_LABELS.index(NOT_FACE)] > 0
    assert rejects.mean() == pytest.approx(NOT_FACE_SHARE, abs=0.04)
    assert set(kinds(images[~rejects])) == {"face"}
    shares = {name: count / rejects.sum() for name, count in Counter(kinds(images[rejects])).items()}
    assert set(shares) == {"mined", "textured"}
    assert shares["textured"] == pytest.approx(TEXTURE_SHARE, abs=0.06)
    assert shares["mined"] == pytest.approx(1 - TEXTURE_SHARE, abs=0.06)


# When a network learns it.


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    picture = np.hstack([draw_face(True, 1, side=90), draw_face(False, 2, side=90)])
    return save(picture, tmp_path_factory.mktemp("third") / "scene.png")


def manifest(folder: Path, scene: Path) -> Path:
    boxes: list[tuple[str, Box]] = [(MASK, (10, 10, 80, 80)), (NO_MASK, (100, 10, 170, 80))]
    boxes += [(NOT_FACE, (60, 20, 120, 80))] * 2
    samples = []
    for part in SPLITS:
        path = Path(shutil.copy(scene, folder / f"{part}.png"))
        for number, (label, box) in enumerate(boxes):
            source = "own" if label != NOT_FACE else "walls"
            samples.append(Sample(path, label, source, f"{part}/{number}", part, box))
    write_manifest(folder / "manifest.csv", samples)
    return folder / "manifest.csv"


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize(
    ("without", "sources", "labels"),
    [((), (), ALL_LABELS), ((NOT_FACE,), (), LABELS), ((), ("own",), LABELS)],
    ids=["known", "left out", "source left out"],
)
def test_the_data_decide_what_the_network_answers(
    tmp_path: Path,
    scene: Path,
    without: tuple[str, ...],
    sources: tuple[str, ...],
    labels: tuple[str, ...],
) -> None:
    config = TrainConfig(
        manifest=str(manifest(tmp_path, scene)),
        weights=None,
        input_size=SIZE,
        batch=12,
        epoch_images=12,
        head_epochs=1,
        epochs=0,
        hidden=8,
        without=without,
        sources=sources,
    )
    run = RunFolder(tmp_path / "run")
    train(run, config)
    assert run.config()[0].labels == labels
    with open_scorer(run.path) as scorer:
        assert scorer.card.labels == labels
        said = scorer.judge(np.zeros((2, SIZE, SIZE, 3), np.uint8))
    assert (said.not_face_probability > 0).all() == (NOT_FACE in labels)


@pytest.mark.usefixtures("small_network")
def test_a_keras_file_is_known_by_its_number_of_answers(tmp_path: Path) -> None:
    for labels in (LABELS, ALL_LABELS):
        build(SIZE, len(labels), 8, 0.3).save(tmp_path / "tiny.keras")
        with open_scorer(tmp_path / "tiny.keras") as scorer:
            assert scorer.card.labels == labels
    build(SIZE, 4, 8, 0.3).save(tmp_path / "other.keras")
    with pytest.raises(UnusableInput, match="not a Keras model"), open_scorer(tmp_path / "other.keras"):
        pass


def test_a_source_that_is_not_there_is_named(tmp_path: Path, scene: Path) -> None:
    config = TrainConfig(manifest=str(manifest(tmp_path, scene)), weights=None, sources=("nowhere",))
    with pytest.raises(UnusableInput, match="no training faces from nowhere") as caught:
        train(RunFolder(tmp_path / "run"), config)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("labels", [(NO_MASK, MASK), (MASK, NO_MASK, "hat"), (MASK,), (NOT_FACE, MASK, NO_MASK)])
def test_a_configuration_knows_two_sets_of_labels(labels: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="labels are"):
        TrainConfig(manifest="", weights=None, labels=labels)


# The manifest.


def test_what_is_no_face_follows_its_scene() -> None:
    """Into the same split and group, whatever else is a copy of the scene; and it counts as no face."""
    found = []
    for number in range(60):
        origin = f"scenes/{number}.png"
        path = Path(f"/{number}.png")
        found.append(Found(path, LABELS[number % 2], "scenes", origin, None, (0, 0, 9, 9)))
        found += [Found(path, NOT_FACE, "scenes", origin, None, (20, float(place), 30, 40)) for place in range(2)]
    found.append(Found(Path("/test.png"), MASK, "published", "published/1", TEST))
    prepared = split(found, [(0, 60), (3, len(found) - 1)], Trouble())
    where: dict[Path, set[tuple[str, str]]] = {}
    for one in prepared.samples:
        where.setdefault(one.path, set()).add((one.split, one.group))
    assert all(len(places) == 1 for places in where.values())
    assert where[found[0].path] == where[found[60].path], "copies stay together with all that was mined in them"
    assert found[3].path not in where, "of a copy of a test picture nothing is kept"
    assert prepared.left_out == {"scenes: copies of test pictures": 3}
    assert {one.split for one in prepared.samples if one.label == NOT_FACE} == {TRAIN, VALIDATION}
    report = list(describe(prepared))
    assert report[0].split() == ["source", "split", *ALL_LABELS]
    totals = {line.split()[1]: line.split()[2:5] for line in report if line.startswith("all ")}
    assert sum(int(row[2]) for row in totals.values()) == 118
    for row in totals.values():
        share = round(100 * int(row[1]) / (int(row[0]) + int(row[1])))
        assert f"{share} % of the faces without a mask" in "\n".join(report)


def test_faces_to_be_judged_leave_out_what_is_none(tmp_path: Path, scene: Path) -> None:
    path = manifest(tmp_path, scene)
    assert [one.truth for one in read_labelled([path], TEST, Trouble())] == [MASK, NO_MASK]
    rejects = read_rejects([path], VALIDATION)
    assert [(one.truth, one.bare) for one in rejects] == [(NOT_FACE, False)] * 2
    save_classes(tmp_path / "folder", ("with_mask", "without_mask"), 1, 0)
    assert read_rejects([tmp_path / "folder"], None) == []
