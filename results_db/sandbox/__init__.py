"""Anybody's SQL on a copy of the store, in a process that can read that copy and nothing else."""
