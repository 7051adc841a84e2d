"""Any law fitted to runs: many starts at once, robust losses, bootstrap draws."""
