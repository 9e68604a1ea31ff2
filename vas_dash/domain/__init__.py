"""Plain, frozen data and pure functions. Standard library only."""
