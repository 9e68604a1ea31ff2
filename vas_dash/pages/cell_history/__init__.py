"""The history of one cell, in the side panel."""
