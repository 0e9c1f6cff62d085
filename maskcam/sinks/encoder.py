"""Finds an H.264 encoder that works here and sets it up."""

from __future__ import annotations

from fractions import Fraction

import av
from av.codec.codec import UnknownCodecError
from av.video.codeccontext import VideoCodecContext

from maskcam.colour import MATRIX_709, RANGE_LIMITED, TAG_709
from maskcam.errors import UnusableInput

_ENCODERS = ("libx264", "libopenh264", "h264_videotoolbox", "h264_nvenc", "h264_qsv", "h264_amf")
# About what libx264 takes for video at this quality; the other encoders know no constant quality.
_BITS_PER_PIXEL = 0.15
_LEAST_BITS = 200_000


def working_encoder(width: int, height: int) -> str:
    """Return the first H.264 encoder that opens for this size, in pixels; UnusableInput if there is none."""
    for name in _ENCODERS:
        try:
            context = VideoCodecContext.create(name, "w")
            if not isinstance(context, VideoCodecContext):
                continue
            set_up(context, name, (width, height), Fraction(1, 25), Fraction(25))
            context.open()
        except (av.FFmpegError, UnknownCodecError):
            continue
        return name
    raise UnusableInput("no H.264 encoder works here; install a build of PyAV that has libx264")


def set_up(context: VideoCodecContext, name: str, size: tuple[int, int], time_base: Fraction, rate: Fraction) -> None:
    """Set size (width, height, even), clock (seconds a tick), frames a second, quality and colour tags."""
    context.width, context.height = size
    context.pix_fmt = "yuv420p"
    context.time_base = time_base
    context.framerate = rate
    context.colorspace = MATRIX_709
    context.color_range = RANGE_LIMITED
    context.color_primaries = TAG_709
    context.color_trc = TAG_709
    # With B-frames, which are stored out of order, MP4 would end a video of uneven frame rate too early.
    context.max_b_frames = 0
    if name == "libx264":
        context.options = {"crf": "20", "preset": "veryfast"}
    else:
        context.bit_rate = max(_LEAST_BITS, round(_BITS_PER_PIXEL * size[0] * size[1] * rate))
