"""A stand-in for the VAS API on SQLAlchemy, so that one command runs everything."""
