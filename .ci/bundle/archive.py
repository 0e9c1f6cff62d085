"""Packs the folder: `python .ci/bundle/archive.py dist/maskcam ARCHIVE`, the same bytes for the same folder."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

FOLDER_LIMIT, ARCHIVE_LIMIT = 500_000_000, 150_000_000
"""Bytes that the folder and its archive may have at most."""
_EPOCH = 315532800  # 1980, before which some programs can't go


_XZ = ["xz", "--threads=2", "--block-size=96MiB", "--x86", "--lzma2=preset=6,dict=32MiB", "--stdout"]
"""Blocks of one size come out the same however many processors share them; `--x86` is for machine code."""


def pack(folder: Path, archive: Path) -> None:
    """Write `folder` to the `.tar.xz` file `archive`: sorted by name, without owners and times."""
    with archive.open("wb") as out, subprocess.Popen(_XZ, stdin=subprocess.PIPE, stdout=out) as xz:
        with tarfile.open(fileobj=xz.stdin, mode="w|") as tar:
            for path in [folder, *sorted(folder.rglob("*"))]:
                tar.add(path, path.relative_to(folder.parent).as_posix(), recursive=False, filter=_plain)
        if xz.stdin:
            xz.stdin.close()
        if xz.wait():
            raise SystemExit(f"xz failed with code {xz.returncode}")


def size(folder: Path) -> int:
    """Bytes of all files in a folder; what is linked to counts once."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def largest(folder: Path, count: int = 10) -> list[tuple[str, int]]:
    """The largest files of a folder."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    files.sort(key=lambda path: (-path.stat().st_size, path))
    return [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in files[:count]]


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime = _EPOCH
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry


def main(folder: Path, archive: Path) -> int:
    """Pack, tell the sizes and return 1 where they are above the limits."""
    pack(folder, archive)
    sizes = size(folder), archive.stat().st_size
    print(f"{folder}: {sizes[0] / 1e6:.1f} MB, {archive}: {sizes[1] / 1e6:.1f} MB")
    for name, bytes_ in largest(folder):
        print(f"  {bytes_ / 1e6:5.1f} MB  {name}")
    if sizes[0] > FOLDER_LIMIT or sizes[1] > ARCHIVE_LIMIT:
        print(f"too large: at most {FOLDER_LIMIT / 1e6:.0f} and {ARCHIVE_LIMIT / 1e6:.0f} MB are allowed")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
