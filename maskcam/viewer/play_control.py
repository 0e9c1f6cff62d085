"""Pause, seek and loop of a video; a camera or stream has none of it."""

from __future__ import annotations

from dataclasses import replace

from maskcam.live import Stage
from maskcam.sources.spec import SourceKind, SourceSpec
from maskcam.viewer.engine import Engine
from maskcam.viewer.state import Playback


class PlayControl:
    """Plays the video that `spec` names; nothing happens while it names none."""

    def __init__(self) -> None:
        self.spec: SourceSpec | None = None

    @property
    def playing(self) -> bool:
        """Whether a video file is the source."""
        return self.spec is not None and self.spec.kind is SourceKind.FILE

    def playback(self, engine: Engine) -> Playback | None:
        """How the video stands, None for other sources and until it is open."""
        player = engine.player
        if player is None:
            return None
        if self.spec is not None and self.playing:
            # It may have been asked for while the video was being opened.
            player.loop = self.spec.loop
        return Playback(player.position, player.duration, player.paused, player.loop)

    def pause(self, engine: Engine) -> None:
        """Stop the video or go on; one that has ended begins again."""
        player = engine.player
        if player is None or self.spec is None:
            return
        if self._ended(engine):
            engine.watch(self.spec)
        else:
            player.pause(not player.paused)

    def seek(self, engine: Engine, seconds: float) -> None:
        """Go so many seconds on, or back if negative."""
        player = engine.player
        if player is None or self.spec is None:
            return
        if self._ended(engine):
            if seconds < 0:
                engine.watch(self.spec, max((player.duration or player.position) + seconds, 0.0))
        else:
            player.seek(player.position + seconds)

    def loop(self, engine: Engine) -> None:
        """Repeat the video without end, or stop doing so."""
        if self.spec is None or not self.playing:
            return
        self.spec = replace(self.spec, loop=not self.spec.loop)
        if self._ended(engine) and self.spec.loop:
            engine.watch(self.spec)
        elif engine.player is not None:
            engine.player.loop = self.spec.loop

    def _ended(self, engine: Engine) -> bool:
        view = engine.view()
        return view is not None and view.stage is Stage.ENDED
