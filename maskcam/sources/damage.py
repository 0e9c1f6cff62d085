"""Tells from a video file's own structure and length whether its end or something in it is missing."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_MP4_FIRST = (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip", b"pnot")
_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_CLUSTER = b"\x1f\x43\xb6\x75"
_MOST_ELEMENTS = 50_000
"""Of a Matroska file, that are looked at: about 10 minutes of video, in a tenth of a second."""
_FLV_TAGS = (8, 9, 18)
_RIFF_SLACK = 16
"""Some writers count a RIFF chunk's own header or its padding; that much too little is no damage."""
_LEAST_SHORTFALL, _LEAST_SHARE = 1.0, 0.05
"""Seconds, and share of the whole, by which a video has to end early before that counts as damage."""


def ends_early(reach: float, whole: float) -> bool:
    """Return whether so much is missing between where a video's packets end and its length, in seconds."""
    return reach < whole - max(_LEAST_SHORTFALL, whole * _LEAST_SHARE)


def is_cut(path: Path) -> bool:
    """Return whether the file declares more bytes than it holds.

    Reads the outermost headers of MP4, Matroska, AVI, FLV, GIF and transport streams. Other formats, and files
    that declare no size, count as whole. Raises OSError if the file can't be read.
    """
    size = path.stat().st_size
    end = 0
    with path.open("rb") as file:
        head = file.read(197)
        if head[4:8] in _MP4_FIRST:
            end = _mp4_end(file, size)
        elif head[:4] == _EBML:
            end = _matroska_end(file, size)
        elif head[:4] == b"RIFF":
            end = _riff_end(file, size) - _RIFF_SLACK
        elif head[:3] == b"FLV":
            end = _flv_end(file, size)
        elif head[:4] == b"GIF8":
            end = _gif_end(file, size)
        elif head[:1] == b"\x47" and head[188:189] == b"\x47":
            end = size + size % 188
        elif head[4:5] == b"\x47" and head[196:197] == b"\x47":
            end = size + size % 192
    return end > size


def has_holes(path: Path) -> bool:
    """Return whether the pieces of a Matroska file don't fit into one another, so that readers skip some.

    Only the first pieces of a long file are looked at. Raises OSError if the file can't be read.
    """
    with path.open("rb") as file:
        if file.read(4) != _EBML:
            return False
        size = path.stat().st_size
        end = _matroska_end(file, size)
        # Where no size is declared there is nothing to fit into.
        return 0 < end <= size and not _elements_fit(file, end)


def _elements_fit(file: BinaryIO, end: int) -> bool:
    """Whether the elements from here to `end`, in bytes, and those in clusters, follow on one another."""
    outer = end
    for _ in range(_MOST_ELEMENTS):
        position = file.tell()
        if position == end == outer:
            return True
        if position == end:
            end = outer
        first = file.read(1)
        # An element's name has up to four bytes; the first says how many.
        if not first or first[0] < 0x10:
            return False
        name = first + file.read(8 - first[0].bit_length())
        length = _variable_length(file)
        if length is None:
            # Only a cluster may leave its size open, as live recordings do; what follows then can't be told.
            return name == _CLUSTER
        start = file.tell()
        if start + length > end:
            return False
        if name == _CLUSTER and end == outer:
            end = start + length
        else:
            file.seek(start + length)
    return True


def _flv_end(file: BinaryIO, size: int) -> int:
    """Where the last tag ends, in bytes; unreadable tails don't count."""
    file.seek(5)
    position = int.from_bytes(file.read(4), "big") + 4
    while position + 11 <= size:
        file.seek(position)
        head = file.read(11)
        if head[0] & 0x1F not in _FLV_TAGS:
            return position
        position += 11 + int.from_bytes(head[1:4], "big")
        # The size of the tag before, which is left out by some at the very end.
        position += 4 * (position < size)
    return position


def _gif_end(file: BinaryIO, size: int) -> int:
    """Where the last block ends, in bytes; what follows the end mark doesn't count."""
    file.seek(10)
    position = 13 + _colour_table((file.read(1) or b"\0")[0])
    while position < size:
        file.seek(position)
        kind = file.read(1)
        if kind == b"\x21":
            position += 2
        elif kind == b"\x2c":
            file.seek(position + 9)
            position += 11 + _colour_table((file.read(1) or b"\0")[0])
        else:
            break
        length = 1
        while length:
            file.seek(position)
            # Past the end of the file there is no length to read.
            length = (file.read(1) or b"\0")[0]
            position += 1 + length
    return position


def _colour_table(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


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


def _matroska_end(file: BinaryIO, size: int) -> int:
    """Where the segment ends, in bytes; 0 if it doesn't say, and if there is none."""
    file.seek(4)
    length = _variable_length(file)
    # A length from a damaged header may lie beyond what can be sought.
    if length is None or file.tell() + length > size:
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
