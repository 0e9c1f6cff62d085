"""`prepare`: reading the three layouts, finding copies, splitting, the manifest and the report."""

from __future__ import annotations

import io
import json
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
from maskcam.modelcard import MASK, NO_MASK, NOT_FACE
from tests.drawn_faces import draw_face, save, save_classes
from training.duplicates import near_copies, thumbnail
from training.manifest import ALL_LABELS, LABELS, SPLITS, TEST, TRAIN, VALIDATION, Sample, read_manifest, write_manifest
from training.prepare import describe, prepare, split
from training.scan import Found, Trouble, scan

HEAD = np.array([157, 14, 302, 192])
"""The astronaut's head in scikit-image's portrait, labelled by hand."""
EYES_AND_MOUTH = np.array([(203, 102), (248, 102), (224, 147)])


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


# The three layouts.


def test_reads_the_kaggle_layout(tmp_path: Path) -> None:
    for number, part in enumerate(("Train", "Validation", "Test")):
        save_classes(tmp_path / "kaggle" / part, ("WithMask", "WithoutMask"), 2, 10 * number)
    found = list(scan(tmp_path / "kaggle", Trouble()))
    assert len(found) == 12
    for one in found:
        split_folder, class_folder = one.path.parts[-3:-1]
        assert one.published == {"Train": TRAIN, "Validation": VALIDATION, "Test": TEST}[split_folder]
        assert one.label == {"WithMask": MASK, "WithoutMask": NO_MASK}[class_folder]
        assert (one.source, one.box) == ("kaggle", None)
    assert len({one.origin for one in found}) == 12, "the same file name in two folders is not the same original"


@pytest.mark.parametrize("names", [("with_mask", "without_mask"), ("WithMask", "WithoutMask")])
def test_reads_two_class_folders(tmp_path: Path, names: tuple[str, str]) -> None:
    save_classes(tmp_path / "own", names, 3, 0)
    save(draw_face(True, 9), tmp_path / "own" / "elsewhere" / "ignored.png")
    (tmp_path / "own" / names[0] / "notes.txt").write_text("not a picture")
    found = list(scan(tmp_path / "own", Trouble()))
    assert [(one.label, one.path.parent.name) for one in found] == [(MASK, names[0])] * 3 + [(NO_MASK, names[1])] * 3
    assert {one.published for one in found} == {None}


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The astronaut twice in one picture, large and small, and what else labels may hold."""
    folder = tmp_path_factory.mktemp("data") / "scenes"
    portrait = np.asarray(skimage.data.astronaut(), np.uint8)
    picture = np.full((640, 1000, 3), 90, np.uint8)
    picture[40:552, 20:532] = portrait
    picture[200:456, 640:896] = cv2.resize(portrait, (256, 256), interpolation=cv2.INTER_AREA)
    save(picture, folder / "images" / "two.png")
    (folder / "images" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    heads = [
        {"label": "without_mask", "box": (HEAD + np.array([20, 40, 20, 40])).tolist()},
        {"label": "with_mask", "box": (HEAD / 2 + np.array([640, 200, 640, 200])).tolist()},
        {"label": "mask_weared_incorrect", "box": [0, 0, 30, 30]},
        {"label": "with_mask", "box": [900, 560, 960, 630]},
    ]
    labels = {
        "two.png": {"faces": heads},
        "broken.jpg": {"faces": [{"label": "with_mask", "box": [0, 0, 9, 9]}]},
        "absent.jpg": {"faces": [{"label": "with_mask", "box": [0, 0, 9, 9]}]},
    }
    (folder / "faces.json").write_text(json.dumps(labels))
    return folder


def test_cuts_labelled_heads_with_the_apps_detector(scenes: Path) -> None:
    trouble = Trouble()
    found = list(scan(scenes, trouble))
    assert [one.label for one in found] == [NO_MASK, MASK]
    for one, scale, corner in zip(found, (1.0, 0.5), ((20, 40), (640, 200)), strict=True):
        assert one.box is not None
        x0, y0, x1, y1 = one.box
        for x, y in EYES_AND_MOUTH * scale + corner:
            assert x0 < x < x1 and y0 < y < y1
        assert 60 * scale < x1 - x0 < 160 * scale, "a face is about as wide as a head"
    assert len({one.origin for one in found}) == 1, "faces of one picture stay together"
    assert trouble.other_labels == 1
    assert trouble.heads_not_found == 1
    assert [Path(line.split(": ")[0]).name for line in trouble.unreadable] == ["absent.jpg", "broken.jpg"]


def test_prepares_scenes(scenes: Path, tmp_path: Path) -> None:
    prepared = prepare([scenes], tmp_path / "out")
    samples = read_manifest(tmp_path / "out" / "manifest.csv")
    assert samples == list(prepared.samples)
    assert [one.label for one in samples if one.label != NOT_FACE] == [NO_MASK, MASK]
    assert any(one.label == NOT_FACE for one in samples), "a cut-up head gives boxes that are no faces"
    assert len({(one.group, one.split) for one in samples}) == 1, "what is no face goes where its scene goes"
    report = "\n".join(describe(prepared))
    assert "1 labelled heads in which the detector finds no face" in report
    assert "1 heads labelled neither" in report
    assert "broken.jpg" in report and "absent.jpg" in report


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        '{"two.png": []}',
        '{"two.png": {"faces": [{"label": "with_mask"}]}}',
        '{"two.png": {"faces": [{"label": "with_mask", "box": [1, 2, 3]}]}}',
        '{"two.png": {"faces": [{"label": "with_mask", "box": ["a", 2, 3, 4]}]}}',
    ],
)
def test_refuses_broken_scene_labels_in_one_line(tmp_path: Path, scenes: Path, text: str) -> None:
    folder = tmp_path / "scenes"
    save(np.asarray(Image.open(scenes / "images" / "two.png")), folder / "images" / "two.png")
    (folder / "faces.json").write_text(text)
    with pytest.raises(UnusableInput, match=r"faces\.json: ") as caught:
        list(scan(folder, Trouble()))
    assert "\n" not in str(caught.value)


def test_refuses_an_unknown_layout_in_one_line(tmp_path: Path) -> None:
    save(draw_face(True, 1), tmp_path / "pictures" / "one.png")
    with pytest.raises(UnusableInput, match=r"no data in a known layout; expected .*with_mask") as caught:
        list(scan(tmp_path, Trouble()))
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_and_counts_unreadable_files_and_goes_on(tmp_path: Path) -> None:
    own = tmp_path / "own"
    save_classes(own, ("with_mask", "without_mask"), 3, 0)
    (own / "with_mask" / "torn.png").write_bytes((own / "with_mask" / "face001.png").read_bytes()[:300])
    (own / "with_mask" / "empty.jpg").touch()
    (own / "without_mask" / "text.jpg").write_text("not a picture")
    prepared = prepare([own], tmp_path / "out")
    assert len(prepared.samples) == 6
    report = list(describe(prepared))
    assert "unreadable: 3" in report
    for name in ("torn.png", "empty.jpg", "text.jpg"):
        assert sum(name in line for line in report) == 1


def test_refuses_data_without_one_readable_picture(tmp_path: Path) -> None:
    for name in ("with_mask", "without_mask"):
        (tmp_path / "own" / name).mkdir(parents=True)
        (tmp_path / "own" / name / "text.png").write_text("not a picture")
    with pytest.raises(UnusableInput, match="not one readable"):
        prepare([tmp_path / "own"], tmp_path / "out")
    assert not (tmp_path / "out" / "manifest.csv").exists()


def test_refuses_two_sources_of_one_name(tmp_path: Path) -> None:
    for parent in "ab":
        save_classes(tmp_path / parent / "own", ("with_mask", "without_mask"), 1, 0)
    with pytest.raises(UnusableInput, match="same name"):
        prepare([tmp_path / "a" / "own", tmp_path / "b" / "own"], tmp_path / "out")


# Copies.


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


def test_augmented_copies_share_a_group_by_name(tmp_path: Path) -> None:
    own = tmp_path / "own"
    for seed, name in enumerate(("Augmented_7_100", "Augmented_7_2", "Augmented_77_100", "7")):
        save(draw_face(True, seed), own / "with_mask" / f"{name}.png")
        save(draw_face(False, seed), own / "without_mask" / f"{name}.png")
    groups = {(one.label, one.path.stem): one.group for one in prepare([own], tmp_path / "out").samples}
    for label in LABELS:
        assert groups[label, "Augmented_7_100"] == groups[label, "Augmented_7_2"]
    assert len(set(groups.values())) == 6


# The split.


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


@settings(deadline=None, max_examples=300)
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


@settings(deadline=None, max_examples=200)
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


# The whole of `prepare`.


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


# The manifest.

words = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=12)
coordinates = st.integers(-2000, 16000).map(lambda doubled: doubled / 2)
sides = st.integers(1, 4000).map(lambda doubled: doubled / 2)
rows_of_a_manifest = st.builds(
    Sample,
    words.map(lambda name: Path("/data") / name.replace("/", "_")),
    st.sampled_from(ALL_LABELS),
    words,
    words,
    st.sampled_from(SPLITS),
    st.none() | st.tuples(coordinates, coordinates, sides, sides).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])),
)


@settings(deadline=None)
@given(st.lists(rows_of_a_manifest, max_size=6))
def test_a_manifest_reads_back_as_written(tmp_path_factory: pytest.TempPathFactory, samples: list[Sample]) -> None:
    path = tmp_path_factory.mktemp("manifest") / "manifest.csv"
    write_manifest(path, samples)
    assert read_manifest(path) == samples
    assert [one.name for one in path.parent.iterdir()] == ["manifest.csv"]


HEADER = "path,label,source,group,split,box,keypoints\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"one line of text\n",
        b"some\nlines\nof text\n",
        b"\x89PNG\r\n\x1a\n\xff\xff",
        b"path,label\n/a.png,mask\n",
        HEADER.encode() + b"/a.png,mask,own,g,train\n",
        HEADER.encode() + b"/a.png,mask\n",
        HEADER.encode() + b"/a.png,hat,own,g,train,,\n",
        HEADER.encode() + b"/a.png,mask,own,g,holdout,,\n",
        HEADER.encode() + b"/a.png,mask,own,g,train,1 2 3,\n",
        HEADER.encode() + b"/a.png,mask,own,g,train,1 2 3 four,\n",
        HEADER.encode() + b"/a.png,mask,own,g,train,1 2 3 4,1 2 3\n",
        HEADER.encode() + b'"' + b"x" * 200_000,
    ],
    ids=lambda content: repr(content[-30:]),
)
def test_refuses_what_is_no_manifest_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "manifest.csv"
    path.write_bytes(content)
    with pytest.raises(UnusableInput, match="not a manifest") as caught:
        read_manifest(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_refuses_a_missing_manifest_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(UnusableInput, match="not a manifest"):
            read_manifest(path)


def test_a_sample_knows_its_labels_and_splits() -> None:
    with pytest.raises(ValueError, match="unknown label"):
        Sample(Path("a"), "hat", "s", "g", TRAIN)
    with pytest.raises(ValueError, match="split"):
        Sample(Path("a"), MASK, "s", "g", "holdout")
