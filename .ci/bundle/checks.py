"""What must be there before anything is built. Each failure is one line that says what to do."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from bundle.contents import ASSETS, DISTRIBUTIONS, HIDDEN_IMPORTS, NATIVE, OPENCV
from bundle.selection import Entry

_NATIVE_NAMES = {"linux": "libmediapipe.so", "darwin": "libmediapipe.dylib", "win32": "libmediapipe.dll"}
_ENVIRONMENT = ".ci/build makes an environment in which all is right"


def check_assets(folder: Path) -> None:
    """SystemExit unless every bundled file is there and the classifier fits its card."""
    from maskcam.assets import MASK_MODEL  # noqa: PLC0415 (not on the path of whoever imports this)
    from maskcam.errors import UnusableInput  # noqa: PLC0415
    from maskcam.modelcard import load_card  # noqa: PLC0415

    for name in ASSETS:
        if not (folder / name).is_file():
            raise SystemExit(f"build.spec: {folder / name} is missing; get the whole repository")
    try:
        load_card(folder / MASK_MODEL)
    except UnusableInput as error:
        raise SystemExit(f"build.spec: {error}") from None


def check_distributions() -> None:
    """SystemExit unless every distribution is installed, and of the OpenCVs only the one without windows."""
    installed = {name.lower().replace("_", "-") for one in importlib.metadata.distributions() if (name := one.name)}
    others = sorted(name for name in installed if name.startswith("opencv-") and name != OPENCV)
    if others:
        raise SystemExit(f"build.spec: {others[0]} is installed, {OPENCV} must be in its place; {_ENVIRONMENT}")
    for name in DISTRIBUTIONS:
        if name not in installed:
            raise SystemExit(f"build.spec: {name} is not installed; {_ENVIRONMENT}")


def check_imports() -> None:
    """SystemExit unless every module that is asked for by name can be found."""
    for name in HIDDEN_IMPORTS:
        if find_file(name) is None:
            raise SystemExit(f"build.spec: the module {name} is missing; {_ENVIRONMENT}")


def native_libraries() -> list[Entry]:
    """The libraries that are opened by their path; SystemExit when one is missing."""
    found: list[Entry] = []
    for package in NATIVE:
        init = find_file(package)
        library = init.parent / _NATIVE_NAMES.get(sys.platform, _NATIVE_NAMES["linux"]) if init else None
        if library is None or not library.is_file():
            raise SystemExit(f"build.spec: the library of {package} is missing ({library}); {_ENVIRONMENT}")
        found.append((f"{package.replace('.', '/')}/{library.name}", str(library), "BINARY"))
    return found


def find_file(module: str) -> Path | None:
    """The file of a module, found without running the packages that it lies in."""
    first, *rest = module.split(".")
    spec = importlib.util.find_spec(first)
    if spec is None or spec.origin is None:
        return None
    place = Path(spec.origin)
    for part in rest:
        folder = place.parent
        choices = [
            folder / part / "__init__.py",
            folder / f"{part}.py",
            *(folder / f"{part}{ending}" for ending in EXTENSION_SUFFIXES),
        ]
        there = next((path for path in choices if path.is_file()), None)
        if there is None:
            return None
        place = there
    return place
