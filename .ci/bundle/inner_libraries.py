"""Libraries that lie within a wheel whose own licence file doesn't speak of them: whose they are, and how licensed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InnerLibrary:
    """A library: its name and owners as its own sources give them, its licence in SPDX's words, its home."""

    name: str
    owners: str
    licence: str
    home: str


_FFMPEG = InnerLibrary("FFmpeg", "the FFmpeg developers", "LGPL-3.0-or-later", "https://ffmpeg.org")
_NETTLE = InnerLibrary(
    "Nettle",
    "Niels Möller and others",
    "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "https://www.lysator.liu.se/~nisse/nettle",
)
_WEBP = InnerLibrary("libwebp", "Google Inc.", "BSD-3-Clause", "https://developers.google.com/speed/webp")
_XCB = InnerLibrary(
    "libxcb", "Bart Massey, Jamey Sharp, Josh Triplett and others", "MIT", "https://xcb.freedesktop.org"
)
_AMR = InnerLibrary("OpenCORE AMR", "PacketVideo; Martin Storsjö", "Apache-2.0", "https://opencore-amr.sourceforge.net")

OF_PYAV = {
    "libavcodec": _FFMPEG,
    "libavdevice": _FFMPEG,
    "libavfilter": _FFMPEG,
    "libavformat": _FFMPEG,
    "libavutil": _FFMPEG,
    "libswresample": _FFMPEG,
    "libswscale": _FFMPEG,
    "libx264": InnerLibrary(
        "x264", "the x264 project", "GPL-2.0-or-later", "https://www.videolan.org/developers/x264.html"
    ),
    "libx265": InnerLibrary("x265", "MulticoreWare, Inc.", "GPL-2.0-or-later", "https://www.x265.org"),
    "libSvtAv1Enc": InnerLibrary(
        "SVT-AV1",
        "Alliance for Open Media; Intel Corporation; Netflix, Inc.",
        "BSD-3-Clause-Clear",
        "https://aomedia.org",
    ),
    "libdav1d": InnerLibrary(
        "dav1d", "VideoLAN and dav1d authors", "BSD-2-Clause", "https://www.videolan.org/projects/dav1d"
    ),
    "libvpx": InnerLibrary("libvpx", "The WebM Project authors", "BSD-3-Clause", "https://www.webmproject.org"),
    "libvpl": InnerLibrary(
        "Intel Video Processing Library", "Intel Corporation", "MIT", "https://intel.github.io/libvpl"
    ),
    "libopus": InnerLibrary(
        "Opus", "Xiph.Org, Skype Limited, Octasic, Jean-Marc Valin and others", "BSD-3-Clause", "https://opus-codec.org"
    ),
    "libmp3lame": InnerLibrary("LAME", "the LAME developers", "LGPL-2.0-or-later", "https://lame.sourceforge.io"),
    "libopencore": _AMR,
    "libgnutls": InnerLibrary("GnuTLS", "the GnuTLS authors", "LGPL-2.1-or-later", "https://www.gnutls.org"),
    "libnettle": _NETTLE,
    "libhogweed": _NETTLE,
    "libgmp": InnerLibrary(
        "GMP", "Free Software Foundation, Inc.", "LGPL-3.0-or-later OR GPL-2.0-or-later", "https://gmplib.org"
    ),
    "libunistring": InnerLibrary(
        "libunistring",
        "Free Software Foundation, Inc.",
        "LGPL-3.0-or-later OR GPL-2.0-or-later",
        "https://www.gnu.org/software/libunistring",
    ),
    "libasound": InnerLibrary("alsa-lib", "the ALSA developers", "LGPL-2.1-or-later", "https://www.alsa-project.org"),
    "libdrm": InnerLibrary(
        "libdrm", "VA Linux Systems, Inc.; Intel Corporation; others", "MIT", "https://dri.freedesktop.org"
    ),
    "libwebp": _WEBP,
    "libwebpmux": _WEBP,
    "libsharpyuv": _WEBP,
    "libxcb": _XCB,
    "libXau": InnerLibrary("libXau", "The Open Group", "MIT", "https://www.x.org"),
}
"""By the beginning of a file's name. PyAV's wheel speaks of none of them."""

OF_QT = (
    InnerLibrary(
        "Qt", "The Qt Company Ltd. and others", "LGPL-3.0-only OR GPL-2.0-only OR GPL-3.0-only", "https://www.qt.io"
    ),
    InnerLibrary("ICU", "Unicode, Inc. and others", "Unicode-DFS-2016", "https://icu.unicode.org"),
)
"""What PySide6's wheel holds beside its bindings. Qt's own parts by others: https://doc.qt.io/qt-6/licenses-used-in-qt.html"""

OF_MEDIAPIPE = (
    InnerLibrary(
        "XNNPACK", "Facebook, Inc. and its affiliates; Google LLC", "BSD-3-Clause", "https://github.com/google/XNNPACK"
    ),
    InnerLibrary(
        "pthreadpool",
        "Google LLC; Facebook Inc.; Georgia Institute of Technology",
        "BSD-2-Clause",
        "https://github.com/google/pthreadpool",
    ),
    InnerLibrary(
        "cpuinfo",
        "Google LLC; Facebook Inc.; Georgia Institute of Technology; Marat Dukhan",
        "BSD-2-Clause",
        "https://github.com/pytorch/cpuinfo",
    ),
    InnerLibrary("Eigen", "Benoît Jacob, Gaël Guennebaud and others", "MPL-2.0", "https://eigen.tuxfamily.org"),
    InnerLibrary("Protocol Buffers", "Google Inc.", "BSD-3-Clause", "https://protobuf.dev"),
    InnerLibrary("RE2", "The RE2 Authors", "BSD-3-Clause", "https://github.com/google/re2"),
    InnerLibrary("glog", "Google Inc.", "BSD-3-Clause", "https://github.com/google/glog"),
    InnerLibrary("FarmHash", "Google, Inc.", "MIT", "https://github.com/google/farmhash"),
    InnerLibrary("stb_image", "Sean Barrett", "MIT", "https://github.com/nothings/stb"),
    InnerLibrary("Abseil", "The Abseil Authors", "Apache-2.0", "https://abseil.io"),
    InnerLibrary("FlatBuffers", "Google Inc.", "Apache-2.0", "https://flatbuffers.dev"),
    InnerLibrary("gemmlowp", "The Gemmlowp Authors", "Apache-2.0", "https://github.com/google/gemmlowp"),
    InnerLibrary("SentencePiece", "Google Inc.", "Apache-2.0", "https://github.com/google/sentencepiece"),
    InnerLibrary("OpenCV", "the OpenCV contributors", "Apache-2.0", "https://opencv.org"),
)
"""What is linked into the libraries of MediaPipe and LiteRT, as their symbols tell; the wheels speak of none of it."""

TEXTS = {
    "GPL-2.0-or-later": ("GPL-2.txt",),
    "GPL-2.0-only": ("GPL-2.txt",),
    "GPL-3.0-only": ("GPL-3.txt",),
    "LGPL-2.0-or-later": ("LGPL-2.txt",),
    "LGPL-2.1-or-later": ("LGPL-2.1.txt",),
    "LGPL-3.0-only": ("LGPL-3.txt", "GPL-3.txt"),
    "LGPL-3.0-or-later": ("LGPL-3.txt", "GPL-3.txt"),
    "BSD-2-Clause": ("BSD-2-Clause.txt",),
    "BSD-3-Clause": ("BSD-3-Clause.txt",),
    "BSD-3-Clause-Clear": ("BSD-3-Clause-Clear.txt",),
    "MIT": ("MIT.txt",),
    "MPL-2.0": ("MPL-2.0.txt",),
    "Apache-2.0": ("Apache-2.0.txt",),
    "Unicode-DFS-2016": ("Unicode-DFS-2016.txt",),
}
"""The texts of the licences, in the folder `licences` beside this file; Apache's is the project's own."""


def inner_library(file_name: str) -> InnerLibrary:
    """Whose library of PyAV's wheel this is; SystemExit for one that nobody has looked at yet."""
    stem = file_name.partition("-")[0].partition(".")[0]
    if stem not in OF_PYAV:
        raise SystemExit(
            f"build.spec: {file_name} in PyAV's wheel is new; add its licence to .ci/bundle/inner_libraries.py"
        )
    return OF_PYAV[stem]
