"""What goes into the executable and what stays out: lists, by name."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ASSETS = (
    "blaze_face_short_range.tflite",
    "blaze_face_full_range_sparse.tflite",
    "mask_classifier.tflite",
    "mask_classifier.json",
    "demo.mp4",
    "icon.png",
)
"""The files of `assets/` that the program opens; the other ones there are the README's."""

HIDDEN_IMPORTS = (
    # Imported by name, past MediaPipe's own packages, in maskcam/native.py.
    "mediapipe.tasks.c",
    "mediapipe.tasks.python.vision.core.image",
    "mediapipe.tasks.python.vision.face_detector",
    # Pillow looks for its readers by name.
    "PIL.BmpImagePlugin",
    "PIL.GifImagePlugin",
    "PIL.JpegImagePlugin",
    "PIL.MpoImagePlugin",
    "PIL.PngImagePlugin",
    "PIL.PpmImagePlugin",
    "PIL.TiffImagePlugin",
    "PIL.WebPImagePlugin",
    # Read by nobody; the library that it brings stands in for two larger ones of OpenCV's, see SHARED.
    "PIL._avif",
)

NATIVE = ("mediapipe.tasks.c",)
"""Packages whose library is opened by its path, so that no import leads to it."""

DISTRIBUTIONS = (
    "ai-edge-litert",
    "av",
    "cv2-enumerate-cameras",
    "mediapipe",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "pyside6-essentials",
    "shiboken6",
    "tqdm",
)
"""What is bundled of what pip installs. A module of any other distribution stops the build."""

OPENCV = "opencv-python-headless"
"""The same OpenCV without the windows of its own, for which it brings a second Qt, and without the contributed
modules, of which maskcam uses none. pip can't choose it: MediaPipe asks for opencv-contrib-python by name."""

_PICTURE_READERS = {name for name in HIDDEN_IMPORTS if name.endswith("ImagePlugin")}

_QT_MODULES = (
    "Qt3DCore",
    "QtConcurrent",
    "QtDBus",
    "QtDesigner",
    "QtHelp",
    "QtNetwork",
    "QtOpenGL",
    "QtOpenGLWidgets",
    "QtPrintSupport",
    "QtQml",
    "QtQuick",
    "QtQuickControls2",
    "QtQuickTest",
    "QtQuickWidgets",
    "QtSql",
    "QtSvg",
    "QtSvgWidgets",
    "QtTest",
    "QtUiTools",
    "QtXml",
)

EXCLUDES = (
    # What trains, tests and packs.
    "tensorflow",
    "keras",
    "jax",
    "training",
    "tests",
    "matplotlib",
    "scipy",
    "skimage",
    "pytest",
    "hypothesis",
    "setuptools",
    "pkg_resources",
    "pip",
    "unittest",
    "doctest",
    "pdb",
    "pydoc",
    "numpy.f2py",
    "numpy.testing",
    "numpy.distutils",
    "typing_extensions",
    # Other ways to windows, and what only asks whether they are there.
    "tkinter",
    "_tkinter",
    "IPython",
    "PyQt5",
    "PyQt6",
    "PySide2",
    "PIL.ImageQt",
    "PIL.ImageTk",
    "PIL.ImageShow",
    "PIL.ImageGrab",
    *(f"PySide6.{name}" for name in _QT_MODULES),
    # MediaPipe's other tasks, and what those need.
    "mediapipe.tasks.python.audio",
    "mediapipe.tasks.python.genai",
    "mediapipe.tasks.python.metadata",
    "mediapipe.tasks.python.text",
    "sounddevice",
    "absl",
    "flatbuffers",
    "google",
    # LiteRT's tools for making models.
    "ai_edge_litert.aot",
    "ai_edge_litert.tools",
    "ai_edge_litert.schema_py_generated",
    # Nothing here speaks to a network but FFmpeg, with a TLS of its own.
    "ssl",
    "_ssl",
    "ftplib",
    "http.server",
    "smtplib",
    "xmlrpc",
    "sqlite3",
    "curses",
    "readline",
    "lib2to3",
    "PIL.ImageCms",
    "PIL._imagingcms",
)


def picture_plugins() -> list[str]:
    """Pillow's readers and writers of the files that maskcam doesn't take. It tries them all, and does without any."""
    spec = importlib.util.find_spec("PIL")
    assert spec is not None
    assert spec.origin is not None
    found = {f"PIL.{path.stem}" for path in Path(spec.origin).parent.glob("*ImagePlugin.py")}
    return sorted(found - _PICTURE_READERS)


QT_PLUGINS = (
    # Linux: X11, Wayland with its frames and its shell, no screen; how text is composed, how files are chosen.
    "platforms/libqxcb.so",
    "platforms/libqwayland.so",
    "platforms/libqoffscreen.so",
    "wayland-shell-integration/libxdg-shell.so",
    "wayland-decoration-client/libadwaita.so",
    "wayland-decoration-client/libbradient.so",
    "platforminputcontexts/libcomposeplatforminputcontextplugin.so",
    "platforminputcontexts/libibusplatforminputcontextplugin.so",
    "platformthemes/libqxdgdesktopportal.so",
    # Windows
    "platforms/qwindows.dll",
    "platforms/qoffscreen.dll",
    "styles/qmodernwindowsstyle.dll",
    # macOS
    "platforms/libqcocoa.dylib",
    "platforms/libqoffscreen.dylib",
    "styles/libqmacstyle.dylib",
)
"""The plugins of Qt that the window may need; pictures are read by Pillow, and nothing is drawn by OpenGL."""

SHARED = {
    "libavcodec": "av",
    "libavformat": "av",
    "libavutil": "av",
    "libswscale": "av",
    "libswresample": "av",
    "libavif": "pillow",
    "libpng16": "pillow",
    "libgfortran": "numpy",
    "libquadmath": "numpy",
}
"""Libraries that OpenCV's wheel for Linux brings although another wheel has them too, and the wheel whose copy serves
both. OpenCV's copies are what it links to; of FFmpeg and AVIF maskcam calls nothing through OpenCV."""

STRIPPED = ("libmediapipe.so", "libpywrap_litert_common.so", "libpython")
"""Libraries for Linux that come with a table of symbols for debuggers, a fifth of their size. NumPy's and OpenCV's
stay as they are: their wheels' builders moved parts of them, which strip doesn't survive."""

SYSTEM_LIBRARIES = (
    # glibc
    r"ld-linux.*",
    r"lib(c|dl|m|mvec|pthread|resolv|rt|util)",
    # The graphics driver's, and what must fit the screen's server.
    r"lib(E?GLX?|OpenGL|GLES\w*|GLdispatch|drm|gbm)",
    r"libxcb",
    r"libwayland-(client|cursor|egl|server)",
)
"""What the executable takes from the system it runs on under Linux, as patterns of names without `.so`."""
