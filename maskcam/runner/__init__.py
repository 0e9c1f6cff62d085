"""The only part with threads: stages of a file side by side, detectors side by side, a live source and its analysis."""

from maskcam.runner.detectors import DetectorPool
from maskcam.runner.live_runner import LiveRunner
from maskcam.runner.stages import WAITING, side_by_side

__all__ = ["WAITING", "DetectorPool", "LiveRunner", "side_by_side"]
