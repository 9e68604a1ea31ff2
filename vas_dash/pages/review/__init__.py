"""The review of a draft."""
