"""The overview: locations by models."""
