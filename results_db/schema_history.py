"""What version 6 adds for users' own data: how a file was read, every change, what was deleted, evaluations."""

from __future__ import annotations

from dataclasses import replace

from results_db.schema import Table
from results_db.schema_curves import DATASETS_V3
from results_db.schema_quality import QUALITY

ACTIONS = ("rename", "edit", "delete", "restore", "import")

DATASETS_V6 = replace(
    DATASETS_V3,
    columns=(
        *DATASETS_V3.columns,
        ("n_points", "INTEGER", "points of loss curves that came with its runs [count]; NULL: none"),
        ("answers", "VARCHAR", "what the user said about the file, as a JSON object; NULL: nothing was asked"),
    ),
    constraints=(*DATASETS_V3.constraints, "CHECK (n_points > 0)"),
)

HISTORY = Table(
    "history",
    "what users changed in their own datasets, the oldest change first",
    (
        ("dataset_id", "VARCHAR NOT NULL", "key of the dataset, which may be deleted"),
        ("changed_at", "TIMESTAMP NOT NULL", "time of the change [UTC]"),
        ("action", "VARCHAR NOT NULL", f"what was done: {', '.join(ACTIONS)} (of a shared dataset)"),
        ("row_key", "VARCHAR", "run_id of the changed run; NULL: the dataset as a whole"),
        ("column_name", "VARCHAR", "changed column; NULL: none in particular"),
        ("old_value", "VARCHAR", "value before, as text that its column reads back; NULL: there was none"),
        ("new_value", "VARCHAR", "value after, as text that its column reads back; NULL: there is none"),
    ),
    (f"CHECK (action IN {ACTIONS})",),
)

DELETED_ROWS = Table(
    "deleted_rows",
    "rows of datasets that users deleted and may restore, until they delete them for good",
    (
        ("dataset_id", "VARCHAR NOT NULL", "key of the deleted dataset"),
        ("deleted_at", "TIMESTAMP NOT NULL", "time of the deletion [UTC]"),
        ("table_name", "VARCHAR NOT NULL", "table the row stood in: datasets, runs, loss_curves, ..."),
        ("content", "VARCHAR NOT NULL", "the row as a JSON object of its columns"),
    ),
)

QUALITY_V6 = replace(
    QUALITY,
    columns=(
        *QUALITY.columns,
        ("n_shot", "INTEGER", "examples in the prompt [count]; NULL: not stated"),
        ("filter", "VARCHAR", "how the answer was taken from the output, as the harness names it; NULL: not stated"),
        ("task_version", "VARCHAR", "version of the task's definition in the harness; NULL: not stated"),
    ),
    constraints=(*QUALITY.constraints, "CHECK (n_shot >= 0)"),
)
