"""The control plane: which AI models each camera is meant to run."""
