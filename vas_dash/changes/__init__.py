"""How intent is changed: checked, drafted, applied, recorded."""
