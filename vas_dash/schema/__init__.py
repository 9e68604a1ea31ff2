"""A model's `config_schema`, and parameters held against it with a bound on the work."""
