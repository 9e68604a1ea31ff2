"""Intent as files, on the page."""
