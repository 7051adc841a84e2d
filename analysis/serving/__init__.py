"""What a model needs and how fast it answers: memory by format, rooflines, training footprints."""
