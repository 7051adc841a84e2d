"""Results of the lm-evaluation-harness: one row of `quality` per task, metric and filter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from results_db.importers.content import Content
from results_db.importers.format_names import named, squeezed
from results_db.importers.harness_file import HARNESS, METRICS, Metric, Result, direction_of, model_of, part, results_of
from results_db.importers.json_numbers import number
from results_db.importers.preview import Preview, counted, good_and_bad
from results_db.importers.problems import Problem, Unreadable, as_frame, shown
from results_db.importers.quality_rows import LARGEST, checked
from results_db.importers.quality_rows import as_frame as quality_frame
from results_db.importers.questions import Answers, Question
from results_db.importers.run_table import format_questions
from results_db.importers.table import MAX_OBJECTS

FORMATS = ("weight_format", "activation_format", "kv_format")
_SIGNS = ("n-shot", "versions", "configs", "config", "group_subtasks", "lm_eval_version", "higher_is_better")


def recognizes(content: Content) -> bool:
    """True for a JSON object of results by task, beside something else that the harness writes."""
    whole = content.document if content.is_json else None
    return isinstance(whole, dict) and isinstance(whole.get("results"), dict) and any(name in whole for name in _SIGNS)


def read(content: Content, answers: Answers) -> Preview:
    """The harness's results as rows of quality, with what must be said about the model first."""
    whole = content.document
    results = list(results_of(whole["results"]))
    if not results:
        raise Unreadable('the file holds no results; give the file whose "results" lists tasks with their metrics')
    if len(results) > MAX_OBJECTS:
        raise Unreadable(f"the file holds {len(results):,} results; at most {MAX_OBJECTS:,} are read. Split the file")
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


def _questions(whole: Mapping[str, Any], results: list[Result], answers: Answers) -> list[Question]:
    config = part(whole, "config")
    size = number(config.get("model_num_parameters"))
    loaded = config.get("model_dtype")
    hint = f"; it was loaded as {shown(loaded)}" if isinstance(loaded, str) else ""
    asked = [
        Question("model", "which model was evaluated? The file does not say", answer=model_of(whole)),
        Question("n_params", "parameters of the model", "count", (), f"{size:.0f}" if size and size > 0 else "", False),
        Question("method", "how it was quantized, such as gptq; baseline when it was not", required=False),
        Question("weight_format", f"number format of the weights, such as int4 or W4A16{hint}", required=False),
        Question("activation_format", "number format of the activations", required=False),
        Question("kv_format", "number format of the key/value cache", required=False),
    ]
    unknown = {result.metric: result for result in results if direction_of(whole, result) is None}
    asked += [
        Question(f"higher_is_better {shown(metric)}", f"is a higher {shown(metric)} better?", "choice", ("yes", "no"))
        for metric in unknown
    ]
    asked = [answers.to(question) for question in asked]
    return asked + format_questions(
        (found.answer for found in asked if found.name in FORMATS and found.answer), answers
    )


def _row(
    position: int, result: Result, whole: Mapping[str, Any], said: Mapping[str, str]
) -> tuple[dict[str, Any], list[Problem]]:
    direction = direction_of(whole, result)
    if direction is None:
        direction = said.get(f"higher_is_better {shown(result.metric)}") == "yes"
    metric = METRICS.get(result.metric, Metric(result.metric, result.metric, direction))
    advice = _wrong_with(result, metric)
    if advice:
        return {}, [Problem(position, shown(result.key), str(result.value), advice)]
    error = result.standard_error
    cells = _about_the_model(said) | _about_the_task(result, whole, metric)
    cells |= {"value": repr(result.value * metric.factor), "higher_is_better": str(direction)}
    cells |= {"standard_error": repr(error * metric.factor) if error is not None and 0 <= error <= LARGEST else ""}
    return checked(position, cells | {"locator": shown(f'results["{result.task}"]["{result.key}"]')})


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
    shots, version = part(whole, "n-shot").get(result.task), part(whole, "versions").get(result.task)
    n_shot = number(shots)
    words = {None: "shots not stated", 0.0: "zero-shot"}.get(n_shot, f"{n_shot:.0f}-shot" if n_shot else "")
    protocol = f"{words}, {HARNESS}" + (" word perplexity" if result.metric == "word_perplexity" else "")
    cells = {"task": result.task, "metric": metric.name, "protocol": protocol, "filter": result.filter}
    cells["axis"] = ", ".join([metric.axis, result.task, words, HARNESS])
    if n_shot is not None:
        cells["n_shot"] = f"{n_shot:.15g}"
    if number(version) is not None:
        cells["task_version"] = f"{version}"
    limit = part(whole, "config").get("limit")
    if number(limit):
        cells["note"] = f"only a part of the samples was evaluated: limit {limit}"
    return cells
