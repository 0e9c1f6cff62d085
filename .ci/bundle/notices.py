"""Gathers the licences of all that is bundled into one folder, with an overview of whose part is whose."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from bundle.contents import DISTRIBUTIONS
from bundle.inner_libraries import OF_MEDIAPIPE, OF_QT, TEXTS, InnerLibrary, inner_library
from bundle.selection import LINK, Entry

TEXT_FOLDER = Path(__file__).parent / "licences"
OVERVIEW = "README.md"
_LICENCE_FILE = re.compile(r"(licen[cs]e|notice|copying|copyright|authors)", re.IGNORECASE)
GENERIC = re.compile(r"/usr/share/common-licenses/(L?GPL-[0-9]+(?:\.[0-9]+)?)")

_INTRODUCTION = """# Whose parts these are

maskcam itself is under the Apache License 2.0 (`Apache-2.0.txt`). This folder holds, beside the program, parts by
others. Each is named below with its licence; the texts lie here.

The video encoders x264 and x265 are under the GNU General Public License, and the other video libraries call them:
the whole may be passed on under the terms of that licence, version 3 (`GPL-3.txt`); the other licences here allow it.
Qt, PySide6 and other libraries are under the GNU Lesser General Public License. They lie in the folder `_internal` as
files of their own and may be replaced by other builds of the same version. The source code of every part is what its
makers publish under the version that is named here.
"""


@dataclass
class Notices:
    """What will be written: the overview's lines, and for each file its text."""

    lines: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Make `folder` hold this and nothing else."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        (folder / OVERVIEW).write_text(_INTRODUCTION + "\n" + "\n".join(self.lines) + "\n", encoding="utf-8")


def gather(entries: Iterable[Entry], own_licence: Path) -> Notices:
    """The notices of a folder with these entries; SystemExit for a part whose licence can't be found out."""
    own_parts = own_licence.parent / "assets" / "NOTICE.md"
    notices = Notices(files={"Apache-2.0.txt": own_licence.read_bytes(), "maskcam/NOTICE.md": own_parts.read_bytes()})
    notices.lines += [
        "`maskcam/NOTICE.md` says whose the models and pictures in `_internal/assets` are.",
        "",
        "## Python and its packages",
        "",
        "| part | version | licence | text |",
        "| --- | --- | --- | --- |",
    ]
    _add_python(notices)
    for name in (*DISTRIBUTIONS, "pyinstaller"):
        _add_distribution(notices, name)
    found = [one for one in entries if one[2] != LINK]
    _add_inner(notices, "Within PySide6", OF_QT)
    _add_inner(notices, "Within MediaPipe and LiteRT", OF_MEDIAPIPE)
    names = sorted(PurePosixPath(place).name for place, _, _ in found if place.startswith("av.libs/"))
    _add_inner(notices, "Within PyAV", list(dict.fromkeys(inner_library(name) for name in names)))
    _add_system(notices, [(place, Path(source)) for place, source, _ in found if _from_system(source)])
    return notices


def licence_of(name: str) -> str:
    """What an installed distribution's metadata says of its licence."""
    about = importlib.metadata.metadata(name)
    told = _first(about, "License-Expression") or _first(about, "License")
    if not told.strip():
        classes = [line for line in about.get_all("Classifier", []) if line.startswith("License ::")]
        told = ", ".join(line.rpartition("::")[2].strip() for line in classes)
    if not told.strip():
        raise SystemExit(f"build.spec: {name} doesn't say how it is licensed; find out before it is passed on")
    return " ".join(told.split())


def licence_files(name: str) -> dict[str, bytes]:
    """The licence texts that an installed distribution brings, by name."""
    texts: dict[str, bytes] = {}
    for path in importlib.metadata.files(name) or []:
        inside = PurePosixPath(str(path).replace("\\", "/"))
        if (
            ".dist-info" in inside.parts[0]
            and _LICENCE_FILE.search(inside.name)
            and inside.suffix not in (".py", ".pyc")
        ):
            rest = [part for part in inside.parts[1:] if part != "licenses"]
            texts["/".join(rest)] = Path(str(path.locate())).read_bytes()
    return texts


def _add_python(notices: Notices) -> None:
    base = Path(sysconfig.get_path("stdlib"))
    text = next((path for path in (base / "LICENSE.txt", base.parent / "LICENSE.txt") if path.is_file()), None)
    if text is None:
        raise SystemExit(f"build.spec: Python's licence is missing, {base / 'LICENSE.txt'}; install Python whole")
    notices.files["python/LICENSE.txt"] = text.read_bytes()
    notices.lines.append(f"| Python | {platform.python_version()} | PSF-2.0 | `python` |")


def _add_distribution(notices: Notices, name: str) -> None:
    about = importlib.metadata.metadata(name)
    licence = licence_of(name)
    texts = licence_files(name)
    for file, text in texts.items():
        notices.files[f"{name}/{file}"] = text
    where = f"`{name}`" if texts else _texts_for(notices, licence, name)
    notices.lines.append(f"| [{about['Name']}]({_home(name)}) | {about['Version']} | {licence} | {where} |")


def _home(name: str) -> str:
    """A distribution's page, best that of its source code."""
    about = importlib.metadata.metadata(name)
    pages = [line.split(", ", 1) for line in about.get_all("Project-URL", []) if ", " in line]
    named = {label.lower(): page for label, page in pages}
    wanted = [named[one] for one in ("source", "source code", "repository", "homepage") if one in named]
    return _first(about, "Home-page") or next(iter([*wanted, *named.values()]), "")


def _first(about: importlib.metadata.PackageMetadata, field_name: str) -> str:
    return next(iter(about.get_all(field_name, [])), "")


def _texts_for(notices: Notices, licence: str, name: str) -> str:
    """Add the texts of an SPDX expression and return their names."""
    names: list[str] = []
    for one in re.split(r"\s+(?:OR|AND)\s+", licence):
        if one not in TEXTS:
            raise SystemExit(f"build.spec: {name} brings no text of its licence ({one}); add it to .ci/bundle/licences")
        names += TEXTS[one]
    for text in names:
        if text not in notices.files:
            notices.files[text] = (TEXT_FOLDER / text).read_bytes()
    return ", ".join(f"`{text}`" for text in dict.fromkeys(names))


def _add_inner(notices: Notices, title: str, libraries: Iterable[InnerLibrary]) -> None:
    notices.lines += ["", f"## {title}", "", "| part | copyright | licence | text |", "| --- | --- | --- | --- |"]
    for one in libraries:
        where = _texts_for(notices, one.licence, one.name)
        notices.lines.append(f"| [{one.name}]({one.home}) | {one.owners} | {one.licence} | {where} |")


def _from_system(source: str) -> bool:
    return source.startswith(("/usr/lib", "/lib"))


def _add_system(notices: Notices, libraries: list[tuple[str, Path]]) -> None:
    if not libraries:
        return
    notices.lines += ["", "## From Debian or Ubuntu", "", "| file | package | text |", "| --- | --- | --- |"]
    for place, source in sorted(libraries):
        package, version = _package(source)
        text = Path("/usr/share/doc") / package / "copyright"
        if not text.is_file():
            raise SystemExit(f"build.spec: {text} is missing, the licence of {source.name}; install {package} again")
        content = text.read_bytes()
        notices.files[f"system/{package}.txt"] = content
        for generic in set(GENERIC.findall(content.decode("utf-8", "replace"))):
            if (TEXT_FOLDER / f"{generic}.txt").is_file():
                notices.files.setdefault(f"{generic}.txt", (TEXT_FOLDER / f"{generic}.txt").read_bytes())
        name = PurePosixPath(place).name
        notices.lines.append(f"| {name} | {package} {version} | `system/{package}.txt` |")


def _package(library: Path) -> tuple[str, str]:
    """The Debian package that owns a file, and its version."""
    real = library.resolve()
    # Where /lib is a link to /usr/lib, packages still name their files by either.
    for path in (real, Path("/", *real.parts[2:])):
        try:
            told = subprocess.run(["dpkg-query", "-S", str(path)], capture_output=True, text=True, check=False)
        except OSError:
            break
        if told.returncode == 0:
            package = told.stdout.partition(": ")[0].partition(",")[0]
            query = ["dpkg-query", "-W", "-f=${Version}", package]
            version = subprocess.run(query, capture_output=True, text=True, check=True).stdout
            return package.partition(":")[0], version
    raise SystemExit(f"build.spec: no package owns {library}, so its licence is unknown; build on Debian or Ubuntu")


def unnamed(modules: Iterable[str]) -> set[str]:
    """Which of these files come from a distribution that `DISTRIBUTIONS` doesn't name, so that they lack a notice."""
    known: set[Path] = set()
    for name in (*DISTRIBUTIONS, "pyinstaller", "pyinstaller-hooks-contrib", "maskcam"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            known |= {Path(str(path.locate())).resolve() for path in importlib.metadata.files(name) or []}
    files = {Path(one).resolve() for one in modules}
    return {str(one) for one in files - known if {"site-packages", "dist-packages"} & set(one.parts)}
