"""Tables of evaluations with the column names of `quality`, such as its own export."""

from __future__ import annotations

from results_db.importers.aliases import SET_BY_STORE
from results_db.importers.content import Content
from results_db.importers.preview import Preview, counted, good_of
from results_db.importers.problems import Problem, as_frame, shown
from results_db.importers.quality_rows import REQUIRED, RULES, checked
from results_db.importers.quality_rows import as_frame as quality_frame
from results_db.importers.questions import Answers, Question
from results_db.importers.table import Records

DROP = "ignore them"
NOT_OURS = (*SET_BY_STORE, "source_family")


def recognizes(records: Records) -> bool:
    """True when every column is there that a row of quality cannot do without."""
    return set(REQUIRED) <= set(records.header)


def read(content: Content, records: Records, answers: Answers, remark: str = "") -> Preview:
    """The rows, each checked."""
    strange = [name for name in records.header if name not in RULES and name not in NOT_OURS]
    asked = []
    if strange:
        text = f"a table of evaluations has no such columns: {', '.join(map(shown, strange[:8]))}. Say to ignore them"
        asked.append(answers.to(Question("columns", text, "choice", (DROP,))))
    rows, problems = [], list(records.problems)
    for number, cells in records.rows():
        values, wrong = checked(number, dict(zip(records.header, cells, strict=True)))
        problems += wrong
        rows += [] if wrong else [{"locator": f"row {number}"} | values]
    unsettled = [question.as_problem() for question in asked if question.open]
    if not rows:
        unsettled.append(Problem(None, "", "", "no row is good; correct the rows and choose the file again"))
    n_rows = len(records) + records.n_ragged
    message = f"{content.name}: a table of {counted(n_rows, 'evaluation')}, {good_of(len(rows), n_rows - len(rows))}."
    return Preview(
        content.name,
        content.sha256,
        "quality",
        message + (f" The file was {remark}." if remark else ""),
        "; ".join(str(problem) for problem in unsettled),
        rows=quality_frame(rows),
        problems=as_frame([*unsettled, *problems]),
        questions=tuple(asked),
    )
