"""Decoded frames in shared memory, from FFmpeg to readers on the same host."""
