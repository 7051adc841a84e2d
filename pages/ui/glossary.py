"""The words of the program where they stand: what a term means, as the help of a widget."""

from __future__ import annotations

from urllib.parse import quote

from results_db import meanings

PAGE = "literature?literature.tab=Glossary&literature.term="


def help_for(term: str) -> str:
    """The glossary's sentences on a term with a link to it there, for the `help` of a widget.

    KeyError for a term that the glossary lacks: a slip of the page, not of its reader.
    """
    return f"{meanings()[term.lower()]} [Glossary]({PAGE}{quote(term)})"
