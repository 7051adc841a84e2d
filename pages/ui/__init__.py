"""Shared by the pages, never a page itself."""
