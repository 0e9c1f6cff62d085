"""What `build.spec` builds with: its lists are true, its checks stop it, its tools give what they promise."""

from __future__ import annotations

import configparser
import importlib.metadata
import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import PySide6
import pytest
from PIL import Image

import maskcam.assets
from bundle import archive, checks, contents, desktop, fallback, icon, inner_libraries, notices, selection
from maskcam.cli import _parser
from tests.support import ROOT, environment, write_clip
from tests.test_architecture import imported, modules

FOR_THE_README = {"NOTICE.md", "overlay.jpg", "viewer.jpg"}
OPENCV_HERE = "opencv-contrib-python"
"""Stands in this environment where the build has `contents.OPENCV`."""
HERE = tuple(OPENCV_HERE if name == contents.OPENCV else name for name in contents.DISTRIBUTIONS)


def one_line(stop: pytest.ExceptionInfo[SystemExit]) -> str:
    text = str(stop.value)
    assert text.startswith("build.spec: ")
    assert "\n" not in text
    return text


def test_every_asset_is_listed_and_there() -> None:
    opened = {value for name, value in vars(maskcam.assets).items() if name.isupper()}
    assert opened <= set(contents.ASSETS)
    assert {path.name for path in (ROOT / "assets").iterdir()} == set(contents.ASSETS) | FOR_THE_README


EVERYTHING = """
import pkgutil, sys
import maskcam
for one in pkgutil.walk_packages(maskcam.__path__, "maskcam."):
    if one.name != "maskcam.__main__":
        __import__(one.name)
from maskcam.cli import main
codes = [main(["selftest"]), main(["cameras"]), main(["video", "clip.mp4", "-o", "out.mp4"])]
codes.append(main(["image", "picture.webp", "-o", "seen"]))
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
app = QApplication([])
QTimer.singleShot(2500, lambda: [one.close() for one in app.topLevelWidgets()])
codes.append(main(["live", "clip.mp4"]))
print("codes", codes)
print("modules", *sorted(sys.modules))
"""


def test_nothing_that_is_excluded_is_ever_imported(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", lambda number: np.full((240, 320, 3), 90 + number, np.uint8), 20)
    Image.new("RGB", (200, 200), "grey").save(tmp_path / "picture.webp")
    run = subprocess.run(
        [sys.executable, "-c", EVERYTHING],
        cwd=tmp_path,
        env=environment(QT_QPA_PLATFORM="offscreen", XDG_CONFIG_HOME=str(tmp_path), XDG_STATE_HOME=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert "codes [0, 0, 0, 0, 0]" in run.stdout, run.stdout + run.stderr
    loaded = set(run.stdout.splitlines()[-1].split()[1:])
    assert {"maskcam.viewer.app", "cv2", "tqdm", "PIL.WebPImagePlugin"} <= loaded
    excluded = set(contents.EXCLUDES)
    came = {name for name in loaded if any(name == one or name.startswith(f"{one}.") for one in excluded)}
    assert came == set()


def test_of_pillows_plugins_only_the_wanted_are_kept() -> None:
    without = set(contents.picture_plugins())
    assert {"PIL.EpsImagePlugin", "PIL.PsdImagePlugin", "PIL.AvifImagePlugin"} <= without
    assert not without & set(contents.HIDDEN_IMPORTS)


@pytest.mark.parametrize("name", contents.HIDDEN_IMPORTS)
def test_every_hidden_import_is_real(name: str) -> None:
    assert checks.find_file(name) is not None
    script = "import sys, importlib, maskcam.native\nmaskcam.native.import_face_detector()\n"
    script += f"importlib.import_module({name!r})"
    subprocess.run([sys.executable, "-c", script], env=environment(), check=True, timeout=60)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names Linux's files")
def test_every_plugin_and_library_that_is_named_is_real() -> None:
    plugins = Path(PySide6.__path__[0]) / "Qt" / "plugins"
    assert all((plugins / name).is_file() for name in contents.QT_PLUGINS if name.endswith(".so"))
    assert all(Path(source).is_file() for _, source, _ in checks.native_libraries())


def test_only_the_build_knows_the_builder() -> None:
    for package in ("maskcam", "training"):
        for path in modules(package):
            assert not any(name.split(".")[0] == "bundle" for name in imported(path)), path


# What stops the build.


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the build reads."""
    for name in ("maskcam", "assets", ".ci"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("build.spec", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", contents.ASSETS)
def test_a_missing_file_stops_the_build(tree: Path, name: str) -> None:
    (tree / "assets" / name).unlink()
    with pytest.raises(SystemExit) as stop:
        checks.check_assets(tree / "assets")
    assert f"{name} is missing" in one_line(stop)


def test_weights_that_do_not_fit_their_card_stop_the_build(tree: Path) -> None:
    checks.check_assets(tree / "assets")
    weights = tree / "assets" / "mask_classifier.tflite"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(SystemExit) as stop:
        checks.check_assets(tree / "assets")
    assert "mask_classifier" in one_line(stop)


def build(tree: Path) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("PyInstaller")
    return subprocess.run(
        [sys.executable, "-m", "PyInstaller", "--log-level", "ERROR", "build.spec"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_spec_itself_stops_with_one_line(tree: Path) -> None:
    # This environment has the other OpenCV, which an ordinary installation needs.
    for change, wanted in (
        (lambda: None, f"{OPENCV_HERE} is installed, {contents.OPENCV} must be in its place"),
        ((tree / "assets" / "mask_classifier.json").unlink, "mask_classifier.json is missing"),
    ):
        change()
        run = build(tree)
        assert run.returncode != 0
        own = [line for line in run.stderr.splitlines() if " INFO: " not in line]
        assert len(own) == 1, run.stderr
        assert own[0].startswith("build.spec: ")
        assert wanted in own[0]
    assert not (tree / "dist" / "maskcam").exists()


def test_a_missing_distribution_or_module_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "OPENCV", OPENCV_HERE)
    monkeypatch.setattr(checks, "DISTRIBUTIONS", HERE)
    checks.check_distributions()
    checks.check_imports()
    monkeypatch.setattr(checks, "DISTRIBUTIONS", (*HERE, "no-such-thing"))
    with pytest.raises(SystemExit) as stop:
        checks.check_distributions()
    assert "no-such-thing is not installed" in one_line(stop)
    monkeypatch.setattr(checks, "HIDDEN_IMPORTS", ("PIL.NoSuchPlugin",))
    with pytest.raises(SystemExit) as stop:
        checks.check_imports()
    assert "PIL.NoSuchPlugin is missing" in one_line(stop)
    monkeypatch.setattr(checks, "NATIVE", ("mediapipe.tasks.python",))
    with pytest.raises(SystemExit) as stop:
        checks.native_libraries()
    assert "the library of mediapipe.tasks.python is missing" in one_line(stop)


# How the libraries are chosen.


def test_libraries_are_followed_from_what_is_opened() -> None:
    entries = [
        ("a/module.so", "/a/module.so", "EXTENSION"),
        ("x.libs/libone.so.1", "/x/libone.so.1", "BINARY"),
        ("libone.so.1", "x.libs/libone.so.1", "SYMLINK"),
        ("x.libs/libidle.so.1", "/x/libidle.so.1", "BINARY"),
        ("libidle.so.1", "x.libs/libidle.so.1", "SYMLINK"),
    ]
    needs = {"/a/module.so": {"libone.so.1", "libc.so.6"}, "/x/libone.so.1": set(), "/x/libidle.so.1": set()}
    assert [place for place, _, _ in selection.reachable(entries, needs)] == [
        "a/module.so",
        "x.libs/libone.so.1",
        "libone.so.1",
    ]
    needs["/x/libone.so.1"] = {"libgone.so.7"}
    with pytest.raises(SystemExit) as stop:
        selection.reachable(entries, needs)
    assert "libgone.so.7 is missing, which x.libs/libone.so.1 needs" in one_line(stop)


@pytest.mark.parametrize(("theirs", "shared"), [("62.28.102", True), ("62.27.9", False), ("63.0.1", False)])
def test_a_library_is_shared_only_where_the_other_copy_can_stand_in(theirs: str, shared: bool) -> None:
    ours = "opencv_python_headless.libs/libavcodec-01234567.so.62.28.101"
    entries = [(ours, "/cv", "BINARY"), (f"av.libs/libavcodec-89abcdef.so.{theirs}", "/av", "BINARY")]
    got = selection.share(entries)[0]
    assert got == ((ours, f"../{entries[1][0]}", "SYMLINK") if shared else entries[0])


@pytest.mark.parametrize("name", ["libc.so.6", "ld-linux-x86-64.so.2", "libGL.so.1", "libEGL.so.1", "libmvec.so.1"])
def test_the_systems_own_libraries_stay_the_systems(name: str) -> None:
    assert selection.is_system(name)


@pytest.mark.parametrize(
    "name", ["libcrypto.so.3", "libstdc++.so.6", "libX11.so.6", "libxcb-cursor.so.0", "libdrm-1.so"]
)
def test_other_libraries_come_along(name: str) -> None:
    assert not selection.is_system(name)


def test_unneeded_plugins_translations_and_opencvs_ffmpeg_stay_out() -> None:
    kept = ("PySide6/Qt/plugins/platforms/libqxcb.so", "/q", "BINARY")
    dropped = [
        ("PySide6/Qt/plugins/platformthemes/libqgtk3.so", "/q", "BINARY"),
        ("cv2\\opencv_videoio_ffmpeg500_64.dll", "/q", "BINARY"),
    ]
    assert selection.without_plugins([kept, *dropped]) == [kept]
    assert selection.without_data([("PySide6/Qt/translations/qt_de.qm", "/q", "DATA")]) == []


@pytest.mark.skipif(shutil.which("objdump") is None, reason="binutils is not installed")
def test_what_a_library_is_linked_to_is_read_from_it() -> None:
    (_, source, _), *_ = checks.native_libraries()
    assert {"libEGL.so.1", "libGLESv2.so.2", "libc.so.6"} <= selection.needed_by([Path(source)])[source]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks for Linux's files")
def test_a_machine_without_graphics_is_given_what_is_linked_to(tmp_path: Path) -> None:
    pytest.importorskip("PyInstaller")
    entries = fallback.entries([("libX11.so.6", "/x", "BINARY")], tmp_path)
    order = (tmp_path / fallback.ORDER).read_text(encoding="ascii").split()
    assert set(fallback.LIBRARIES) < set(order)
    assert [place for place, _, _ in entries] == [f"fallback/{name}" for name in (*order, fallback.ORDER)]
    assert order.index("libGLdispatch.so.0") < order.index("libEGL.so.1")
    assert not {"libX11.so.6", "libc.so.6"} & set(order)


# The notices.


@pytest.mark.parametrize("name", HERE)
def test_every_distribution_has_a_notice(name: str) -> None:
    licence = notices.licence_of(name)
    texts = notices.licence_files(name)
    assert licence
    assert texts or all(one in inner_libraries.TEXTS for one in re.split(r" (?:OR|AND) ", licence))
    assert all(len(text) > 30 for text in texts.values())


def test_every_text_of_a_licence_is_there() -> None:
    named = {text for texts in inner_libraries.TEXTS.values() for text in texts} - {"Apache-2.0.txt"}
    assert named == {path.name for path in notices.TEXT_FOLDER.iterdir()}
    for one in (*inner_libraries.OF_PYAV.values(), *inner_libraries.OF_QT, *inner_libraries.OF_MEDIAPIPE):
        assert all(part in inner_libraries.TEXTS for part in one.licence.split(" OR "))
        assert one.owners


def test_the_notices_name_all_that_is_bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("PyInstaller")
    monkeypatch.setattr(notices, "DISTRIBUTIONS", HERE)
    libraries = Path(str(importlib.metadata.distribution("av").locate_file("av.libs")))
    entries = [(f"av.libs/{path.name}", str(path), "BINARY") for path in libraries.glob("*.so*")]
    assert any("x264" in place for place, _, _ in entries)
    notices.gather(entries, ROOT / "LICENSE").write(tmp_path / "licences")
    overview = (tmp_path / "licences" / "README.md").read_text(encoding="utf-8")
    for name in (*HERE, "Python", "pyinstaller", "Qt", "ICU", "FFmpeg", "x264", "x265", "XNNPACK", "Eigen"):
        assert f"[{name}]".lower().replace("-", "_") in overview.lower().replace("-", "_") or f"| {name} |" in overview
    for told in re.findall(r"`([^`]+)`", overview.partition("## ")[2]):
        assert (tmp_path / "licences" / told).exists(), told
    own = (tmp_path / "licences" / "maskcam" / "NOTICE.md").read_text(encoding="utf-8")
    assert "Copyright Google LLC" in own and "Laborde" in own, "whose face models and start weights these are"
    assert "GNU GENERAL PUBLIC LICENSE" in (tmp_path / "licences" / "GPL-2.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("see /usr/share/common-licenses/GPL-2.", ["GPL-2"]),
        ("in `/usr/share/common-licenses/LGPL-2.1'.", ["LGPL-2.1"]),
        ("/usr/share/common-licenses/GPL-3, or /usr/share/common-licenses/LGPL-2", ["GPL-3", "LGPL-2"]),
    ],
)
def test_texts_that_debian_only_names_are_found_at_a_sentence_s_end_too(text: str, named: list[str]) -> None:
    assert notices.GENERIC.findall(text) == named


def test_an_unknown_library_of_the_video_wheel_stops_the_build() -> None:
    with pytest.raises(SystemExit) as stop:
        inner_libraries.inner_library("libnovel-01234567.so.1")
    assert "libnovel-01234567.so.1" in one_line(stop)


def test_a_file_of_an_unnamed_distribution_is_noticed() -> None:
    named, stranger = Path(PySide6.__file__), Path(pytest.__file__)
    assert notices.unnamed([str(named), str(ROOT / "maskcam" / "cli.py")]) == set()
    assert notices.unnamed([str(named), str(stranger)]) == {str(stranger.resolve())}


# What else lies in the folder.


def test_the_icon_is_what_its_script_draws(tmp_path: Path) -> None:
    committed = np.asarray(Image.open(ROOT / "assets" / "icon.png"), np.int16)
    assert np.abs(committed - np.asarray(icon.draw(), np.int16)).mean() < 1
    assert (committed[0, 0, 3], committed[128, 128, 3]) == (0, 255)
    icon.write_icons(tmp_path)
    with Image.open(tmp_path / "maskcam.ico") as image:
        assert {(16, 16), (48, 48), (256, 256)} <= image.info["sizes"]
    with Image.open(tmp_path / "maskcam.icns") as image:
        assert max(size[0] * size[2] for size in image.info["sizes"]) == 1024


def test_the_desktops_are_told_what_they_ask(tmp_path: Path) -> None:
    desktop.write_linux(tmp_path, ROOT / "assets" / "icon.png")
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(tmp_path / "applications" / "maskcam.desktop", encoding="utf-8")
    entry = parser["Desktop Entry"]
    assert (entry["Type"], entry["Exec"], entry["Icon"], entry["Terminal"]) == (
        "Application",
        "maskcam live --tell-in-window %f",
        "maskcam",
        "false",
    )
    assert (tmp_path / "icons/hicolor/256x256/apps/maskcam.png").is_file()
    assert "camera" in str(desktop.mac_properties("0.1.0")["NSCameraUsageDescription"])
    told = desktop.windows_version("0.1.0", "maskcam")
    compile(told, "version", "eval")
    assert "filevers=(0, 1, 0, 0)" in told


@pytest.mark.parametrize(
    ("program", "given", "told"),
    [
        ("maskcam-viewer.exe", [], ["live", "--tell-in-window"]),
        ("maskcam-viewer.exe", ["C:/clip.mp4"], ["live", "--tell-in-window", "C:/clip.mp4"]),
        ("maskcam.exe", ["cameras"], ["cameras"]),
    ],
)
def test_a_program_without_a_terminal_tells_in_its_window(
    monkeypatch: pytest.MonkeyPatch, program: str, given: list[str], told: list[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "executable", f"C:/maskcam/{program}")
    monkeypatch.setattr(sys, "argv", [program, *given])
    runpy.run_path(str(ROOT / ".ci" / "bundle" / "at_start.py"))
    assert sys.argv == [program, *told]
    assert _parser().parse_args(told)


@pytest.mark.skipif(shutil.which("xz") is None, reason="xz is not installed")
def test_the_archive_depends_on_the_content_alone(tmp_path: Path) -> None:
    packed = []
    for number, order in enumerate(("ab", "ba")):
        folder = tmp_path / str(number) / "maskcam"
        (folder / "inner").mkdir(parents=True)
        for name in order:
            (folder / "inner" / name).write_text(name * 100)
            os.utime(folder / "inner" / name, (number * 10_000, number * 10_000))
        (folder / "maskcam").write_text("program")
        (folder / "maskcam").chmod(0o755 if number else 0o700)
        (folder / "link").symlink_to("inner/a")
        archive.pack(folder, tmp_path / f"{number}.tar.xz")
        packed.append((tmp_path / f"{number}.tar.xz").read_bytes())
    assert packed[0] == packed[1]
    with tarfile.open(tmp_path / "0.tar.xz") as tar:
        inside = [name.removeprefix("maskcam") for name in tar.getnames()]
        assert inside == ["", "/inner", "/inner/a", "/inner/b", "/link", "/maskcam"]
        assert tar.getmember("maskcam/maskcam").mode == 0o755
        assert tar.getmember("maskcam/link").issym()
    assert archive.size(tmp_path / "0" / "maskcam") == 207
    assert archive.largest(tmp_path / "0" / "maskcam", 1) == [("inner/a", 100)]
