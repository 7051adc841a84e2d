"""The table of loss curves, published and uploaded alike, and the datasets table that names them as a kind."""

from __future__ import annotations

from dataclasses import replace

from results_db.schema import DATASETS, ORIGIN, Table, positive

KINDS = ("runs", "probe_results", "loss_curves", "quality")

LOSS_CURVES = Table(
    "loss_curves",
    "losses logged during training, one point a row; the points of one curve share source_id and curve_id",
    (
        ("curve_id", "VARCHAR NOT NULL", "name of the curve, unique within its source; one loss_name per curve"),
        ("source_id", "VARCHAR NOT NULL", "key in sources, or the dataset_id of an uploaded curve"),
        ("dataset_id", "VARCHAR", "key in datasets for an uploaded curve, NULL for a published one"),
        ("run_id", "VARCHAR", "run in runs, of the same source_id, whose curve this is; NULL: no such row"),
        ("model", "VARCHAR", "model as the source names it"),
        ("n_params", "DOUBLE", "model parameters N [count]; see params_counted and caution"),
        ("params_counted", "VARCHAR", "what N counts: total or non_embedding parameters; NULL: not stated"),
        ("schedule", "VARCHAR", "learning-rate schedule in words"),
        ("peak_learning_rate", "DOUBLE", "largest learning rate of the schedule [1]"),
        ("warmup_steps", "DOUBLE", "steps until the peak learning rate [count]"),
        ("total_steps", "DOUBLE", "steps of the whole schedule [count]"),
        ("batch_tokens", "DOUBLE", "tokens per step [count]; NULL: not stated"),
        ("step", "BIGINT NOT NULL", "optimizer step of the point [count]"),
        ("n_tokens", "DOUBLE", "tokens seen at the step [count] as logged; NULL: derive step x batch_tokens"),
        ("learning_rate", "DOUBLE", "learning rate at the step [1]"),
        ("loss", "DOUBLE NOT NULL", "loss at the step [nats per token]; see loss_name"),
        ("loss_name", "VARCHAR", "which loss: training or validation, and the data set where stated"),
        ("steps_averaged", "DOUBLE", "training steps that the point is a mean of [count]; NULL: not averaged"),
        ("continues_curve_id", "VARCHAR", "curve of the same source that holds the steps before the first point"),
        (
            "caution",
            "VARCHAR",
            "what to know before use: codes of the table cautions, separated by a space; NULL: nothing",
        ),
        ("note", "VARCHAR", "remarks"),
        ("locator", "VARCHAR", "where in the source (file) or in the upload (row)"),
        ("origin", "VARCHAR NOT NULL", "published, uploaded or measured"),
    ),
    (
        *positive("n_params", "peak_learning_rate", "total_steps", "batch_tokens", "loss", "steps_averaged"),
        *(f"CHECK (isfinite({name}) AND {name} >= 0)" for name in ("warmup_steps", "n_tokens", "learning_rate")),
        "CHECK (step >= 0)",
        "CHECK (params_counted IN ('total', 'non_embedding'))",
        f"CHECK ({ORIGIN})",
    ),
)

DATASETS_V3 = replace(
    DATASETS,
    columns=tuple(
        (name, kind, f"table its rows went to: {', '.join(KINDS)}" if name == "kind" else comment)
        for name, kind, comment in DATASETS.columns
    ),
    constraints=("CHECK (n_rows >= 0)", f"CHECK (kind IN {KINDS})", f"CHECK ({ORIGIN})"),
)
