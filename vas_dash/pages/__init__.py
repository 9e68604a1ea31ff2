"""What an operator sees: a folder for each feature, and what they share."""
