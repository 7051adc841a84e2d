"""Which runs may be fitted together, and with which law: groups of runs with one data set, loss and baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.laws import Law

DISTINCT = 3  # values that an input must take before an exponent in it can be told
REMARKS = 3  # cautions said under the choice of runs


@dataclass(frozen=True)
class RunGroup:
    """Runs that may be fitted together: one upload, or the runs of a source that share data, tokenizer and loss."""

    key: str
    label: str
    runs: pd.DataFrame
    uploaded: bool

    def can_be_fitted_with(self, law: Law) -> bool:
        """True when there are more runs than parameters and every number that the law needs varies.

        An upload can always be tried: its owner is told what it lacks.
        """
        needed = [name for name in law.required_inputs if name in law.numeric_inputs]
        if self.uploaded:
            return True
        usable = self.runs.dropna(subset=[*needed, law.target])
        free = sum(not param.per for param in law.params)
        return len(usable) > free and all(usable[name].nunique() >= DISTINCT for name in needed)


def fit_groups(runs: pd.DataFrame, uploads: Mapping[str, str], unfit: bool = False) -> list[RunGroup]:
    """The groups of these runs, in the order of their labels; published runs that no fit should use only if `unfit`.

    `uploads` maps the dataset_id of an upload to the name its owner gave it.
    """
    groups = []
    for source, own in runs.groupby("source_id", sort=False):
        key = str(source)
        uploaded = own["dataset_id"].notna()
        if uploaded.any():
            groups.append(RunGroup(key, uploads.get(key, key), own, True))
            continue
        parts = [(str(name), part) for name, part in own.groupby("fit_group", sort=False)]
        label = {name: key if len(parts) == 1 else f"{key}: {name}" for name, _ in parts}
        groups += [RunGroup(label[name], label[name], part, False) for name, part in parts]
        left = own[own["fit_group"].isna()]
        if unfit and len(left):
            groups.append(RunGroup(f"{key}: not to be fitted", f"{key}: not to be fitted", left, False))
    return sorted(groups, key=lambda group: group.label)


def caution_words(runs: pd.DataFrame, cautions: pd.DataFrame) -> list[str]:
    """What to know before using these runs, the most frequent caution first: '60 of 226: diverged'."""
    codes = runs["caution"].dropna().str.split().explode().value_counts()
    meaning = dict(zip(cautions["code"], cautions["meaning"], strict=True))
    return [f"{count} of {len(runs)} runs: {meaning.get(code, code)}" for code, count in codes.head(REMARKS).items()]
