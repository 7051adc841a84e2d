"""What this program computes for the claims of papers: one check per claim, each on rows that are handed in."""
