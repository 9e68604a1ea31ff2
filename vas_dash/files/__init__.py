"""Intent as a file: written for spreadsheets and for git, and read back with line and column."""
