"""Runs in the executable before maskcam does."""


def _prepare() -> None:
    import contextlib
    import ctypes
    import locale
    import os
    import sys
    from pathlib import Path

    if sys.platform == "win32" and Path(sys.executable).stem == "maskcam-viewer":
        # It has no terminal to tell anything, and a file that is dropped on it comes as its only argument.
        sys.argv[1:1] = ["live", "--tell-in-window"]
    if not sys.platform.startswith("linux"):
        return
    # The loader of this process has read it; the programs that maskcam starts, as the one that shows a folder, must
    # have their own libraries.
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    if before is None:
        os.environ.pop("LD_LIBRARY_PATH", None)
    else:
        os.environ["LD_LIBRARY_PATH"] = before
    # As Python itself does where it is not frozen: without a language set, file names are UTF-8 all the same. Qt would
    # complain at length.
    try:
        language = locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:
        language = "C"
    if language in ("C", "POSIX") and not os.environ.get("LC_ALL"):
        os.environ["LC_CTYPE"] = "C.UTF-8"
    folder = Path(getattr(sys, "_MEIPASS", "")) / "fallback"
    for name in (folder / "order.txt").read_text(encoding="ascii").split():
        try:
            ctypes.CDLL(name)
        except OSError:
            # Whoever is linked to it is content with one of this name that is there already; and whoever misses it
            # says so when it is needed.
            with contextlib.suppress(OSError):
                ctypes.CDLL(str(folder / name))


_prepare()
del _prepare
