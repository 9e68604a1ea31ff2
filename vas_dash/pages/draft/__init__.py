"""The draft, as the grid works on it."""
