"""Colours between a video's YUV and the RGB that everything else works in."""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from maskcam.frames import Pixels

MATRIX_709 = 1
RANGE_LIMITED = 1
RANGE_FULL = 2
TAG_709 = 1
"""BT.709 as primaries and as transfer curve."""

# swscale's own numbers: they mean the same in every libav, while PyAV's enum names for them changed.
# Bilinear, and full chroma resolution with correct rounding; the fast paths to RGB are off by several levels.
_FROM_YUV = 0x2 | 0x2000 | 0x4000 | 0x40000
# To YUV correct rounding mends one level at most, and takes two thirds of the time.
_TO_YUV = 0x2 | 0x4000

# Left: the matrix that a frame is tagged with. Right: the number of swscale's coefficients for it.
_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
_BT601 = 5
_SD_HEIGHT = 576


class FromYuv:
    """Turns decoded frames into RGB pictures of one size; keeps the scaler's tables between frames."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def convert(self, frame: av.VideoFrame, width: int, height: int) -> Pixels:
        """Return `frame` as `(height, width, 3) uint8, RGB`, contiguous.

        The frame's tags choose the matrix and the range. Untagged pictures are BT.601 up to 576 lines and
        BT.709 above, as players take them.
        """
        name = frame.format.name
        matrix: int | None = None
        scale: int | None = None
        if not frame.format.is_rgb and not name.startswith("pal"):
            guess = _BT601 if frame.height <= _SD_HEIGHT else MATRIX_709
            matrix = _MATRICES.get(int(frame.colorspace), guess)
            full = name.startswith(("yuvj", "gray"))
            scale = int(frame.color_range) or (RANGE_FULL if full else RANGE_LIMITED)
        picture = self._reformatter.reformat(
            frame,
            width,
            height,
            "rgb24",
            src_colorspace=matrix,
            interpolation=_FROM_YUV,
            src_color_range=scale,
            dst_color_range=RANGE_FULL,
        )
        return np.ascontiguousarray(picture.to_ndarray(), np.uint8)


class ToYuv:
    """Turns RGB pictures into YUV 4:2:0, BT.709, limited range, of even width and height."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def convert(self, image: Pixels) -> av.VideoFrame:
        """Return `image`, `(h, w, 3) uint8, RGB`, as a tagged frame; an odd side repeats its last pixels."""
        height, width = image.shape[:2]
        if height % 2 or width % 2:
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = self._reformatter.reformat(
            av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24"),
            format="yuv420p",
            dst_colorspace=MATRIX_709,
            interpolation=_TO_YUV,
            src_color_range=RANGE_FULL,
            dst_color_range=RANGE_LIMITED,
        )
        frame.colorspace = MATRIX_709
        frame.color_range = RANGE_LIMITED
        frame.color_primaries = TAG_709
        frame.color_trc = TAG_709
        return frame
