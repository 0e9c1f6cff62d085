"""`evaluate`: the measures, the ladders, the scorers, and the whole command on drawn faces."""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maskcam.assets import MASK_MODEL, asset
from maskcam.classifier import MaskClassifier
from maskcam.crops import crop_faces, resize
from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.frames import Judgement, Pixels
from maskcam.modelcard import MASK, NO_MASK, CropRule, ModelCard, card_path, file_sha256, load_card
from tests.drawn_faces import draw_face, save, save_classes
from tests.small_network import small_network  # noqa: F401 (a fixture)
from tests.support import ROOT, astronaut, environment
from tests.support import judged as said_of
from training.checkpoint import RunFolder
from training.cli import main
from training.config import TrainConfig
from training.contact import LARGE, Tile, page, sheets
from training.evaluate import METRICS, OUTPUTS, REPORT, SIZE_LADDER, WEATHER_LADDER, WRONG
from training.export import MEAN_APART, MOST_APART, convert
from training.judge import Judged, judge
from training.labelled import Labelled, Listed, read_labelled, read_listed
from training.ladders import SIZE, SIZE_STEPS, UNITS, VALUES, WEATHER_STEPS, Step
from training.manifest import TEST, TRAIN, VALIDATION, Sample, write_manifest
from training.measures import (
    BINS,
    Z95,
    Bin,
    Curve,
    calibration,
    curve,
    expected_calibration_error,
    measure,
    roc_auc,
    wilson,
)
from training.metrics import score
from training.model import build
from training.scan import INCORRECT, Trouble, scan
from training.scorers import KerasScorer, open_scorer
from training.summary import summarise
from training.tf import import_tensorflow
from training.train import training_card

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")

SMALL = 75
HEAD = np.array([157, 14, 302, 192])
"""The astronaut's head in scikit-image's portrait, labelled by hand."""


# Measures.


def arrays(faces: Sequence[tuple[float, bool]]) -> tuple[Any, Any]:
    return np.array([one for one, _ in faces], np.float32), np.array([one for _, one in faces], np.bool_)


# Few different values, so that ties are common.
anyone = st.lists(
    st.tuples(st.one_of(st.floats(0, 1, width=32), st.sampled_from([0.0, 0.25, 0.5, 1.0])), st.booleans()), max_size=40
)


def test_measures_by_hand() -> None:
    probability = np.array([0.9, 0.5, 0.4, 0.6, 0.1, 0.2, 0.3], np.float32)
    bare = np.array([True, True, True, False, False, False, False])
    measures = measure(probability, bare, 0.5)
    assert (measures.scores.missed_alarms, measures.scores.false_alarms, measures.faces) == (1, 1, 7)
    assert measures.f1 == pytest.approx(2 / 3)
    assert measures.roc_auc == pytest.approx(10 / 12), "of 12 pairs .5 and .4 rank below .6"
    assert (measures.missed_rate, measures.false_rate) == (pytest.approx(1 / 3), pytest.approx(1 / 4))
    assert measures.missed_interval == pytest.approx((0.0615, 0.7923), abs=1e-4)
    every = measures.as_dict()
    assert every["missed_rate_95"] == [round(one, 5) for one in measures.missed_interval or ()]
    assert every["accuracy"] == 0.71429 and every["f1"] == 0.66667


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.27753),  # Z^2 / (n + Z^2)
        (10, 10, 0.72247, 1.0),
        (5, 10, 0.23659, 0.76341),
        (1, 909, 0.00019, 0.00621),
        (81, 263, 0.25527, 0.36621),  # Newcombe, Statistics in Medicine 17 (1998), table I
        (15, 148, 0.06239, 0.16052),
        (0, 20, 0.0, 0.16113),
        (1, 29, 0.00611, 0.17176),
    ],
)
def test_wilson_gives_known_intervals(count: int, total: int, low: float, high: float) -> None:
    assert wilson(count, total) == pytest.approx((low, high), abs=6e-5)


def test_wilson_of_nothing_is_none_and_of_nonsense_refused() -> None:
    assert wilson(0, 0) is None
    for count, total in ((2, 1), (-1, 3)):
        with pytest.raises(ValueError, match="can't have"):
            wilson(count, total)


@given(st.integers(1, 10_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_wilson_ends_are_where_the_share_is_just_not_rejected(counts: tuple[int, int]) -> None:
    """The interval's definition: at its ends the score test is exactly at its limit."""
    count, total = counts
    low, high = wilson(count, total) or (-1, -1)
    assert 0 <= low <= count / total <= high <= 1
    for end, allowed in ((low, count > 0), (high, count < total)):
        if allowed:
            apart = abs(count / total - end) / math.sqrt(end * (1 - end) / total)
            assert apart == pytest.approx(Z95, rel=1e-6)


@settings(deadline=None)
@given(anyone)
def test_auc_is_the_share_of_pairs_in_the_right_order(faces: list[tuple[float, bool]]) -> None:
    probability, bare = arrays(faces)
    pairs = [(a > b) + (a == b) / 2 for a in probability[bare] for b in probability[~bare]]
    expected = float(np.mean(pairs)) if pairs else None
    assert roc_auc(probability, bare) == (None if expected is None else pytest.approx(expected, abs=1e-9))


@settings(deadline=None)
@given(anyone)
def test_the_curve_counts_as_score_does_at_every_threshold(faces: list[tuple[float, bool]]) -> None:
    probability, bare = arrays(faces)
    line = curve(probability, bare)
    thresholds = sorted(set(probability.tolist()), reverse=True)
    assert len(line.caught) == len(thresholds) + 1
    for place, threshold in enumerate(thresholds, 1):
        scores = score(probability, bare, threshold)
        assert (line.caught[place], line.false[place]) == (
            scores.positives - scores.missed_alarms,
            scores.false_alarms,
        )
    assert (line.positives, line.negatives) == (int(bare.sum()), int((~bare).sum()))


@given(anyone.filter(lambda faces: len({bare for _, bare in faces}) == 2))
def test_the_area_under_the_curve_is_the_auc(faces: list[tuple[float, bool]]) -> None:
    probability, bare = arrays(faces)
    line = curve(probability, bare)
    area = np.trapezoid(line.caught / line.positives, line.false / line.negatives)
    assert roc_auc(probability, bare) == pytest.approx(float(area), abs=1e-9)


@settings(deadline=None)
@given(anyone.filter(bool))
def test_calibration_error_by_brute_force(faces: list[tuple[float, bool]]) -> None:
    probability, bare = arrays(faces)
    bins = calibration(probability, bare)
    assert len(bins) == BINS and sum(one.faces for one in bins) == len(faces)
    expected = 0.0
    for place in range(BINS):
        inside = [(p, b) for p, b in faces if min(int(p * BINS), BINS - 1) == place]
        if inside:
            apart = abs(sum(p for p, _ in inside) - sum(b for _, b in inside))
            expected += apart / len(faces)
    assert expected_calibration_error(bins) == pytest.approx(expected, abs=1e-6)


def test_calibration_error_of_honest_and_of_overconfident_answers() -> None:
    honest = np.repeat(np.array([0.1, 0.3, 0.7, 0.9], np.float32), 100)
    bare = np.concatenate([np.arange(100) < share for share in (10, 30, 70, 90)])
    assert expected_calibration_error(calibration(honest, bare)) == pytest.approx(0, abs=1e-6)
    sure = np.repeat(np.array([0.0, 1.0], np.float32), 100)
    half_right = np.tile(np.arange(100) < 50, 2)
    assert expected_calibration_error(calibration(sure, half_right)) == pytest.approx(0.5)
    right = np.repeat([False, True], 100)
    assert expected_calibration_error(calibration(sure, right)) == 0


@pytest.mark.parametrize(
    ("bare", "absent"),
    [
        ([True, True], {"specificity", "false_rate", "false_rate_95", "roc_auc"}),
        ([False, False], {"recall", "precision", "f1", "missed_rate", "missed_rate_95", "roc_auc"}),
        (
            [],
            {"accuracy", "recall", "precision", "specificity", "f1", "roc_auc", "ece"}
            | {"missed_rate", "missed_rate_95", "false_rate", "false_rate_95"},
        ),
    ],
)
@pytest.mark.parametrize("probability", [0.2, 0.7])
def test_an_absent_class_gives_null(bare: list[bool], absent: set[str], probability: float) -> None:
    every = measure(np.full(len(bare), probability, np.float32), np.array(bare, np.bool_), 0.5).as_dict()
    nothing = {name for name, value in every.items() if value is None}
    if bare and all(bare) and probability < 0.5:
        absent = absent | {"precision"}  # nobody was called bare
    assert nothing == absent
    json.dumps(every, allow_nan=False)


def test_the_types_check_themselves() -> None:
    with pytest.raises(ValueError, match="width"):
        Bin(0.5, 0.5, 0, None, None)
    with pytest.raises(ValueError, match="averages"):
        Bin(0.0, 0.5, 3, None, 0.5)
    with pytest.raises(ValueError, match="begins with 0"):
        Curve(np.array([1, 2]), np.array([0, 2]))
    with pytest.raises(ValueError, match="as many"):
        Curve(np.array([0, 2]), np.array([0, 1, 2]))
    with pytest.raises(ValueError, match="no ladder"):
        Step("hail", 1)
    with pytest.raises(ValueError, match="unknown truth"):
        Labelled(Path("a.png"), "scarf", "own")
    with pytest.raises(ValueError, match="names"):
        Listed("", frozenset())


# Ladders.


ALL_STEPS = SIZE_STEPS + WEATHER_STEPS


@pytest.mark.parametrize("step", ALL_STEPS, ids=lambda one: f"{one.kind}-{one.value:g}")
@pytest.mark.parametrize(("height", "width"), [(9, 9), (40, 31), (300, 300), (1, 2)])
def test_a_step_gives_what_the_network_takes_the_same_each_time(step: Step, height: int, width: int) -> None:
    crop = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    before = crop.copy()
    views = [step.view(crop, SMALL) for _ in range(2)]
    assert views[0].shape == (SMALL, SMALL, 3) and views[0].dtype == np.uint8
    assert (views[0] == views[1]).all()
    assert (crop == before).all()


def test_the_ladders_have_the_steps_that_were_asked_for() -> None:
    assert [one.value for one in SIZE_STEPS] == [16, 24, 32, 48, 64, 96, 128]
    assert {one.kind for one in WEATHER_STEPS} == {"blur", "dark", "JPEG", "noise", "rotation"}
    assert set(UNITS) == set(VALUES)


def test_the_size_ladder_goes_through_the_apps_resize() -> None:
    crop = draw_face(True, 4, side=120)
    for step in SIZE_STEPS:
        small = resize(crop, int(step.value))
        assert small.shape[:2] == (step.value, step.value)
        assert (step.view(crop, SMALL) == resize(small, SMALL)).all()


def test_each_weather_step_is_worse_than_the_one_before() -> None:
    crop = np.kron(np.random.default_rng(1).integers(60, 200, (20, 20, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    plain = resize(crop, 160).astype(float)
    for kind in (kind for kind in VALUES if kind not in (SIZE, "rotation")):
        apart = [float(np.abs(step.view(crop, 160) - plain).mean()) for step in WEATHER_STEPS if step.kind == kind]
        assert apart == sorted(apart) and apart[0] > 0.3, kind


def test_dark_is_darker_and_rotation_turns_by_its_degrees() -> None:
    grey = np.full((80, 80, 3), 200, np.uint8)
    assert [int(Step("dark", share).view(grey, SMALL).mean()) for share in VALUES["dark"]] == [100, 50, 24, 12]
    bar = np.zeros((101, 101, 3), np.uint8)
    bar[46:55, 20:81] = 255
    for degrees in VALUES["rotation"]:
        ys, xs = np.nonzero(Step("rotation", degrees).view(bar, 101)[..., 0] > 127)
        slope = np.polyfit(xs - xs.mean(), ys - ys.mean(), 1)[0] if degrees < 30 else None
        main_axis = np.linalg.eigh(np.cov(xs, ys))[1][:, -1]
        angle = math.degrees(math.atan2(abs(main_axis[1]), abs(main_axis[0])))
        assert angle == pytest.approx(degrees, abs=1.5)
        assert slope is None or slope < 0, "always the same way round"


def test_jpeg_keeps_the_colours_in_their_order() -> None:
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 220
    for quality in VALUES["JPEG"]:
        mean = Step("JPEG", quality).view(red, SMALL).mean(axis=(0, 1))
        assert mean[0] > 180 and mean[1:].max() < 40


# What is judged.


class Brightness:
    """A scorer without weights: the brighter, the barer."""

    def __init__(self) -> None:
        self.card: ModelCard = training_card(TrainConfig(manifest="", weights=None, input_size=SMALL), CropRule())

    def judge(self, crops: Pixels) -> Judgement:
        assert crops.shape[1:] == (SMALL, SMALL, 3) and crops.dtype == np.uint8
        return said_of((crops.mean(axis=(1, 2, 3)) / 255).astype(np.float32))


def grey_faces(folder: Path, levels: Sequence[int], side: int = 30) -> list[Labelled]:
    """Flat grey pictures; those above 127 are bare."""
    return [
        Labelled(
            save(np.full((side, side, 3), level, np.uint8), folder / f"grey{place:03}.png"),
            NO_MASK if level > 127 else MASK,
            "grey",
        )
        for place, level in enumerate(levels)
    ]


def test_judging_sees_the_apps_crop_whatever_the_label(tmp_path: Path) -> None:
    scene = save(np.hstack([draw_face(True, 1), draw_face(False, 2)]), tmp_path / "scene.png")
    box = (100.0, -8.0, 180.0, 70.0)
    faces = [Labelled(scene, truth, "scenes", box) for truth in (MASK, NO_MASK, INCORRECT)]
    faces.append(Labelled(scene, MASK, "whole"))
    judged = judge(Brightness(), faces, ALL_STEPS, None, Trouble())
    card = Brightness().card
    picture = np.asarray(Image.open(scene), np.uint8)
    seen = crop_faces(picture, np.array([box], np.float32), card)
    assert judged.no_mask_probability[0] == Brightness().judge(seen).no_mask_probability[0]
    assert len(set(judged.no_mask_probability[:3].tolist())) == 1
    assert (judged.by_step[:, :3] == judged.by_step[:, :1]).all(), "a step knows no label"
    assert judged.sizes.tolist() == [96, 96, 96, 192], "80 px and the card's margin; the longer side"
    assert judged.bare.tolist() == [False, True, True, False]


def test_each_answer_stays_with_its_face_and_step(tmp_path: Path) -> None:
    levels = list(range(10, 250, 8))
    faces = grey_faces(tmp_path, levels)
    for place in (0, 11, 29):
        faces[place].path.write_bytes(b"no picture")
    trouble = Trouble()
    judged = judge(Brightness(), faces, (Step(SIZE, 16), Step("dark", 0.5)), None, trouble)
    kept = [level / 255 for place, level in enumerate(levels) if place not in (0, 11, 29)]
    assert [Path(line.split(": ")[0]).name for line in trouble.unreadable] == [
        "grey000.png",
        "grey011.png",
        "grey029.png",
    ]
    np.testing.assert_allclose(judged.no_mask_probability, kept, atol=1e-5)
    np.testing.assert_allclose(judged.by_step[0], kept, atol=1e-5)
    np.testing.assert_allclose(judged.by_step[1], np.array(kept) / 2, atol=3e-3)
    some = judge(Brightness(), faces, (Step(SIZE, 16),), 5, Trouble())
    assert len(some.on_ladder) <= 5 and some.by_step.shape == (1, len(some.on_ladder))
    assert (some.by_step[0] == some.no_mask_probability[some.on_ladder]).all()
    none = judge(Brightness(), faces, (), None, Trouble())
    assert none.by_step.shape == (0, 0) and len(none.on_ladder) == 0


def test_wrong_faces_come_surest_first_missed_before_false(tmp_path: Path) -> None:
    faces = [
        replace(one, truth=truth)
        for one, truth in zip(
            grey_faces(tmp_path, [40, 90, 250, 140, 30]), [NO_MASK, NO_MASK, MASK, MASK, MASK], strict=True
        )
    ]
    judged = judge(Brightness(), faces, (), None, Trouble())
    assert judged.wrong(0.5) == [0, 1, 2, 3]
    assert judged.wrong(0.9) == [0, 1, 2]


def test_a_model_without_numbers_is_refused(tmp_path: Path) -> None:
    class Broken(Brightness):
        def judge(self, crops: Pixels) -> Judgement:
            return said_of(np.full(len(crops), np.nan, np.float32))

    with pytest.raises(FailedOnTheWay, match="no numbers"):
        judge(Broken(), grey_faces(tmp_path, [10]), (), None, Trouble())


def test_rows_hold_every_face_once(tmp_path: Path) -> None:
    faces = [
        *(replace(one, source="small") for one in grey_faces(tmp_path / "a", [10, 240], side=20)),
        *grey_faces(tmp_path / "b", [20, 100, 200], side=24),
        *grey_faces(tmp_path / "c", [20, 200], side=200),
        replace(grey_faces(tmp_path / "d", [90], side=100)[0], truth=INCORRECT),
    ]
    judged = judge(Brightness(), faces, (Step("dark", 0.5),), None, Trouble())
    summary = summarise(judged, 0.5, [Listed("two", frozenset({("a", "grey000.png"), ("grey002.png",)}))])
    for rows in (summary.by_source, summary.by_size, summary.incorrect):
        assert sum(one.measures.faces for one in rows) == 8
    assert {one.name: one.measures.faces for one in summary.by_size} == {
        "<24": 2,
        "24-48": 3,
        "48-96": 0,
        "96-192": 1,
        ">=192": 2,
    }
    assert [(one.name, one.measures.scores.missed_alarms) for one in summary.incorrect] == [
        ("mask worn incorrectly", 1),
        ("all but worn incorrectly", 0),
    ]
    assert summary.listed[0].measures.faces == 2
    assert (summary.overall.scores.positives, summary.overall.scores.missed_alarms) == (4, 1)
    assert summary.rungs[0].measures.scores.missed_alarms == 4, "at half the light all are called masked"
    json.dumps(summary.as_dict(), allow_nan=False)


def test_lists_match_whole_names_from_any_folder_on(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("file,what\nset/Test/1.jpg,a drawing\nlone.png,another\n\n")
    listed = read_listed(f"drawn={tmp_path / 'list.csv'}")
    assert listed.name == "drawn"
    assert Path("/data/set/Test/1.jpg") in listed and Path("set/Test/1.jpg") in listed and Path("/x/lone.png") in listed
    for other in ("/data/Test/1.jpg", "/data/otherset/Test/1.jpg", "/data/set/Test/11.jpg", "/set/Test/1.jpg/2.png"):
        assert Path(other) not in listed


def test_the_list_of_drawn_faces_can_be_read() -> None:
    listed = read_listed(f"drawn={ROOT / 'training' / 'drawn_faces.csv'}")
    assert len(listed.files) > 50
    assert {one[0] for one in listed.files} == {"face-mask-12k"} and {len(one) for one in listed.files} == {4}


def test_scenes_bring_masks_worn_incorrectly_only_when_asked(tmp_path: Path) -> None:
    scenes = tmp_path / "scenes"
    save(astronaut(), scenes / "images" / "one.png")
    heads = [{"label": INCORRECT, "box": HEAD.tolist()}, {"label": "unknown", "box": [0, 0, 20, 20]}]
    (scenes / "faces.json").write_text(json.dumps({"one.png": {"faces": heads}}))
    trouble = Trouble()
    assert list(scan(scenes, trouble)) == [] and trouble.other_labels == 2
    trouble = Trouble()
    faces = read_labelled([scenes], None, trouble)
    assert [(one.truth, one.bare, one.source) for one in faces] == [(INCORRECT, True, "scenes")]
    assert faces[0].box is not None and trouble.other_labels == 1


# Contact sheets.


def test_the_contact_sheets_show_every_wrong_face(tmp_path: Path) -> None:
    count = LARGE.on_page + 3
    faces = grey_faces(tmp_path, [200] * count)
    name = "a_name_that_is_much_too_long_for_the_width_of_a_face_and_has_to_be_shortened.png"
    faces[-1] = replace(faces[-1], path=faces[-1].path.rename(tmp_path / name))
    blue = np.zeros((30, 30, 3), np.uint8)
    blue[..., 2] = 255
    save(blue, faces[LARGE.on_page].path)
    judged = judge(Brightness(), faces, (), None, Trouble())
    pages = list(sheets(judged, range(count), CropRule()))
    assert len(pages) == 2
    assert all(page.dtype == np.uint8 and page.shape[2] == 3 for page in pages)
    grey = [np.isclose(page, 200, atol=1).all(axis=2).sum() for page in pages]
    assert grey[0] >= LARGE.on_page * 180 * 180 and grey[1] >= 2 * 180 * 180
    assert (pages[1] == (0, 0, 255)).all(axis=2).sum() == 180 * 180
    assert list(sheets(judged, [], CropRule())) == []
    with pytest.raises(ValueError, match="don't fit"):
        page([Tile(blue, (), (0, 0, 0))] * count, "too many", LARGE)


# Scorers.


def tiny_model() -> Any:
    """Enough weights for the conversion to reduce them to 8 bits."""
    keras = import_tensorflow().keras
    keras.utils.set_random_seed(4)
    image = keras.Input((SMALL, SMALL, 3))
    x = keras.layers.Conv2D(32, 9, strides=4, activation="relu")(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dense(64, activation="relu")(x)
    return keras.Model(image, keras.layers.Dense(2, activation="softmax", kernel_initializer="he_normal")(x))


def test_keras_and_exported_file_agree_on_the_same_pictures(tmp_path: Path) -> None:
    model = tiny_model()
    model.save(tmp_path / "tiny.keras")
    exported = tmp_path / "tiny.tflite"
    exported.write_bytes(convert(model))
    card = training_card(TrainConfig(manifest="", weights=None, input_size=SMALL), CropRule())
    card_path(exported).write_text(replace(card, sha256=file_sha256(exported)).to_json())
    save_classes(tmp_path / "own", ("with_mask", "without_mask"), 8, 0)
    faces = read_labelled([tmp_path / "own"], None, Trouble())
    found: list[Judged] = []
    for path in (tmp_path / "tiny.keras", exported):
        with open_scorer(path) as scorer:
            found.append(judge(scorer, faces, SIZE_STEPS[:2], None, Trouble()))
            assert len(scorer.judge(np.empty((0, SMALL, SMALL, 3), np.uint8))) == 0
    apart = np.abs(found[0].no_mask_probability - found[1].no_mask_probability)
    assert apart.mean() < MEAN_APART and np.quantile(apart, 0.99) < MOST_APART
    assert np.ptp(found[0].no_mask_probability) > 0.01, "faces are told apart at all"
    assert np.abs(found[0].by_step - found[1].by_step).mean() < MEAN_APART


@pytest.mark.usefixtures("small_network")
def test_a_run_is_judged_by_its_best_weights(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.start(TrainConfig(manifest="m.csv", weights=None, input_size=SMALL, hidden=16, precision="mixed_bfloat16"))
    with pytest.raises(UnusableInput, match="no epoch is finished"), open_scorer(run.path):
        pass
    run.best.write_text("no weights")
    with pytest.raises(UnusableInput, match="not the weights") as caught, open_scorer(run.path):
        pass
    assert "\n" not in str(caught.value)
    import_tensorflow().keras.utils.set_random_seed(7)
    model = build(SMALL, 2, 16, 0.3)
    model.save_weights(run.best)
    crops = np.stack([resize(draw_face(masked, 3), SMALL) for masked in (True, False)])
    with open_scorer(run.path) as scorer:
        answers = scorer.judge(crops).no_mask_probability
        assert scorer.card.input_size == SMALL and scorer.card.threshold == 0.5
    expected = KerasScorer(model, scorer.card).judge(crops).no_mask_probability
    np.testing.assert_allclose(answers, expected, atol=1e-6)
    assert answers.dtype == np.float32 and answers.shape == (2,)
    with pytest.raises(ValueError, match="unlike its card"):
        KerasScorer(model, replace(scorer.card, input_size=80))


# The whole command.


def run_evaluate(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", "evaluate", *map(str, arguments)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published splits of drawn faces; the test part also holds a sure error and a broken file."""
    folder = tmp_path_factory.mktemp("evaluate") / "own"
    for number, part in enumerate(("Train", "Validation", "Test")):
        save_classes(folder / part, ("WithMask", "WithoutMask"), 4, 10 * number)
    x0, y0, x1, y1 = HEAD
    save(astronaut()[y0:y1, x0:x1], folder / "Test" / "WithMask" / "astronaut.png")
    save(draw_face(True, 50, side=20), folder / "Test" / "WithMask" / "tiny.png")
    (folder / "Test" / "WithoutMask" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (folder.parent / "list.csv").write_text("file,what\nWithMask/astronaut.png,a portrait\n")
    return folder


def check_picture(path: Path) -> None:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        pixels = np.asarray(picture.convert("RGB"))
    assert min(pixels.shape[:2]) > 200
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10, f"{path.name} shows nothing"


def check_verdicts(metrics: dict[str, Any], told: str) -> None:
    answers, app = metrics["verdicts"]["answers"], metrics["verdicts"]["app"]
    assert sum(one["bare"] for one in answers.values()) == metrics["positives"]
    assert sum(one["masked"] for one in answers.values()) == metrics["negatives"]
    assert app["with_verdict"] == sum(answers[name][truth] for name in (MASK, NO_MASK) for truth in ("bare", "masked"))
    assert metrics["verdicts"]["levels"][0]["missed_alarms"] == metrics["missed_alarms"]
    assert f"the app gives {app['with_verdict']} of {metrics['faces']} faces a verdict" in told


def test_the_whole_command(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "report"
    model = asset(MASK_MODEL)
    options = ["--split", "test", "--out", out, "--ladder-faces", 2, "--listed", f"odd={data.parent / 'list.csv'}"]
    done = run_evaluate(model, data, *options)
    assert done.returncode == 0, done.stderr
    assert "unreadable: 1" in done.stdout and "broken.jpg" in done.stdout
    assert "positive class: no mask" in done.stdout and f"wrote {out / REPORT}" in done.stdout
    assert "Traceback" not in done.stderr and "broken.jpg" not in done.stderr

    metrics = json.loads((out / METRICS).read_text())
    assert (metrics["positives"], metrics["negatives"], metrics["faces"]) == (4, 6, 10)
    assert (metrics["positive_class"], metrics["threshold"]) == (NO_MASK, load_card(model).threshold)
    assert metrics["sha256"] == file_sha256(model) and metrics["split"] == "test"
    for name in ("accuracy", "precision", "recall", "specificity", "f1", "roc_auc", "ece"):
        assert metrics[name] is None or 0 <= metrics[name] <= 1
    assert metrics["not_judged"]["unreadable"] == 1
    assert [row["name"] for row in metrics["by_source"]] == ["own"]
    assert sum(row["faces"] for row in metrics["by_size"]) == 10 and metrics["by_size"][0]["faces"] == 1
    assert [row["value"] for row in metrics["size_ladder"]] == list(VALUES[SIZE])
    assert len(metrics["weather_ladder"]) == len(WEATHER_STEPS)
    assert all(row["positives"] + row["negatives"] == 2 for row in metrics["size_ladder"] + metrics["weather_ladder"])
    check_verdicts(metrics, done.stdout)
    listed = metrics["listed"][0]
    assert (listed["name"], listed["faces"], listed["false_alarms"]) == ("odd", 1, 1)
    assert listed["recall"] is None and listed["roc_auc"] is None

    with (out / WRONG).open(newline="") as file:
        wrong = list(csv.DictReader(file))
    assert list(wrong[0]) == ["path", "box", "truth", "no_mask_probability", "source", "size"]
    assert len(wrong) == metrics["missed_alarms"] + metrics["false_alarms"] >= 1
    portrait = next(row for row in wrong if row["path"].endswith("astronaut.png"))
    assert portrait["truth"] == MASK and float(portrait["no_mask_probability"]) >= metrics["threshold"]
    assert portrait["size"] == str((HEAD[2:] - HEAD[:2]).max())

    report = (out / REPORT).read_text()
    assert "positive class is `no_mask`" in report and "Wilson" in report and "equal width" in report
    for row in wrong:
        assert Path(row["path"]).name in report
    for text in (
        "broken.jpg",
        "## Verdicts",
        "| surest 80 % |",
        "| odd |",
        "| own |",
        "| <24 |",
        "| 16 px |",
        "JPEG 8",
    ):
        assert text in report
    pictures = [name for name in OUTPUTS if name.endswith(".png")] + ["wrong-1.png"]
    for name in pictures:
        check_picture(out / name)
        assert f"]({name})" in report
    assert sorted(one.name for one in out.iterdir()) == sorted({*OUTPUTS, "wrong-1.png"}), "nothing half written stays"

    # A second run is refused at once; with --force nothing of the first stays.
    refused = run_evaluate(model, data, *options)
    assert refused.returncode == 2 and refused.stdout == ""
    assert refused.stderr.count("\n") == 1 and "exists; add --force" in refused.stderr
    (out / "wrong-2.png").write_text("of an earlier evaluation")
    (out / "notes.txt").write_text("precious")
    again = ["--split", "validation", "--out", out, "--ladder-faces", 0, "--threshold", "0.9", "--force"]
    done = run_evaluate(model, data, *again)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((out / METRICS).read_text())
    assert (metrics["threshold"], metrics["faces"], metrics["size_ladder"]) == (0.9, 8, [])
    left = {one.name for one in out.iterdir()}
    assert not left & {SIZE_LADDER, WEATHER_LADDER, "wrong-2.png"} and "notes.txt" in left


def test_one_class_alone_gives_nulls_and_all_files(data: Path, tmp_path: Path) -> None:
    """Of a manifest too, and in the process, since TensorFlow and LiteRT are loaded already."""
    for label, folder, absent in (
        (MASK, "WithMask", ["precision", "recall", "f1", "roc_auc"]),
        (NO_MASK, "WithoutMask", ["specificity", "roc_auc"]),
    ):
        samples = [
            Sample(path, label, "own", path.stem, part)
            for place, path in enumerate(sorted((data / "Validation" / folder).iterdir()))
            for part in [TRAIN if place else VALIDATION]
        ]
        write_manifest(tmp_path / f"{label}.csv", samples)
        out = tmp_path / label
        given = [asset(MASK_MODEL), tmp_path / f"{label}.csv", "--out", out, "--split", "train", "--ladder-faces", 1]
        assert main(["evaluate", *map(str, given)]) == 0
        metrics = json.loads((out / METRICS).read_text(), parse_constant=pytest.fail)
        assert metrics["faces"] == 3
        for name in absent:
            assert metrics[name] is None
        assert metrics["accuracy"] is not None
        for name in OUTPUTS:
            assert (out / name).stat().st_size > 0
            if name.endswith(".png"):
                check_picture(out / name)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run the command, which must fail by wrong use; return its one line."""
    assert main(["evaluate", *map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("training: ") and err.endswith("\n") and err.count("\n") == 1, err
    return err


def test_names_what_is_wrong_in_one_line(capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path) -> None:
    model, out = asset(MASK_MODEL), ["--out", tmp_path / "out"]
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.keras").write_text("no model")
    (tmp_path / "text.tflite").write_text("no model")
    (tmp_path / "text.csv").write_text("no manifest\n")
    write_manifest(tmp_path / "none.csv", [])
    write_manifest(tmp_path / "test.csv", [Sample(tmp_path / "gone.png", MASK, "own", "1", TEST)])
    (tmp_path / "bare" / "with_mask").mkdir(parents=True)
    (tmp_path / "bare" / "with_mask" / "broken.png").write_text("no picture")
    assert "no such model" in refused(capsys, tmp_path / "absent", data, *out)
    assert "not a model" in refused(capsys, tmp_path / "text.csv", data, *out)
    assert "holds no training run" in refused(capsys, tmp_path / "empty", data, *out)
    assert "not a Keras model" in refused(capsys, tmp_path / "text.keras", data, *out)
    assert "no such model card" in refused(capsys, tmp_path / "text.tflite", data, *out)
    assert "no such manifest or folder" in refused(capsys, model, tmp_path / "absent", *out)
    assert "not a manifest" in refused(capsys, model, tmp_path / "text.csv", *out)
    assert "no data in a known layout" in refused(capsys, model, tmp_path / "empty", *out)
    assert "no labelled faces" in refused(capsys, model, tmp_path / "none.csv", *out)
    assert "of the split train" in refused(capsys, model, tmp_path / "test.csv", "--split", "train", *out)
    assert "no such split" in refused(capsys, model, data, "--split", "dev", *out)
    assert "no published splits" in refused(capsys, model, tmp_path / "bare", "--split", "test", *out)
    assert "given twice" in refused(capsys, model, data, data, *out)
    assert "between 0 and 1" in refused(capsys, model, data, "--threshold", "1.5", *out)
    assert "between 0 and 1" in refused(capsys, model, data, "--threshold", "nan", *out)
    assert "-3 faces" in refused(capsys, model, data, "--ladder-faces", "-3", *out)
    assert "name the row" in refused(capsys, model, data, "--listed", "drawn", *out)
    assert "not a list" in refused(capsys, model, data, "--listed", f"drawn={tmp_path / 'absent.csv'}", *out)
    assert "no column file" in refused(capsys, model, data, "--listed", f"drawn={tmp_path / 'text.csv'}", *out)
    twice = ["--listed", f"a={data.parent / 'list.csv'}"] * 2
    assert "same name" in refused(capsys, model, data, *twice, *out)
    assert "is no folder" in refused(capsys, model, data, "--out", tmp_path / "text.csv")
    assert "can't be made" in refused(capsys, model, data, "--out", tmp_path / "text.csv" / "out")
    assert not (tmp_path / "out").exists()
    for gone in ("test.csv", "bare"):
        said = refused(capsys, model, tmp_path / gone, *out)
        assert "not one readable" in said and ("gone.png" in said or "broken.png" in said)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_refused_before_the_work(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "locked"
    out.mkdir(mode=0o500)
    assert "may not write" in refused(capsys, asset(MASK_MODEL), data, "--out", out)


def test_nothing_is_said_where_nobody_looks_even_when_no_face_climbs(data: Path, tmp_path: Path) -> None:
    """The one face for the ladders can't be read; neither progress bar nor matplotlib may write to a log."""
    pictures = [tmp_path / "gone.png", data / "Test" / "WithMask" / "tiny.png"]
    write_manifest(tmp_path / "two.csv", [Sample(path, MASK, "own", path.stem, TEST) for path in pictures])
    done = run_evaluate(asset(MASK_MODEL), tmp_path / "two.csv", "--out", tmp_path / "out", "--ladder-faces", 1)
    assert (done.returncode, done.stderr) == (0, "")
    metrics = json.loads((tmp_path / "out" / METRICS).read_text())
    assert metrics["faces"] == 1 and all(row["accuracy"] is None for row in metrics["size_ladder"])


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "--help"])
    assert ended.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: python -m training evaluate") and "positive class is no mask" in out and err == ""


def test_the_classifier_of_the_app_is_a_scorer() -> None:
    with open_scorer(asset(MASK_MODEL)) as scorer:
        assert isinstance(scorer, MaskClassifier)
        size = scorer.card.input_size
        crop = cv2.resize(astronaut()[14:192, 157:302], (size, size))
        assert scorer.judge(np.asarray(crop, np.uint8)[None]).no_mask_probability[0] > 0.5
