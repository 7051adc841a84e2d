"""Scaling laws, fits, formats and plans as pure functions on arrays and frames."""
