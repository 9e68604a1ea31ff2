"""Presets: kept from a cell, applied to a selection, seen in a model's panel."""
