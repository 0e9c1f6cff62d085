"""What is asked of a model, and which face each answer belongs to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskcam.crops import crop_faces
from maskcam.errors import FailedOnTheWay
from maskcam.frames import Judgement, Pixels
from maskcam.modelcard import MASK, NO_MASK, NOT_FACE, CropRule, ModelCard
from tests.drawn_faces import draw_face, save
from tests.evaluate_parts import ALL_STEPS, HEAD, SMALL
from tests.support import ROOT, astronaut
from tests.support import judged as said_of
from training.config import TrainConfig
from training.contact import LARGE, Tile, page, sheets
from training.drawn import DRAWINGS, MASKS, Drawn
from training.evaluate import _write_wrong
from training.judge import Kept, judge, judge_rejects
from training.labelled import Labelled, Listed, read_labelled, read_listed
from training.ladders import SIZE, Step
from training.manifest import VALIDATION, Sample, write_manifest
from training.scan import INCORRECT, Trouble, scan
from training.summary import summarise
from training.train import training_card


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


def test_with_a_drawn_mask_a_bare_face_is_a_masked_one_and_with_all_else_it_stays_bare(tmp_path: Path) -> None:
    """Three faces, of which each drawing has one called bare."""
    answers = np.zeros((len(DRAWINGS), 3), np.float32)
    answers[:, 0] = 1
    judged = judge(Brightness(), grey_faces(tmp_path, [200, 20]), (), None, Trouble())
    rows = {row.name: row.measures.scores for row in summarise(judged, 0.5, (), Drawn(answers)).drawn}
    assert list(rows) == list(DRAWINGS)
    for name, scores in rows.items():
        expected = (0, 1, 0, 3) if name == MASKS else (2, 0, 3, 0)
        assert (scores.missed_alarms, scores.false_alarms, scores.positives, scores.negatives) == expected, name


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


def test_on_the_ladders_too_what_is_said_of_a_doubtful_view_does_not_reject_it(tmp_path: Path) -> None:
    class Rejecting(Brightness):
        def judge(self, crops: Pixels) -> Judgement:
            return Judgement(np.full(len(crops), 0.9, np.float32), np.full(len(crops), 0.99, np.float32))

    face = Labelled(save(draw_face(False, 3), tmp_path / "face.png"), NO_MASK, "own")
    steps = (Step("rotation", 10), Step("dark", 0.06), Step("blur", 0.06), Step(SIZE, 16), Step(SIZE, 48))
    judged = judge(Rejecting(), [face], steps, None, Trouble())
    assert judged.rejected.all() and judged.no_mask_probability.tolist() == [0]
    _write_wrong(tmp_path / "wrong.csv", judged, judged.wrong(0.5))
    assert ",no_mask,0.000000,yes,own," in (tmp_path / "wrong.csv").read_text()
    assert judged.by_step[:, 0].tolist() == pytest.approx([0, 0.9, 0.9, 0.9, 0])


def test_what_is_no_face_is_rejected_by_the_apps_rule_and_counted_by_source(tmp_path: Path) -> None:
    """Of the four places two are rejected; of the two that aren't, one is too dark for what is said of it to count."""

    class RedIsNone(Brightness):
        def judge(self, crops: Pixels) -> Judgement:
            none = crops[..., 0].mean(axis=(1, 2)) > crops[..., 2].mean(axis=(1, 2)) + 1
            return Judgement(np.full(len(crops), 0.9, np.float32), np.where(none, 0.99, 0.5).astype(np.float32))

    grain = np.random.default_rng(0).integers(0, 120, (24, 48, 1)).repeat(5, axis=0).repeat(5, axis=1)
    red, blue = (np.clip(grain + shift, 0, 255) for shift in ((100, 0, 0), (0, 0, 100)))
    scene = save(np.hstack([red, blue]).astype(np.uint8), tmp_path / "scene.png")
    dark = save((red * 0.02).astype(np.uint8) + np.array([3, 0, 0], np.uint8), tmp_path / "dark.png")
    rejects = [
        Labelled(scene, NOT_FACE, "street", (20.0, 10.0, 100.0, 90.0)),
        Labelled(scene, NOT_FACE, "street", (300.0, 10.0, 380.0, 90.0)),
        Labelled(tmp_path / "gone.png", NOT_FACE, "street"),
        Labelled(dark, NOT_FACE, "nobody", (20.0, 10.0, 100.0, 90.0)),
        Labelled(scene, NOT_FACE, "nobody", (110.0, 10.0, 190.0, 90.0)),
    ]
    trouble = Trouble()
    found = judge_rejects(RedIsNone(), rejects, trouble)
    assert [one.path.name for one in found.rejects] == ["scene.png", "scene.png", "dark.png", "scene.png"]
    assert found.kept.tolist() == [False, True, True, False]
    assert len(trouble.unreadable) == 1
    judged = judge(Brightness(), grey_faces(tmp_path / "faces", [40, 200]), (), None, Trouble())
    rejection = summarise(judged, 0.5, (), rejects=found).rejection
    assert rejection is not None
    assert [(one.source, one.rejects, one.kept) for one in rejection.let_through] == [
        ("nobody", 2, 1),
        ("street", 2, 1),
    ]
    told = rejection.as_dict()
    assert (told["rejects"], told["rejects_kept"], told["bare_rejected"]) == (4, 2, 0)
    assert not len(judge_rejects(RedIsNone(), [], trouble).kept)


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


def test_faces_of_too_small_boxes_are_left_out(tmp_path: Path) -> None:
    scene = save(np.full((90, 90, 3), 120, np.uint8), tmp_path / "scene.png")
    boxes = [(0.0, 0.0, side, side) for side in (19.0, 20.0, 40.0)]
    samples = [Sample(scene, MASK, "own", "own/0", VALIDATION, box) for box in boxes]
    samples.append(Sample(scene, NO_MASK, "own", "own/1", VALIDATION))
    write_manifest(tmp_path / "m.csv", samples)
    for smallest, left in ((0, [*boxes, None]), (20, [*boxes[1:], None]), (41, [None])):
        found = read_labelled([tmp_path / "m.csv"], None, Trouble(), smallest)
        assert [one.box for one in found] == left


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


@pytest.mark.parametrize(("no_face", "rejected", "hardly"), [(0.3, 0, 0), (0.7, 0, 1), (0.99, 1, 0)])
def test_faces_that_are_hardly_taken_for_faces_are_counted(
    no_face: float, rejected: int, hardly: int, tmp_path: Path
) -> None:
    class Sceptic(Brightness):
        def judge(self, crops: Pixels) -> Judgement:
            said = super().judge(crops)
            return Judgement(said.no_mask_probability, np.full(len(crops), no_face, np.float32))

    face = Labelled(save(draw_face(False, 1), tmp_path / "bare.png"), NO_MASK, "own")
    judged = judge(Sceptic(), [face], (), None, Trouble())
    assert (judged.rejected.sum(), judged.hardly.sum()) == (rejected, hardly)
    found = summarise(judged, 0.5, (), rejects=Kept((), np.zeros(0, np.bool_))).rejection
    assert found is not None
    assert (found.bare_rejected, found.bare_hardly, found.masked_hardly) == (rejected, hardly, 0)
