"""Opens video files, and refuses in one clear line what can't be used."""

from __future__ import annotations

import stat
from pathlib import Path

import av
import av.container
from av.stream import Disposition

from maskcam.errors import UnusableInput

MAX_SIDE = 8192
"""The longest side of a picture in pixels; anything longer is refused before its pixels are read."""

# Text and play lists that libav would follow or draw. What is in them is not this file's video.
_NOT_VIDEO = {"hls", "concat", "dash", "sdp", "tty", "imf", "webvtt"}


def check_file(path: Path, kind: str) -> None:
    """Raise UnusableInput unless `path` is a readable file with content; `kind` says what it should be."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise UnusableInput(f"{path}: this is a folder; give a {kind} file")
        if not stat.S_ISREG(status.st_mode):
            raise UnusableInput(f"{path}: this is not an ordinary file; give a {kind} file")
        if not status.st_size:
            raise UnusableInput(f"{path}: the file is empty; get a new copy of it")
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise UnusableInput(f"{path}: there is no such file; check the path") from None
    except PermissionError:
        raise UnusableInput(f"{path}: you may not read this file; change its permissions") from None
    except (OSError, ValueError) as error:
        raise UnusableInput(f"{path}: the file can't be opened ({error}); check the path") from None


def open_video(path: Path) -> av.container.InputContainer:
    """Open the container at `path` without decoding a picture; UnusableInput if it is no video."""
    # "file:" keeps a colon in the name from being taken for a protocol; the white list keeps what the file
    # names from being fetched; max_pixels stops libav's own first look from decoding a huge picture.
    options = {"protocol_whitelist": "file", "max_pixels": str(MAX_SIDE * MAX_SIDE)}
    try:
        container = av.open(f"file:{path}", options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError):
        raise UnusableInput(
            f"{path}: this is no video, or its end or its header is missing; give a whole video file"
        ) from None
    if set(container.format.name.split(",")) & _NOT_VIDEO:
        container.close()
        raise UnusableInput(f"{path}: this is text, no video; give a video file")
    return container


def prepared_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """Return the stream of pictures, set up for decoding; UnusableInput if there is none that can be used."""
    video = shown_stream(container)
    if video is None:
        raise UnusableInput(f"{path}: this file has no pictures in it, only sound or text; give a video file")
    if video.codec_context is None:
        raise UnusableInput(f"{path}: this kind of video can't be decoded here; convert it to H.264 and give that")
    check_size(path, video.codec_context.width, video.codec_context.height)
    video.codec_context.options = {"max_pixels": str(MAX_SIDE * MAX_SIDE)}
    # Frame threads report an error some packets late, and at the end take good frames with them: the same
    # damaged file would give other frames each time.
    video.codec_context.thread_type = "SLICE"
    if video.codec_context.name == "h264":
        # With slice threads libav neither mends damaged H.264 nor says that it is; most has one slice anyway.
        video.codec_context.thread_count = 1
    return video


def check_video(path: Path) -> None:
    """Raise UnusableInput, without decoding a picture, unless `path` is a video file as far as its header tells."""
    check_file(path, "video")
    with open_video(path) as container:
        prepared_stream(container, path)


def picture_streams(container: av.container.InputContainer) -> list[av.VideoStream]:
    """Return the streams of pictures; a cover picture in a sound file, which is a video stream too, is none."""
    return [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]


def shown_stream(container: av.container.InputContainer) -> av.VideoStream | None:
    """Return the stream of pictures to look at, or None if there is none.

    Of several that can be decoded, as renditions of one film or two cameras' tracks, that is one that is marked to be
    shown, where any is, and of these the finest.
    """
    streams = picture_streams(container)
    for wanted in (
        [one for one in streams if one.codec_context is not None and one.disposition & Disposition.default],
        [one for one in streams if one.codec_context is not None],
        streams,
    ):
        if wanted:
            return max(wanted, key=_area)
    return None


def _area(stream: av.VideoStream) -> int:
    context = stream.codec_context
    return 0 if context is None else context.width * context.height


def audio_stream(container: av.container.InputContainer) -> av.AudioStream | None:
    """Return the sound that a player would choose of what can be read, or None if there is none."""
    best = container.streams.best("audio")
    for stream in (best, *container.streams.audio):
        if isinstance(stream, av.AudioStream) and stream.codec_context is not None:
            return stream
    return None


def undecodable(container: av.container.InputContainer, path: Path) -> str:
    """Return the line that says why no picture of the file could be decoded, and what to do."""
    if container.format.name.startswith("webp"):
        return f"{path}: an animated WebP can't be decoded here; convert it to MP4 and give that"
    return (
        f"{path}: not one frame can be decoded; it is damaged or larger than {MAX_SIDE} pixels a side, "
        "so get a new copy"
    )


def check_size(path: Path, width: int, height: int) -> None:
    """Raise UnusableInput if a picture of this size, in pixels, is too large."""
    if max(width, height) > MAX_SIDE:
        raise UnusableInput(f"{path}: {width} x {height} pixels is too large; scale it to at most {MAX_SIDE} a side")
