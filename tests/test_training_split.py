"""Copies, groups and splits: no picture and none like it is in two splits."""

from __future__ import annotations

import io
import json
import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maskcam.errors import UnusableInput
from maskcam.frames import Pixels
from maskcam.modelcard import MASK, NOT_FACE
from tests.drawn_faces import draw_face, save, save_classes
from training.duplicates import near_copies, thumbnail
from training.labelled import Listed, read_labelled
from training.manifest import ALL_LABELS, LABELS, SPLITS, TEST, TRAIN, VALIDATION, read_manifest
from training.prepare import describe, prepare, split
from training.scan import Found, Trouble


def jpeg(picture: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.uint8)


def smaller(picture: Pixels) -> Pixels:
    return np.asarray(cv2.resize(picture, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA), np.uint8)


def larger(picture: Pixels) -> Pixels:
    return np.asarray(cv2.resize(picture, None, fx=1.7, fy=1.7, interpolation=cv2.INTER_LINEAR), np.uint8)


def brighter(picture: Pixels) -> Pixels:
    return np.clip(picture * 1.1 + 8, 0, 255).astype(np.uint8)


COPIES: dict[str, Callable[[Pixels], Pixels]] = {
    "exact": np.copy,
    "jpeg": lambda picture: jpeg(picture, 50),
    "smaller": smaller,
    "larger": larger,
    "mirrored": lambda picture: picture[:, ::-1].copy(),
    "brighter": brighter,
    "all at once": lambda picture: jpeg(brighter(smaller(picture[:, ::-1])), 60),
}


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES)
def test_copies_are_found(change: Callable[[Pixels], Pixels]) -> None:
    astronaut = np.asarray(skimage.data.astronaut(), np.uint8)
    originals = [astronaut, astronaut[10:210, 130:310].copy(), *(draw_face(bool(seed % 2), seed) for seed in range(6))]
    for original in originals:
        assert set(near_copies([thumbnail(original), thumbnail(change(original))])) == {(0, 1)}


def test_different_pictures_are_no_copies() -> None:
    pictures = [draw_face(masked, seed) for masked in (True, False) for seed in range(30)]
    pictures += [skimage.data.astronaut(), skimage.data.chelsea(), skimage.data.coffee()]
    assert list(near_copies([thumbnail(one) for one in pictures])) == []


def test_copies_far_apart_in_a_long_list_are_found() -> None:
    thumbs = [thumbnail(draw_face(False, seed)) for seed in range(300)] * 2
    assert {(i, i + 300) for i in range(300)} <= set(near_copies(thumbs))


def test_every_pair_is_counted_once() -> None:
    portrait = np.asarray(skimage.data.astronaut(), np.uint8)
    own_mirror_image = np.hstack([portrait, portrait[:, ::-1]])
    assert list(near_copies([thumbnail(own_mirror_image)] * 2)) == [(0, 1)]


def test_copies_share_a_group(tmp_path: Path) -> None:
    own = tmp_path / "own"
    original = np.asarray(skimage.data.astronaut(), np.uint8)[10:210, 130:310]
    for number, change in enumerate(COPIES.values()):
        save(change(original), own / "without_mask" / f"copy{number}.{'png' if number % 2 else 'jpg'}")
    save_classes(own, ("with_mask", "without_mask"), 10, 0)
    prepared = prepare([own], tmp_path / "out")
    groups = defaultdict(set)
    for one in prepared.samples:
        groups[one.group].add(one.path.stem)
    assert {f"copy{number}" for number in range(len(COPIES))} in groups.values()
    assert sorted(len(names) for names in groups.values()) == [1] * 20 + [len(COPIES)]
    assert prepared.groups == 21
    assert prepared.largest_group == len(COPIES)


def test_a_photograph_that_is_a_scene_too_is_in_one_split(tmp_path: Path) -> None:
    portrait = np.asarray(skimage.data.astronaut(), np.uint8)
    save(portrait, tmp_path / "scenes" / "images" / "a.png")
    faces = [{"box": [157, 14, 302, 192], "label": "without_mask"}]
    (tmp_path / "scenes" / "faces.json").write_text(json.dumps({"a.png": {"faces": faces}}))
    save(smaller(portrait), tmp_path / "web" / "without_mask" / "whole.jpg")
    save_classes(tmp_path / "web", ("with_mask", "without_mask"), 5, 0)
    prepared = prepare([tmp_path / "web", tmp_path / "scenes"], tmp_path / "out")
    groups = {one.path.name: (one.group, one.split) for one in prepared.samples if one.label != NOT_FACE}
    assert groups["whole.jpg"] == groups["a.png"]
    assert prepared.near_pairs == 1 and prepared.largest_group == 2
    save(portrait, tmp_path / "kaggle" / "Test" / "WithoutMask" / "tested.png")
    prepared = prepare([tmp_path / "web", tmp_path / "scenes", tmp_path / "kaggle"], tmp_path / "tested")
    assert not [one for one in prepared.samples if one.path.name in ("a.png", "whole.jpg")], "what is mined in it too"


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_linked_folder_goes_by_the_name_of_its_link(tmp_path: Path) -> None:
    save_classes(tmp_path / "archive (1)", ("with_mask", "without_mask"), 5, 0)
    (tmp_path / "data").mkdir()
    link = tmp_path / "data" / "own"
    link.symlink_to(tmp_path / "archive (1)")
    unwanted = Listed("wrong", frozenset({("own", "with_mask", "face001.png"), ("own", "with_mask", "face001.jpg")}))
    prepared = prepare([tmp_path / "data" / "." / "own"], tmp_path / "out", unwanted=[unwanted])
    assert {one.source for one in prepared.samples} == {"own"} and prepared.unknown == {"wrong": 1}
    assert {one.source for one in read_labelled([link], None, Trouble())} == {"own"}
    with pytest.raises(UnusableInput, match="same"):
        prepare([link, tmp_path / "archive (1)"], tmp_path / "twice")
    with pytest.raises(UnusableInput, match="same"):
        read_labelled([link, tmp_path / "archive (1)"], None, Trouble())


def test_sources_of_which_nothing_is_told_are_named(tmp_path: Path) -> None:
    save_classes(tmp_path / "own", ("with_mask", "without_mask"), 3, 0)
    about = tmp_path / "about.json"
    for name, told in (("own", False), ("owm", True)):
        about.write_text(json.dumps({name: {"licence": "CC0-1.0"}}))
        lines = list(describe(prepare([tmp_path / "own"], tmp_path / "out", about, force=True)))
        assert ("the description of the sources tells nothing of own" in lines) is told
    lines = list(describe(prepare([tmp_path / "own"], tmp_path / "out", force=True)))
    assert not [line for line in lines if "description" in line], "none was given"


def test_what_is_listed_is_judged_on_but_not_trained_on(two_sources: list[Path], tmp_path: Path) -> None:
    before = {one.path: one.split for one in prepare(two_sources, tmp_path / "before").samples}
    chosen = {part: next(path for path, split in before.items() if split == part) for part in SPLITS}
    listed = Listed("wrong.csv", frozenset(path.parts[-4:] for path in chosen.values()))
    prepared = prepare(two_sources, tmp_path / "after", unwanted=[Listed("none.csv", frozenset()), listed])
    assert {one.path for one in prepared.samples} == set(before) - {chosen[TRAIN]}
    assert [reason for reason in prepared.left_out if "listed" in reason] == ["kaggle: listed in wrong.csv"]


@st.composite
def collections(draw: st.DrawFn) -> tuple[list[Found], list[tuple[int, int]]]:
    """Faces of two sources, some published, some of one origin, and pairs of near copies."""
    count = draw(st.integers(1, 24))
    found = []
    for number in range(count):
        source = draw(st.sampled_from(["a", "b"]))
        origin = f"{source}/{draw(st.integers(0, 40))}"
        published = draw(st.sampled_from([None, *SPLITS])) if source == "a" else None
        found.append(Found(Path(f"/{number}.png"), draw(st.sampled_from(LABELS)), source, origin, published))
    places = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(places, places).filter(lambda pair: pair[0] < pair[1]), max_size=20))
    return found, pairs


def related(found: list[Found], pairs: list[tuple[int, int]]) -> list[set[int]]:
    """The sets of faces that copies and common origins connect, found the slow way."""
    sets = [{place} for place in range(len(found))]
    links = pairs + [(i, j) for i, one in enumerate(found) for j in range(i) if found[j].origin == one.origin]
    for i, j in links:
        a, b = next(one for one in sets if i in one), next(one for one in sets if j in one)
        if a is not b:
            sets.remove(b)
            a |= b
    return sets


@settings(max_examples=300)
@given(collections())
def test_no_original_crosses_a_split(data: tuple[list[Found], list[tuple[int, int]]]) -> None:
    found, pairs = data
    prepared = split(found, pairs, Trouble())
    kept = {one.path: one for one in prepared.samples}
    assert len(kept) == len(prepared.samples)
    assert len(kept) + prepared.left_out.total() == len(found)
    groups = related(found, pairs)
    assert prepared.groups == len(groups)
    assert prepared.largest_group == max(len(one) for one in groups)
    names = []
    for group in groups:
        members = [kept[found[place].path] for place in group if found[place].path in kept]
        assert members, "of every original something is kept"
        assert len({(one.split, one.group) for one in members}) == 1
        names.append(members[0].group)
        published = {found[place].published for place in group} - {None}
        if published:
            strongest = next(name for name in (TEST, VALIDATION, TRAIN) if name in published)
            assert members[0].split == strongest
        else:
            assert members[0].split in (TRAIN, VALIDATION)
            assert len(members) == len(group)
    assert len(set(names)) == len(names), "two groups never share a name"
    for one in found:
        if one.published == TEST:
            assert kept[one.path].split == TEST, "the published test set stays whole"
        elif one.path in kept:
            assert kept[one.path].split != TEST, "nothing joins the published test set"


@settings(max_examples=200)
@given(collections(), st.randoms(use_true_random=False))
def test_the_split_does_not_depend_on_the_order(
    data: tuple[list[Found], list[tuple[int, int]]], shuffle: object
) -> None:
    found, pairs = data
    order = list(range(len(found)))
    shuffle.shuffle(order)  # type: ignore[attr-defined]
    places = {old: new for new, old in enumerate(order)}
    moved = [(min(places[i], places[j]), max(places[i], places[j])) for i, j in pairs]
    first = split(found, pairs, Trouble())
    assert split(found, pairs, Trouble()) == first
    second = split([found[old] for old in order], moved, Trouble())
    assert {one.path: one for one in second.samples} == {one.path: one for one in first.samples}
    assert second.left_out == first.left_out


def test_about_a_fifth_of_unpublished_data_validates_and_new_pictures_move_none() -> None:
    found = [Found(Path(f"/{n}.png"), LABELS[n % 2], "own", f"own/{n}") for n in range(1000)]
    before = {one.path: one.split for one in split(found, [], Trouble()).samples}
    assert 150 < sum(part == VALIDATION for part in before.values()) < 250
    more = [Found(Path(f"/new{n}.png"), MASK, "own", f"own/a{n}") for n in range(100)]
    after = {one.path: one.split for one in split(more + found, [], Trouble()).samples}
    assert {path: after[path] for path in before} == before


@pytest.fixture(scope="module")
def two_sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A published set and one's own; copies of a published test picture in Train and in one's own."""
    folder = tmp_path_factory.mktemp("data")
    for number, (part, count) in enumerate((("Train", 10), ("Validation", 4), ("Test", 5))):
        save_classes(folder / "kaggle" / part, ("WithMask", "WithoutMask"), count, 100 * number)
    save_classes(folder / "own", ("with_mask", "without_mask"), 15, 1000)
    tested = np.asarray(Image.open(folder / "kaggle" / "Test" / "WithMask" / "face001.png"))
    save(jpeg(tested, 70), folder / "kaggle" / "Train" / "WithMask" / "leak.jpg")
    save(tested[:, ::-1].copy(), folder / "own" / "with_mask" / "leak.png")
    return [folder / "kaggle", folder / "own"]


def test_near_copies_of_the_test_set_are_left_out(two_sources: list[Path], tmp_path: Path) -> None:
    prepared = prepare(two_sources, tmp_path / "out")
    samples = read_manifest(tmp_path / "out" / "manifest.csv")
    assert samples == list(prepared.samples)
    assert not [one for one in samples if one.path.stem == "leak"]
    assert {one.path for one in samples if one.split == TEST} == set((two_sources[0] / "Test").rglob("face*.*"))
    assert prepared.left_out == {"kaggle: copies of test pictures": 1, "own: copies of test pictures": 1}


def test_the_report_counts_what_the_manifest_holds(two_sources: list[Path], tmp_path: Path) -> None:
    prepared = prepare(two_sources, tmp_path / "out")
    report = list(describe(prepared))
    rows = {tuple(line.split()[:2]): line.split()[2:] for line in report}
    for source in ("kaggle", "own", "all"):
        for part in SPLITS:
            counts = [
                sum(
                    one.label == label and one.split == part and source in (one.source, "all")
                    for one in prepared.samples
                )
                for label in ALL_LABELS
            ]
            if any(counts):
                assert rows[source, part][:3] == [str(count) for count in counts]
            else:
                assert (source, part) not in rows
    assert rows["all", TEST][3:] == ["50", "%", "of", "the", "faces", "without", "a", "mask"]
    assert any(line.startswith(f"{prepared.near_pairs} near-copy pairs; {prepared.groups} groups") for line in report)
    assert "left out: 1 of own: copies of test pictures" in report


def test_prepare_gives_the_same_manifest_again(two_sources: list[Path], tmp_path: Path) -> None:
    texts = []
    for name in ("first", "second"):
        prepare(two_sources, tmp_path / name)
        assert {one.name for one in (tmp_path / name).iterdir()} == {"manifest.csv", "sources.json"}
        texts.append((tmp_path / name / "manifest.csv").read_bytes())
    assert texts[0] == texts[1]


def test_names_that_are_no_text_are_prepared_too(two_sources: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "own" / "with_mask"
    save_classes(tmp_path / "own", ("with_mask", "without_mask"), 2, 0)
    one = next(folder.iterdir())
    one.rename(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.png"))
    prepare([tmp_path / "own"], tmp_path / "out")
    samples = read_manifest(tmp_path / "out" / "manifest.csv")
    assert len(samples) == 4 and all(sample.path.is_file() for sample in samples)


def test_a_manifest_that_is_there_is_replaced_only_when_asked(two_sources: list[Path], tmp_path: Path) -> None:
    about = tmp_path / "about.json"
    about.write_text('{"own": {"name": "drawn", "licence": "none"}}')
    prepare(two_sources[1:], tmp_path / "out", about)
    before = {one: one.read_bytes() for one in (tmp_path / "out").iterdir()}
    with pytest.raises(UnusableInput, match=r"manifest.csv exists; add --force"):
        prepare(two_sources, tmp_path / "out")
    assert {one: one.read_bytes() for one in (tmp_path / "out").iterdir()} == before
    prepare(two_sources, tmp_path / "out", about, force=True)
    assert {one.name for one in (tmp_path / "out").iterdir() if before[one] == one.read_bytes()} == {"sources.json"}


def test_a_folder_that_can_not_be_made_is_refused_before_the_work(two_sources: list[Path], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnusableInput, match="name another") as caught:
        prepare(two_sources, tmp_path / "file" / "out")
    assert "\n" not in str(caught.value)


def test_names_in_a_list_that_no_picture_has_are_counted(two_sources: list[Path], tmp_path: Path) -> None:
    some = next(path for path in sorted(two_sources[0].rglob("*")) if path.is_file())
    known = (some.parent.name, some.name)
    wanted = Listed("unwanted.csv", frozenset({known, ("nowhere", "at-all.jpg")}))
    prepared = prepare(two_sources, tmp_path / "out", unwanted=[wanted])
    assert prepared.unknown == {"unwanted.csv": 1}
    assert "listed in unwanted.csv, but of no face found in these pictures: 1" in list(describe(prepared))
