"""Which runs may be fitted together, and with which law: groups of runs with one data set, loss and baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from analysis.laws import Law
from analysis.laws.feeding import why_not

RUNS, CURVES, COVERAGE = "runs", "points of loss curves", "shares of problems"
DISTINCT = 3  # values that an input must take before an exponent in it can be told
REMARKS = 3  # cautions said under the choice of runs


@dataclass(frozen=True)
class RunGroup:
    """Rows that may be fitted together: one upload, or the runs of a source that share data, tokenizer and loss.

    `kind` says what a row is: a run, a point of a loss curve, or a share of problems solved within some samples.
    """

    key: str
    label: str
    runs: pd.DataFrame
    uploaded: bool
    kind: str = RUNS

    def can_be_fitted_with(self, law: Law) -> bool:
        """True when there are more rows than parameters and every number that the law reads varies.

        An upload that has the columns can always be tried: its owner is told what it lacks.
        """
        if law.name not in self._fed:
            self._fed[law.name] = self._can_be_fitted_with(law)
        return self._fed[law.name]

    @cached_property
    def _fed(self) -> dict[str, bool]:
        """What was found out about laws, by name: a page asks of every law whenever it is drawn."""
        return {}

    @cached_property
    def _filled(self) -> frozenset[str]:
        """The columns that hold a value somewhere."""
        return frozenset(self.runs.columns[self.runs.notna().any()])

    def _can_be_fitted_with(self, law: Law) -> bool:
        columns = list(dict.fromkeys((*law.required_inputs, law.target)))
        if self.kind != kind_of(law) or not set(columns) <= (set(self.runs) if self.uploaded else self._filled):
            return False
        if self.uploaded:
            return True
        read = [name for name in dict.fromkeys((*law.inputs, law.target)) if name in self.runs]
        usable = self.runs[read].dropna(subset=columns)
        varied = all(usable[name].nunique() >= DISTINCT for name in law.required_inputs)
        return varied and self.feeds(law, usable)

    def feeds(self, law: Law, rows: pd.DataFrame) -> bool:
        """True when these rows of the group are more than a law's parameters and have every number it needs."""
        free = sum(not param.per and param.default is None for param in law.params)
        return self.kind == kind_of(law) and len(rows) > free and (self.kind == CURVES or not why_not(law, rows))


def kind_of(law: Law) -> str:
    """The kind of rows that a law is fitted to."""
    return CURVES if law.prepare else COVERAGE if law.target == "coverage" else RUNS


def curve_groups(points: pd.DataFrame, uploads: Mapping[str, str]) -> list[RunGroup]:
    """The groups of points of loss curves: one model trained with one peak learning rate, or one upload.

    Coefficients of a curve law belong to one peak rate. Curves of which only the decay was logged are left out.
    """
    whole = points[points["continues_curve_id"].isna() & points["learning_rate"].notna()]
    groups = []
    for source, own in whole.groupby("source_id", sort=False):
        key = str(source)
        if own["dataset_id"].notna().any():
            groups.append(RunGroup(f"curves: {key}", f"curves: {uploads.get(key, key)}", own, True, CURVES))
            continue
        for (model, rate), part in own.groupby(["model", "peak_learning_rate"], sort=False):
            label = f"curves: {key}, {model}, peak rate {rate:g}"
            groups.append(RunGroup(label, label, part, False, CURVES))
    return sorted(groups, key=lambda group: group.label)


def coverage_groups(table: pd.DataFrame) -> list[RunGroup]:
    """The groups of published shares of problems solved within k samples: one model on one task."""
    shares = table[table["metric"] == "coverage"].rename(columns={"k": "samples", "value": "coverage"})
    groups = []
    for (source, model, task), part in shares.groupby(["source_id", "model", "task"], sort=False):
        label = f"coverage: {source}, {model}, {task}"
        groups.append(RunGroup(label, label, part.assign(origin="published"), False, COVERAGE))
    return sorted(groups, key=lambda group: group.label)


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
