"""The history of change sets."""
