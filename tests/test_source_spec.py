"""What a user writes to name a source, and that no password in it is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from maskcam.errors import UnusableInput
from maskcam.sources.schemes import mask_password
from maskcam.sources.spec import SourceKind, SourceSpec, parse_source


def test_what_users_write_is_understood(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    assert parse_source(" 1 ") == SourceSpec(SourceKind.CAMERA, "1")
    assert parse_source("007").index == 7
    assert parse_source("/dev/video3") == SourceSpec(SourceKind.CAMERA, "3")
    for address in ("rtsp://10.0.0.2/live", "http://[::1]:8080/video?x=1", "https://a.example/"):
        assert parse_source(address) == SourceSpec(SourceKind.STREAM, address)
    assert parse_source("RTSP://cam:554/") == SourceSpec(SourceKind.STREAM, "rtsp://cam:554/")
    assert parse_source(str(tmp_path / "clip.mp4")).kind is SourceKind.FILE
    assert parse_source(str(tmp_path / "clip.mp4")).label == "clip.mp4"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "1000",
        "9" * 5000,
        "ftp://a/b",
        "file:///etc/passwd",
        "rtsp://",
        "http:///x",
        "http://a:b:c/",
        "http://[",
        "http://a:99999/",
        "http://a b/",
        "no-such-file.mp4",
        ".",
        "a\nb",
        "a\x00b",
        "x" * 5000,
        "http://u:geheim@:80/",
    ],
)
def test_what_can_be_no_source_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UnusableInput) as raised:
        parse_source(text)
    assert len(str(raised.value).splitlines()) == 1
    assert len(str(raised.value)) < 300 + min(len(text), 100)
    assert "geheim" not in str(raised.value)


def test_a_drive_is_no_scheme_and_a_file_has_no_address() -> None:
    with pytest.raises(UnusableInput, match="there is no such file"):
        parse_source("C://clip.mp4")
    with pytest.raises(UnusableInput, match="path alone"):
        parse_source("file:///home/me/clip.mp4")


@example(":\r")
@given(st.one_of(st.text(), st.text(max_size=8).map("http://".__add__), st.integers(-5, 300).map(str)))
def test_any_text_is_a_source_or_refused_in_one_line(text: str) -> None:
    try:
        spec = parse_source(text)
    except UnusableInput as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert spec.where
        assert spec.kind is not SourceKind.CAMERA or 0 <= spec.index < 100


@given(st.integers(0, 99), st.sampled_from(["", " ", "0"]))
def test_every_camera_number_survives(index: int, before: str) -> None:
    assert parse_source(f"{before}{index}").index == index


@given(
    st.text(st.characters(exclude_characters=" \t\r\n", codec="ascii"), min_size=4).map(lambda word: f"Q{word}Z"),
    st.sampled_from(["rtsp://u:{}@10.0.0.1/live", "http://{}:x@cam:80/a?b=1", "http://cam/video?user=a&password={}"]),
)
def test_no_password_is_ever_shown(secret: str, address: str) -> None:
    whole = address.format(secret)
    shown = mask_password(whole)
    assert secret not in shown
    assert shown.startswith(whole[:7])
    spec = SourceSpec(SourceKind.STREAM, whole)
    assert secret not in repr(spec) + str(spec) + spec.label


def test_an_address_without_secrets_stays_readable() -> None:
    assert mask_password("rtsp://10.0.0.2:554/live/main") == "rtsp://10.0.0.2:554/live/main"
    assert mask_password("http://u:p@10.0.0.2/live?channel=1") == "http://***@10.0.0.2/live?***"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": SourceKind.CAMERA, "where": "x"},
        {"kind": SourceKind.CAMERA, "where": "-1"},
        {"kind": SourceKind.FILE, "where": ""},
        {"kind": SourceKind.CAMERA, "where": "0", "width": 640},
        {"kind": SourceKind.CAMERA, "where": "0", "rate": 0},
    ],
)
def test_a_spec_checks_itself(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"names no|go together"):
        SourceSpec(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("written", ["Http://Camera.local/Video?Q=A", "HTTP://Camera.local/Video?Q=A"])
def test_a_scheme_may_be_written_in_capitals_and_the_rest_stays(written: str) -> None:
    assert parse_source(written).where == "http://Camera.local/Video?Q=A"
