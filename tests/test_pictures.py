"""`maskcam.pictures` on real files of every mode."""

from __future__ import annotations

import os
import random
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskcam.errors import FailedOnTheWay, UnusableInput
from maskcam.pictures import count_pictures, list_pictures, read_picture, write_picture
from maskcam.sources.inputs import MAX_SIDE
from tests.video_files import QUARTERS, quarters


def refusal(path: Path) -> str:
    with pytest.raises(UnusableInput) as caught:
        read_picture(path)
    line = str(caught.value)
    assert "\n" not in line and str(path) in line
    return line


def test_plain_picture(tmp_path: Path) -> None:
    image = quarters(65, 49)
    Image.fromarray(image).save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png")
    assert found.dtype == np.uint8 and found.flags.c_contiguous and found.flags.writeable
    np.testing.assert_array_equal(found, image)


# How a camera stores an upright picture for each EXIF orientation, from the EXIF standard's own words: which
# side of the scene row 0 and column 0 of the stored picture are.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: a.transpose(1, 0, 2)[::-1],
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: a.transpose(1, 0, 2)[:, ::-1],
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_exif_orientation_is_undone(tmp_path: Path, orientation: int, suffix: str) -> None:
    image = quarters(64, 48)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a{suffix}"
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](image)))
    stored.save(path, exif=exif, quality=95)
    found = read_picture(path)
    assert found.shape == image.shape and found.flags.c_contiguous
    for (y, x), name in zip([(12, 16), (12, 48), (36, 16), (36, 48)], QUARTERS, strict=True):
        assert np.abs(found[y, x].astype(int) - QUARTERS[name]).max() <= 6


def test_broken_exif_does_not_matter(tmp_path: Path) -> None:
    Image.fromarray(quarters(64, 48)).save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\0\0\xff\xff\xff\xff")
    assert read_picture(tmp_path / "a.jpg").shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("mode", "suffix", "value", "expected"),
    [
        ("1", ".png", 1, (255, 255, 255)),
        ("L", ".png", 77, (77, 77, 77)),
        ("LA", ".png", (0, 51), (204, 204, 204)),
        ("RGBA", ".png", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", ".webp", (200, 100, 50, 255), (200, 100, 50)),
        ("I;16", ".png", 257 * 90, (90, 90, 90)),
        ("I;16", ".tif", 257 * 90, (90, 90, 90)),
        ("I", ".tif", 65535, (255, 255, 255)),
        ("F", ".tif", 0.5, (128, 128, 128)),
        ("F", ".tif", 120.0, (120, 120, 120)),
        ("CMYK", ".tif", (0, 255, 255, 0), (255, 0, 0)),
        ("CMYK", ".jpg", (0, 255, 255, 0), (255, 0, 0)),
    ],
)
def test_every_mode_becomes_rgb(
    tmp_path: Path, mode: str, suffix: str, value: object, expected: tuple[int, int, int]
) -> None:
    path = tmp_path / f"a{suffix}"
    options = {"lossless": True} if suffix == ".webp" else {}
    Image.new(mode, (20, 10), value).save(path, **options)  # type: ignore[arg-type]
    found = read_picture(path)
    assert found.shape == (10, 20, 3)
    assert np.abs(found.astype(int) - expected).max() <= 2


def test_palette_with_a_see_through_colour_is_on_white(tmp_path: Path) -> None:
    image = Image.new("P", (4, 2), 0)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((0, 0), 1)
    image.save(tmp_path / "a.png", transparency=0)
    found = read_picture(tmp_path / "a.png")
    assert found[0, 0].tolist() == [200, 100, 50] and found[1, 3].tolist() == [255, 255, 255]


def test_first_picture_of_an_animation(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    assert read_picture(tmp_path / "a.gif")[0, 0].tolist() == [255, 0, 0]


def test_refuses_what_is_no_picture(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "none.png")
    assert "folder" in refusal(tmp_path)
    (tmp_path / "empty.png").touch()
    assert "empty" in refusal(tmp_path / "empty.png")
    (tmp_path / "text.png").write_text("This is text.")
    assert "not a picture" in refusal(tmp_path / "text.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".gif", ".bmp", ".tif"])
def test_refuses_a_picture_cut_short(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "cut short" in refusal(path) or "not a picture" in refusal(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".gif", ".tif"])
def test_damage_anywhere_is_one_line_or_a_picture(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(quarters(40, 30)).save(path)
    whole = path.read_bytes()
    chance = random.Random(0)
    refused = 0
    for _ in range(100):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        try:
            assert read_picture(path).shape[2] == 3
        except UnusableInput as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > 0


@pytest.mark.parametrize("size", [(MAX_SIDE + 1, 4), (4, MAX_SIDE + 1), (12000, 12000), (30000, 30000)])
@pytest.mark.filterwarnings("error")
def test_refuses_too_large_pictures(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "a.png"
    Image.new("1", (4, 4)).save(path)
    data = bytearray(path.read_bytes())
    data[16:24] = size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big")
    path.write_bytes(data)
    # The header's check sum has to be right for the size to be believed.
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    path.write_bytes(data)
    assert str(MAX_SIDE) in refusal(path)


def test_the_largest_picture_is_taken(tmp_path: Path) -> None:
    Image.new("L", (MAX_SIDE, 2), 9).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").shape == (2, MAX_SIDE, 3)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_refuses_a_picture_it_may_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("L", (4, 4)).save(path)
    path.chmod(0)
    assert "may not read" in refusal(path)


@pytest.mark.parametrize("suffix", [".png", ".PNG", ".bmp", ".tif"])
def test_written_without_loss(tmp_path: Path, suffix: str) -> None:
    image = quarters(33, 21)
    write_picture(image[:, ::-1], tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(read_picture(tmp_path / f"a{suffix}"), image[:, ::-1])


def test_jpeg_keeps_full_colour(tmp_path: Path) -> None:
    # One-pixel red and blue columns: halved chroma would turn them purple.
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, ::2, 0] = image[:, 1::2, 2] = 255
    write_picture(image, tmp_path / "a.jpg")
    assert np.abs(read_picture(tmp_path / "a.jpg").astype(int) - image).mean() < 12
    with Image.open(tmp_path / "a.jpg") as saved:
        assert saved.format == "JPEG"


def test_writing_keeps_what_exists(tmp_path: Path) -> None:
    target = tmp_path / "a.png"
    target.write_text("precious")
    with pytest.raises(UnusableInput, match="--force"):
        write_picture(quarters(8, 8), target)
    assert target.read_text() == "precious"
    write_picture(quarters(8, 8), target, force=True)
    assert read_picture(target).shape == (8, 8, 3)
    with pytest.raises(UnusableInput, match=r"\.jpg or \.png"):
        write_picture(quarters(8, 8), tmp_path / "a.xyz")
    # JPEG itself ends at 65535 pixels a side.
    with pytest.raises(FailedOnTheWay):
        write_picture(np.zeros((1, 70000, 3), np.uint8), tmp_path / "wide.jpg")
    with pytest.raises(ValueError, match="picture"):
        write_picture(np.zeros((8, 8), np.uint8), tmp_path / "b.png")
    assert list(tmp_path.iterdir()) == [target]


def test_listing_files_and_folders(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deeper").mkdir(parents=True)
    (folder / "trap.png").mkdir()
    for name in ("b.JPG", "a.png", "note.txt", "deeper/c.png"):
        (folder / name).touch()
    single = tmp_path / "note.txt"
    single.touch()
    assert list_pictures([single, folder]) == [single, folder / "a.png", folder / "b.JPG"]
    twice = [folder / "b.JPG", folder, single, folder / "b.JPG"]
    assert list_pictures(twice) == [folder / "b.JPG", folder / "a.png", single], "each where it was named first"
    (folder / "._a.png").touch()
    assert list_pictures([folder]) == [folder / "a.png", folder / "b.JPG"], "what Macs leave beside it is none"
    assert list_pictures([folder / "._a.png"]) == [folder / "._a.png"], "unless it is asked for"
    assert list_pictures([]) == []
    with pytest.raises(UnusableInput, match="no picture in this folder"):
        list_pictures([folder / "trap.png"])
    with pytest.raises(UnusableInput, match="no such file or folder"):
        list_pictures([tmp_path / "none"])


def test_postscript_is_not_handed_to_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(quarters(64, 48)).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.jpg")
    started: list[object] = []
    monkeypatch.setattr("subprocess.Popen", lambda *command, **_: started.append(command))
    assert "not a picture" in refusal(tmp_path / "a.jpg")
    assert not started


@pytest.mark.parametrize("kind", ["JPEG", "MPO", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
def test_the_usual_kinds_are_read_under_any_name(tmp_path: Path, kind: str) -> None:
    Image.fromarray(quarters(64, 48)).save(tmp_path / "picture", kind)
    assert read_picture(tmp_path / "picture").shape == (48, 64, 3)


def test_a_file_is_asked_how_many_pictures_it_holds(tmp_path: Path) -> None:
    red, *others = (Image.new("RGB", (8, 8), name) for name in ("red", "blue", "green"))
    for name in ("a.gif", "a.tif", "a.webp", "a.png"):
        red.save(tmp_path / name, save_all=True, append_images=others)
        assert count_pictures(tmp_path / name) == 3, name
        red.save(tmp_path / f"one-{name}")
        assert count_pictures(tmp_path / f"one-{name}") == 1
    red.save(tmp_path / "a.mpo", save_all=True, append_images=others)  # as cameras put a preview into a JPEG
    assert count_pictures(tmp_path / "a.mpo") == 1
    (tmp_path / "text.tif").write_text("no picture")
    assert count_pictures(tmp_path / "text.tif") == count_pictures(tmp_path / "missing") == 1
