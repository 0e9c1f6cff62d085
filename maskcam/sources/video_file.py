"""Reads a video file frame by frame: upright RGB pictures, exact times, and the sound's packets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
import av.container

from maskcam.closing import Closing
from maskcam.colour import FromYuv
from maskcam.errors import UnusableInput
from maskcam.frames import Frame
from maskcam.letterbox import letterboxed
from maskcam.sources.damage import ends_early, has_holes, is_cut
from maskcam.sources.inputs import (
    audio_stream,
    check_file,
    check_size,
    open_video,
    picture_streams,
    prepared_stream,
    undecodable,
)
from maskcam.sources.losses import Losses
from maskcam.sources.timing import Clock, SoundClock
from maskcam.sources.upright import Upright, turn_of

Sound: TypeAlias = "tuple[av.Packet[Any], ...]"

# A read error in a damaged file may be passed by reading on, but not for ever.
_READ_ATTEMPTS = 100
_SAY_DURATION = {"mov", "matroska", "avi"}
_SOUND_WITHIN = 10.0
"""Seconds of pictures among which the first sound is looked for."""


@dataclass(frozen=True, slots=True, eq=False)
class FileFrame:
    """One frame as it lies in the file.

    `pts` is the frame's time in the source's `time_base`, not shifted. `sound` holds the sound packets that
    lie between the frame before and this one, in the file's order.
    """

    frame: Frame
    pts: int
    sound: Sound = ()


class VideoSource(Closing):
    """A video file, opened. Iterate it once for its `FileFrame`s.

    `width` and `height` are in pixels, upright. `pixel_aspect` is a pixel's width by its height, upright.
    `time_base` is the length of one tick of `pts` in seconds. `start_pts` is the first frame's. `origin` is the tick
    at which the first frame or, if it is earlier, the first sound begins, but no less than 0.
    `duration` is in seconds and `frame_count` is an estimate; both are None where the file doesn't say.
    `tracks` counts the streams of pictures, of which one is read.
    `audio` is the sound stream, a template for copying it. After the iteration `trailing_sound` holds the
    packets after the last frame, and `damage` says in one line what was lost, or is None.

    Keep the source open until the last sound packet is written. Raises UnusableInput if the file is missing,
    unreadable, no video, too large a picture, or has no frame that can be decoded.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.damage: str | None = None
        self.trailing_sound: Sound = ()
        self._path = path
        self._losses = Losses()
        self._reach = Fraction(0)
        self._begun = False
        check_file(path, "video")
        try:
            self._cut = is_cut(path)
            self._holes = has_holes(path)
        except OSError as error:
            problem = error.strerror or str(error)
            raise UnusableInput(f"{path}: can't be read ({problem.lower()}); get a new copy of it") from None
        # The first look decodes one frame, which alone tells the rotation. The file is then opened afresh, so
        # that no packet has to be kept or sought back.
        with open_video(path) as container:
            first, sound = self._first_look(container)
        self._container = open_video(path)
        video = prepared_stream(self._container, path)
        self._video = video
        self._coded_aspect = float(video.codec_context.sample_aspect_ratio or 1)
        self.tracks = len(picture_streams(self._container))
        self.audio = audio_stream(self._container)
        self._sideways = turn_of(first).swap
        self.width, self.height = (first.height, first.width) if self._sideways else (first.width, first.height)
        aspect = video.sample_aspect_ratio or Fraction(1)
        self.pixel_aspect = 1 / aspect if self._sideways else aspect
        self.time_base: Fraction = video.time_base or Fraction(1, 90000)
        self.average_rate: Fraction | None = video.average_rate or video.guessed_rate or None
        self.duration = self._seconds()
        self.frame_count: int | None = video.frames or None
        if self.frame_count is None and self.duration and self.average_rate:
            self.frame_count = max(1, round(self.duration * self.average_rate))
        self.start_pts = Clock(self.time_base, self.average_rate).tick(first.pts, first.dts)
        earliest = self.start_pts if sound is None else min(self.start_pts, math.floor(sound / self.time_base))
        self.origin = max(0, earliest)

    @property
    def has_audio(self) -> bool:
        """Whether there is sound to copy."""
        return self.audio is not None

    def close(self) -> None:
        """Close the file; does nothing the second time. Call it from the thread that iterates."""
        self._begun = True
        self._container.close()

    def __iter__(self) -> Iterator[FileFrame]:
        """Yield every frame that can be decoded; RuntimeError on a second iteration or after `close`."""
        if self._begun:
            raise RuntimeError("a VideoSource can be iterated only once, while it is open")
        self._begun = True
        return self._frames()

    def _frames(self) -> Iterator[FileFrame]:
        clock = Clock(self.time_base, self.average_rate)
        colours = FromYuv()
        sounds = SoundClock(clock)
        self._losses = Losses()
        self._reach = Fraction(0)
        index = 0
        end = 0.0
        upright = Upright()
        for packet in self._packets(self._container, self._video, self.audio):
            if packet is not None and packet.stream.type == "audio":
                sounds.add(packet)
                continue
            for picture in self._decode(self._video, packet):
                pts = clock.tick(picture.pts, picture.dts)
                time = float((pts - clock.first) * self.time_base)
                end = time + float((getattr(picture, "duration", 0) or 0) * self.time_base)
                image = upright.turn(picture, colours.convert(picture, picture.width, picture.height))
                # Streams and cameras that are turned change their pictures' size on the way.
                image = letterboxed(image, self.width, self.height, self._wider())
                yield FileFrame(Frame(image, index, time, self.name), pts, sounds.ready())
                index += 1
        self.trailing_sound = sounds.ready(end=True)
        self.damage = self._describe_damage(end, clock.jumps)

    def _wider(self) -> float:
        """How much wider the pixels of the picture decoded last, upright, are than those of the first one."""
        wider = float(self._video.codec_context.sample_aspect_ratio or 1) / self._coded_aspect
        return 1 / wider if self._sideways else wider

    def _first_look(self, container: av.container.InputContainer) -> tuple[av.VideoFrame, Fraction | None]:
        """Return the first picture, and where the first sound begins, in seconds, if there is any."""
        video, audio = prepared_stream(container, self._path), audio_stream(container)
        picture: av.VideoFrame | None = None
        sound: Fraction | None = None
        begin: Fraction | None = None
        for packet in self._packets(container, video, audio):
            stamp = None if packet is None else packet.dts if packet.pts is None else packet.pts
            time = None if packet is None or stamp is None else stamp * packet.time_base
            if packet is not None and packet.stream.type == "audio":
                sound = time if sound is None else sound
            else:
                begin = time if begin is None else begin
                picture = picture or next(iter(self._decode(video, packet)), None)
            late = time is not None and begin is not None and time - begin > _SOUND_WITHIN
            if picture is not None and (audio is None or sound is not None or late):
                break
        if picture is None:
            raise UnusableInput(undecodable(container, self._path))
        check_size(self._path, picture.width, picture.height)
        if sound is None and audio is not None and audio.start_time is not None:
            sound = audio.start_time * (audio.time_base or Fraction(0))
        return picture, sound

    def _packets(
        self,
        container: av.container.InputContainer,
        video: av.VideoStream,
        audio: av.AudioStream | None,
    ) -> Iterator[av.Packet[Any] | None]:
        """Yield the packets that hold something, then None once to empty the decoder."""
        streams = [video] if audio is None else [video, audio]
        attempts = 0
        while attempts < _READ_ATTEMPTS:
            try:
                for packet in container.demux(*streams):
                    for stamp in (packet.dts, packet.pts):
                        if stamp is not None:
                            stop = (stamp + (packet.duration or 0)) * packet.time_base
                            self._reach = max(self._reach, stop)
                    # An empty packet would end the decoding for good.
                    if packet.size:
                        attempts = 0
                        yield packet
                break
            except av.FFmpegError:
                # However often it takes to get past it, it is one damaged place.
                if not attempts:
                    self._losses.add()
                attempts += 1
        yield None

    def _decode(self, video: av.VideoStream, packet: av.Packet[Any] | None) -> list[av.VideoFrame]:
        try:
            pictures = video.codec_context.decode(packet)
        except av.FFmpegError:
            self._losses.judge(packet, None)
            return []
        # libav takes good H.264 fields for broken: it looks for their slices in the rows of the whole frame.
        fields = video.codec_context.name == "h264"
        self._losses.judge(packet, [one for one in pictures if not (fields and one.interlaced_frame)])
        return pictures

    def _seconds(self) -> float | None:
        if self._video.duration:
            return float(self._video.duration * self.time_base)
        return self._container.duration / av.time_base if self._container.duration else None

    def _describe_damage(self, end: float, jumps: int) -> str | None:
        whole = self.duration or 0.0
        formats = set(self._container.format.name.split(","))
        if "avi" in formats and self.average_rate:
            # libav shortens the duration to what it finds of the file; the header's count of frames stays.
            whole = max(whole, float(self._video.frames / self.average_rate))
        # Only these formats say how long they are, rather than have it guessed. Subtitles may last longer.
        known = formats & _SAY_DURATION and len(self._container.streams) == 1 + self.has_audio
        short = bool(known) and ends_early(float(self._reach), whole)
        found = []
        if self._cut or short:
            # The shown numbers have to differ, or the line would contradict itself.
            ends = round(end, 1) < round(whole, 1)
            found.append(f"ends after {end:.1f} of {whole:.1f} s" if ends else f"is cut off at {end:.1f} s")
        if jumps:
            found.append("its time stamps jump by more than a year, so what follows was put right behind")
        if self._holes:
            found.append("pieces in it don't fit together, so some may be missing")
        if self._container.streams.audio and not self.has_audio:
            found.append("its sound is of a kind that can't be read here")
        if lost := self._losses.count:
            found.append(f"{lost} piece{'s' if lost > 1 else ''} could not be decoded")
        return ", ".join(found) or None
