"""Browser events to services, and their answers back to views."""
