"""`maskcam image`, as a process on real files."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskcam.assets import MASK_MODEL, asset
from maskcam.cli import main
from maskcam.drawn_mask import draw_mask
from maskcam.frames import Frame, Result
from maskcam.modelcard import card_path
from maskcam.picture_job import PictureOutputs, process_pictures
from maskcam.pipeline import Pipeline
from maskcam.search import CLOSE_REACH, plan_search
from maskcam.sinks.lines import Record
from tests.support import astronaut, environment, keypoints, maskcam, one_clear_line, start, to_a_full_disk


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    bare = astronaut()
    Image.fromarray(bare).save(folder / "bare.png")
    Image.fromarray(draw_mask(bare, keypoints(bare))).save(folder / "masked.jpg", quality=95)
    Image.fromarray(np.full((90, 120, 3), 200, np.uint8)).save(folder / "nobody.png")
    return folder


def test_a_folder_of_pictures_is_judged_and_copied(photos: Path, tmp_path: Path) -> None:
    run = maskcam("image", photos, "-o", "seen", "--json", "seen.jsonl", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [
        f"{photos / 'bare.png'}: 1 face, 1 no mask",
        f"{photos / 'masked.jpg'}: 1 face, 1 mask",
        f"{photos / 'nobody.png'}: no face",
    ]
    rows = [json.loads(line) for line in (tmp_path / "seen.jsonl").read_text().splitlines()]
    assert [set(row) for row in rows] == [{"source", "width", "height", "faces"}] * 3
    assert [row["width"] for row in rows] == [512, 512, 120]
    assert [[face["verdict"] for face in row["faces"]] for row in rows] == [["no_mask"], ["mask"], []]
    assert rows[0]["faces"][0]["track"] is None
    assert {path.name for path in (tmp_path / "seen").iterdir()} == {"bare.png", "masked.jpg", "nobody.png"}
    copy = np.asarray(Image.open(tmp_path / "seen" / "bare.png").convert("RGB"))
    assert copy.shape == (512, 512, 3)
    assert not np.array_equal(copy, astronaut())


def test_other_weights_and_another_threshold_are_heeded(photos: Path, tmp_path: Path) -> None:
    weights = tmp_path / "own.tflite"
    weights.write_bytes(asset(MASK_MODEL).read_bytes())
    card = json.loads(card_path(asset(MASK_MODEL)).read_text())
    card_path(weights).write_text(json.dumps({**card, "threshold": 0.999999}))
    said = []
    for options in (["--model", weights], ["--model", weights, "--threshold", "0.5"], ["--threshold", "0.999999"]):
        run = maskcam("image", photos / "bare.png", "--json", "-", *options, cwd=tmp_path)
        assert run.returncode == 0, run.stderr
        said.append(json.loads(run.stdout)["faces"][0]["verdict"])
    assert said[1] == "no_mask" and said[0] == said[2] != "no_mask"


def test_copies_are_replaced_only_with_force(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "bare.png").write_bytes(b"precious")
    assert maskcam("image", photos / "bare.png", "-o", tmp_path, cwd=tmp_path).returncode == 2
    assert (tmp_path / "bare.png").read_bytes() == b"precious"
    assert maskcam("image", photos / "bare.png", "-o", tmp_path, "--force", cwd=tmp_path).returncode == 0
    with Image.open(tmp_path / "bare.png") as copy:
        assert copy.size == (512, 512)


def test_exif_rotation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the picture has to be turned a quarter clockwise
    turned = Image.fromarray(np.rot90(astronaut()[:400]).copy())
    turned.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    run = maskcam("image", "turned.jpg", "--json", "-", cwd=tmp_path)
    row = json.loads(run.stdout)
    assert (row["width"], row["height"]) == (512, 400)
    assert np.abs(np.array(row["faces"][0]["box"]) - [177, 75, 272, 178]).max() < 15


def test_a_bad_file_is_named_and_the_others_done(photos: Path, tmp_path: Path) -> None:
    (photos / "broken.jpg").write_bytes((photos / "masked.jpg").read_bytes()[:9000])
    (photos / "text.png").write_text("no picture")
    run = maskcam("image", photos, "--json", "seen.jsonl", cwd=tmp_path)
    assert run.returncode == 1
    assert [name in run.stderr for name in ("broken.jpg", "text.png", "bare.png")] == [True, True, False]
    assert len(run.stderr.splitlines()) == 2
    assert len((tmp_path / "seen.jsonl").read_text().splitlines()) == 3


def test_a_bad_file_alone_is_unusable_input(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    one_clear_line(maskcam("image", "text.png", cwd=tmp_path))
    one_clear_line(maskcam("image", "missing.png", cwd=tmp_path))


def test_a_picture_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    Image.new("L", (15360, 8640)).save(tmp_path / "16k.png")
    assert "8192" in one_clear_line(maskcam("image", "16k.png", cwd=tmp_path))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    one_clear_line(maskcam("image", "none", cwd=tmp_path))


def test_copies_never_replace_pictures_unless_asked(photos: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in photos.iterdir()}
    one_clear_line(maskcam("image", photos, "-o", photos, "--force", cwd=tmp_path))
    assert {path.name: path.read_bytes() for path in photos.iterdir()} == before
    target = tmp_path / "seen"
    target.mkdir()
    (target / "bare.png").write_bytes(b"precious")
    run = maskcam("image", photos / "bare.png", "-o", "seen", cwd=tmp_path)
    assert "--force" in one_clear_line(run)
    assert (target / "bare.png").read_bytes() == b"precious"


def test_a_picture_whose_copy_exists_is_not_judged_in_vain(photos: Path, tmp_path: Path) -> None:
    class Unwanted(Pipeline):
        def __init__(self) -> None:
            pass

        def process_single(self, frame: Frame) -> Result:
            raise AssertionError("judged in vain")

    (tmp_path / "bare.png").write_bytes(b"precious")
    done = list(process_pictures([photos / "bare.png"], Unwanted(), PictureOutputs(tmp_path), Record(None)))
    assert [one.result for one in done] == [None] and "--force" in str(done[0].error)


def test_two_pictures_of_one_name_are_told_apart(photos: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "bare.png").write_bytes((photos / "bare.png").read_bytes())
    line = one_clear_line(maskcam("image", photos / "bare.png", other / "bare.png", "-o", "seen", cwd=tmp_path))
    assert "same copy" in line


def test_json_never_replaces_a_picture(photos: Path, tmp_path: Path) -> None:
    picture = photos / "bare.png"
    before = picture.read_bytes()
    one_clear_line(maskcam("image", picture, "--json", picture, "--force", cwd=tmp_path))
    one_clear_line(maskcam("image", picture, "-o", "seen", "--json", "seen/bare.png", "--force", cwd=tmp_path))
    assert picture.read_bytes() == before


def test_the_same_picture_is_done_once(photos: Path, tmp_path: Path) -> None:
    run = maskcam("image", photos, photos / "bare.png", "-o", "new", "--json", "new/seen.jsonl", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert len((tmp_path / "new" / "seen.jsonl").read_text().splitlines()) == 3


def test_a_name_that_is_no_text_does_no_harm(photos: Path, tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/odd\xff.png"
    Path(os.fsdecode(odd)).write_bytes((photos / "bare.png").read_bytes())
    run = maskcam("image", os.fsdecode(odd), "--json", "seen.jsonl", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert json.loads((tmp_path / "seen.jsonl").read_text())["faces"]


def test_ctrl_c_keeps_what_was_done(photos: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(300):
        (many / f"{number:03}.png").write_bytes((photos / "bare.png").read_bytes())
    process = start("image", "many", "--json", "seen.jsonl", cwd=tmp_path)
    assert process.stdout is not None
    for _ in range(3):
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "of 300 pictures" in err
    assert 3 <= len((tmp_path / "seen.jsonl").read_text().splitlines()) < 300


def test_a_small_face_is_found_when_the_picture_is_searched(tmp_path: Path) -> None:
    small = np.asarray(Image.fromarray(astronaut()).resize((140, 140), Image.Resampling.LANCZOS))
    frame = np.full((720, 1280, 3), 120, np.uint8)
    frame[400:540, 900:1040] = small
    Image.fromarray(frame).save(tmp_path / "hall.png")
    assert maskcam("image", "hall.png", "--fast", cwd=tmp_path).stdout == "hall.png: no face\n"
    run = maskcam("image", "hall.png", "--verbose", "--json", "seen.jsonl", cwd=tmp_path)
    assert run.returncode == 0 and f"  looked for {plan_search(1280, 720, 24, CLOSE_REACH)}\n" in run.stdout
    faces = json.loads((tmp_path / "seen.jsonl").read_text())["faces"]
    expected = np.array([177, 75, 272, 178]) * 140 / 512 + [900, 400, 900, 400]
    near = [one for one in faces if np.abs(np.array(one["box"]) - expected).max() < 12]
    assert len(near) == 1 and near[0]["verdict"] == "no_mask"


@pytest.mark.parametrize("size", ["0", "11", "many", "2.5"])
def test_a_smallest_face_must_have_pixels(tmp_path: Path, size: str) -> None:
    run = maskcam("image", "hall.png", "--smallest-face", size, cwd=tmp_path)
    assert run.returncode == 2 and "whole number of pixels from 12 to 8192" in run.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_records_are_kept_whole_when_nobody_can_be_told(photos: Path, tmp_path: Path) -> None:
    (photos / "bad.jpg").write_bytes(b"no picture")
    command = [sys.executable, "-m", "maskcam", "image", str(photos), "--fast", "--json"]
    with Path("/dev/full").open("w") as full:
        piped = subprocess.run(
            [*command, "-"], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=full, check=False
        )
        kept = subprocess.run(
            [*command, "seen.jsonl"], cwd=tmp_path, env=environment(), stdout=full, stderr=full, check=False
        )
        nothing = subprocess.run([*command[:4], "nope.jpg"], cwd=tmp_path, env=environment(), stderr=full, check=False)
    assert (piped.returncode, kept.returncode, nothing.returncode) == (1, 1, 2)
    assert len(piped.stdout.splitlines()) == 3
    assert len((tmp_path / "seen.jsonl").read_text().splitlines()) == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_verdicts_that_can_not_be_told_are_a_failure_where_nothing_else_keeps_them(
    photos: Path, tmp_path: Path
) -> None:
    for more, code in (([], 1), (["-o", "seen"], 0)):
        run = to_a_full_disk("image", photos, "--fast", *more, cwd=tmp_path)
        assert run.returncode == code
        assert run.stderr == (
            "maskcam: standard output: writing stopped; make room, or give --json FILE\n" if code else ""
        )


def test_when_nobody_reads_it_any_more_and_nothing_is_kept_it_ends(tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(40):
        Image.fromarray(astronaut()[:250, 100:350]).save(many / f"{number:02}.png")
    script = f"{shlex.quote(sys.executable)} -m maskcam image many --fast --verbose | head -1; exit ${{PIPESTATUS[0]}}"
    run = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (1, "")
    assert run.stdout == "many/00.png: 1 face, 1 no mask\n"


def test_copies_go_into_a_folder_and_not_into_a_picture(photos: Path, tmp_path: Path) -> None:
    line = one_clear_line(maskcam("image", str(photos), "-o", "result.jpg", cwd=tmp_path))
    assert "give a folder's name" in line and not (tmp_path / "result.jpg").exists()
    (tmp_path / "old.jpg").mkdir()
    assert maskcam("image", str(photos), "-o", "old.jpg", "--fast", cwd=tmp_path).returncode == 0, "it is a folder"


@pytest.mark.skipif(os.name != "posix", reason="no file may be called so")
def test_a_name_that_would_break_the_line_is_written_out(tmp_path: Path) -> None:
    name = "a\nb\x1b[31m.png"
    Image.fromarray(astronaut()[:250, 100:350]).save(tmp_path / name)
    assert maskcam("image", name, "--fast", cwd=tmp_path).stdout == "a\\nb\\x1b[31m.png: 1 face, 1 no mask\n"
    assert one_clear_line(maskcam("image", "c\rd.png", cwd=tmp_path)).startswith("maskcam: c\\rd.png: there is no such")


@pytest.mark.skipif(os.name != "posix", reason="no limit of a file's size can be set here")
def test_a_copy_that_can_not_be_written_is_named_and_the_others_done(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "seen").mkdir()
    # No file may be larger than this: the large copies fail on the way, as on a full disk, and the smallest fits.
    limit = "import resource, sys, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)); "
    limit += "sys.argv[0] = 'maskcam'; runpy.run_module('maskcam', run_name='__main__')"
    run = subprocess.run(
        [sys.executable, "-c", limit, "image", str(photos), "-o", "seen", "--json", "seen.jsonl"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stderr
    assert all(line.startswith("maskcam: seen/") for line in run.stderr.splitlines())
    assert "bare.png: writing stopped" in run.stderr and "nobody.png" not in run.stderr
    rows = [json.loads(line) for line in (tmp_path / "seen.jsonl").read_text().splitlines()]
    assert [len(row["faces"]) for row in rows] == [1, 1, 0]
    assert "bare.png: 1 face" in run.stdout
    assert "nobody.png" in {path.name for path in (tmp_path / "seen").iterdir()}
    assert not list((tmp_path / "seen").glob("*.part*"))


def test_copies_are_made_when_nobody_reads_the_records_any_more(photos: Path, tmp_path: Path) -> None:
    process = start("image", photos, "-o", "seen", "--json", "-", cwd=tmp_path)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(timeout=60) == 1 and "standard output" in err
    assert {path.name for path in (tmp_path / "seen").iterdir()} == {"bare.png", "masked.jpg", "nobody.png"}


def test_a_stop_during_the_last_picture_loses_nothing_and_is_none(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judge = Pipeline.process_single

    def stopped(self: Pipeline, frame: Frame) -> Result:
        if "nobody" in frame.source:
            signal.raise_signal(signal.SIGINT)
        return judge(self, frame)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Pipeline, "process_single", stopped)
    assert main(["image", str(photos), "--fast", "--json", "seen.jsonl"]) == 0
    assert capsys.readouterr().err == ""
    assert len((tmp_path / "seen.jsonl").read_text().splitlines()) == 3


def test_ctrl_c_breaks_off_the_search_of_a_large_picture(tmp_path: Path) -> None:
    """It has so many tiles for the smallest faces that the search would take minutes; the picture before is kept."""
    Image.fromarray(astronaut()).save(tmp_path / "a.png")
    Image.fromarray(np.full((5000, 5000, 3), 90, np.uint8)).save(tmp_path / "b.png", compress_level=1)
    process = start("image", "a.png", "b.png", "--smallest-face", "12", "--json", "seen.jsonl", cwd=tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("a.png: 1 face")
    time.sleep(1.5)  # the large one is read and being searched
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - begun < 15
    assert process.returncode == 130 and err == "maskcam: stopped after 1 of 2 pictures\n"
    assert len((tmp_path / "seen.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize("arguments", [["a.png", "--json", ""], ["a.png", "-o", ""], [""]])
def test_an_empty_name_is_refused(tmp_path: Path, arguments: list[str]) -> None:
    Image.fromarray(astronaut()).save(tmp_path / "a.png")
    run = maskcam("image", *arguments, cwd=tmp_path)
    assert run.returncode == 2 and "the name given is empty" in run.stderr and not run.stdout


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="needs /dev/stdout")
def test_a_pipe_is_no_file_for_records(tmp_path: Path) -> None:
    Image.fromarray(astronaut()).save(tmp_path / "a.png")
    run = maskcam("image", "a.png", "--json", "/dev/stdout", cwd=tmp_path)
    assert run.returncode == 2 and "/dev/stdout: this is not an ordinary file" in run.stderr


def test_what_is_not_judged_of_a_folder_or_a_file_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    faces = [Image.fromarray(one) for one in (np.full_like(astronaut(), 90), astronaut())]
    faces[0].save(folder / "b.tif", save_all=True, append_images=faces[1:])
    faces[1].save(folder / "a.jfif", format="JPEG")
    (folder / "c.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    faces[0].save(folder / "c.png")
    (folder / "notes.txt").write_text("no picture")
    run = maskcam("image", "photos", "-o", "seen", cwd=tmp_path)
    assert run.returncode == 1
    assert run.stdout.splitlines() == [
        "photos/a.jfif: 1 face, 1 no mask",
        "photos/b.tif: no face",
        "photos/c.png: no face",
    ]
    first, second = run.stderr.splitlines()
    assert first.startswith("maskcam: photos/b.tif: only the first of the 2 pictures in it was judged")
    assert second.startswith("maskcam: photos/c.HEIC: not a picture that can be read here")
    assert sorted(one.name for one in (tmp_path / "seen").iterdir()) == ["a.jfif", "b.png", "c.png"]
