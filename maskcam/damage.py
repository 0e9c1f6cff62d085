"""Tells from a video file's own structure whether its end is missing."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_MP4_FIRST = (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip", b"pnot")
_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_RIFF_SLACK = 16
"""Some writers count a RIFF chunk's own header or its padding; that much too little is no damage."""


def is_cut(path: Path) -> bool:
    """Return whether the file declares more bytes than it holds.

    Reads the outermost headers of MP4, Matroska, AVI and transport streams. Other formats, and files that
    declare no size, count as whole. Raises OSError if the file can't be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(197)
        if head[4:8] in _MP4_FIRST:
            return _mp4_end(file, size) > size
        if head[:4] == _EBML:
            return _matroska_end(file) > size
        if head[:4] == b"RIFF":
            return _riff_end(file, size) > size + _RIFF_SLACK
    if head[:1] == b"\x47" and head[188:189] == b"\x47":
        return size % 188 != 0
    if head[4:5] == b"\x47" and head[196:197] == b"\x47":
        return size % 192 != 0
    return False


def _mp4_end(file: BinaryIO, size: int) -> int:
    """Where the last top-level box ends, in bytes; unreadable tails don't count."""
    position = 0
    while position < size:
        file.seek(position)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        kind = head[4:8]
        if len(head) < 8 or not (kind.isascii() and kind.decode("ascii").isprintable()):
            return position
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8:
            return size
        position += length
    return position


def _matroska_end(file: BinaryIO) -> int:
    """Where the segment ends, in bytes; 0 if it doesn't say."""
    file.seek(4)
    length = _variable_length(file)
    if length is None:
        return 0
    file.seek(length, 1)
    if file.read(4) != _SEGMENT:
        return 0
    length = _variable_length(file)
    return 0 if length is None else file.tell() + length


def _variable_length(file: BinaryIO) -> int | None:
    """An EBML length; None where it says that the length is unknown."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    bits = 7 * (more + 1)
    value = int.from_bytes(first + file.read(more), "big") & ((1 << bits) - 1)
    return None if value == (1 << bits) - 1 else value


def _riff_end(file: BinaryIO, size: int) -> int:
    """Where the last RIFF chunk ends, in bytes; 0 if it was never filled in."""
    position = 0
    while position + 12 <= size:
        file.seek(position)
        head = file.read(8)
        length = int.from_bytes(head[4:8], "little")
        if head[:4] != b"RIFF" or not length:
            return min(position, size)
        position += 8 + length + length % 2
    return position
