"""maskcam says, for every face in a video, whether it wears a mask."""

__version__ = "0.1.0"
