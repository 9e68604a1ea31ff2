"""The selection and what is done with it."""
