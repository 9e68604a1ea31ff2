"""View models to Dash components."""
