"""Which laws a table of runs can feed, and what the others miss."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from analysis.laws.columns import COLUMNS
from analysis.laws.law import Law

RUNS_OF_A_GROUP = 3  # of each, where every group has a parameter of its own


def missing(law: Law, runs: pd.DataFrame) -> tuple[str, ...]:
    """The columns that a law needs, its target among them, and that these runs lack or leave empty in some row."""
    needed = (*law.required_inputs, *required_groups(law), law.target)
    return tuple(name for name in needed if name not in runs or runs[name].isna().any())


def required_groups(law: Law) -> tuple[str, ...]:
    """The columns of names without which a law has no value for some parameter."""
    return tuple(param.per for param in law.groups if param.required and param.per)


def constant(law: Law, runs: pd.DataFrame) -> tuple[str, ...]:
    """The numeric inputs that never vary in these runs: nothing can be said of the parameters that go with them."""
    read = {name: COLUMNS[name].read(runs[name], law.absent.get(name)) for name in law.numeric_inputs if name in runs}
    varying = {name for name, numbers in read.items() if len(set(numbers)) > 1}
    return tuple(name for name in law.numeric_inputs if name not in varying)


def why_not(law: Law, runs: pd.DataFrame) -> str:
    """Why these runs cannot say anything about a law, in a phrase; '' when they can.

    Every number that the law requires must vary, and of those that may be missing at least one.
    """
    if lacking := missing(law, runs):
        return f"needs {_words(lacking)}"
    for name in required_groups(law):
        sizes = runs[name].value_counts()
        if len(sizes) == 1:
            return f"needs runs that differ in {_words([name])}"
        if len(sizes) and sizes.min() < RUNS_OF_A_GROUP:
            return f"needs {RUNS_OF_A_GROUP} runs or more of each {_words([name])}"
    fixed = constant(law, runs) if len(runs) else ()
    if needed := tuple(name for name in fixed if name not in law.absent):
        return f"needs runs that differ in {_words(needed)}"
    if fixed and set(law.absent) <= set(fixed):
        return f"needs runs that differ in {_words(fixed, 'or')}"
    return ""


def fed(laws: Iterable[Law], runs: pd.DataFrame) -> list[Law]:
    """The laws that these runs can feed."""
    return [law for law in laws if not why_not(law, runs)]


def _words(names: Iterable[str], last: str = "and") -> str:
    words = [f"{COLUMNS[name].words} ({name})" for name in names]
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
