"""One file per verb of `python -m analysis`; the only place in analysis that reads files."""
