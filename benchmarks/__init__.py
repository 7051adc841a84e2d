"""Speed against peers, both sides in one run; see python -m benchmarks --help."""
