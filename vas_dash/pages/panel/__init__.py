"""The side panel: a cell, a camera or a model."""
