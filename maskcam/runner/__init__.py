"""The only part with threads: the stages of a file side by side, and a live source beside its analysis."""

from maskcam.runner.live_runner import LiveRunner
from maskcam.runner.stages import WAITING, side_by_side

__all__ = ["WAITING", "LiveRunner", "side_by_side"]
