"""The manifest: read back as written, refused in one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskcam.errors import UnusableInput
from maskcam.modelcard import MASK
from training.manifest import ALL_LABELS, SPLITS, TRAIN, Sample, read_manifest, write_manifest

words = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=12)
names = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"]) | st.integers(0xDC80, 0xDCFF).map(chr), min_size=1, max_size=12
).filter(lambda name: os.fsdecode(os.fsencode(name)) == name)
"""Of files, also such as aren't UTF-8, as Python tells them: two halves together must not make up a letter."""
coordinates = st.integers(-2000, 16000).map(lambda doubled: doubled / 2)

sides = st.integers(1, 4000).map(lambda doubled: doubled / 2)


rows_of_a_manifest = st.builds(
    Sample,
    names.map(lambda name: Path("/data") / name.replace("/", "_")),
    st.sampled_from(ALL_LABELS),
    words,
    words,
    st.sampled_from(SPLITS),
    st.none() | st.tuples(coordinates, coordinates, sides, sides).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])),
)


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
