"""Chooses, from what PyInstaller found, the files that go into the folder."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from bundle.contents import OPENCV, QT_PLUGINS, SHARED, STRIPPED, SYSTEM_LIBRARIES

Entry = tuple[str, str, str]
"""A file of the folder: its place there, where it comes from (for a link: what it points to), its kind."""

LINK = "SYMLINK"
EXTENSION = "EXTENSION"
_SYSTEM = re.compile(rf"({'|'.join(SYSTEM_LIBRARIES)})\.so(\..*)?")
_LIBRARY = re.compile(r"(?P<stem>[A-Za-z0-9_+]+?)(-[0-9a-f]{8})*\.so\.(?P<version>[0-9.]+)")
_QT_PLUGIN = re.compile(r"PySide6/(Qt/)?plugins/(?P<name>.*)")


def is_system(name: str) -> bool:
    """Whether the library of this file name is the system's."""
    return _SYSTEM.fullmatch(name) is not None


def choose(entries: Iterable[Entry], work: Path) -> list[Entry]:
    """What Linux's folder needs of them, each once; SystemExit when one is missing. `work` holds stripped ones."""
    wanted = [one for one in share(entries) if not is_system(PurePosixPath(one[0]).name)]
    needs = needed_by([Path(source) for _, source, kind in wanted if kind != LINK])
    return [strip(one, work) for one in reachable(wanted, needs)]


def without_plugins(entries: Iterable[Entry]) -> list[Entry]:
    """Leave out Qt's plugins but the chosen ones, and OpenCV's library for video files, which Windows opens by name."""
    kept = []
    for place, source, kind in entries:
        posix = place.replace("\\", "/")
        plugin = _QT_PLUGIN.fullmatch(posix)
        if plugin and plugin["name"] not in QT_PLUGINS:
            continue
        if PurePosixPath(posix).name.startswith("opencv_videoio_ffmpeg"):
            continue
        kept.append((place, source, kind))
    return kept


def without_data(entries: Iterable[Entry]) -> list[Entry]:
    """Leave out what nothing reads: Qt's translations, as maskcam speaks English, and metadata, which is made anew."""
    unread = ("/translations/", ".dist-info/")
    return [one for one in entries if not any(part in one[0].replace("\\", "/") for part in unread)]


def share(entries: Iterable[Entry]) -> list[Entry]:
    """Point what OpenCV's wheel brings twice to the other wheel's copy, where that is as new and of the same major.

    Within one major version a library promises to stay what programs were linked to.
    """
    found = list(entries)
    own = f"{OPENCV.replace('-', '_')}.libs"
    copies = {
        (parts.parent.name, match["stem"]): (place, _version(match["version"]))
        for place, _, kind in found
        if kind != LINK
        and (parts := PurePosixPath(place)).parent.name.endswith(".libs")
        and (match := _LIBRARY.fullmatch(parts.name))
    }
    links: dict[str, str] = {}
    for (folder, stem), (place, version) in copies.items():
        if folder != own or stem not in SHARED:
            continue
        other = copies.get((f"{SHARED[stem]}.libs", stem))
        if other and other[1][0] == version[0] and other[1] >= version:
            links[place] = f"../{other[0]}"
    return [(place, links[place], LINK) if place in links else (place, source, kind) for place, source, kind in found]


def reachable(entries: Iterable[Entry], needs: Mapping[str, set[str]]) -> list[Entry]:
    """Leave out what nothing leads to; SystemExit when something leads to what is neither here nor the system's.

    `needs` gives for each source the names of the libraries that it is linked to. What is opened by its path is
    where everything begins: Python, its extensions, Qt's plugins, MediaPipe.
    """
    found = {place: (place, source, kind) for place, source, kind in entries}
    by_name: dict[str, list[str]] = {}
    for place in found:
        by_name.setdefault(PurePosixPath(place).name, []).append(place)
    open_ones = [place for place, _, kind in found.values() if kind != LINK and _is_root(place, kind)]
    seen = set(open_ones)
    while open_ones:
        place = open_ones.pop()
        _, source, kind = found[place]
        if kind == LINK:
            following = [_target(place, source)]
        else:
            following = []
            for name in sorted(needs[source]):
                if is_system(name):
                    continue
                if name not in by_name:
                    raise SystemExit(f"build.spec: {name} is missing, which {place} needs; install the package of it")
                following += by_name[name]
        for one in following:
            if one not in found:
                raise SystemExit(f"build.spec: {one} is missing, to which {place} points")
            if one not in seen:
                seen.add(one)
                open_ones.append(one)
    return [one for place, one in found.items() if place in seen]


def needed_by(files: list[Path]) -> dict[str, set[str]]:
    """For each ELF file the names of the libraries that it is linked to."""
    told = subprocess.run(["objdump", "-p", *map(str, files)], capture_output=True, text=True, check=False).stdout
    needs: dict[str, set[str]] = {str(path): set() for path in files}
    current: set[str] = set()
    for line in told.splitlines():
        if line.endswith(tuple("0123456789")) and ":     file format elf" in line:
            current = needs[line.partition(":     file format")[0]]
        elif line.startswith("  NEEDED"):
            current.add(line.split()[1])
    return needs


def strip(entry: Entry, work: Path) -> Entry:
    """Take the table of symbols for debuggers out of a copy of the libraries that are named for it."""
    place, source, kind = entry
    name = PurePosixPath(place).name
    if kind == LINK or not name.startswith(STRIPPED):
        return entry
    work.mkdir(parents=True, exist_ok=True)
    copy = work / name
    shutil.copy(source, copy)
    subprocess.run(["strip", "--strip-unneeded", str(copy)], check=True)
    return place, str(copy), kind


def _is_root(place: str, kind: str) -> bool:
    name = PurePosixPath(place).name
    return kind == EXTENSION or name.startswith(("libpython", "libmediapipe")) or "/plugins/" in place


def _target(place: str, pointed: str) -> str:
    """Where a link in the folder leads, as a place in the folder."""
    parts: list[str] = []
    for part in (PurePosixPath(place).parent / pointed).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
