"""The window that watches a camera, a stream or a video."""
