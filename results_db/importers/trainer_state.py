"""`trainer_state.json` of the Hugging Face Trainer: its log becomes loss curves, its last loss a run."""

from __future__ import annotations

from results_db.importers import training_log
from results_db.importers.content import Content
from results_db.importers.curves import LOSS
from results_db.importers.json_numbers import number
from results_db.importers.preview import Preview
from results_db.importers.questions import Answers
from results_db.importers.training_log import Logged, TrainingLog

# The mean over all steps, which the Trainer logs once at the end: no point of a curve.
MEAN_OF_ALL = "train_loss"
TOKENS = "num_input_tokens_seen"


def recognizes(content: Content) -> bool:
    """True for a JSON object with a list called log_history."""
    return (
        content.is_json and isinstance(content.document, dict) and isinstance(content.document.get("log_history"), list)
    )


def read(content: Content, answers: Answers) -> Preview:
    """The log's losses as curves, and the run that they end in once its size is said."""
    state = content.document
    series: dict[str, list[Logged]] = {}
    rates: dict[float, float] = {}
    tokens: dict[float, float] = {}
    for position, entry in enumerate(state["log_history"], 1):
        step = number(entry.get("step")) if isinstance(entry, dict) else None
        if step is None:
            continue
        for name, value in entry.items():
            loss = number(value) if LOSS.search(name) and name != MEAN_OF_ALL else None
            if loss is not None:
                series.setdefault(name, []).append(Logged(step, loss, position, f"log_history entry {position}"))
        for name, kept in (("learning_rate", rates), (TOKENS, tokens)):
            if (value := number(entry.get(name))) is not None:
                kept[step] = value
    if (seen := number(state.get(TOKENS))) is not None:
        tokens[number(state.get("global_step")) or 0.0] = seen
    flops, total = (number(state.get(name)) or 0.0 for name in ("total_flos", "max_steps"))
    log = TrainingLog("the Hugging Face Trainer", series, rates, tokens, flops, total)
    return training_log.preview(content, log, answers)
