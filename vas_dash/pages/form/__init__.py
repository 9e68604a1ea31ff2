"""The form for a model's parameters."""
