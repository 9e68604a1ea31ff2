"""The fleet as it is read, found and ordered."""
