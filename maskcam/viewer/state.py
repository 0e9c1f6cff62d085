"""Every rule of the viewer, without a window: views of the runner in, a frozen picture of what is shown out.

Time is passed in, in the seconds of the clock that the views' times are of.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from maskcam.live import Analysed, LiveView
from maskcam.sources.spec import SourceKind
from maskcam.viewer.alarm import Alarm, AlarmClock, Snooze
from maskcam.viewer.messages import BEHIND, LOADING, PRIVATE
from maskcam.viewer.settings import Settings
from maskcam.viewer.shown import AlarmLight, Picture, Shown
from maskcam.viewer.sight import Sight
from maskcam.viewer.supervision import Chosen, Supervision
from maskcam.viewer.timeline import Timeline

NOTICE_SECONDS = 5.0
BEHIND_SECONDS, WELL_SECONDS = 2.0, 1.0
"""The analysis may be behind for so long, as after an outage, before it is worth a word.

The word stays until it has kept up for so long: one that takes nearly a second is behind again and again.
"""
OLD_SECONDS = 3.0
"""Seconds without a result after which a picture in private view, which waits for its analysis, isn't of now."""


@dataclass(frozen=True, slots=True)
class Wants:
    """What the state asks of the window after an update."""

    reopen: bool = False
    beep: bool = False


@dataclass(frozen=True, slots=True)
class Playback:
    """Where a video file is; a camera has none."""

    position: float
    duration: float | None
    paused: bool = False
    looping: bool = False


class ViewerState:
    """What is chosen, set and seen."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._alarm, self._clock, self._snooze = Alarm(), AlarmClock(), Snooze()
        self._timeline = Timeline()
        self._watch: Supervision | None = None
        self._sight = Sight()
        self._playback: Playback | None = None
        self._notice, self._notice_until = "", 0.0
        self._behind_since: float | None = None
        self._well_since: float | None = None
        self._turned_private, self._private_from = False, -math.inf

    @property
    def chosen(self) -> Chosen | None:
        """The source that is watched."""
        return None if self._watch is None else self._watch.chosen

    @property
    def mirrored(self) -> bool:
        """Whether the picture is shown as in a mirror."""
        return self._watch is not None and bool(getattr(self.settings, self.mirror_setting))

    @property
    def mirror_setting(self) -> str:
        """The setting that says so for the present kind of source."""
        camera = self._watch is None or self._watch.chosen.kind is SourceKind.CAMERA
        return "mirror_camera" if camera else "mirror_other"

    def apply(self, settings: Settings) -> None:
        """Use these settings from now on."""
        if self.settings.alarm != settings.alarm:
            self._alarm.reset()
        # What was analysed before may not have been searched whole.
        self._turned_private |= settings.privacy and not self.settings.privacy
        self.settings = settings

    def choose(self, chosen: Chosen | None, now: float) -> None:
        """Watch another source, or none: counts begin anew, the timeline goes on."""
        self._sight, self._playback, self._behind_since = Sight(), None, None
        self._alarm.reset()
        self._clock.stand(False, now)
        self._watch = None if chosen is None else Supervision(chosen, now)

    def reopened(self) -> None:
        """The source that is watched is being opened again on the user's wish."""
        if self._watch is not None:
            self._watch.reopened()

    def snooze(self, now: float) -> None:
        """Silence the alarm for a while, or end the silence."""
        self._snooze.press(now)
        self._alarm.hush()

    def notify(self, words: str, now: float) -> None:
        """Say something for a few seconds."""
        self._notice, self._notice_until = words, now + NOTICE_SECONDS

    def update(
        self, now: float, view: LiveView, analysed: Iterable[Analysed], playback: Playback | None = None
    ) -> Wants:
        """Take the runner's newest view and all that was analysed since the last update."""
        if self._turned_private:
            self._turned_private, self._private_from = False, now
        if self._watch is None:
            return Wants()
        beep = False
        paused = playback is not None and playback.paused
        self._clock.stand(paused, now)
        for one in analysed:
            beep = self._take(one, paused) or beep
        self._sight.newest = view.newest or self._sight.newest
        self._playback = playback
        reopen = self._watch.update(now, view, paused)
        behind = self._sight.judged and not self._watch.stale and self._sight.counts() is None
        self._note(behind, now)
        return Wants(reopen, beep)

    def shown(self, now: float, recording: float | None = None) -> Shown:
        """What is to be seen now."""
        notice = self._notice if now < self._notice_until else ""
        moments = self._timeline.moments(now)
        if self._watch is None:
            left = self._snooze.left(now) if self.settings.alarm else 0.0
            return Shown(
                alarm=self._light(now), snooze_left=left, recording=recording, notice=notice, now=now, moments=moments
            )
        sight, playback, alarm = self._sight, self._playback, self.settings.alarm
        private = self.settings.privacy
        picture = self._private_picture() if private else sight.picture(now)
        message = self._watch.message()
        if private and picture is None and sight.newest is not None:
            message = message or PRIVATE
        # In private view the picture itself waits for its verdicts, so that they fit it however late it comes.
        behind = self._behind_since is not None and now - self._behind_since > BEHIND_SECONDS
        old = private and behind and sight.silence() > OLD_SECONDS
        if (old if private else behind) and not message:
            notice = notice or BEHIND
        if not sight.judged and sight.newest is not None:
            # A picture without verdicts yet must not be covered by words; one that may not be shown is only words.
            message = message or (PRIVATE if picture is None else None)
            notice = notice or LOADING
        return Shown(
            source=self._watch.chosen.name,
            picture=picture,
            counts=None if self._watch.stale else sight.counts(),
            message=message,
            retry=self._watch.retry(now),
            greyed=picture is not None and (self._watch.stale or old),
            alarm=self._light(now),
            alarmed=self._alarm.showing(self._clock.at(now)) if alarm else frozenset(),
            snooze_left=self._snooze.left(now) if alarm else 0.0,
            people=sight.totals.people,
            people_without=sight.totals.people_without,
            mirrored=self.mirrored,
            private=private,
            paused=playback is not None and playback.paused,
            looping=playback is not None and playback.looping,
            position=None if playback is None else playback.position,
            duration=None if playback is None else playback.duration,
            recording=recording,
            notice=notice,
            now=now,
            moments=moments,
        )

    def _take(self, one: Analysed, paused: bool) -> bool:
        if self._sight.take(one):
            self._alarm.reset()
        if paused:
            # While a video stands still nobody in it is without a mask for any longer.
            return False
        at, settings = one.captured.at, self.settings
        self._timeline.add(at, one.result)
        return settings.alarm and self._alarm.update(
            self._clock.at(at),
            one.result,
            settings.alarm_seconds,
            settings.cool_down,
            silent=self._snooze.on(at),
        )

    def _private_picture(self) -> Picture | None:
        return None if self._turned_private else self._sight.private_picture(self._private_from)

    def _note(self, behind: bool, now: float) -> None:
        """Note whether the analysis is behind the picture now."""
        if behind:
            self._well_since = None
            self._behind_since = now if self._behind_since is None else self._behind_since
            return
        self._well_since = now if self._well_since is None else self._well_since
        if now - self._well_since > WELL_SECONDS:
            self._behind_since = None

    def _light(self, now: float) -> AlarmLight:
        if not self.settings.alarm:
            return AlarmLight.OFF
        if self._snooze.on(now):
            return AlarmLight.SNOOZED
        return AlarmLight.RAISED if self._alarm.showing(self._clock.at(now)) else AlarmLight.WATCHING
