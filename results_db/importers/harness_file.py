"""The results file of the lm-evaluation-harness as it writes it: one number per task, metric and filter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from results_db.importers.json_numbers import number
from results_db.importers.problems import shown

HARNESS = "lm-eval"
_NO_METRICS = {"alias", "name", "sample_len", "sample_count", "samples"}


@dataclass(frozen=True)
class Metric:
    """What a metric of the harness is called here and on an axis, its direction, and the factor to our unit."""

    name: str
    axis: str
    higher_is_better: bool
    factor: float = 1.0


METRICS = {
    "acc": Metric("accuracy", "accuracy", True, 100),
    "acc_norm": Metric("accuracy_norm", "accuracy (normalized)", True, 100),
    "exact_match": Metric("exact_match", "exact match", True, 100),
    "word_perplexity": Metric("perplexity", "perplexity per word", False),
    "byte_perplexity": Metric("perplexity", "perplexity per byte", False),
    "perplexity": Metric("perplexity", "perplexity", False),
    "bits_per_byte": Metric("bits_per_byte", "bits per byte", False),
}


@dataclass(frozen=True)
class Result:
    """One number of the harness: its task, metric, filter ("" in files of old versions) and key."""

    task: str
    metric: str
    filter: str
    key: str
    values: Mapping[str, Any]

    @property
    def value(self) -> float:
        """The number as the harness wrote it."""
        return number(self.values[self.key]) or 0.0

    @property
    def standard_error(self) -> float | None:
        """Its standard error; None where the harness gives none."""
        return number(self.values.get(f"{self.metric}_stderr" + (f",{self.filter}" if self.filter else "")))


def results_of(tasks: Mapping[str, Any]) -> Iterator[Result]:
    """The numbers of every task, in the order of the file."""
    for task, values in tasks.items():
        if not isinstance(values, dict):
            continue
        by_filter = any("," in key for key in values)
        for key in values:
            metric, _, taken = key.partition(",")
            is_metric = ("," in key) == by_filter and key not in _NO_METRICS and not metric.endswith("_stderr")
            if is_metric and number(values[key]) is not None:
                yield Result(task, metric, taken, key, values)


def model_of(whole: Mapping[str, Any]) -> str:
    """The model's name, from the file's own field or from the arguments it was loaded with."""
    name = whole.get("model_name")
    if isinstance(name, str) and name.strip():
        return shown(name.strip())
    arguments = part(whole, "config").get("model_args")
    if isinstance(arguments, dict):
        found = arguments.get("pretrained")
        return shown(found) if isinstance(found, str) else ""
    found = re.search(r"(?:^|,)pretrained=([^,]+)", arguments) if isinstance(arguments, str) else None
    return shown(found[1]) if found else ""


def part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object of that name in the file, empty where there is none."""
    return whole[name] if isinstance(whole.get(name), dict) else {}


def direction_of(whole: Mapping[str, Any], result: Result) -> bool | None:
    """True when higher is better, as the file says or as the metric is known; None when neither."""
    said = part(whole, "higher_is_better").get(result.task)
    direction = said.get(result.metric) if isinstance(said, dict) else None
    if isinstance(direction, bool):
        return direction
    return METRICS[result.metric].higher_is_better if result.metric in METRICS else None
