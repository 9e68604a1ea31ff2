"""The grid: cameras by models."""
