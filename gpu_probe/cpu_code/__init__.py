"""The source of our own CPU loops, compiled by numba: the only modules of the probe that import it."""
