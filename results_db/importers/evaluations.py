"""Results of the lm-evaluation-harness: one row of `quality` per task, metric and filter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from results_db.importers.content import Content
from results_db.importers.format_names import named, squeezed
from results_db.importers.json_numbers import number
from results_db.importers.preview import Preview, counted, good_and_bad
from results_db.importers.problems import Problem, Unreadable, as_frame, shown
from results_db.importers.quality_rows import LARGEST, RULES
from results_db.importers.quality_rows import as_frame as quality_frame
from results_db.importers.questions import Answers, Question
from results_db.importers.run_table import format_questions
from results_db.importers.table import MAX_ROWS

HARNESS = "lm-eval"
_SIGNS = ("n-shot", "versions", "configs", "config", "group_subtasks", "lm_eval_version", "higher_is_better")
_NO_METRICS = {"alias", "name", "sample_len", "sample_count", "samples"}
FORMATS = ("weight_format", "activation_format", "kv_format")


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


def recognizes(content: Content) -> bool:
    """True for a JSON object of results by task, beside something else that the harness writes."""
    whole = content.document if content.is_json else None
    return isinstance(whole, dict) and isinstance(whole.get("results"), dict) and any(name in whole for name in _SIGNS)


def read(content: Content, answers: Answers) -> Preview:
    """The harness's results as rows of quality, with what must be said about the model first."""
    whole = content.document
    results = list(_results(whole["results"]))
    if not results:
        raise Unreadable('the file holds no results; give the file whose "results" lists tasks with their metrics')
    if len(results) > MAX_ROWS:
        raise Unreadable(f"the file holds {len(results):,} results; at most {MAX_ROWS:,} are read. Split the file")
    asked = _questions(whole, results, answers)
    said = {question.name: question.answer for question in asked if question.answer and not question.problem}
    rows, problems = [], []
    for position, result in enumerate(results, 1):
        values, found = _row(position, result, whole, said)
        problems += found
        rows += [] if found else [values]
    unsettled = [question.as_problem() for question in asked if question.open]
    if not rows:
        unsettled.append(Problem(None, "", "", "no result is good; correct them and choose the file again"))
    message = f"{content.name}: {counted(len(results), 'result')} of the {HARNESS} harness for "
    message += f"{shown(said.get('model', 'a model'))}, {good_and_bad(len(rows), problems)}."
    return Preview(
        content.name,
        content.sha256,
        "quality",
        message,
        "; ".join(str(problem) for problem in unsettled),
        rows=quality_frame(rows),
        problems=as_frame([*unsettled, *problems]),
        questions=tuple(asked),
    )


def _results(tasks: Mapping[str, Any]) -> Iterator[Result]:
    for task, values in tasks.items():
        if not isinstance(values, dict):
            continue
        by_filter = any("," in key for key in values)
        for key in values:
            metric, _, taken = key.partition(",")
            is_metric = ("," in key) == by_filter and key not in _NO_METRICS and not metric.endswith("_stderr")
            if is_metric and number(values[key]) is not None:
                yield Result(task, metric, taken, key, values)


def _questions(whole: Mapping[str, Any], results: list[Result], answers: Answers) -> list[Question]:
    config = _part(whole, "config")
    size = number(config.get("model_num_parameters"))
    loaded = config.get("model_dtype")
    hint = f"; it was loaded as {shown(loaded)}" if isinstance(loaded, str) else ""
    asked = [
        Question("model", "which model was evaluated? The file does not say", answer=_model(whole)),
        Question("n_params", "parameters of the model", "count", (), f"{size:.0f}" if size and size > 0 else "", False),
        Question("method", "how it was quantized, such as gptq; baseline when it was not", required=False),
        Question("weight_format", f"number format of the weights, such as int4 or W4A16{hint}", required=False),
        Question("activation_format", "number format of the activations", required=False),
        Question("kv_format", "number format of the key/value cache", required=False),
    ]
    unknown = {result.metric: result for result in results if _direction(whole, result) is None}
    asked += [
        Question(f"higher_is_better {shown(metric)}", f"is a higher {shown(metric)} better?", "choice", ("yes", "no"))
        for metric in unknown
    ]
    asked = [answers.to(question) for question in asked]
    return asked + format_questions(
        (found.answer for found in asked if found.name in FORMATS and found.answer), answers
    )


def _model(whole: Mapping[str, Any]) -> str:
    """The model's name, from the file's own field or from the arguments it was loaded with."""
    name = whole.get("model_name")
    if isinstance(name, str) and name.strip():
        return shown(name.strip())
    arguments = _part(whole, "config").get("model_args")
    if isinstance(arguments, dict):
        found = arguments.get("pretrained")
        return shown(found) if isinstance(found, str) else ""
    found = re.search(r"(?:^|,)pretrained=([^,]+)", arguments) if isinstance(arguments, str) else None
    return shown(found[1]) if found else ""


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return whole[name] if isinstance(whole.get(name), dict) else {}


def _direction(whole: Mapping[str, Any], result: Result) -> bool | None:
    """True when higher is better, as the file says or as the metric is known; None when neither."""
    said = _part(whole, "higher_is_better").get(result.task)
    direction = said.get(result.metric) if isinstance(said, dict) else None
    if isinstance(direction, bool):
        return direction
    return METRICS[result.metric].higher_is_better if result.metric in METRICS else None


def _row(
    position: int, result: Result, whole: Mapping[str, Any], said: Mapping[str, str]
) -> tuple[dict[str, Any], list[Problem]]:
    direction = _direction(whole, result)
    if direction is None:
        direction = said.get(f"higher_is_better {shown(result.metric)}") == "yes"
    metric = METRICS.get(result.metric, Metric(result.metric, result.metric, direction))
    cells = _about_the_model(said) | _about_the_task(result, whole, metric)
    cells |= {"higher_is_better": str(direction), "locator": shown(f'results["{result.task}"]["{result.key}"]')}
    values: dict[str, Any] = {}
    problems = []
    for column, text in cells.items():
        try:
            values[column] = RULES[column](text, 1.0)
        except ValueError as advice:
            problems.append(Problem(position, column, shown(text), str(advice)))
    advice = _wrong_with(result, metric)
    if advice:
        problems.append(Problem(position, shown(result.key), str(result.value), advice))
    error = result.standard_error
    values["value"] = result.value * metric.factor
    values["standard_error"] = error * metric.factor if error is not None and 0 <= error <= LARGEST else None
    return values, problems


def _wrong_with(result: Result, metric: Metric) -> str:
    if not abs(result.value) <= LARGEST:
        return "the result is no finite number; run the task again, or leave it out"
    if metric.factor == 100 and not 0 <= result.value <= 1:
        return "the harness writes this as a part of 1; correct it, or leave it out"
    return ""


def _about_the_model(said: Mapping[str, str]) -> dict[str, str]:
    cells = {name: said[name] for name in ("model", "n_params", "method") if name in said}
    for column in FORMATS:
        if column in said:
            meant = named(said[column])
            chosen = said.get(f"format {squeezed(said[column])}", meant.format)
            cells |= {column: chosen} | {
                name: repr(bits) for name, bits in meant.states.items() if column == FORMATS[0]
            }
    return {"model": "not stated"} | cells


def _about_the_task(result: Result, whole: Mapping[str, Any], metric: Metric) -> dict[str, str]:
    shots, version = _part(whole, "n-shot").get(result.task), _part(whole, "versions").get(result.task)
    n_shot = number(shots)
    words = {None: "shots not stated", 0.0: "zero-shot"}.get(n_shot, f"{n_shot:.0f}-shot" if n_shot else "")
    protocol = f"{words}, {HARNESS}" + (" word perplexity" if result.metric == "word_perplexity" else "")
    cells = {"task": result.task, "metric": metric.name, "protocol": protocol, "filter": result.filter}
    cells["axis"] = ", ".join([metric.axis, result.task, words, HARNESS])
    if n_shot is not None:
        cells["n_shot"] = f"{n_shot:.15g}"
    if number(version) is not None:
        cells["task_version"] = f"{version}"
    limit = _part(whole, "config").get("limit")
    if number(limit):
        cells["note"] = f"only a part of the samples was evaluated: limit {limit}"
    return {column: text for column, text in cells.items() if text}
