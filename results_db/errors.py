"""What is raised and said when the store cannot do what was asked."""

from __future__ import annotations

import difflib
from collections.abc import Collection


class StoreError(Exception):
    """The store's file cannot be used; the message says what was found and what to do next."""


def unknown(what: str, word: str, known: Collection[str]) -> str:
    """The sentence for a name that does not exist, with the nearest ones that do."""
    near = difflib.get_close_matches(word, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known) or 'none'}"
    return f"unknown {what} {word!r}; {hint}"
