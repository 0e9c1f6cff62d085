"""Where what was seen goes: videos, recordings, pictures, lines and logs."""
