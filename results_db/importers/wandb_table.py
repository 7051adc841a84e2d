"""The run table that Weights & Biases exports: bookkeeping left out, crashed runs flagged."""

from __future__ import annotations

from results_db.importers import run_table
from results_db.importers.aliases import IGNORE, Match
from results_db.importers.content import Content
from results_db.importers.format_names import squeezed
from results_db.importers.preview import Preview
from results_db.importers.questions import Answers, Question
from results_db.importers.table import Records
from results_db.importers.units import parse_count, parse_number

BOOKKEEPING = {
    "user", "username", "tags", "created", "created at", "updated", "runtime", "duration", "id", "hostname", "host",
    "gpu type", "gpu count", "github", "project", "group", "job type", "timestamp", "step", "wandb",
    "end time", "commit",
}  # fmt: skip
_SIGNS = {"created", "created at", "runtime", "timestamp", "step", "user", "sweep", "tags", "group", "project"}
STATE, NOTES, STEP = "state", "notes", "step"
BATCH = Question(
    "batch_tokens",
    "tokens per step, where no column says the tokens: D is then _step times it",
    "count",
    required=False,
)


def recognizes(records: Records) -> bool:
    """True for a table with W&B's column State and another of its bookkeeping."""
    words = {squeezed(name) for name in records.header}
    return STATE in words and not _SIGNS.isdisjoint(words)


def read(content: Content, records: Records, answers: Answers, remark: str = "") -> Preview:
    """The runs; one that did not finish is flagged as an outlier, and its note says why."""
    words = {name: squeezed(name) for name in records.header}
    known = {name: Match(name, IGNORE, 1.0, "W&B bookkeeping") for name, word in words.items() if word in BOOKKEEPING}
    known |= {name: Match(name, IGNORE, 1.0, "kept in the note") for name in words if words[name] in (STATE, NOTES)}
    states = _cells(records, STATE)
    asked = []
    added = {
        "note (State, Notes)": _notes(states, _cells(records, NOTES)),
        "outlier (State)": ["false" if _finished(state) else "true" for state in states],
    }
    if STEP in words.values():
        asked.append(answers.to(BATCH))
        batch = parse_count(asked[0].answer)
        if batch is not None and not asked[0].open:
            added["n_tokens (_step x batch_tokens)"] = [_tokens(step, batch) for step in _cells(records, STEP)]
    known |= {name: Match(name, name.split(" ")[0], 1.0, "from W&B's own columns") for name in added}
    return run_table.read(content, records.with_columns(added), answers, remark, known, asked)


def _cells(records: Records, word: str) -> list[str]:
    name = next((name for name in records.header if squeezed(name) == word), None)
    return [""] * len(records) if name is None else [text.strip() for text in records.column(name).to_pylist()]


def _finished(state: str) -> bool:
    return state.lower() == "finished"


def _notes(states: list[str], notes: list[str]) -> list[str]:
    flags = ["" if _finished(state) else f"W&B state: {state or 'not stated'}" for state in states]
    own = ["" if note == "-" else note for note in notes]
    return ["; ".join(text for text in pair if text) for pair in zip(flags, own, strict=True)]


def _tokens(step: str, batch: float) -> str:
    steps = parse_number(step)
    return "" if steps is None else f"{steps * batch:.15g}"
